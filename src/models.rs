//! Models that are asked for: what a request asks, what an answer took, and what that costs. The gateway meters with it
//! whatever passes, so that a budget holds whatever an agent says of itself.

mod ask;
mod beyond;
mod meter;
mod prices;
mod room;
mod tally;

pub use ask::{Ask, renamed};
pub use beyond::Beyond;
pub use meter::{Asked, Later, Meter, MeterError, NoMeter, Took};
pub use prices::{Price, Prices};
pub use room::{Held, Room, TurnCaps, UsedUp};
pub use tally::{Form, Tally};
