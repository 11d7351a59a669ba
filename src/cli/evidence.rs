//! `dogwatch approvals export`: what was decided, in files that anybody checks with `sha256sum` and `ssh-keygen` alone.

use super::context::{Context, Failure};
use super::input;
use super::proposals::load;
use crate::approval::{digest, show, signature};
use crate::domain::ProposalId;
use crate::safe;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes the record, the decision, the signatures and how to check them, into a new directory.
pub async fn export(mut context: Context, id: ProposalId, dir: &Path, json: bool) -> Result<i32, Failure> {
    let detail = load(&mut context, id).await?;
    let one = &detail.proposal;
    let failed = |path: &Path| input::unusable(path, "name a new directory, in a place that you may write to");
    fs::create_dir(dir).map_err(failed(dir))?;
    let mut files: Vec<(PathBuf, Vec<u8>)> = vec![
        (dir.join("record"), digest::record(&one.proposed)),
        (dir.join("decision"), signature::message(id, &show::shown(&detail), None).into_bytes()),
    ];
    let mut signers = String::new();
    let mut checks = String::from(
        "The digest in `decision` is that of `record`:\n    sha256sum record\n\nEach signature is one person's yes to the file behind it:\n",
    );
    for (at, vote) in one.votes.iter().enumerate() {
        let Some(text) = &vote.signature else { continue };
        let (name, mut decision) = (format!("yes-{}.sig", at + 1), "decision".to_owned());
        if let Some(glass) = &vote.glass {
            // Who stood in for a second person signed that, too.
            decision = format!("decision-{}", at + 1);
            let text = signature::message(id, &show::shown(&detail), Some(glass));
            files.push((dir.join(&decision), text.into_bytes()));
        }
        let who = format!("user-{}", vote.voter.person.login_uid.unwrap_or(vote.voter.person.uid));
        if let Some(key) = signature::signer(text) {
            // Writing to a string cannot fail, here and below.
            let _infallible = writeln!(signers, "{who} namespaces=\"{}\" {key}", signature::NAMESPACE);
        }
        let _infallible = writeln!(
            checks,
            "    ssh-keygen -Y verify -f allowed_signers -I {who} -n {} -s {name} < {decision}",
            signature::NAMESPACE
        );
        files.push((dir.join(name), text.clone().into_bytes()));
    }
    checks
        .push_str("\nThe keys in `allowed_signers` are those of the signatures: compare them with the persons' own.\n");
    files.push((dir.join("allowed_signers"), signers.into_bytes()));
    files.push((dir.join("README"), checks.into_bytes()));
    for (path, bytes) in &files {
        fs::write(path, bytes).map_err(failed(path))?;
    }
    if json {
        context.json(&serde_json::json!({ "exported": id.to_string(), "files": files.len() }))?;
    } else {
        context.say(&safe!("{} files are in {}; README there says how to check them", files.len(), dir))?;
    }
    Ok(0)
}
