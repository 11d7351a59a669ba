//! What people are asked about hosts that are on no list. Whatever asked for one was refused and goes on; a yes opens the host
//! from then on, for this run alone or for every run of its project.

use super::denied::Denied;
use super::policy::{PLAIN, TLS};
use crate::audit::AuditEvent;
use crate::domain::{Actor, EgressSeen, HostName, QuestionKind, Run, RunId};
use crate::store::{Ask, StoreError, Tx};
use serde_json::json;

/// Hosts of a run that people are asked about at once, and in all: whoever asks for many at random learns nothing by it.
const MOST_OPEN: usize = 5;
const MOST: usize = 20;

/// Asks people about those of these requests that a yes would open, where nobody was asked yet.
pub(super) fn ask(tx: &Tx<'_>, run: RunId, rows: &[EgressSeen]) -> Result<bool, StoreError> {
    let mut asked = false;
    for row in rows.iter().filter(|row| row.rule == Denied::Unlisted.word() && [TLS, PLAIN].contains(&row.port)) {
        let Ok(host) = HostName::parse(&row.host) else { continue };
        let (open, all) = tx.asked_of_hosts(run)?;
        if open >= MOST_OPEN || all >= MOST || tx.is_asked_of_host(run, &host)? {
            continue;
        }
        let Some(run) = tx.run(run)?.filter(|run| !run.state.is_final()) else { return Ok(asked) };
        let question = tx.insert_question(&about(&run, &host, row.port))?;
        tx.link_host(question, run.id, &host)?;
        let detail = json!({ "kind": QuestionKind::Egress.name(), "host": host });
        tx.record(AuditEvent::new(Actor::Engine, "question.asked").run(run.id).question(question).detail(detail))?;
        asked = true;
    }
    Ok(asked)
}

fn about(run: &Run, host: &HostName, port: u16) -> Ask {
    let facts = [
        format!("in iteration {} it asked for {host}, port {port}, which is on no list of its; it was refused", run.iteration),
        "who asks may have been misled by what it read; a host that takes what is sent to it can be told all that the run knows"
            .to_owned(),
        format!("`dogwatch egress {}` tells what else it asked for; what every run may reach is in config.toml", run.id),
        "with --project, `dogwatch approvals approve` opens it to every run of the project, until `dogwatch project close-host`"
            .to_owned(),
        format!(
            "the run goes on meanwhile; approve lets {} reach {host} by HTTPS and HTTP until it is over; deny keeps it refused, and \
             this run is not asked about again for it",
            run.id
        ),
    ];
    Ask {
        run: Some(run.id),
        iteration: run.iteration,
        kind: QuestionKind::Egress,
        title: format!("may it reach {host}?"),
        facts: facts.to_vec(),
        reached: Vec::new(),
        digest: None,
        deadline: None,
    }
}
