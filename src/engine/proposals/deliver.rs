//! What became of an agent's proposals reaches it in the prompt of one turn: they are marked as told to that turn in the transaction that
//! records its intent, its prompt with it. A turn that is begun anew after a death is told the same, and no other turn is.

use crate::engine::crash::{CrashPoints, Crashed};

/// Records a turn's intent, between the places where an engine may die that has something to deliver by it.
pub(in crate::engine) async fn delivered<T, E: From<Crashed>>(
    crash: &CrashPoints,
    delivers: bool,
    intent: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    if !delivers {
        return intent.await;
    }
    crash.at("proposal.deliver.before")?;
    let recorded = intent.await?;
    crash.at("proposal.deliver.after")?;
    Ok(recorded)
}
