//! Looking at an asset, carrying a command out on it, and asking what became of one. Nothing here is ever repeated by itself.

use super::call::Call;
use super::line::Line;
use super::says::Said;
use super::talk::Talk;
use super::{FleetFault, observe, payload, receipt};
use crate::domain::{Asset, AssetPath, AssetSpec, Command, ExecutionId, ExecutionOutcome, Vitals};
use crate::engine::crash::{CrashPoints, Crashed};
use crate::engine::proposals::Order as Approved;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How far the clock of an asset may be off, in seconds. Certificates and times of records depend on it.
const SKEW: i64 = 30;
/// How long an asset may take to say what it is.
pub(super) const LOOK: Duration = Duration::from_mins(1);
/// Most programs that one may lack.
const MOST_LACKED: usize = 20;
/// How long beyond its own time a command may take to be told about.
const BEYOND: Duration = Duration::from_secs(90);

/// One approved command for one asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Its name.
    pub execution: ExecutionId,
    /// Where.
    pub asset: AssetSpec,
    /// What.
    pub command: Command,
    /// The digest of what was approved, by which the asset's own log knows it.
    pub digest: String,
}

impl Order {
    /// What is carried out of what was approved.
    pub fn of(approved: &Approved, asset: &Asset) -> Self {
        let (execution, command) = (approved.execution.clone(), approved.proposed.command.clone());
        Self { execution, asset: asset.spec.clone(), command, digest: approved.digest.clone() }
    }
}

/// An asset as it is right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// Its boot. A command runs in this one or not at all.
    pub boot: String,
    /// As whom commands run there.
    pub user: String,
}

/// What is heard of a command while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Its receipt is there.
    Begun,
    /// Output as it was written.
    Output {
        /// Of standard error.
        error: bool,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// The way to all assets.
#[derive(Debug, Clone)]
pub struct Fleet {
    dir: PathBuf,
    config: Option<PathBuf>,
    clock: i64,
    crash: CrashPoints,
}

impl Fleet {
    /// With a private directory for what SSH needs, whose path is short.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, config: None, clock: 0, crash: CrashPoints::default() }
    }

    /// The same with the secrets that are kept beside this directory's `config.toml`.
    #[must_use]
    pub fn with_secrets(mut self, config: PathBuf) -> Self {
        self.config = Some(config);
        self
    }

    /// The same by a clock that is so many seconds off, as a test has it.
    #[must_use]
    pub fn off_by(mut self, seconds: i64) -> Self {
        self.clock = seconds;
        self
    }

    /// The same with places where a test has the gate die.
    #[must_use]
    pub fn crashing(mut self, crash: CrashPoints) -> Self {
        self.crash = crash;
        self
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn config(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX).saturating_add(self.clock)
    }

    pub(super) fn at(&self, point: &str) -> Result<(), FleetFault> {
        self.crash.at(point).map_err(|Crashed| FleetFault("the gate was told to die here".to_owned()))
    }

    /// Looks at an asset just before something is done there, and refuses one whose clock is off or that lacks what is needed.
    pub async fn look(&self, asset: &AssetSpec) -> Result<Looked, FleetFault> {
        let call = Call::look(base(asset), asset.name.as_str());
        let line = Line::open(self, asset, &call).await?;
        let asked = self.now();
        let mut talk = line.call(&call, Vec::new()).await?;
        let (mut boot, mut user, mut clock, mut place) = (None, None, None, false);
        let mut lacks = Vec::new();
        loop {
            let said = timeout(LOOK, talk.next()).await;
            match said.map_err(|_| FleetFault("it does not answer".to_owned()))?? {
                Some(Said::Boot(id)) => boot = Some(id),
                Some(Said::User(name)) => user = Some(name),
                Some(Said::Now(then)) => clock = Some(then),
                Some(Said::Lacks(tool)) if lacks.len() < MOST_LACKED => lacks.push(tool),
                Some(Said::Place) => place = true,
                Some(Said::Lost(why)) => return Err(FleetFault(why)),
                Some(_) => return Err(FleetFault("it answers something else than what was asked".to_owned())),
                None => break,
            }
        }
        if !lacks.is_empty() {
            return Err(FleetFault(format!("it lacks {}", lacks.join(", "))));
        }
        let (Some(boot), Some(user), Some(clock), true) = (boot, user, clock, place) else {
            return Err(FleetFault(
                "it does not say what it is: does the account have a shell like /bin/sh?".to_owned(),
            ));
        };
        // Its clock was read between these two moments.
        let off = asked.saturating_sub(clock).max(clock.saturating_sub(self.now()));
        if off > SKEW {
            return Err(FleetFault(format!("its clock is {off} s off, more than {SKEW}: set it")));
        }
        Ok(Looked { boot: line.boot(&boot), user })
    }

    /// How an asset is, by a text that only reads.
    pub async fn observe(&self, asset: &AssetSpec) -> Result<Vitals, FleetFault> {
        observe::observe(self, asset).await
    }

    /// Carries a command out, once. `boot` is what was read just before; output goes to `output` as it comes, in bounded pieces.
    /// What is not certain afterwards is `Unknown`, for a fence to find out.
    pub async fn dispatch(&self, order: &Order, boot: &str, output: &mpsc::Sender<Heard>) -> ExecutionOutcome {
        let not_run = |why: String| ExecutionOutcome::NotRun { why };
        let lines = match payload::lines(&order.command) {
            Ok(lines) => lines,
            Err(unfit) => return not_run(unfit.to_string()),
        };
        let kernel = boot.split('/').next().unwrap_or_default();
        let (kept, length, digest) = (receipt::KEPT.to_string(), lines.len().to_string(), receipt::digest(&lines));
        let call = Call::about(order, "run", base(&order.asset), &[kernel, &kept, &length, &digest]);
        // Nothing has left before the line is open.
        let opened = async {
            self.at("line.run.connecting")?;
            let line = Line::open(self, &order.asset, &call).await?;
            self.at("line.run.connected")?;
            Ok::<Line, FleetFault>(line)
        };
        let line = match opened.await {
            Ok(line) => line,
            Err(fault) => return not_run(fault.to_string()),
        };
        if line.boot(kernel) != boot {
            return not_run("it was started anew since it was looked at".to_owned());
        }
        let told = async {
            let talk = line.call(&call, lines).await?;
            self.at("line.run.called")?;
            let told = self.hear(Asked::Run, talk, order, output).await;
            self.at("line.run.ended")?;
            Ok(told)
        };
        // The call may have left.
        told.await.unwrap_or_else(|fault: FleetFault| ExecutionOutcome::Unknown { why: fault.to_string() })
    }

    /// Holds the place of a command that may not have run, or tells what became of it.
    /// `Err` where the asset does not answer, so that nothing is known that was not known before.
    pub async fn fence(&self, order: &Order, boot: &str) -> Result<ExecutionOutcome, FleetFault> {
        let silent = |_| FleetFault("the asset does not answer".to_owned());
        timeout(LOOK, self.asked(order, boot)).await.map_err(silent)?
    }

    async fn asked(&self, order: &Order, boot: &str) -> Result<ExecutionOutcome, FleetFault> {
        let call = Call::about(order, "fence", base(&order.asset), &[]);
        let line = Line::open(self, &order.asset, &call).await?;
        self.at("line.fence.connected")?;
        let mut talk = line.call(&call, Vec::new()).await?;
        self.at("line.fence.called")?;
        let mut same = false;
        loop {
            match talk.next().await? {
                Some(Said::Boot(kernel)) => same = line.boot(&kernel) == boot,
                Some(Said::Made(_)) => {}
                Some(said) => {
                    self.at("line.fence.told")?;
                    return Ok(became(Asked::Fence { same }, said, order));
                }
                None => return Err(FleetFault("the line broke while it was asked".to_owned())),
            }
        }
    }

    /// Tells the output of a command that was dispatched, from these bytes of its two outputs on, and its end.
    pub async fn follow(&self, order: &Order, from: (u64, u64), output: &mpsc::Sender<Heard>) -> ExecutionOutcome {
        let unknown = |fault: FleetFault| ExecutionOutcome::Unknown { why: fault.to_string() };
        let call = Call::about(order, "follow", base(&order.asset), &[&from.0.to_string(), &from.1.to_string()]);
        let line = match Line::open(self, &order.asset, &call).await {
            Ok(line) => line,
            Err(fault) => return unknown(fault),
        };
        match line.call(&call, Vec::new()).await {
            Ok(talk) => self.hear(Asked::Follow, talk, order, output).await,
            Err(fault) => unknown(fault),
        }
    }

    /// Listens until the end is told.
    async fn hear(
        &self,
        asked: Asked,
        mut talk: Talk,
        order: &Order,
        output: &mpsc::Sender<Heard>,
    ) -> ExecutionOutcome {
        let unknown = |why: &str| ExecutionOutcome::Unknown { why: why.to_owned() };
        let most = Duration::from_secs(u64::from(order.command.timeout)) + BEYOND;
        let heard = async {
            loop {
                match talk.next().await? {
                    Some(Said::Output { error, bytes }) => {
                        // Whoever listened may have gone; the command goes on all the same.
                        let _nobody_listens = output.send(Heard::Output { error, bytes }).await;
                    }
                    Some(Said::Following) => {
                        if asked == Asked::Run {
                            self.at("line.run.begun")?;
                        }
                        let _nobody_listens = output.send(Heard::Begun).await;
                    }
                    Some(Said::Made(_) | Said::Boot(_)) => {}
                    Some(said) => return Ok(became(asked, said, order)),
                    None => return Ok(unknown("the line broke before it told its end")),
                }
            }
        };
        match timeout(most, heard).await {
            Ok(Ok(told)) => told,
            Ok(Err(fault @ FleetFault(_))) => ExecutionOutcome::Unknown { why: fault.to_string() },
            Err(_) => unknown("it did not tell its end in time"),
        }
    }
}

/// What was asked of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Run,
    Follow,
    /// `same` says whether the asset is still in the boot that was read before the dispatch: one that was started anew may have
    /// lost the receipt of what it ran.
    Fence {
        same: bool,
    },
}

/// What its word means.
pub(super) fn became(asked: Asked, said: Said, order: &Order) -> ExecutionOutcome {
    let unknown = |why: &str| ExecutionOutcome::Unknown { why: why.to_owned() };
    let not_run = |why: &str| ExecutionOutcome::NotRun { why: why.to_owned() };
    match said {
        Said::Ended { code, seconds, .. } => {
            let over = seconds >= u64::from(order.command.timeout) && [124, 137, 143].contains(&code);
            if over { ExecutionOutcome::TimedOut } else { ExecutionOutcome::Ran { code } }
        }
        Said::Running if asked != (Asked::Fence { same: false }) => ExecutionOutcome::StillRunning,
        Said::Fenced if asked == (Asked::Fence { same: true }) => not_run("a fence holds its place on the asset"),
        Said::Fenced => {
            unknown("a fence holds its place now, but the asset was started anew before, so a receipt may be lost")
        }
        Said::Never(why) => ExecutionOutcome::NotRun { why },
        // Only a start knows that nothing was there before it gave up.
        Said::Lost(why) if asked == Asked::Run => ExecutionOutcome::NotRun { why },
        Said::Lost(why) => ExecutionOutcome::Unknown { why },
        Said::Rebooted if asked == Asked::Run => not_run("the asset was started anew since it was looked at"),
        Said::Cut if asked == Asked::Run => not_run("it did not arrive as it was sent, so nothing was started"),
        Said::There => unknown("its receipt was on the asset already: it was dispatched before"),
        Said::Claimed => unknown("its receipt is there, and nothing tells whether it was started"),
        Said::Gone | Said::Running => unknown("it was started, and is gone without an exit code"),
        Said::Absent => unknown("its receipt is not there"),
        _ => unknown("the asset answers something else than what was asked"),
    }
}

pub(super) fn base(asset: &AssetSpec) -> &str {
    asset.receipts.as_ref().map_or("-", AssetPath::as_str)
}
