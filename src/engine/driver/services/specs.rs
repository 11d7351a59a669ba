//! What the containers beside a suite are made of.

use super::super::develop::keep_paths;
use super::super::steps::{key, step_environment};
use super::super::{Context, Engine, Halt};
use super::service_key;
use crate::config::Suite;
use crate::domain::{StepKey, StepKind};
use crate::engine::ports::World;
use crate::probe;
use crate::sandbox::{Limits, Network, Profile, Sandbox, StepSpec, WallTimes};
use std::collections::BTreeMap;

/// So long services outlive what their suite may take, in seconds: a day in which the engine may be away. They are removed
/// after the suite; this is only for when nobody does it.
const BEYOND: u64 = 86_400;
/// What those containers may use that run nothing of the project.
const SMALL: Limits = Limits { memory_mib: 64, cpus: 0.5, pids: 64, tmp_mib: 1, disk_mib: 16, log_mib: 16 };

/// Whether a step runs beside this suite, not counting the suite itself.
pub(super) fn is_beside(key: &StepKey, suite: &Suite) -> bool {
    match key.kind {
        StepKind::Network | StepKind::Ready => key.suite == suite.name,
        StepKind::Service => service_of(key, suite).is_some(),
        StepKind::Prepare | StepKind::Develop | StepKind::Audit | StepKind::Test | StepKind::Program => false,
    }
}

/// The name of the service that a step of this suite runs.
pub(super) fn service_of<'k>(key: &'k StepKey, suite: &Suite) -> Option<&'k str> {
    key.suite.strip_prefix(&suite.name)?.strip_prefix('.')
}

impl<W: World> Engine<W> {
    /// Who holds the network of a suite and its services, under whose names all of it is reached.
    pub(super) async fn network_spec(&self, context: &Context, suite: &Suite) -> Result<StepSpec, Halt> {
        let argv = self.own_program(context, &["hold".to_owned()]).await?;
        let seconds = longest(context, suite);
        let key = key(context, StepKind::Network, &suite.name);
        Ok(self.small(context, key, argv, seconds, Network::Own(suite.services.clone())))
    }

    /// Who waits until the services of a suite are ready; `None` where none says how to tell.
    pub(super) async fn ready_spec(
        &self,
        context: &Context,
        suite: &Suite,
        holder: &str,
    ) -> Result<Option<StepSpec>, Halt> {
        let mut words = vec!["await-ready".to_owned()];
        let mut seconds = 0;
        for name in &suite.services {
            let Some(ready) = context.config.services.get(name).and_then(|service| service.ready.as_ref()) else {
                continue;
            };
            seconds = seconds.max(ready.within);
            if let Some(port) = ready.tcp {
                words.extend(probe::sign(name, "tcp", &port.to_string(), ready.within));
            }
            if let Some(address) = &ready.http {
                words.extend(probe::sign(name, "http", address, ready.within));
            }
        }
        if words.len() == 1 {
            return Ok(None);
        }
        let argv = self.own_program(context, &words).await?;
        let key = key(context, StepKind::Ready, &suite.name);
        // It keeps the time itself; the limit is for when it cannot.
        Ok(Some(self.small(context, key, argv, seconds + 60, Network::Of(holder.to_owned()))))
    }

    /// A service of a suite.
    pub(super) fn service_spec(&self, context: &Context, suite: &Suite, name: &str, holder: &str) -> Option<StepSpec> {
        let service = context.config.services.get(name)?;
        let key = service_key(context, suite, name);
        let image = context.run.image.as_ref()?;
        let own = service.image.is_some();
        Some(StepSpec {
            profile: Profile::Test,
            image: if own { image.services.get(name)?.clone() } else { image.id.clone() },
            argv: service.command.argv(),
            env: step_environment(&service.env),
            cwd: service.cwd(),
            tree: (!own).then(|| self.places().tree(&key)),
            stdin: Vec::new(),
            open_until: None,
            runtime: context.config.runtime.clone(),
            keep: if own { Vec::new() } else { keep_paths(context) },
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: None,
            data: BTreeMap::new(),
            limits: service.limits(context.config.limits),
            times: WallTimes { seconds: longest(context, suite), silent_seconds: None },
            network: Network::Of(holder.to_owned()),
            key,
        })
    }

    /// A container in which this program itself runs.
    pub(in crate::engine::driver) fn small(
        &self,
        context: &Context,
        key: StepKey,
        argv: Vec<String>,
        seconds: u64,
        network: Network,
    ) -> StepSpec {
        StepSpec {
            profile: Profile::Test,
            image: context.run.image.as_ref().map(|image| image.id.clone()).unwrap_or_default(),
            argv,
            env: step_environment(&BTreeMap::new()),
            cwd: "/".to_owned(),
            tree: None,
            stdin: Vec::new(),
            open_until: None,
            runtime: context.config.runtime.clone(),
            keep: Vec::new(),
            dir: self.places().step(&key),
            log: self.places().log(&key),
            gateway: None,
            data: BTreeMap::new(),
            limits: SMALL,
            times: WallTimes { seconds, silent_seconds: None },
            network,
            key,
        }
    }

    /// The command line by which this program itself runs inside.
    pub(in crate::engine::driver) async fn own_program(
        &self,
        context: &Context,
        words: &[String],
    ) -> Result<Vec<String>, Halt> {
        let mut argv = self.sandbox(&context.run)?.own_program().await?;
        argv.extend_from_slice(words);
        Ok(argv)
    }
}

/// Seconds that what runs beside a suite may run.
fn longest(context: &Context, suite: &Suite) -> u64 {
    let services = suite.services.iter().filter_map(|name| context.config.services.get(name));
    let within = services.filter_map(|service| service.ready.as_ref()).map(|ready| ready.within).max().unwrap_or(0);
    suite.timeout.saturating_add(within).saturating_add(BEYOND)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::ProjectConfig;
    use crate::domain::RunId;

    #[test]
    fn steps_belong_to_their_own_suite() {
        let text = "[image]\nreference = \"x\"\n[[suite]]\nname = \"a-b\"\ncommand = \"x\"\nformat = \"pytest\"\n\
                    [[suite]]\nname = \"a\"\ncommand = \"x\"\nformat = \"pytest\"\n";
        let config = ProjectConfig::parse(text, "c").unwrap();
        let (long, short) = (config.suite("a-b").unwrap(), config.suite("a").unwrap());
        let key =
            |kind, suite: &str| StepKey { run: RunId(1), iteration: 1, kind, suite: suite.to_owned(), attempt: 1 };
        let service = key(StepKind::Service, "a-b.c");
        assert_eq!((service_of(&service, long), service_of(&service, short)), (Some("c"), None));
        assert_eq!(service.to_string(), "r1-i1-service-a-b.c-a1");
        assert!(is_beside(&key(StepKind::Network, "a"), short) && !is_beside(&key(StepKind::Test, "a"), short));
    }
}
