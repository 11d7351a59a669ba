//! An SSH agent of our own with one key, for as long as a connection is being made: the client asks it for signatures, so that a
//! private key is in no file, no argument and no other process. It speaks the two requests of the agent's protocol that are needed.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use ssh_key::{PrivateKey, Signature, SigningKey};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// Longest request: what is signed holds the certificate, and that a whole call.
const LONGEST: usize = 256 * 1024;
/// The requests that are answered, the answers to them, and the answer to all others.
const IDENTITIES: (u8, u8) = (11, 12);
const SIGN: (u8, u8) = (13, 14);
const FAILURE: u8 = 5;

/// A key, and by what it is offered: its public half, or a certificate for that.
pub(super) struct Held {
    pub shown: Vec<u8>,
    pub key: PrivateKey,
}

/// One that answers until it is dropped.
pub(super) struct Agent {
    path: PathBuf,
    work: JoinHandle<()>,
}

impl Agent {
    /// Listens in a private directory: whoever may not enter that asks nothing.
    pub(super) fn start(path: PathBuf, held: Held) -> std::io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        let held = Arc::new(held);
        let work = tokio::spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(serve(client, Arc::clone(&held)));
            }
        });
        Ok(Self { path, work })
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.work.abort();
        // Its directory goes with the connection in any case.
        let _gone_with_it = std::fs::remove_file(&self.path);
    }
}

async fn serve(client: UnixStream, held: Arc<Held>) {
    let codec = LengthDelimitedCodec::builder().max_frame_length(LONGEST).new_codec();
    let mut client = Framed::new(client, codec);
    while let Some(Ok(request)) = client.next().await {
        let answer = answer(&request, &held).unwrap_or_else(|| vec![FAILURE]);
        if client.send(Bytes::from(answer)).await.is_err() {
            return;
        }
    }
}

/// What is said to one request; nothing where it is none of ours.
pub(super) fn answer(request: &[u8], held: &Held) -> Option<Vec<u8>> {
    let (kind, rest) = request.split_first()?;
    let mut text = Vec::new();
    if *kind == IDENTITIES.0 {
        text.extend([IDENTITIES.1, 0, 0, 0, 1]);
        put(&mut text, &held.shown)?;
        put(&mut text, b"dogwatch")?;
        return Some(text);
    }
    if *kind != SIGN.0 {
        return None;
    }
    let (shown, rest) = take(rest)?;
    let (data, _flags) = take(rest)?;
    if shown != held.shown {
        return None;
    }
    let signature = Vec::try_from(sign(&held.key, data)?).ok()?;
    text.push(SIGN.1);
    put(&mut text, &signature)?;
    Some(text)
}

fn sign(key: &impl SigningKey, data: &[u8]) -> Option<Signature> {
    key.try_sign(data).ok()
}

/// A string of the protocol: its length, then its bytes.
fn put(text: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    text.extend(u32::try_from(bytes.len()).ok()?.to_be_bytes());
    text.extend(bytes);
    Some(())
}

fn take(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = text.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
