//! The console's end of the engine's socket: one connection for what is asked and for the stream of changes, one for the log
//! that is shown. When the engine goes away it is looked for again, ever less often; none is started then, since somebody
//! may have stopped it.

use super::export::{Export, Exported, Purpose, export};
use crate::client::{Client, ClientError, Reader, Witness, Writer};
use crate::domain::RunId;
use crate::protocol::{EngineLine, Event, Fault, FaultCode, LogLines, Reply, Request, Snapshot, Welcome};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// The first wait for an engine that went away, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// The number of the stream of changes; what is asked has numbers above it.
const WATCH: u64 = 1;
/// The number of what is asked only to hear whether the engine still answers.
const PING: u64 = u64::MAX;
/// An engine that owes an answer and says nothing for so long is told as silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// An engine that says nothing and owes nothing is asked something after so long.
const QUIET: Duration = Duration::from_secs(20);
/// The first wait before a log that broke off is followed again, and the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// What the console wants of the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Ask this; the answer comes under the number, which is above zero.
    Ask(u64, Request),
    /// Show the end of this run's logs from now on, so many lines of it.
    Tail(RunId, u32),
    /// Take lines out of a log.
    Export(Export),
}

/// What the console hears of the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It answers.
    Up(Welcome),
    /// Its audit log is not the one that this user saw, and how.
    Alarm(String),
    /// It does not, and why.
    Down(String),
    /// It was asked something a while ago and says nothing at all.
    Slow,
    /// It says something again.
    Heard,
    /// Everything, or the first part of it.
    Snapshot(Snapshot),
    /// What changed.
    Changed(Snapshot),
    /// An answer, under the number that it was asked with.
    Reply(u64, Result<Box<Reply>, Fault>),
    /// Lines of the log that is shown.
    Lines(LogLines),
    /// The log that is shown is at its end, or cannot be read any more.
    TailOver(RunId, Option<String>),
    /// Lines were taken out of a log, or why not.
    Exported(Purpose, Result<Exported, String>),
}

/// Keeps the connection until the console lets go of its side.
pub async fn keep(
    (socket, copies, witness): (PathBuf, PathBuf, Option<Witness>),
    first: Option<Client>,
    mut orders: UnboundedReceiver<Order>,
    news: Sender<News>,
) {
    let mut client = first;
    let mut cursor: Option<(String, u64)> = None;
    let mut wait = FIRST_WAIT;
    let mut tail = Tail { socket: socket.clone(), copies, news: news.clone(), task: None, export: None };
    loop {
        let connected = match client.take() {
            Some(client) => Ok(client),
            None => attended(&socket, witness.as_ref(), &news).await,
        };
        let reason = match connected {
            Ok(client) => {
                let before = cursor.clone();
                let ended = session(client, &mut cursor, &mut orders, &news, &mut tail).await;
                // One that greets and then says nothing new must not be asked again and again without a pause.
                if cursor != before {
                    wait = FIRST_WAIT;
                }
                match ended {
                    Some(error) => error.to_string(),
                    None => return,
                }
            }
            Err(error) => error.to_string(),
        };
        if news.send(News::Down(reason)).await.is_err() {
            return;
        }
        // What is asked meanwhile is refused at once, and the wait goes on.
        let pause = sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                order = orders.recv() => match order {
                    Some(Order::Ask(number, _)) => {
                        let message = "there is no engine just now: nothing was sent".to_owned();
                        let fault = Fault { code: FaultCode::Engine, message };
                        if news.send(News::Reply(number, Err(fault))).await.is_err() {
                            return;
                        }
                    }
                    Some(Order::Export(wanted)) => tail.export(wanted),
                    // Else it would look as if the run had printed nothing.
                    Some(Order::Tail(run, _)) => {
                        if news.send(News::TailOver(run, Some("no engine just now".to_owned()))).await.is_err() {
                            return;
                        }
                    }
                    None => return,
                },
            }
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// A connection to an engine whose log was compared with what this user saw.
async fn attended(socket: &Path, witness: Option<&Witness>, news: &Sender<News>) -> Result<Client, ClientError> {
    let mut client = Client::connect(socket).await?;
    if let Some(witness) = witness
        && let Some(alarm) = witness.attend(&mut client).await?
    {
        // A console that is gone needs no alarm; that is found out with the next news.
        drop(news.send(News::Alarm(alarm)).await);
    }
    Ok(client)
}

/// Carries one connection to its end; `None` when the console is gone.
async fn session(
    client: Client,
    cursor: &mut Option<(String, u64)>,
    orders: &mut UnboundedReceiver<Order>,
    news: &Sender<News>,
    tail: &mut Tail,
) -> Option<ClientError> {
    let welcome = client.welcome().clone();
    let instance = welcome.instance.clone();
    let (mut reader, mut writer) = client.into_halves();
    news.send(News::Up(welcome)).await.ok()?;
    let since = cursor.clone().filter(|(of, _)| *of == instance);
    if let Err(error) = writer.ask(WATCH, Request::Watch { since }).await {
        return Some(error);
    }
    let mut open = HashSet::new();
    let mut hearing = Hearing { last: Instant::now(), slow: false };
    let (lines_in, mut lines) = tokio::sync::mpsc::channel(64);
    // A read that is given up halfway would lose its place in the line, so reading has a task of its own.
    let reading = tokio::spawn(async move { read(&mut reader, lines_in).await });
    let error = loop {
        tokio::select! {
            line = lines.recv() => match line {
                // Without the stream of changes nothing that is shown would be true for long: all begins anew.
                Some(Ok(EngineLine::Fault { id: WATCH | 0, fault })) => break fault.into(),
                Some(Ok(line)) => {
                    hearing.heard(news).await?;
                    hear(line, &instance, cursor, &mut open, news).await?;
                }
                Some(Err(error)) => break error,
                None => break ClientError::Broken("nothing is read any more".to_owned()),
            },
            order = orders.recv() => {
                let order = order?;
                // What is asked now has its time from now on.
                if open.is_empty() {
                    hearing.last = Instant::now();
                }
                if let Err(error) = carry(order, &mut writer, &mut open, tail).await {
                    break error;
                }
            },
            () = sleep_until(hearing.due(!open.is_empty())), if !hearing.slow => {
                if !open.is_empty() {
                    hearing.slow = true;
                    news.send(News::Slow).await.ok()?;
                } else if let Err(error) = writer.ask(PING, Request::Status).await {
                    break error;
                } else {
                    // It has the usual time for the answer.
                    hearing.last = Instant::now();
                    open.insert(PING);
                }
            },
        }
    };
    reading.abort();
    tail.stop();
    open.remove(&PING);
    for id in open {
        let message = "the connection broke before the answer came: look whether it was done".to_owned();
        news.send(News::Reply(id, Err(Fault { code: FaultCode::Engine, message }))).await.ok()?;
    }
    Some(error)
}

/// When an engine was heard last.
struct Hearing {
    last: Instant,
    /// It was told that it says nothing.
    slow: bool,
}

impl Hearing {
    /// When its silence means something.
    fn due(&self, owes: bool) -> Instant {
        self.last + if owes { PATIENCE } else { QUIET }
    }

    /// It said something; `None` when the console is gone.
    async fn heard(&mut self, news: &Sender<News>) -> Option<()> {
        self.last = Instant::now();
        if std::mem::take(&mut self.slow) {
            news.send(News::Heard).await.ok()?;
        }
        Some(())
    }
}

async fn read(reader: &mut Reader, lines: Sender<Result<EngineLine, ClientError>>) {
    loop {
        let line = reader.next().await;
        let broken = line.is_err();
        if lines.send(line).await.is_err() || broken {
            return;
        }
    }
}

/// Passes on what the engine said; `None` when the console is gone.
async fn hear(
    line: EngineLine,
    instance: &str,
    cursor: &mut Option<(String, u64)>,
    open: &mut HashSet<u64>,
    news: &Sender<News>,
) -> Option<()> {
    let told = match line {
        EngineLine::Event { id: WATCH, event } => match *event {
            Event::Snapshot(snapshot) => {
                *cursor = Some((instance.to_owned(), snapshot.cursor));
                News::Snapshot(snapshot)
            }
            Event::Changed(snapshot) => {
                *cursor = Some((instance.to_owned(), snapshot.cursor));
                News::Changed(snapshot)
            }
            _ => return Some(()),
        },
        EngineLine::Reply { id: PING, .. } | EngineLine::Fault { id: PING, .. } => {
            open.remove(&PING);
            return Some(());
        }
        EngineLine::Reply { id, reply } if open.remove(&id) => News::Reply(id, Ok(reply)),
        EngineLine::Fault { id, fault } if open.remove(&id) => News::Reply(id, Err(fault)),
        _ => return Some(()),
    };
    news.send(told).await.ok()
}

async fn carry(order: Order, writer: &mut Writer, open: &mut HashSet<u64>, tail: &mut Tail) -> Result<(), ClientError> {
    match order {
        Order::Ask(number, request) => {
            open.insert(number);
            writer.ask(number, request).await
        }
        Order::Tail(run, most) => {
            tail.start(run, most);
            Ok(())
        }
        Order::Export(wanted) => {
            tail.export(wanted);
            Ok(())
        }
    }
}

/// The log that is shown.
struct Tail {
    socket: PathBuf,
    copies: PathBuf,
    news: Sender<News>,
    task: Option<JoinHandle<()>>,
    /// Lines that are taken out of a log; one at a time.
    export: Option<JoinHandle<()>>,
}

impl Tail {
    fn start(&mut self, run: RunId, most: u32) {
        self.stop();
        let (socket, news) = (self.socket.clone(), self.news.clone());
        self.task = Some(tokio::spawn(async move {
            let mut wait = FIRST_RETRY;
            loop {
                let reason = follow(&socket, run, most, &news).await.err().map(|error| error.to_string());
                let over = reason.is_none();
                if news.send(News::TailOver(run, reason)).await.is_err() || over {
                    return;
                }
                // What broke it off may pass; whoever looks at another log, or loses the engine, ends this.
                sleep(wait).await;
                wait = (wait * 2).min(LONGEST_RETRY);
            }
        }));
    }

    fn export(&mut self, wanted: Export) {
        let (socket, copies, news) = (self.socket.clone(), self.copies.clone(), self.news.clone());
        let before = self.export.replace(tokio::spawn(async move {
            let done = export(&socket, &copies, &wanted).await.map_err(|error| error.to_string());
            // Nobody hears it where the console is gone.
            drop(news.send(News::Exported(wanted.purpose, done)).await);
        }));
        if let Some(before) = before {
            before.abort();
        }
    }

    fn stop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.stop();
        if let Some(export) = self.export.take() {
            export.abort();
        }
    }
}

async fn follow(socket: &Path, run: RunId, most: u32, news: &Sender<News>) -> Result<(), ClientError> {
    let mut client = Client::connect(socket).await?;
    client.ask(Request::TailLog { run, most }).await?;
    while let Some(event) = client.event().await? {
        if let Event::Lines(lines) = event
            && news.send(News::Lines(lines)).await.is_err()
        {
            return Ok(());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
