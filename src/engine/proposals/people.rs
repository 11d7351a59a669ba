//! What people may at the moment of a start, when nobody of them is connected.

use crate::domain::{Human, OperatorRole, Vote, Voter};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;

/// Who has which roles now.
pub trait Roles: Send + Sync + 'static {
    /// Those of a user.
    fn of(&self, uid: u32) -> BoxFuture<'_, BTreeSet<OperatorRole>>;
}

impl Roles for crate::people::People {
    fn of(&self, uid: u32) -> BoxFuture<'_, BTreeSet<OperatorRole>> {
        Box::pin(self.roles_of_user(uid))
    }
}

/// Those who voted, each with the roles of that moment that they still have.
pub(super) async fn still(roles: &dyn Roles, votes: &[Vote]) -> Vec<Voter> {
    let mut voters = Vec::new();
    for vote in votes {
        let Voter { person, roles: then }: &Voter = &vote.voter;
        let now = roles.of(person.uid).await;
        let person: Human = person.clone();
        voters.push(Voter { person, roles: then.intersection(&now).copied().collect() });
    }
    voters
}
