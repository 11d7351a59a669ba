//! What doctor says of the ways out of sandboxes: who may reach what, and which private addresses the operator opened.

use super::Finding;
use crate::config::EngineConfig;
use crate::domain::Role;

/// A finding for each role that reaches anything and for each private address.
pub(super) fn look(config: &EngineConfig) -> Vec<Finding> {
    const CHECK: &str = "egress";
    let asked: Vec<&str> = config.egress.projects_may_ask.iter().map(String::as_str).collect();
    let setups = if asked.is_empty() {
        "setups reach nothing".to_owned()
    } else {
        format!("setups may ask to reach {}", asked.join(", "))
    };
    let mut found = vec![Finding::ok(CHECK, setups)];
    for role in Role::ALL {
        let hosts = config.role(role).egress;
        if !hosts.is_empty() {
            found.push(Finding::ok(CHECK, format!("agents that are {role}s reach {}", hosts.join(", "))));
        }
    }
    found.extend(config.egress.private.iter().map(|(host, address)| {
        Finding::warn(
            CHECK,
            format!("{host} is dialled at {address}, wherever that is"),
            "leave it under `private` in config.toml only while whoever is let out to that host may reach this address",
        )
    }));
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Level;
    use super::*;

    #[test]
    fn a_private_address_that_is_open_is_told() {
        assert_eq!(look(&EngineConfig::default()).len(), 1);
        let text = "[egress]\nprivate = { \"a.example.org\" = \"10.0.0.5:80\" }\n[roles.tester]\negress = [\"pypi\"]\n";
        let found = look(&EngineConfig::parse(text, "c").unwrap());
        let levels: Vec<Level> = found.iter().map(|finding| finding.level).collect();
        assert_eq!(levels, [Level::Ok, Level::Ok, Level::Warn]);
        assert!(found[2].words.contains("10.0.0.5:80"), "{found:?}");
    }
}
