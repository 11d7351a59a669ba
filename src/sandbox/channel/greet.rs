//! The greeting: finds out whether whoever connected is the shim.

use super::Secret;
use crate::shim::proof::Talk;
use crate::shim::wire::{Decoder, Frame, MAX_FRAME, VERSION, negotiate};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// What a greeting came to.
pub(super) enum Greeted {
    /// It is the shim; the decoder may hold what it said already.
    Shim(Proven),
    /// It said what no shim says.
    Lie,
    /// It went away.
    Gone(Option<i32>),
}

/// A connection of the shim.
pub(super) struct Proven {
    pub stream: UnixStream,
    pub decoder: Decoder,
    /// The process behind it, where that is known.
    pub process: Option<i32>,
    /// The version of the channel that is spoken.
    pub version: u16,
}

/// Talks to a fresh connection. The caller sets the deadline.
pub(super) async fn greet(mut stream: UnixStream, secret: &Secret, process: Option<i32>) -> Greeted {
    let mut decoder = Decoder::new();
    let (newest, oldest, shim_nonce) = match next(&mut stream, &mut decoder).await {
        Ok(Some(Frame::Hello { newest, oldest, nonce })) => (newest, oldest, nonce),
        Ok(Some(_)) | Err(Broken::Lie) => return Greeted::Lie,
        Ok(None) | Err(Broken::Gone) => return Greeted::Gone(process),
    };
    // A shim of a version that has nothing in common is told ours and will not find its way; it is no liar.
    let Some(version) = negotiate(newest, oldest) else {
        tracing::warn!(newest, oldest, ours = VERSION, "log channel: no version in common");
        return Greeted::Gone(process);
    };
    let mut engine_nonce = [0; 32];
    if let Err(error) = getrandom::fill(&mut engine_nonce) {
        tracing::error!(%error, "log channel: no randomness");
        return Greeted::Gone(process);
    }
    let talk = Talk { version, shim_nonce, engine_nonce };
    let challenge = Frame::Challenge { version, nonce: engine_nonce, proof: talk.engine_proof(secret) };
    if stream.write_all(&challenge.encode()).await.is_err() {
        return Greeted::Gone(process);
    }
    match next(&mut stream, &mut decoder).await {
        Ok(Some(Frame::Proof { proof })) if talk.shim_proves(secret, &proof) => {
            Greeted::Shim(Proven { stream, decoder, process, version })
        }
        Ok(Some(_)) | Err(Broken::Lie) => Greeted::Lie,
        Ok(None) | Err(Broken::Gone) => Greeted::Gone(process),
    }
}

enum Broken {
    Lie,
    Gone,
}

/// The next frame, or `None` at the end. Reads little at a time: a greeting is short.
async fn next(stream: &mut UnixStream, decoder: &mut Decoder) -> Result<Option<Frame>, Broken> {
    let mut bytes = [0; 256];
    let mut read = 0;
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => return Ok(Some(frame)),
            Ok(None) => {}
            Err(_) => return Err(Broken::Lie),
        }
        if read > MAX_FRAME {
            return Err(Broken::Lie);
        }
        match stream.read(&mut bytes).await {
            Ok(0) if read > 0 => return Err(Broken::Lie),
            Ok(0) => return Ok(None),
            Ok(size) => {
                read += size;
                decoder.feed(bytes.get(..size).unwrap_or(&[]));
            }
            Err(_) => return Err(Broken::Gone),
        }
    }
}
