//! The shim's end of the log channel: connects for ever, proves itself, sends what the outbox holds, and passes on what the
//! engine acknowledges and orders.

use super::outbox::Outbox;
use super::proof::Talk;
use super::secret::Secret;
use super::wire::{Decoder, Frame, MAX_OUTPUT, OLDEST, VERSION};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a greeting may take.
const GREETING: Duration = Duration::from_secs(5);
/// Silence after which the shim says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Waits between attempts double from the first to the second of these.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(2));

/// What the engine wants of the program.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// End it within a time.
    Stop(Duration),
    /// Send its process group a signal.
    Signal(i32),
    /// Write this to its standard input, once.
    Input(u64, Vec<u8>),
    /// Something was acknowledged.
    Acknowledged,
}

/// Runs for ever.
pub(crate) fn run(path: &PathBuf, secret: &Secret, outbox: &Outbox, order: &dyn Fn(Order)) -> ! {
    let mut pause = BACK_OFF.0;
    loop {
        if let Ok((socket, decoder, acknowledged)) = greet(path, secret) {
            pause = BACK_OFF.0;
            outbox.acknowledged(acknowledged);
            outbox.set_connected(true);
            order(Order::Acknowledged);
            // However it ended, the next connection makes up for it.
            let _ = talk(&socket, decoder, acknowledged, outbox, order);
            outbox.set_connected(false);
        }
        // A full disk is met again, with patience, by whoever adds to the outbox.
        let _ = outbox.spill();
        std::thread::sleep(pause);
        pause = (pause * 2).min(BACK_OFF.1);
    }
}

/// Connects, and comes back with how far the engine's disk has come.
fn greet(path: &PathBuf, secret: &Secret) -> io::Result<(OwnedFd, Decoder, u64)> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // Others may keep the queue of the socket full. Whoever waits in it gets a turn; whoever only tries may never.
    set_socket_timeout(&socket, Timeout::Send, Some(GREETING))?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    ioctl_fionbio(&socket, true)?;
    let deadline = Instant::now() + GREETING;
    let mut decoder = Decoder::new();
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|_| io::Error::other("no randomness"))?;
    send_all(&socket, &Frame::Hello { newest: VERSION, oldest: OLDEST, nonce }.encode(), deadline)?;
    let Frame::Challenge { version, nonce: engine_nonce, proof } = receive(&socket, &mut decoder, deadline)? else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let talk = Talk { version, shim_nonce: nonce, engine_nonce };
    if !(OLDEST..=VERSION).contains(&version) || !talk.engine_proves(secret, &proof) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    send_all(&socket, &Frame::Proof { proof: talk.shim_proof(secret) }.encode(), deadline)?;
    match receive(&socket, &mut decoder, deadline)? {
        Frame::Ack { seq } => Ok((socket, decoder, seq)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Sends and receives until the connection ends.
fn talk(
    socket: &OwnedFd,
    mut decoder: Decoder,
    mut sent: u64,
    outbox: &Outbox,
    order: &dyn Fn(Order),
) -> io::Result<()> {
    let mut out: Vec<u8> = Vec::new();
    let mut place = 0;
    let mut spoke = Instant::now();
    let mut buffer = [0; 4096];
    loop {
        while let Some(frame) = decoder.next_frame().map_err(io::Error::other)? {
            match frame {
                Frame::Ack { seq } => {
                    outbox.acknowledged(seq);
                    order(Order::Acknowledged);
                }
                Frame::Stop { grace_ms } => order(Order::Stop(Duration::from_millis(u64::from(grace_ms)))),
                Frame::Signal { number } => order(Order::Signal(number)),
                Frame::Input { number, bytes } => order(Order::Input(number, bytes)),
                _ => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        if place == out.len() {
            place = 0;
            // Before the rest, so that what became of input is known before the program's end.
            if let Some(answer) = outbox.next_answer() {
                out = answer;
            } else if let Some((bytes, last)) = outbox.next(sent) {
                (out, sent) = (bytes, last);
            } else if spoke.elapsed() >= HEARTBEAT {
                out = Frame::Heartbeat.encode();
            } else {
                out.clear();
            }
        }
        let pending = out.get(place..).unwrap_or(&[]);
        if !pending.is_empty() {
            match send(socket, pending, SendFlags::NOSIGNAL) {
                Ok(count) => {
                    place += count;
                    spoke = Instant::now();
                }
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let idle = out.is_empty();
        let blocked = place < out.len();
        let interest = if blocked { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
        // Whatever is still to be sent does not wait for news.
        let time = if idle || blocked { HEARTBEAT } else { Duration::ZERO };
        let mut watched = [PollFd::new(socket, interest), PollFd::from_borrowed_fd(outbox.wake(), PollFlags::IN)];
        let count = if blocked { 1 } else { 2 };
        wait(watched.get_mut(..count).unwrap_or(&mut []), time)?;
        let (readable, woken) = (
            watched.first().is_some_and(|fd| !fd.revents().difference(PollFlags::OUT).is_empty()),
            watched.get(1).is_some_and(|fd| !fd.revents().is_empty()),
        );
        if woken {
            let mut counter = [0; 8];
            // It was readable; should another have emptied it, there is nothing to do.
            let _ = rustix::io::read(outbox.wake(), &mut counter);
        }
        if readable {
            match recv(socket, &mut buffer, RecvFlags::empty()) {
                Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok((count, _)) => decoder.feed(buffer.get(..count).unwrap_or(&[])),
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn send_all(socket: &OwnedFd, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        match send(socket, bytes, SendFlags::NOSIGNAL) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or(&[]),
            Err(rustix::io::Errno::AGAIN) => wait_until(socket, PollFlags::OUT, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn receive(socket: &OwnedFd, decoder: &mut Decoder, deadline: Instant) -> io::Result<Frame> {
    let mut buffer = [0; MAX_OUTPUT / 64];
    loop {
        if let Some(frame) = decoder.next_frame().map_err(io::Error::other)? {
            return Ok(frame);
        }
        match recv(socket, &mut buffer, RecvFlags::empty()) {
            Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((count, _)) => decoder.feed(buffer.get(..count).unwrap_or(&[])),
            Err(rustix::io::Errno::AGAIN) => wait_until(socket, PollFlags::IN, deadline)?,
            Err(error) => return Err(error.into()),
        }
    }
}

fn wait_until(socket: &OwnedFd, what: PollFlags, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    wait(&mut [PollFd::new(socket, what)], left)
}

fn wait(fds: &mut [PollFd<'_>], time: Duration) -> io::Result<()> {
    let time = Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(1), tv_nsec: i64::from(time.subsec_nanos()) };
    match poll(fds, Some(&time)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
