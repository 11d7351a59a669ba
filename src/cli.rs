//! The command line: one small file a subcommand. Subcommands are clients of the engine; each prints text for people or,
//! with `--json`, one JSON value a line for scripts; then what goes wrong is JSON too, on standard error:
//! `{"error":{"code":5,"message":"..."}}`, with `"alarm"` beside these where the audit log is not the one that this user saw.
//!
//! Exit codes: 0 done; 1 it did not work; 2 wrong usage; 3 no engine; 4 no such thing; 5 refused as things stand; 9 done, but the audit
//! log is not the one that this user saw. `run
//! --follow` has its own for a run's outcome (`run::outcome`: 0 succeeded, 10 failed, 11 cancelled, 12 waits for a person;
//! 130 when interrupted), and `audit verify` for its verdicts (0 intact, 10 intact but not wholly anchored, 11 truncated, 12
//! broken, 13 rewritten). `doctor` gives 1 where something fails.

mod agent;
mod approvals;
mod asset;
mod audit;
mod backup;
mod budget;
mod bug;
mod complaint;
mod completions;
mod context;
mod dataset;
mod debug;
mod deliver;
mod demo;
mod diff;
mod doctor;
mod edit;
mod egress;
mod engine;
mod evidence;
mod feature;
mod gc;
mod help;
mod init;
mod input;
mod knowledge;
mod lesson;
mod logs;
mod man;
mod metrics;
mod models;
mod notify;
mod print;
mod project;
mod prompt;
mod proposals;
mod propose;
mod ps;
mod restore;
mod run;
mod secret;
mod serve;
mod show;
mod steer;
mod task;
mod tasks;
mod together;
mod tools;
mod uninstall;
mod usage;
mod watch;
mod which;
mod whoami;

use clap::{CommandFactory, Parser, Subcommand};
use context::Context;
use std::ffi::OsString;

/// Durable autonomous coding loops in containers, and the watch over them.
#[derive(Debug, Parser)]
#[command(
    name = "dogwatch",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done; 1 it did not work; 2 wrong usage; 3 no engine; 4 no such thing; 5 refused as things stand;\n\
        9 done, but the audit log is not the one that you saw before.\n\
        With --json an error is one line on standard error: {\"error\":{\"code\":5,\"message\":\"...\"}}.\n\
        State lies in $DOGWATCH_STATE_DIR and config.toml in $DOGWATCH_CONFIG_DIR, or else in the XDG places."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what this is about, on real runs over small projects: needs no key, no model, no configuration
    Demo(demo::Args),
    /// Watch over the runs on this terminal; `dogwatch` alone does the same
    Watch(watch::Args),
    /// Start a run
    Run(run::Args),
    /// List the runs
    Ps(ps::Args),
    /// Show everything about a run
    Show(show::Args),
    /// Print what the programs of a run printed
    Logs(logs::Args),
    /// Freeze a run
    Pause(steer::OneRun),
    /// Let a paused run go on
    Resume(steer::OneRun),
    /// Give a run new guidance
    Redirect(steer::Redirect),
    /// Stop a run for good
    Cancel(steer::Cancel),
    /// Say how much a run is wanted, against others that wait for a place
    Priority(steer::Prioritise),
    /// Go on from an earlier checkpoint
    Rollback(steer::Rollback),
    /// Print the changes of a run or of one iteration, byte for byte into files and pipes
    Diff(diff::Args),
    /// Print what the agent of a run was told, as it was sent
    Prompt(prompt::Args),
    /// Hand over a run's result as a branch or a patch
    Deliver(deliver::Args),
    /// Show what the agent of a run used the engine's tools for, and what it noted
    Tools(tools::Args),
    /// List what agents asked for beside their loops, such as test runs, and what came of it
    Tasks(tasks::Args),
    /// Show what a run asked of models and what that took
    Usage(usage::Args),
    /// Show what a run asked of hosts outside, and what came of it
    Egress(egress::Args),
    /// See and answer what waits for people: questions of runs, and what is proposed for live assets
    Approvals(approvals::Args),
    /// Have something run on a live asset, once people have agreed to exactly that
    Propose(propose::Args),
    /// Keep projects: the repositories that runs work on
    Project(project::Args),
    /// Keep features: what people want of a project, the runs that build it, and how far it is
    Feature(feature::Args),
    /// Keep bugs: what runs met and people told, what was tried against it, and what repaired it
    Bug(bug::Args),
    /// Keep lessons: what people and solved bugs teach the agents of a project
    Lesson(lesson::Args),
    /// Keep tasks: test runs without an agent, at once or by a clock, and what came of them
    Task(task::Args),
    /// Keep data sets: directories that runs may read, held to what was registered
    Dataset(dataset::Args),
    /// Keep words about data that no data set holds, for agents to read
    Knowledge(knowledge::Args),
    /// Keep live systems: what is registered, and how it is
    Asset(asset::Args),
    /// Show what runs, projects and days have used and reserved of what they may
    Budget(budget::Args),
    /// Stop all requests to models at once, or let them pass again; alone: how that is
    Models(models::Args),
    /// Show how well the loops do without people
    Metrics(metrics::Args),
    /// Try whether a coding agent is installed as it should be
    Agent(agent::Args),
    /// Keep secrets: keys for the engine, out of everybody else's sight
    Secret(secret::Args),
    /// Write a first dogwatch.toml by looking at a repository
    Init(init::Args),
    /// Check this machine: Docker, disk, user session, clock
    Doctor(doctor::Args),
    /// Remove what runs that are over left behind, by the policy of [retention] in config.toml
    Gc(gc::Args),
    /// See and try how people are told that something waits for them
    Notify(notify::Args),
    /// Look into, check or export the audit log
    Audit(audit::Args),
    /// Make, list and check backups of the engine's database; it makes one an hour by itself
    Backup(backup::Args),
    /// Put a backup in the place of the database, which is put aside; the engine must be stopped
    Restore(restore::Args),
    /// Tell who the engine takes you for, and what you may do
    Whoami(whoami::Args),
    /// Tell how the engine is
    Status(engine::Args),
    /// Run the engine in the foreground (any command that needs it starts it in the background)
    Serve(serve::Args),
    /// End the engine; containers live on
    Stop(engine::Args),
    /// Remove everything of this engine: its containers and images, then its state directory
    UninstallData(uninstall::Args),
    /// Read about a topic such as security or troubleshooting; alone: which topics there are
    Help(help::Args),
    /// Print a script by which a shell completes these words
    Completions(completions::Args),
    /// Write manual pages into a directory
    Man(man::Args),
    /// Look into single parts from outside, for maintainers
    #[command(hide = true)]
    Debug(debug::Args),
}

/// Parses the arguments and does what they say. Returns the exit code.
pub fn main() -> i32 {
    context::install_hooks();
    let args: Vec<OsString> = std::env::args_os().collect();
    let json = complaint::json_wanted(args.iter().cloned());
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            // The same mistake again, quoted in the exact form: clap drops what it takes for colours, and quotes lines as lines.
            let quoted = Cli::try_parse_from(args.iter().map(complaint::exactly)).err();
            let quoted = quoted.filter(|quoted| quoted.kind() == error.kind());
            return complaint::usage(&error, quoted.as_ref(), json);
        }
    };
    match perform(cli.command) {
        Ok(code) => code,
        Err(report) => complaint::complain(&report, json),
    }
}

fn perform(command: Option<Command>) -> color_eyre::Result<i32> {
    let Some(command) = command else { return Context::block_on(watch::without_words) };
    match command {
        Command::Demo(args) => Context::block_on(|context| demo::perform(context, args)),
        Command::Watch(args) => Context::block_on(|context| watch::perform(context, args)),
        Command::Run(args) => Context::block_on(|context| run::perform(context, args)),
        Command::Ps(args) => Context::block_on(|context| ps::perform(context, args)),
        Command::Show(args) => Context::block_on(|context| show::perform(context, args)),
        Command::Logs(args) => Context::block_on(|context| logs::perform(context, args)),
        Command::Pause(args) => Context::block_on(|context| steer::pause(context, args)),
        Command::Resume(args) => Context::block_on(|context| steer::resume(context, args)),
        Command::Redirect(args) => Context::block_on(|context| steer::redirect(context, args)),
        Command::Cancel(args) => Context::block_on(|context| steer::cancel(context, args)),
        Command::Priority(args) => Context::block_on(|context| steer::prioritise(context, args)),
        Command::Rollback(args) => Context::block_on(|context| steer::roll_back(context, args)),
        Command::Diff(args) => Context::block_on(|context| diff::perform(context, args)),
        Command::Prompt(args) => Context::block_on(|context| prompt::perform(context, args)),
        Command::Deliver(args) => Context::block_on(|context| deliver::perform(context, args)),
        Command::Approvals(args) => Context::block_on(|context| approvals::perform(context, args)),
        Command::Propose(args) => Context::block_on(|context| propose::perform(context, args)),
        Command::Tools(args) => Context::block_on(|context| tools::perform(context, args)),
        Command::Dataset(args) => Context::block_on(|context| dataset::perform(context, args)),
        Command::Lesson(args) => Context::block_on(|context| lesson::perform(context, args)),
        Command::Task(args) => Context::block_on(|context| task::perform(context, args)),
        Command::Tasks(args) => Context::block_on(|context| tasks::perform(context, args)),
        Command::Knowledge(args) => Context::block_on(|context| knowledge::perform(context, args)),
        Command::Feature(args) => Context::block_on(|context| feature::perform(context, args)),
        Command::Bug(args) => Context::block_on(|context| bug::perform(context, args)),
        Command::Asset(args) => Context::block_on(|context| asset::perform(context, args)),
        Command::Metrics(args) => Context::block_on(|context| metrics::perform(context, args)),
        Command::Budget(args) => Context::block_on(|context| budget::perform(context, args)),
        Command::Models(args) => Context::block_on(|context| models::perform(context, args)),
        Command::Usage(args) => Context::block_on(|context| usage::perform(context, args)),
        Command::Egress(args) => Context::block_on(|context| egress::perform(context, args)),
        Command::Project(args) => Context::block_on(|context| project::perform(context, args)),
        Command::Agent(args) => Context::block_on(|context| agent::perform(context, args)),
        Command::Doctor(args) => Context::block_on(|context| doctor::perform(context, args)),
        Command::Gc(args) => Context::block_on(|context| gc::perform(context, args)),
        Command::Whoami(args) => Context::block_on(|context| whoami::perform(context, args)),
        Command::Status(args) => Context::block_on(|context| engine::status(context, args)),
        Command::Stop(args) => Context::block_on(|context| engine::stop(context, args)),
        Command::UninstallData(args) => Context::block_on(|context| uninstall::perform(context, args)),
        Command::Serve(args) => Ok(serve::perform(&args)?),
        Command::Init(args) => Ok(init::perform(Context::new()?, &args)?),
        Command::Secret(args) => Ok(secret::perform(Context::new()?, &args)?),
        Command::Notify(args) => Context::block_on(|context| notify::perform(context, args)),
        Command::Audit(args) => Context::block_on(|context| audit::perform(context, args)),
        Command::Backup(args) => Ok(backup::perform(Context::new()?, args)?),
        Command::Restore(args) => Context::block_on(|context| restore::perform(context, args)),
        Command::Help(args) => Ok(help::perform(Context::new()?, &args, Cli::command())?),
        Command::Completions(args) => Ok(completions::perform(Context::new()?, &args, Cli::command())?),
        Command::Man(args) => Ok(man::perform(Context::new()?, &args, Cli::command())?),
        Command::Debug(args) => Ok(debug::perform(Context::new()?, &args)?),
    }
}
