//! The thread that writes frames to the terminal.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long the end waits for the last frame.
const LAST: Duration = Duration::from_millis(500);

/// What both sides know.
#[derive(Default)]
struct Shared {
    /// Pieces that are not written yet.
    waiting: AtomicUsize,
    written: Notify,
    fault: Mutex<Option<String>>,
}

/// Where frames go.
pub(super) struct FrameWriter {
    pieces: mpsc::Sender<Vec<u8>>,
    shared: Arc<Shared>,
}

impl FrameWriter {
    pub(super) fn start() -> io::Result<Self> {
        let (pieces, queue) = mpsc::channel::<Vec<u8>>();
        let shared = Arc::new(Shared::default());
        let known = Arc::clone(&shared);
        let mut out = super::terminal()?;
        std::thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            for piece in queue {
                if let Err(error) = out.write_all(&piece) {
                    *known.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                }
                known.waiting.fetch_sub(1, Ordering::AcqRel);
                known.written.notify_waiters();
                known.written.notify_one();
            }
        })?;
        Ok(Self { pieces, shared })
    }

    /// Whoever draws asks [`is_idle`](Self::is_idle) first, so no more than a frame and a few switches ever wait.
    pub(super) fn send(&self, piece: Vec<u8>) {
        self.shared.waiting.fetch_add(1, Ordering::AcqRel);
        if self.pieces.send(piece).is_err() {
            self.shared.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.shared.waiting.load(Ordering::Acquire) == 0
    }

    pub(super) async fn idle(&self) {
        loop {
            let written = self.shared.written.notified();
            if self.is_idle() {
                return;
            }
            written.await;
        }
    }

    pub(super) fn fault(&self) -> Option<String> {
        self.shared.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits shortly for what was sent.
    pub(super) fn finish(&self) {
        let end = Instant::now() + LAST;
        while !self.is_idle() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
