//! One call of the receipt's text on an asset: what goes in is written, what comes out is taken apart, and both have an end.

use super::FleetFault;
use super::says::{Said, Says};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Pieces that wait for whoever reads them.
const WAITING: usize = 16;
/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;
/// Most bytes that one call may say: what an asset keeps, twice, and room for its words.
const MOST: u64 = 32 * 1024 * 1024;

/// How a call is heard.
pub(super) struct Talk {
    pieces: mpsc::Receiver<Vec<u8>>,
    says: Says,
    taken: u64,
    /// Both directions; they end with the talk, and what they hold with them.
    work: JoinSet<()>,
}

impl Talk {
    /// Over two streams. `held` lives as long as the call.
    pub(super) fn over(
        mut input: impl AsyncWrite + Unpin + Send + 'static,
        mut output: impl AsyncRead + Unpin + Send + 'static,
        said: Vec<u8>,
        held: impl Send + 'static,
    ) -> Self {
        let (send, pieces) = mpsc::channel(WAITING);
        let mut work = JoinSet::new();
        work.spawn(async move {
            // Whether it all arrived, the other side says.
            if input.write_all(&said).await.is_ok() && input.flush().await.is_ok() {
                let _closed_either_way = input.shutdown().await;
            }
        });
        work.spawn(async move {
            let _held = held;
            let mut piece = vec![0; PIECE];
            while let Ok(read) = output.read(&mut piece).await {
                if read == 0 || send.send(piece[..read].to_vec()).await.is_err() {
                    break;
                }
            }
        });
        Self { pieces, says: Says::default(), taken: 0, work }
    }

    /// The next bytes as they came.
    pub(super) async fn piece(&mut self) -> Option<Vec<u8>> {
        self.pieces.recv().await
    }

    /// The next thing; nothing once the line is closed.
    pub(super) async fn next(&mut self) -> Result<Option<Said>, FleetFault> {
        let garbled = |_| FleetFault("it answers in other words than a receipt does".to_owned());
        loop {
            if let Some(said) = self.says.next().map_err(garbled)? {
                return Ok(Some(said));
            }
            let Some(piece) = self.pieces.recv().await else {
                self.work.abort_all();
                return Ok(None);
            };
            self.taken = self.taken.saturating_add(piece.len() as u64);
            if self.taken > MOST {
                return Err(FleetFault("it says more than a receipt can hold".to_owned()));
            }
            self.says.feed(&piece);
        }
    }
}
