//! Containers as assets: the receipt's text is started in them by their engine. Steps of runs never have anything started in them
//! this way; an asset is somebody else's container.

use super::FleetFault;
use super::call::Call;
use super::talk::Talk;
use crate::domain::{AssetPath, ContainerName, shortened};
use bollard::API_DEFAULT_VERSION;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// The usual engine.
const USUAL: &str = "/var/run/docker.sock";
/// How long an engine may take for one answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes between the engine's stream and whoever reads it.
const BETWEEN: usize = 256 * 1024;

/// A container that runs.
pub(super) struct Container {
    docker: Docker,
    id: String,
    started: String,
}

fn failed(error: &bollard::errors::Error) -> FleetFault {
    FleetFault(format!("the container engine: {}", shortened(&error.to_string(), 300)))
}

/// Waits for an answer, but not for ever.
async fn soon<T>(call: impl Future<Output = Result<T, bollard::errors::Error>> + Send) -> Result<T, FleetFault> {
    let answer = timeout(PATIENCE, call).await;
    answer.map_err(|_| FleetFault("the container engine does not answer".to_owned()))?.map_err(|error| failed(&error))
}

impl Container {
    pub(super) async fn open(name: &ContainerName, engine: Option<&AssetPath>) -> Result<Self, FleetFault> {
        let socket = engine.map_or(USUAL, AssetPath::as_str);
        let docker = Docker::connect_with_unix(socket, PATIENCE.as_secs(), API_DEFAULT_VERSION);
        let docker = docker.map_err(|error| failed(&error))?;
        let found = soon(docker.inspect_container(name.as_str(), None)).await?;
        let state = found.state.unwrap_or_default();
        match (found.id, state.running, state.started_at) {
            (Some(id), Some(true), Some(started)) => {
                let started = started.chars().filter(char::is_ascii_alphanumeric).collect();
                Ok(Self { docker, id, started })
            }
            _ => Err(FleetFault(format!("the container {name} does not run"))),
        }
    }

    /// Which life of which container this is: one that was made anew or started again may have lost its receipts.
    pub(super) fn life(&self) -> String {
        format!("{}/{}", self.id, self.started)
    }

    pub(super) async fn call(&self, call: &Call, input: Vec<u8>) -> Result<Talk, FleetFault> {
        let config = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(false),
            cmd: Some(call.words()),
            ..CreateExecOptions::default()
        };
        let exec = soon(self.docker.create_exec(&self.id, config)).await?;
        let options = StartExecOptions { detach: false, tty: false, output_capacity: None };
        let started = soon(self.docker.start_exec(&exec.id, Some(options))).await?;
        let StartExecResults::Attached { mut output, input: to } = started else {
            return Err(FleetFault("the container engine gave no streams".to_owned()));
        };
        let (mut write, read) = tokio::io::duplex(BETWEEN);
        let pump = tokio::spawn(async move {
            while let Some(Ok(piece)) = output.next().await {
                if let LogOutput::StdOut { message } = piece
                    && write.write_all(&message).await.is_err()
                {
                    break;
                }
            }
        });
        Ok(Talk::over(to, read, input, Ends(pump)))
    }
}

/// Ends what it holds.
struct Ends(tokio::task::JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}
