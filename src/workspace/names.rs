//! Names of tree entries: which may be written to a disk or into a tree object, and how they are shown.

use std::fmt::Write as _;

/// A path or name as text that is safe to show: letters, digits and plain ASCII stay, everything else (controls, invalid
/// UTF-8, invisible and combining characters, the backslash itself) is escaped. Two different names never look alike.
pub fn shown(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                c if c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && c.is_alphanumeric()) => out.push(c),
                c => out.extend(c.escape_default()),
            }
        }
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Whether some file system would take the name for `.git`: any case, NTFS's short name, trailing dots, spaces and
/// stream suffixes, characters that HFS+ ignores, and a backslash as separator. The same rules as git's own check.
pub(super) fn is_dot_git(name: &[u8]) -> bool {
    name.split(|&b| b == b'\\').any(ntfs_dot_git) || hfs_dot_git(name)
}

fn ntfs_dot_git(name: &[u8]) -> bool {
    let plain = name.split(|&b| b == b':').next().unwrap_or_default();
    let end = plain.iter().rposition(|&b| b != b' ' && b != b'.').map_or(0, |at| at + 1);
    let plain = plain.get(..end).unwrap_or_default();
    plain.eq_ignore_ascii_case(b".git") || plain.eq_ignore_ascii_case(b"git~1")
}

fn hfs_dot_git(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else { return false };
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    text.chars().filter(|c| !ignored(c)).collect::<String>().eq_ignore_ascii_case(".git")
}

/// Whether an entry of a stored tree may become a file beneath a directory.
pub(super) fn is_safe(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name != b"."
        && name != b".."
        && !name.contains(&b'/')
        && !name.contains(&0)
        && !is_dot_git(name)
}

/// `directory/name`, or `name` at the top.
pub(super) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        return name.to_vec();
    }
    [directory, b"/", name].concat()
}
