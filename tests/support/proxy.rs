//! A socket before the container engine's that can stop passing anything on, in both directions, and go on later.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Arc, Condvar, Mutex};
use tempfile::TempDir;

/// The proxy; its threads end with the test program.
#[derive(Debug)]
pub struct Proxy {
    home: TempDir,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, shut: bool) {
        *self.shut.lock().expect("the gate") = shut;
        self.changed.notify_all();
    }

    fn wait(&self) {
        drop(self.changed.wait_while(self.shut.lock().expect("the gate"), |shut| *shut).expect("the gate"));
    }
}

impl Proxy {
    /// Passes everything on to the engine at `host` (`unix:///...`).
    pub fn start(host: &str) -> Self {
        let home = tempfile::Builder::new().prefix("dwproxy").tempdir_in("/tmp").expect("a temporary directory");
        let listener = UnixListener::bind(home.path().join("docker.sock")).expect("a socket");
        let gate = Arc::new(Gate::default());
        let (target, inner) = (host.trim_start_matches("unix://").to_owned(), Arc::clone(&gate));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let engine = UnixStream::connect(&target).expect("the container engine");
                let twins = (client.try_clone().expect("a handle"), engine.try_clone().expect("a handle"));
                let (to, back) = (Arc::clone(&inner), Arc::clone(&inner));
                std::thread::spawn(move || pass(client, engine, &to));
                std::thread::spawn(move || pass(twins.1, twins.0, &back));
            }
        });
        Self { home, gate }
    }

    /// Its address for `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}/docker.sock", self.home.path().display())
    }

    /// From now on accepts and passes nothing on.
    pub fn hang(&self) {
        self.gate.set(true);
    }

    /// Passes on what waits and what comes.
    pub fn go_on(&self) {
        self.gate.set(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.gate.set(false);
    }
}

/// Copies one direction to its end; an end of either side ends both.
fn pass(mut from: UnixStream, mut to: UnixStream, gate: &Gate) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        gate.wait();
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // Fails only where the other direction has ended it already.
    drop(to.shutdown(Shutdown::Write));
}
