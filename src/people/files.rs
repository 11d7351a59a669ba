//! The formats of `/etc/passwd` and `/etc/group`, in which `getent` answers too.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes that are read of either file.
const MOST: u64 = 16 << 20;

/// A line of `passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct User {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

/// A line of `group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Members {
    pub name: String,
    pub gid: u32,
    pub users: Vec<String>,
}

/// The text of a file; one that cannot be read knows nobody.
pub(super) fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(MOST).read_to_end(&mut bytes)) {
        Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            tracing::warn!(path = %path.display(), "users or groups cannot be read: {error}");
            String::new()
        }
    }
}

pub(super) fn users(text: &str) -> Vec<User> {
    text.lines().filter_map(user).collect()
}

fn user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(User { name: name.to_owned(), uid, gid })
}

pub(super) fn groups(text: &str) -> Vec<Members> {
    text.lines().filter_map(group).collect()
}

fn group(line: &str) -> Option<Members> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?;
    let gid = fields.nth(1)?.parse().ok()?;
    let users = fields.next().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    Some(Members { name: name.to_owned(), gid, users: users.map(str::to_owned).collect() })
}

#[cfg(test)]
mod tests {
    use super::{groups, users};

    #[test]
    fn lines_that_are_none_are_passed_over() {
        let text =
            "root:x:0:0:root:/root:/bin/bash\n:x:5:5::/:\nbroken\nx:x:-1:0::\nada:x:1000:1001::/home/ada:/bin/sh\n";
        let names: Vec<(String, u32, u32)> =
            users(text).into_iter().map(|user| (user.name, user.uid, user.gid)).collect();
        assert_eq!(names, [("root".to_owned(), 0, 0), ("ada".to_owned(), 1000, 1001)]);
        let all = groups("ops:x:7:ada,,eve\nempty:x:8:\nbroken:x\nno:x:many:ada\nshort:x:9\n");
        let read: Vec<(&str, u32, usize)> =
            all.iter().map(|one| (one.name.as_str(), one.gid, one.users.len())).collect();
        assert_eq!(read, [("ops", 7, 2), ("empty", 8, 0), ("short", 9, 0)]);
    }
}
