//! What doctor says of `[operators]`: whether everybody who is named exists.

use super::Finding;
use crate::config::{EngineConfig, Paths};
use crate::people::People;

const CHECK: &str = "operators";

pub(super) async fn look(config: &EngineConfig, paths: &Paths) -> Vec<Finding> {
    let Some(operators) = &config.operators else {
        return vec![Finding::ok(
            CHECK,
            "no [operators]: the engine's own user and root may do everything, nobody else may connect",
        )];
    };
    let (strangers, fault) = People::new(Some(operators.clone()), &paths.config_file()).strangers().await;
    let mut findings = Vec::new();
    if let Some(fault) = fault {
        findings.push(Finding::warn(
            CHECK,
            format!("users and groups are looked up in /etc/passwd and /etc/group only: {fault}"),
            "install getent (part of the C library's programs), or repair the directory service",
        ));
    }
    for stranger in strangers {
        findings.push(Finding::fail(
            CHECK,
            format!("[operators] names {stranger}, and this machine knows nobody of that name"),
            "correct the name, or take it out; until then it gives its role to nobody",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} users and groups of [operators] exist", operators.named().len())));
    }
    findings
}
