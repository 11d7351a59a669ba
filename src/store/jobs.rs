//! One job in the writer's queue: the caller's closure, its value, and where the reply goes.

use super::{StoreError, Tx};
use tokio::sync::oneshot;

/// A job without its types.
pub(super) trait Job: Send {
    /// Runs the closure once.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError>;

    /// Sends the reply: the value if the job's transaction is on disk, the error otherwise.
    fn finish(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// A job with its types.
pub(super) struct Typed<F, T> {
    closure: Option<F>,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Typed<F, T>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    pub(super) fn new(closure: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { closure: Some(closure), value: None, reply }, answer)
    }
}

impl<F, T> Job for Typed<F, T>
where
    F: FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        let closure = self.closure.take().ok_or(StoreError::Closed)?;
        self.value = Some(closure(tx)?);
        Ok(())
    }

    fn finish(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        // A caller that no longer waits has cancelled its wait, not its job, so an unsent answer is no error.
        drop(reply.send(outcome.and_then(|()| value.ok_or(StoreError::Closed))));
    }
}
