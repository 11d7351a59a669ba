//! Real Unix users over the real socket: who is let in, who may do what, and what becomes of a role that is taken away. These tests
//! make users and groups of their own and need root for that; elsewhere they say so and skip.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

#[path = "people/changes.rs"]
mod changes;
#[path = "people/identity.rs"]
mod identity;
#[path = "people/roles.rs"]
mod roles;
#[path = "people/system.rs"]
#[allow(dead_code, reason = "other test programs use the rest of this module")]
mod system;
#[path = "people/table.rs"]
mod table;
#[path = "people/users.rs"]
mod users;
#[path = "people/witness.rs"]
mod witness;
