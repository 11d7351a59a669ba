//! The executable: everything is in the library. What runs inside containers is told apart first, before anything else is
//! set up there.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let code = match args.next() {
        Some(name) if name == "shim" => dogwatch::shim::main(&args.collect::<Vec<_>>()),
        Some(name) if name == "hold" => dogwatch::probe::hold(),
        Some(name) if name == "await-ready" => dogwatch::probe::await_ready(&args.collect::<Vec<_>>()),
        Some(name) if name == "walls" => dogwatch::probe::walls(&args.collect::<Vec<_>>()),
        Some(name) if name == dogwatch::query::WORD => dogwatch::query::main(),
        Some(name) if name == dogwatch::fleet::WORD => dogwatch::fleet::main(&args.collect::<Vec<_>>()),
        Some(name) if name == "browse" => dogwatch::browser::main(&args.collect::<Vec<_>>()),
        Some(name) if name == "replay-edits" => dogwatch::agent::replay_main(&args.collect::<Vec<_>>()),
        _ => dogwatch::cli::main(),
    };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
