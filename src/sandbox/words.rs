//! What sandboxes make of messages from outside.

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
