//! Open files: an engine holds some for each run at work and each console, and the git library one for each pack of a source while it
//! reads there. The usual limit of a login is meant for less, and what may be had beyond it needs no right.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes as many as the system lets this process have.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        let now = limit.current;
        tracing::warn!(%error, ?now, "the limit of open files stays as it is: with many runs or consoles it may be reached");
    }
}
