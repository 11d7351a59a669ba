//! The server of a run's tools: it lists those that the run has and passes their use on.

use super::catalogue::{WORDS, described};
use crate::domain::RunId;
use crate::knowledge::{Knowledge, ToolFault, Toolset};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

/// What one run's agent speaks to.
#[derive(Clone)]
pub(super) struct Serve {
    run: RunId,
    toolset: Toolset,
    knowledge: Knowledge,
}

impl Serve {
    pub fn new(run: RunId, toolset: Toolset, knowledge: Knowledge) -> Self {
        Self { run, toolset, knowledge }
    }
}

impl ServerHandler for Serve {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("dogwatch", env!("CARGO_PKG_VERSION")))
            .with_instructions(WORDS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.toolset.iter().map(described).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let given = self.knowledge.answer(self.run, &self.toolset, &request.name, arguments).await;
        // Agents show their model what a tool says, but seldom what the protocol says.
        Ok(match given {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(fault @ (ToolFault::Unknown(_) | ToolFault::Refused(_) | ToolFault::Failed(_))) => {
                CallToolResult::error(vec![ContentBlock::text(fault.to_string())])
            }
        }
        .into())
    }
}
