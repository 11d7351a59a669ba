//! The way from the program to the run's gateway: what connects to a port of 127.0.0.1 is passed on to a Unix socket of the
//! engine's. The socket is looked for anew with each connection, so an engine that was restarted is found by the next one.

use super::STACK;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

/// Name of the socket inside the gateway's directory.
pub const GATEWAY_SOCKET: &str = "gateway.sock";
/// Connections at once; further ones wait.
const MOST: usize = 64;
/// How long a connection waits for an engine that is not there.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks for it.
const LOOK: Duration = Duration::from_millis(100);

/// Listens before it returns, so that the program cannot have the port for itself, and passes on from then on.
pub(crate) fn start(port: u16, socket: PathBuf) -> io::Result<()> {
    let listener = StdListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let pass_on = move || {
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            serve(&listener, Arc::from(socket)).await;
            Ok::<(), io::Error>(())
        })
    };
    std::thread::Builder::new().name("forward".to_owned()).stack_size(STACK).spawn(pass_on)?;
    Ok(())
}

async fn serve(listener: &TcpListener, socket: Arc<Path>) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, as the program may have it; later there may be some again.
            sleep(LOOK).await;
            continue;
        };
        let socket = Arc::clone(&socket);
        tokio::spawn(async move {
            pass(stream, &socket).await;
            drop(place);
        });
    }
}

async fn pass(mut stream: TcpStream, socket: &Path) {
    let begun = Instant::now();
    let mut engine = loop {
        match UnixStream::connect(socket).await {
            Ok(engine) => break engine,
            Err(_) if begun.elapsed() < PATIENCE => sleep(LOOK).await,
            // Closing says enough: agents try again.
            Err(_) => return,
        }
    };
    // Small pieces of a stream must not wait for each other.
    let hurried = stream.set_nodelay(true);
    let passed = copy_bidirectional(&mut stream, &mut engine).await;
    // Either end may go whenever it likes, and whoever stays sees the connection close.
    drop((hurried, passed));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};
    use std::os::unix::net::UnixListener;

    #[test]
    fn a_connection_waits_for_the_engine_and_is_passed_on_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join(GATEWAY_SOCKET);
        let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        start(port, socket.clone()).unwrap();
        assert!(start(port, socket.clone()).is_err(), "the port is taken");
        let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(b"question").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        // Only now there is an engine.
        let engine = UnixListener::bind(&socket).unwrap();
        let (mut inside, _) = engine.accept().unwrap();
        let mut heard = String::new();
        inside.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "question");
        inside.write_all(b"answer").unwrap();
        drop(inside);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "answer");
    }
}
