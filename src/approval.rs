//! Who may have what run on a live asset: the pure rules of it. The bytes that people vote on have one digest (`digest`); the operator's
//! rules say who proposes and who decides (`policy`); votes are counted by persons, not by accounts (`vote`); one transition function
//! moves a proposal (`machine`); and whatever could have changed since is looked at again in the transaction that uses a grant
//! up (`recheck`). No clock, no store and no network is asked here: all that counts is handed in.

pub mod canonical;
pub mod deadline;
pub mod digest;
pub mod freeze;
pub mod machine;
pub mod pace;
pub mod pattern;
pub mod policy;
pub mod recheck;
pub mod risk;
pub mod show;
pub mod signature;
pub mod together;
pub mod vote;

#[cfg(test)]
pub(crate) mod tests;
