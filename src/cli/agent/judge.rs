//! What each part of a try comes to, in words, with what to do about it.

use super::super::doctor::Finding;
use crate::domain::{AgentReport, Ending, ModelApi, StepEnd};
use crate::gateway::{Gateway, GatewayError};
use crate::sandbox::{REMEDIES, SandboxError};

/// Whether there is a provider, and a key for it.
pub(super) fn models(gateway: &Gateway, api: ModelApi) -> Finding {
    const CHECK: &str = "models";
    match gateway.check(api) {
        Ok(()) => {
            Finding::ok(CHECK, format!("a provider of the API `{}` is named, and its key can be read", api.name()))
        }
        Err(error @ GatewayError::None { .. }) => {
            Finding::fail(CHECK, error.to_string(), "assets/docs/config.md has the keys of [models.NAME]")
        }
        Err(error) => {
            let remedy = "put that right; a variable must be there for the engine as well as for this command";
            Finding::fail(CHECK, error.to_string(), remedy)
        }
    }
}

/// Why there is no container to try anything in.
pub(super) fn sandbox(error: &SandboxError) -> Finding {
    Finding::fail("sandbox", error.to_string(), REMEDIES)
}

/// Whether the image is to be had.
pub(super) fn image(found: &Result<String, SandboxError>, asked: &str) -> Finding {
    const CHECK: &str = "image";
    match found {
        Ok(id) => Finding::ok(CHECK, format!("{asked} is there ({})", id.chars().take(19).collect::<String>())),
        Err(error) => {
            Finding::fail(CHECK, error.to_string(), "assets/images/README.md tells how to make an image of an agent")
        }
    }
}

/// Whether the program is in the image; `output` is what it wrote when it was asked for its version.
pub(super) fn program(name: &str, end: &StepEnd, output: &str) -> Finding {
    const CHECK: &str = "program";
    let name = crate::domain::shortened(name, 60);
    let last = output.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("nothing");
    let first = output.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("nothing");
    match end {
        StepEnd::Exited { code: 0 } => Finding::ok(CHECK, format!("{name} --version says: {first}")),
        StepEnd::NotStarted { reason } => Finding::fail(
            CHECK,
            format!("{name} cannot be started: {reason}"),
            "put the program into the image, or name it by `command` in [agents.NAME] of config.toml",
        ),
        StepEnd::Exited { code } => Finding::fail(
            CHECK,
            format!("{name} --version exits with code {code} and says: {last}"),
            "run that in the image by hand; most often a library or the right version of Node.js is missing",
        ),
        other => Finding::fail(
            CHECK,
            format!("{name} --version came to no end ({other:?}); it said: {last}"),
            "run that in the image by hand",
        ),
    }
}

/// Whether a turn works. `errors` is the end of its error stream.
pub(super) fn turn(report: &AgentReport, seconds: u64, errors: &str) -> Finding {
    const CHECK: &str = "turn";
    let remedy = match report.ending {
        Ending::Finished | Ending::ClaimsDone => {
            let tokens = report.usage.tokens;
            return Finding::ok(CHECK, format!("the model answered in {seconds} s and {tokens} tokens"));
        }
        Ending::Auth => "the provider refuses the key: look whether it is whole and not withdrawn",
        Ending::Billing => "the account has no credit: see to that at the provider",
        Ending::RateLimited { .. } => "the account is at its limit: try again later; runs wait by themselves",
        Ending::Overloaded => {
            "the provider cannot be reached or has trouble: look at `url` and at this machine's network"
        }
        Ending::Misconfigured => "look at `model` and `arguments` of the agent, and at the program's version",
        Ending::Silent | Ending::TimedOut => "nothing came from the model: look at `url` and at the provider",
        Ending::Killed { oom: true } => "it had too little memory",
        _ => "try it with the same program by hand",
    };
    let last = errors.lines().map(str::trim).rfind(|line| !line.is_empty());
    let also = last.filter(|last| !report.detail.contains(last)).map(|last| format!("; it said: {last}"));
    let words = format!("it ended as {}: {}{}", report.ending.name(), report.detail, also.unwrap_or_default());
    Finding::fail(CHECK, words, remedy)
}

#[cfg(test)]
mod tests {
    use super::super::super::doctor::Level;
    use super::*;
    use crate::domain::Usage;

    #[test]
    fn what_is_wrong_is_told_with_what_to_do() {
        let missing = StepEnd::NotStarted { reason: "cannot start \"claude\": No such file".to_owned() };
        let found = program("claude", &missing, "");
        assert!(found.level == Level::Fail && found.words.contains("No such file"), "{found:?}");
        let broken = program("gemini", &StepEnd::Exited { code: 1 }, "usage\nSyntaxError: bad node\n\n");
        assert!(broken.words.contains("code 1 and says: SyntaxError: bad node"), "{broken:?}");
        let fine = program("codex", &StepEnd::Exited { code: 0 }, "codex-cli 1.0\n");
        assert!(fine.level == Level::Ok && fine.words.ends_with("codex-cli 1.0"), "{fine:?}");
        let report = AgentReport::new(Ending::Auth, "API Error: 401".to_owned(), Usage::default());
        let refused = turn(&report, 3, "a warning\n");
        assert!(refused.words.contains("auth: API Error: 401; it said: a warning"), "{refused:?}");
        assert!(refused.remedy.unwrap_or_default().contains("key"));
        let report = AgentReport::new(Ending::Finished, String::new(), Usage { tokens: 120, microusd: 0 });
        assert_eq!(turn(&report, 3, "").level, Level::Ok);
    }
}
