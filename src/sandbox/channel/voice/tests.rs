#![allow(clippy::unwrap_used, clippy::panic)]
use super::super::{Secret, StepChannel};
use super::*;
use crate::logs::LogWriter;
use crate::shim::proof::Talk;
use crate::shim::wire::Decoder;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// A shim that is played.
struct Shim(UnixStream, Decoder);

impl Shim {
    /// Connects as one that speaks this version at most.
    async fn greet(dir: &Path, secret: &Secret, newest: u16) -> Self {
        let mut shim = Self(UnixStream::connect(dir.join(super::super::SOCKET)).await.unwrap(), Decoder::new());
        let nonce = [5; 32];
        shim.send(&Frame::Hello { newest, oldest: 1, nonce }).await;
        let Frame::Challenge { version, nonce: engine_nonce, proof } = shim.next().await else {
            panic!("no challenge")
        };
        assert_eq!(version, newest);
        let talk = Talk { version, shim_nonce: nonce, engine_nonce };
        assert!(talk.engine_proves(secret, &proof));
        shim.send(&Frame::Proof { proof: talk.shim_proof(secret) }).await;
        assert_eq!(shim.next().await, Frame::Ack { seq: 0 });
        shim
    }

    async fn send(&mut self, frame: &Frame) {
        self.0.write_all(&frame.encode()).await.unwrap();
    }

    async fn next(&mut self) -> Frame {
        let mut buffer = [0; 4096];
        loop {
            if let Some(frame) = self.1.next_frame().unwrap() {
                return frame;
            }
            let count = self.0.read(&mut buffer).await.unwrap();
            assert!(count > 0, "the engine went away");
            self.1.feed(&buffer[..count]);
        }
    }
}

fn listen(dir: &Path) -> (StepChannel, Secret) {
    let secret = Secret::derive(&[4; 32], "x");
    let log = LogWriter::open(&dir.join("step.log")).unwrap();
    (StepChannel::listen(dir, secret.clone(), log).unwrap(), secret)
}

#[tokio::test]
async fn a_shim_of_version_1_is_told_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (channel, secret) = listen(dir.path());
    let _shim = Shim::greet(dir.path(), &secret, 1).await;
    assert_eq!(channel.voice().say(1, b"one").await, Err(Unsaid::Unable));
}

#[tokio::test]
async fn what_was_not_answered_is_said_again_to_whoever_connects_next() {
    let dir = tempfile::tempdir().unwrap();
    let (channel, secret) = listen(dir.path());
    let voice = channel.voice();
    let said = tokio::spawn(async move { voice.say(3, b"three").await });
    let input = Frame::Input { number: 3, bytes: b"three".to_vec() };
    let mut shim = Shim::greet(dir.path(), &secret, 2).await;
    assert_eq!(shim.next().await, input);
    // An answer to something else is none to this.
    shim.send(&Frame::Heard { number: 2, time_ms: 1, fate: Fate::Refused }).await;
    drop(shim);
    let mut shim = Shim::greet(dir.path(), &secret, 2).await;
    assert_eq!(shim.next().await, input);
    shim.send(&Frame::Heard { number: 3, time_ms: 9, fate: Fate::Written }).await;
    assert_eq!(said.await.unwrap(), Ok(Heard { number: 3, time_ms: 9, fate: Fate::Written }));
    let voice = channel.voice();
    drop(channel);
    assert_eq!(voice.say(4, b"four").await, Err(Unsaid::Closed));
}
