//! What doctor says of the engine that answers, and whether doctor sees what that one sees.

use super::Finding;
use crate::cli::context::{Context, Failure};
use crate::config::Paths;
use crate::people::user_name;
use crate::protocol::{Reply, Request};

const CHECK: &str = "engine";
/// The exit code of a socket that is closed to this user.
const CLOSED: i32 = 5;

/// The engine of a whole machine has a user of its own, who may use other things than whoever asks.
pub(super) fn other_eyes(paths: &Paths) -> Option<Finding> {
    if !paths.is_system() {
        return None;
    }
    let me = rustix::process::geteuid().as_raw();
    match paths.owner() {
        Some((user, _)) if user == me => None,
        Some((user, _)) => Some(of_another(&user_name(me), &user_name(user))),
        None => Some(Finding::warn(
            "user",
            format!(
                "{} is not there, so no engine has begun yet; what follows is as seen by {}",
                paths.state().display(),
                user_name(me)
            ),
            "start the engine: `systemctl start dogwatch`",
        )),
    }
}

fn of_another(me: &str, engine: &str) -> Finding {
    Finding::warn(
        "user",
        format!("what follows is as seen by {me}, not by the engine's user {engine}, who may have other rights"),
        format!("see it with the engine's eyes: `sudo -u {engine} dogwatch doctor`"),
    )
}

pub(super) async fn look(context: &mut Context) -> Vec<Finding> {
    let of_a_machine = context.paths.is_system();
    match context.running().await {
        Ok(Some(client)) => {
            let mut found = vec![Finding::ok(CHECK, format!("{} answers", client.welcome().engine))];
            match client.ask(Request::Status).await {
                Ok(Reply::Status { status }) => found.extend(status.stale.map(|stale| stale_finding(&stale))),
                Ok(_) => {}
                Err(error) => found.push(Finding::warn(
                    CHECK,
                    format!("it does not tell how it is: {error}"),
                    "see its log, or ask who runs it",
                )),
            }
            found
        }
        Ok(None) if of_a_machine => vec![Finding::warn(
            CHECK,
            "none is running, and no command starts the engine of a whole machine by the way",
            "start it: `systemctl start dogwatch`",
        )],
        Ok(None) => vec![Finding::ok(CHECK, "none is running; the next command that needs one starts it")],
        Err(Failure { code: CLOSED, message }) => {
            vec![Finding::fail(CHECK, message, "have yourself added to its group, and log in anew")]
        }
        Err(failure) => {
            vec![Finding::fail(CHECK, failure.message, "stop the engine that answers, or use its own dogwatch")]
        }
    }
}

fn stale_finding(stale: &str) -> Finding {
    Finding::warn(
        "settings",
        stale,
        "`dogwatch stop`; where it has a unit, `systemctl restart dogwatch`, for your own `systemctl --user restart dogwatch`",
    )
}

#[cfg(test)]
mod tests {
    use super::of_another;

    #[test]
    fn whose_eyes_they_are_is_told() {
        let finding = of_another("ada", "dogwatch");
        assert!(finding.words.contains("as seen by ada, not by the engine's user dogwatch"), "{finding:?}");
        assert!(finding.remedy.is_some_and(|remedy| remedy.contains("sudo -u dogwatch dogwatch doctor")));
    }
}
