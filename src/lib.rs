//! dogwatch: an engine that drives autonomous coding loops durably inside containers, and the terminal console from
//! which people keep watch over them. CLAUDE.md has the map of these rooms.

pub mod agent;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod browser;
pub mod cli;
pub mod client;
pub mod config;
pub mod console;
pub mod domain;
pub mod engine;
pub mod evidence;
pub mod fleet;
pub mod gates;
pub mod gateway;
pub mod knowledge;
pub mod lines;
pub mod logs;
pub mod models;
pub mod notify;
pub mod packages;
pub mod people;
pub mod probe;
pub mod project;
pub mod protocol;
pub mod query;
pub mod sandbox;
pub mod server;
pub mod shim;
pub mod store;
pub mod text;
pub mod watchdog;
pub mod words;
pub mod workspace;
