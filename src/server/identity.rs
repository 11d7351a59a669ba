//! Names of users, from the kernel's numbers.

use std::fs;

/// The user's name in `/etc/passwd`, or the number where it has none there.
pub fn user_name(uid: u32) -> String {
    let names = fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&names, uid).unwrap_or_else(|| uid.to_string())
}

fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let number: u32 = fields.nth(1)?.parse().ok()?;
        (number == uid).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn numbers_become_names_where_there_are_any() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\n:x:5:5::/:\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_in(passwd, 1000).as_deref(), Some("ada"));
        assert_eq!(name_in(passwd, 5), None);
        assert_eq!(name_in(passwd, 4242), None);
    }
}
