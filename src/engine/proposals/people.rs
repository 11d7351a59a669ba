//! Who people are: as whom they come, and what they may at this moment.

use crate::domain::{Actor, Person, Voter, VoterRole};

/// What is needed to know of people.
pub trait People: Send + Sync + 'static {
    /// The person behind an actor, with the roles that they have now; `None` for the engine itself.
    fn voter(&self, actor: &Actor) -> Option<Voter>;

    /// The same person with the roles that they have now.
    fn again(&self, person: &Person) -> Voter;
}

/// The engine's own user and root, who may everything: nobody else is let in.
#[derive(Debug, Clone, Copy, Default)]
pub struct EngineUser;

impl People for EngineUser {
    fn voter(&self, actor: &Actor) -> Option<Voter> {
        let person = person(actor)?;
        Some(self.again(&person))
    }

    fn again(&self, person: &Person) -> Voter {
        let own = person.uid == 0 || person.uid == rustix::process::geteuid().as_raw();
        let roles = if own { VoterRole::ALL.into() } else { [].into() };
        Voter { person: person.clone(), roles }
    }
}

/// The person behind an actor.
pub(super) fn person(actor: &Actor) -> Option<Person> {
    match actor {
        Actor::Engine => None,
        Actor::Operator { uid, name } => Some(Person { uid: *uid, login_uid: None, name: name.clone() }),
    }
}

/// The actor that a person is.
pub(super) fn actor(person: &Person) -> Actor {
    Actor::Operator { uid: person.uid, name: person.name.clone() }
}
