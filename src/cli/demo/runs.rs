//! The demo's runs, and the live asset that one of them wants to repair.

use super::place::Place;
use crate::cli::context::{Context, Failure, unfit};
use crate::domain::{AssetSpec, Priority, Reach, Role, RunId};
use crate::protocol::{Reply, Request};
use std::collections::BTreeMap;

/// The projects, as they lie in assets/demo. The run of the last follows that of the first, whose repair it is told.
pub(super) const PROJECTS: [&str; 5] = ["shop", "retries", "service", "queue", "calculator"];
/// The same, for scripts.
pub(super) const NAMES: [&str; 5] = ["repair", "stuck", "live", "flaky", "remembered"];
/// What each shows.
pub(super) const ABOUT: [&str; 5] = [
    "shop: a backend and a frontend are repaired; what was learned stays",
    "retries: gets stuck, and waits until you tell it something (any words do)",
    "service: proposes a repair on a live asset, and waits for your yes",
    "queue: meets a test that goes by luck, and asks whether to count it",
    "calculator: follows the first, is told what repaired a bug like its own, and is green after three iterations",
];
/// What each is to do.
const TASKS: [&str; 5] = [
    "Repair the shop: its tests fail, and so do its pages.",
    "Reads are to be tried three times, writes once. (The replay agent goes to and fro between both until a person says something.)",
    "Nobody answers requests: repair the settings, and propose the same for the live service.",
    "Serve first who came first.",
    "Make the calculator's tests pass.",
];
/// The asset.
const ASSET: &str = "demo-live";

/// Registers the projects and the asset, and submits a run of each.
pub(super) async fn submit(context: &mut Context, place: &Place) -> Result<Vec<RunId>, Failure> {
    let asset = asset(place).map_err(|error| Failure::new(format!("the demo's asset: {error}")))?;
    context.ask(Request::PutAssets { assets: vec![asset], replace: false }).await?;
    let mut runs: Vec<RunId> = Vec::new();
    for (project, task) in PROJECTS.into_iter().zip(TASKS) {
        let source = place.projects().join(project).display().to_string();
        context.ask(Request::AddProject { source, name: Some(project.to_owned()) }).await?;
        let last = Some(&project) == PROJECTS.last();
        let request = Request::Submit {
            project: project.to_owned(),
            task: task.to_owned(),
            criteria: Vec::new(),
            role: if project == "service" { Role::Remedy } else { Role::Coder },
            engine: None,
            agent: None,
            iterations: None,
            revision: None,
            priority: Priority::Normal,
            plan: None,
            after: runs.first().copied().filter(|_| last).into_iter().collect(),
            feature: None,
        };
        let Reply::Run { run } = context.ask(request).await? else { return unfit() };
        runs.push(run.run.id);
    }
    Ok(runs)
}

fn asset(place: &Place) -> Result<AssetSpec, crate::domain::AssetWordFault> {
    Ok(AssetSpec {
        name: ASSET.parse()?,
        reach: Reach::Local,
        labels: BTreeMap::new(),
        environment: Some("demo".parse()?),
        critical: false,
        note: format!("stands for a live service: the directory {} of the demo", place.live().display()),
        receipts: Some(place.receipts().display().to_string().parse()?),
    })
}
