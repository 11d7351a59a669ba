//! What sandboxes make of messages from outside, and where programs are.

use std::path::PathBuf;

/// What is kept of a message from outside.
const MESSAGE_MAX: usize = 2000;

/// Bounds text from outside.
pub(super) fn shorten(text: &str) -> String {
    let text = text.trim();
    let mut short: String = text.chars().take(MESSAGE_MAX).collect();
    if short.len() < text.len() {
        short.push_str(" ...");
    }
    short
}

/// Whether a message speaks of a full disk.
pub(super) fn is_disk_full(message: &str) -> bool {
    let lower = message.to_lowercase();
    lower.contains("no space left on device") || lower.contains("disk quota exceeded")
}

/// Where programs are looked for besides `PATH`.
const USUAL: [&str; 5] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/bin"];

/// Finds a program by its name.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(USUAL.iter().map(PathBuf::from));
    dirs.filter(|dir| dir.is_absolute()).map(|dir| dir.join(name)).find(|program| program.is_file())
}
