//! The life of the program, seen from the shim: start, time limit, stop, end, the rest of its output, the last word.

use super::clock::Clock;
use super::durable::Places;
use super::ends::Ends;
use super::input::{self, Input};
use super::link::Order;
use super::outbox::Outbox;
use super::program::{NotStarted, Program};
use super::spec::{SPEC_FILE, ShimSpec};
use super::wire::{Exit, How, Stream};
use super::{forward, keep, output};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How often things are looked at without an event.
const TICK: Duration = Duration::from_millis(500);
/// How long a stopped program has before it is killed, unless the engine says otherwise.
const GRACE: Duration = Duration::from_secs(5);
/// How long processes that the program left behind may hold its pipes.
const LINGER: Duration = Duration::from_secs(2);
/// How long the start of the program waits for the engine. Connected before, the program cannot keep the shim from its
/// engine by taking its descriptors away (same user, so it may lower the shim's limits).
const ENGINE: Duration = Duration::from_secs(2);
/// How long a stopped shim waits for a connected engine to take its last word.
const FAREWELL: Duration = Duration::from_secs(5);

/// What can happen.
pub(crate) enum Event {
    /// SIGTERM or SIGINT.
    Terminate,
    /// A process ended.
    Child,
    /// The engine spoke.
    Order(Order),
    /// One of the pipes came to its end.
    PipeEnded,
}

/// Lives through it all and returns the exit code.
pub(crate) fn supervise(
    root: &Path,
    (outbox, input): (&Arc<Outbox>, &Arc<Input>),
    events: &Receiver<Event>,
    sender: &Sender<Event>,
) -> i32 {
    let step = root.join("step");
    let mut watch = Watch { events, stopped: false, leaving: false, kill_at: None, code: 0 };
    watch.await_engine(outbox);
    let prepared = ShimSpec::read(&step.join(SPEC_FILE))
        .and_then(|spec| keep::link(&spec, &root.join("keep")).map(|()| spec))
        .and_then(|spec| pass_on(&spec, root).map(|()| spec))
        .and_then(|spec| Talk::read(&spec, &step).map(|talk| (spec, talk)))
        .map_err(|reason| NotStarted { reason, code: 126 });
    let started = prepared.and_then(|(spec, talk)| {
        let places = Places::open(&spec, root);
        watch.start(&spec, &step, talk.is_some()).map(|program| (spec, talk, places, program))
    });
    let how = match started {
        Err(NotStarted { reason, code }) => {
            watch.code = code;
            How::NotStarted { reason }
        }
        Ok((spec, talk, places, mut program)) => {
            let ends = talk.as_ref().map(|talk| (Ends::new(&talk.until), Arc::clone(input)));
            if let Err(error) = talk_to(&mut program, input, talk) {
                let text = format!("[dogwatch: the program's standard input cannot be kept open: {error}]\n");
                outbox.output(Stream::Engine, text.as_bytes());
            }
            let pipes = read_pipes(&mut program, outbox, ends, sender);
            let how = watch.run(&mut program, spec.seconds, pipes, (outbox, input));
            program.clear();
            let how = watch.settle(how, &spec, root, outbox);
            if let Err(reason) = places.save() {
                outbox.output(Stream::Engine, format!("[dogwatch: {reason}]\n").as_bytes());
            }
            how
        }
    };
    input.close();
    let seq = outbox.exit(&Exit { how, stopped: watch.stopped });
    watch.farewell(seq, outbox);
    own(watch.code)
}

/// What a program is told whose standard input stays open.
struct Talk {
    /// What it is told first.
    first: Vec<u8>,
    /// The type of the line by which it says that it has done that.
    until: String,
}

impl Talk {
    fn read(spec: &ShimSpec, step: &Path) -> Result<Option<Self>, String> {
        let Some(until) = ShimSpec::open_until(step)? else { return Ok(None) };
        let first = match &spec.stdin {
            Some(name) => {
                std::fs::read(step.join(name)).map_err(|error| format!("the file for standard input: {error}"))?
            }
            None => Vec::new(),
        };
        Ok(Some(Self { first, until }))
    }
}

/// Begins to write to the program where its standard input stays open; otherwise it is closed to the engine.
fn talk_to(program: &mut Program, input: &Arc<Input>, talk: Option<Talk>) -> std::io::Result<()> {
    let (Some(pipe), Some(talk)) = (program.input.take(), talk) else {
        input.close();
        return Ok(());
    };
    input::start(input, pipe, talk.first).inspect_err(|_| input.close())
}

/// Opens the way to the run's gateway where the program needs one.
fn pass_on(spec: &ShimSpec, root: &Path) -> Result<(), String> {
    let Some(port) = spec.forward else { return Ok(()) };
    let socket = root.join("gateway").join(forward::GATEWAY_SOCKET);
    forward::start(port, socket).map_err(|error| format!("port {port} of 127.0.0.1 cannot be listened on: {error}"))
}

/// The exit code to leave with, which counts only where the Exit could not be handed over. The codes by which a shim says
/// that it could not work are never a program's.
fn own(code: i32) -> i32 {
    if matches!(code, super::FAILED | super::NO_SECRET) { 1 } else { code }
}

/// Starts a thread for each pipe; returns how many there are.
fn read_pipes(
    program: &mut Program,
    outbox: &Arc<Outbox>,
    ends: Option<(Ends, Arc<Input>)>,
    sender: &Sender<Event>,
) -> usize {
    let Some((out, err)) = program.pipes.take() else { return 0 };
    let mut count = 0;
    for (pipe, stream, mut ends) in [(out, Stream::Stdout, ends), (err, Stream::Stderr, None)] {
        let (outbox, sender, given_up) = (Arc::clone(outbox), sender.clone(), program.given_up.try_clone());
        let Ok(given_up) = given_up else { continue };
        let spawned = std::thread::Builder::new().name("output".to_owned()).stack_size(super::STACK).spawn(move || {
            output::read(&pipe, &given_up, |bytes| {
                if let Some((ends, input)) = &mut ends {
                    input.note(ends.push(bytes));
                }
                outbox.output(stream, bytes);
            });
            // Nobody listens any more only when the shim is about to end.
            let _ = sender.send(Event::PipeEnded);
        });
        count += usize::from(spawned.is_ok());
    }
    count
}

struct Watch<'a> {
    events: &'a Receiver<Event>,
    /// Told to stop before the program's end.
    stopped: bool,
    /// Told to stop, whenever that was.
    leaving: bool,
    kill_at: Option<Instant>,
    code: i32,
}

impl Watch<'_> {
    /// Waits for the first connection, within reason: an engine that died is not waited for.
    fn await_engine(&mut self, outbox: &Outbox) {
        let begun = Instant::now();
        while !outbox.connected() && !self.leaving && begun.elapsed() < ENGINE {
            self.next(None, TICK / 5);
        }
    }

    fn start(&mut self, spec: &ShimSpec, step: &Path, open: bool) -> Result<Program, NotStarted> {
        if self.leaving {
            self.stopped = true;
            return Err(NotStarted { reason: "told to stop before the program was started".to_owned(), code: 126 });
        }
        Program::start(spec, step, open)
    }

    /// Follows the program to its end and its output to the end of both pipes.
    fn run(
        &mut self,
        program: &mut Program,
        seconds: u64,
        mut pipes: usize,
        (outbox, input): (&Outbox, &Input),
    ) -> How {
        let mut clock = Clock::new(seconds);
        let mut timed_out = false;
        let how = loop {
            pipes -= usize::from(self.next(Some(&mut *program), TICK));
            if let Some(how) = program.reap() {
                break how.clone();
            }
            let now = Instant::now();
            if self.kill_at.is_some_and(|at| now >= at) {
                program.kill();
            }
            if clock.tick(now) {
                timed_out = true;
                program.kill();
            }
        };
        self.code = match &how {
            How::Exited { code } => *code,
            How::Signalled { signal } => 128 + signal,
            _ => 126,
        };
        let ended = Instant::now();
        // What it left behind may hold the other end, but nobody is spoken to any more.
        input.close();
        while pipes > 0 {
            if self.leaving || ended.elapsed() >= LINGER {
                program.kill();
                program.give_up_pipes();
            }
            if self.leaving {
                outbox.close();
            }
            pipes -= usize::from(self.next(Some(&mut *program), TICK / 5));
            program.reap();
        }
        if timed_out { How::TimedOut { seconds } } else { how }
    }

    /// After a good end, keeps what is to be kept; a failure to do so is a failure of the setup.
    fn settle(&mut self, how: How, spec: &ShimSpec, root: &Path, outbox: &Outbox) -> How {
        if how != (How::Exited { code: 0 }) {
            return how;
        }
        match keep::store(spec, &root.join("keep")) {
            Ok(()) => how,
            Err(reason) => {
                outbox.output(Stream::Engine, format!("[dogwatch: {reason}]\n").as_bytes());
                self.code = 125;
                How::Exited { code: 125 }
            }
        }
    }

    /// Waits until the engine has the last word on disk; for ever, unless told to stop.
    fn farewell(&mut self, seq: u64, outbox: &Outbox) {
        let mut since = self.leaving.then(Instant::now);
        while !outbox.has_acknowledged(seq) {
            if let Some(since) = since
                && (!outbox.connected() || since.elapsed() >= FAREWELL)
            {
                // What cannot be put on disk now is lost with this process; there is nobody left to tell.
                let _ = outbox.leave();
                return;
            }
            self.next(None, TICK / 5);
            while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
            if self.leaving && since.is_none() {
                since = Some(Instant::now());
            }
        }
    }

    /// Waits for one event and acts on it; returns whether a pipe came to its end.
    fn next(&mut self, program: Option<&mut Program>, time: Duration) -> bool {
        match self.events.recv_timeout(time) {
            Ok(Event::Terminate) => self.stop(program, GRACE),
            Ok(Event::Order(Order::Stop(grace))) => self.stop(program, grace),
            Ok(Event::Order(Order::Signal(number))) => {
                if let Some(program) = program {
                    program.signal(number);
                }
            }
            Ok(Event::PipeEnded) => return true,
            Ok(Event::Child | Event::Order(Order::Acknowledged | Order::Input(..)))
            | Err(RecvTimeoutError::Timeout) => {}
            // Cannot happen while the caller holds a sender; waiting keeps a mistake from becoming a busy loop.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(time),
        }
        false
    }

    fn stop(&mut self, program: Option<&mut Program>, grace: Duration) {
        self.leaving = true;
        let Some(program) = program else { return };
        // A program that ended by itself was not stopped, also where its end was not looked at yet.
        if program.reap().is_some() {
            return;
        }
        self.stopped = true;
        program.signal(rustix::process::Signal::TERM.as_raw());
        let at = Instant::now() + grace;
        self.kill_at = Some(self.kill_at.map_or(at, |earlier| earlier.min(at)));
    }
}
