//! The clients' end of the engine's socket.

mod sign;
mod spawn;
mod witness;

pub use sign::{SignError, sign};
pub use spawn::{SpawnError, TAKEN, ensure_engine};
pub use witness::Witness;

use crate::people::group_name;
use crate::protocol::{ClientLine, EngineLine, Event, Fault, Hello, LONGEST_LINE, Reply, Request, VERSION, Welcome};
use futures_util::{SinkExt, StreamExt};
use rustix::process::Pid;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};

/// Why the engine could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens.
    #[error("no engine answers at {}: {reason}; start one with `dogwatch serve`", path.display())]
    NoEngine {
        /// The socket that was tried.
        path: PathBuf,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The socket is closed to this user.
    #[error("the engine at {} is closed to this user: ask whoever keeps this machine to let you into {group} and log in again", path.display())]
    Closed {
        /// The socket that was tried.
        path: PathBuf,
        /// The group whose members may reach it.
        group: String,
    },
    /// Somebody listens and says nothing.
    #[error(
        "the engine at {} does not answer within {} s: its process may be stopped, or have more clients than it can serve; \
         its process id is in engine.lock",
        path.display(), PATIENCE.as_secs()
    )]
    Mute {
        /// The socket that was tried.
        path: PathBuf,
    },
    /// The connection broke.
    #[error("the connection to the engine broke: {0}; it may have been restarted, try again")]
    Broken(String),
    /// The engine says no.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The engine's answer does not fit the request.
    #[error("the engine gave an answer that does not fit: use the same dogwatch on both sides")]
    Unfit,
}

/// How long an engine may take to greet.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before a crowded socket is tried again.
const CROWDED: Duration = Duration::from_millis(50);

/// The group of a socket's directory, in words.
fn group_of(socket: &Path) -> String {
    let gid = socket.parent().and_then(|dir| std::fs::metadata(dir).ok()).map(|seen| seen.gid());
    gid.map_or_else(|| "its group".to_owned(), |gid| format!("the group {}", group_name(gid)))
}

impl From<LinesCodecError> for ClientError {
    fn from(error: LinesCodecError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A connection to the engine that asks one thing at a time.
pub struct Client {
    input: FramedRead<OwnedReadHalf, LinesCodec>,
    output: FramedWrite<OwnedWriteHalf, LinesCodec>,
    welcome: Welcome,
    process: Option<Pid>,
    last: u64,
}

impl Client {
    /// Connects and greets. An engine that does not greet in time is given up.
    pub async fn connect(socket: &Path) -> Result<Self, ClientError> {
        let mute = |_| ClientError::Mute { path: socket.to_owned() };
        tokio::time::timeout(PATIENCE, Self::greet(socket)).await.map_err(mute)?
    }

    async fn greet(socket: &Path) -> Result<Self, ClientError> {
        let stream = loop {
            match UnixStream::connect(socket).await {
                // The engine has not got round to accepting those who came before.
                Err(error) if error.kind() == ErrorKind::WouldBlock => tokio::time::sleep(CROWDED).await,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    return Err(ClientError::Closed { path: socket.to_owned(), group: group_of(socket) });
                }
                Err(reason) => return Err(ClientError::NoEngine { path: socket.to_owned(), reason }),
                Ok(stream) => break stream,
            }
        };
        // Told by the kernel, and numbered as here; one that this machine's processes cannot see has none.
        let process = stream.peer_cred().ok().and_then(|peer| Pid::from_raw(peer.pid()?));
        let (read, write) = stream.into_split();
        let mut input = FramedRead::new(read, LinesCodec::new_with_max_length(LONGEST_LINE));
        let mut output = FramedWrite::new(write, LinesCodec::new_with_max_length(LONGEST_LINE));
        let program = concat!("dogwatch ", env!("CARGO_PKG_VERSION")).to_owned();
        // An engine that turns a client away may have closed already; what it said can still be read.
        let sent = send(&mut output, &ClientLine::Hello(Hello { protocol: VERSION, program })).await;
        match (receive(&mut input).await, sent) {
            (Ok(EngineLine::Welcome(welcome)), Ok(())) => Ok(Self { input, output, welcome, process, last: 0 }),
            (Ok(EngineLine::Fault { fault, .. }), _) => Err(fault.into()),
            (_, Err(error)) | (Err(error), _) => Err(error),
            (Ok(_), Ok(())) => Err(ClientError::Unfit),
        }
    }

    /// What the engine said of itself and of us.
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// The engine's process, where it is known.
    pub fn process(&self) -> Option<Pid> {
        self.process
    }

    /// Asks and waits for the answer.
    pub async fn ask(&mut self, request: Request) -> Result<Reply, ClientError> {
        self.last += 1;
        let asked = self.last;
        send(&mut self.output, &ClientLine::Request { id: asked, request }).await?;
        loop {
            match receive(&mut self.input).await? {
                EngineLine::Reply { id, reply } if id == asked => return Ok(*reply),
                EngineLine::Fault { id, fault } if id == asked || id == 0 => return Err(fault.into()),
                _ => {}
            }
        }
    }

    /// Takes the connection apart, for those who ask many things at once.
    pub fn into_halves(self) -> (Reader, Writer) {
        (Reader(self.input), Writer(self.output))
    }

    /// The next event of the stream that the last request opened; `None` at its end.
    pub async fn event(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            match receive(&mut self.input).await? {
                EngineLine::Event { id, event } if id == self.last => {
                    return Ok(if *event == Event::End { None } else { Some(*event) });
                }
                EngineLine::Fault { fault, .. } => return Err(fault.into()),
                _ => {}
            }
        }
    }
}

/// What comes from the engine.
pub struct Reader(FramedRead<OwnedReadHalf, LinesCodec>);

impl Reader {
    /// The next line.
    pub async fn next(&mut self) -> Result<EngineLine, ClientError> {
        receive(&mut self.0).await
    }
}

/// What goes to the engine.
pub struct Writer(FramedWrite<OwnedWriteHalf, LinesCodec>);

impl Writer {
    /// Asks under a number of the caller's, distinct among the open ones.
    pub async fn ask(&mut self, id: u64, request: Request) -> Result<(), ClientError> {
        send(&mut self.0, &ClientLine::Request { id, request }).await
    }
}

async fn send(output: &mut FramedWrite<OwnedWriteHalf, LinesCodec>, line: &ClientLine) -> Result<(), ClientError> {
    let text = serde_json::to_string(line).map_err(|error| ClientError::Broken(error.to_string()))?;
    Ok(output.send(text).await?)
}

async fn receive(input: &mut FramedRead<OwnedReadHalf, LinesCodec>) -> Result<EngineLine, ClientError> {
    let text = input.next().await.ok_or_else(|| ClientError::Broken("the engine closed it".to_owned()))??;
    serde_json::from_str(&text)
        .map_err(|error| ClientError::Broken(format!("a line that is not of this protocol: {error}")))
}
