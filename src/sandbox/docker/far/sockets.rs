//! Sockets there that lead here. Each is made under a name of its own and then put into its place, so that the one of a
//! connection that was lost is replaced and nobody ever sees one with the wrong rights.

use super::super::link::Failure;
use super::keep::{Inner, State, Up};
use super::ssh::quote;
use super::{Far, place};
use crate::sandbox::channel::SOCKET;
use crate::sandbox::{StepSpec, layout};
use crate::shim::GATEWAY_SOCKET;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A socket that is wanted there.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Its directory there.
    dir: String,
    /// Its name there.
    pub there: String,
    /// A short path here that leads to the socket here, however long that one's own is.
    here: PathBuf,
    number: u64,
}

/// Sockets that lead here as long as this lives.
#[derive(Debug)]
pub(in crate::sandbox::docker) struct Ways {
    inner: Arc<Inner>,
    made: Vec<Wanted>,
}

impl Wanted {
    /// The name under which a connection makes it.
    fn fresh(&self, up: &Up) -> String {
        format!("{}/.{}.{}", self.dir, up.mark, self.number)
    }

    /// Makes it on a connection.
    pub async fn make(&self, up: &Up) -> Result<(), Failure> {
        let fresh = self.fresh(up);
        up.ssh.lead_here(&fresh, &self.here).await?;
        let place = format!("{}/{}", self.dir, self.there);
        up.run(&format!("chmod 666 {0} && mv -f {0} {1}", quote(&fresh), quote(&place))).await.map(drop)
    }
}

impl Far {
    /// Opens a step's ways to here: to its run's gateway, where it has one, and then its log channel.
    pub(in crate::sandbox::docker) async fn open_ways(&self, spec: &StepSpec) -> Result<Ways, Failure> {
        let up = self.up().await?;
        let mut ways = Ways { inner: Arc::clone(&self.inner), made: Vec::new() };
        if let Some(gateway) = &spec.gateway {
            let dir = place::gateway(&up.base, &spec.key.run.to_string());
            self.open(&mut ways, dir, GATEWAY_SOCKET, &gateway.join(GATEWAY_SOCKET)).await?;
        }
        let channel = layout::step_dir(spec).join(SOCKET);
        self.open(&mut ways, Self::place(&up, spec).step(), SOCKET, &channel).await?;
        Ok(ways)
    }

    async fn open(&self, ways: &mut Ways, dir: String, there: &str, here: &Path) -> Result<(), Failure> {
        let number = self.inner.serial.fetch_add(1, Ordering::Relaxed);
        let short = self.inner.settings.home.join(format!("w{number}"));
        let local = |error: io::Error| Failure::Refused(format!("{}: {error}", short.display()));
        // An engine before this one may have had the same number.
        match fs::remove_file(&short) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(local(error)),
            _ => symlink(here, &short).map_err(local)?,
        }
        let wanted = Wanted { dir, there: there.to_owned(), here: short, number };
        ways.made.push(wanted.clone());
        let mut all = self.inner.wanted.lock().await;
        all.insert(number, wanted.clone());
        let state = self.inner.state.borrow().clone();
        match state {
            State::Up(up) => wanted.make(&up).await,
            // The next connection makes it.
            State::Down(_) => Ok(()),
        }
    }
}

impl Drop for Ways {
    fn drop(&mut self) {
        let (inner, made) = (Arc::clone(&self.inner), std::mem::take(&mut self.made));
        // Outside of a runtime the connection is about to end too, and takes them along.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            for one in made {
                inner.wanted.lock().await.remove(&one.number);
                let state = inner.state.borrow().clone();
                if let State::Up(up) = state
                    && let Err(failure) = up.ssh.lead_no_more(&one.fresh(&up), &one.here).await
                {
                    tracing::debug!(?failure, socket = one.there, "a socket is still forwarded");
                }
                if let Err(error) = fs::remove_file(&one.here) {
                    tracing::debug!(path = %one.here.display(), "a link to a socket is still there: {error}");
                }
            }
        });
    }
}
