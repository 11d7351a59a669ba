//! `dogwatch approvals approve-all`: several proposals that are alike, each shown, agreed to at once.

use super::context::{Context, Failure, unfit};
use super::proposals::{load, table};
use crate::approval::{show, together};
use crate::domain::{Agreed, ProposalId};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::SafeText;

/// Shows each, or says yes to all where the digest is that of what is there.
pub async fn perform(
    mut context: Context,
    ids: &[ProposalId],
    digest: Option<&str>,
    json: bool,
) -> Result<i32, Failure> {
    let mut all = Vec::new();
    for id in ids {
        let one = load(&mut context, *id).await?;
        if !one.proposal.state.is_open() {
            let message = format!(
                "{id} is {}: name those that wait, `dogwatch approvals ls` lists them",
                one.proposal.state.name()
            );
            return Err(Failure { code: 5, message });
        }
        all.push(one);
    }
    let shown: Vec<(ProposalId, String)> = all.iter().map(|one| (one.proposal.id, show::shown(one))).collect();
    let whole = together::digest(shown.iter().map(|(id, digest)| (*id, digest.as_str())));
    let Some(digest) = digest else {
        if json {
            context.json(&serde_json::json!({ "proposals": all, "digest": whole }))?;
            return Ok(0);
        }
        for one in &all {
            for line in show::lines(one) {
                context.say_wrapped(&line)?;
            }
            context.say(&SafeText::empty())?;
        }
        let names = SafeText::join(&ids.iter().map(|id| safe!("{}", id)).collect::<Vec<_>>(), &safe!(" "));
        context.say_wrapped(&safe!("say yes to all: dogwatch approvals approve-all {} --digest {}", names, whole))?;
        return Ok(0);
    };
    // A few digits are enough to tell that it was read; each digest is what is sent.
    if digest.len() < 8 || !whole.starts_with(&digest.to_lowercase()) {
        let message = "they are not what this digest stands for: read them again, without --digest".to_owned();
        return Err(Failure { code: 5, message });
    }
    let yes = shown.into_iter().map(|(proposal, digest)| Agreed { proposal, digest, seen: None }).collect();
    let Reply::Proposals { proposals, .. } = context.ask(Request::AgreeToAll { yes }).await? else { return unfit() };
    if json {
        for one in &proposals {
            context.json(one)?;
        }
        return Ok(0);
    }
    let columns = context.columns();
    context.say_all(&table(&proposals, columns))?;
    Ok(0)
}
