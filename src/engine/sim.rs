//! The simulator: the machine, the driver, the scheduler and the real store over an outside that is played. Time stands
//! still while anything works and leaps to the next alarm otherwise, so that days pass in moments; the engine is killed
//! at its crash points and started again over the same store, the same containers and the same trees.
//!
//! A [`plot::Plot`] says what happens: what agents do, what breaks, what operators ask. Everything in it follows from one
//! seed, so that a failure is played again by its seed alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreed;
mod asking;
mod booking;
mod books;
mod broken;
mod campaign;
mod check;
mod clock;
mod daemon;
mod days;
mod dice;
mod disk;
mod ground;
mod keeping;
mod life;
mod opened;
mod operator;
mod plot;
mod power;
mod program;
mod space;
mod stories;
mod switching;
mod tests;
mod world;
