//! What the engine says of its audit log, to those who remember what it said before and to those who check it.

use super::Server;
use crate::audit::{self, Checkpoint, hash_at, hex};
use crate::protocol::{Fault, FaultCode, Reply};
use crate::sandbox::Sandbox;
use std::path::Path;

impl<S: Sandbox> Server<S> {
    pub(super) async fn witnessed(&self, seen: Option<u64>) -> Result<Reply, Fault> {
        let failed = |message: String| Fault { code: FaultCode::Engine, message };
        let checkpoint = self.checkpoints.say().await.map_err(|error| failed(error.to_string()))?;
        let found = match seen {
            Some(seq) => self.engine.store.read(move |view| Ok(hash_at(view.connection(), seq)?)).await?,
            None => None,
        };
        Ok(Reply::Witnessed { checkpoint: Box::new(checkpoint), found: found.map(|hash| hex(&hash)) })
    }

    /// Reads the whole log; a million events take some seconds.
    pub(super) async fn verified(&self) -> Result<Reply, Fault> {
        let failed = |error: &dyn std::error::Error| Fault { code: FaultCode::Engine, message: error.to_string() };
        let head = self.state_dir.join("chain-head");
        let heads = remembered(&self.state_dir.join("checkpoints")).map_err(|error| failed(&error))?;
        let verdict = self.engine.store.read_long(move |view| {
            let found = audit::verify(view.connection(), &head);
            Ok(match found {
                Ok(verdict) => Ok(audit::against(view.connection(), verdict, &heads)?),
                Err(error) => Err(error),
            })
        });
        let verdict = verdict.await?.map_err(|error| failed(&error))?;
        let (verdict, intact, words, code) =
            (verdict.name().to_owned(), verdict.is_intact(), verdict.to_string(), verdict.exit_code());
        Ok(Reply::Verified { verdict, intact, words, code })
    }
}

/// The heads of the checkpoints that are kept beside the log; lines that no engine signed say nothing.
pub(crate) fn remembered(file: &Path) -> std::io::Result<Vec<audit::Head>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let made = text.lines().filter_map(Checkpoint::parse).filter(Checkpoint::is_signed);
    Ok(made.filter_map(|checkpoint| checkpoint.head()).collect())
}
