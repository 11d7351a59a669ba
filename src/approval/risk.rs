//! What a command looks like it does, by our own look at its words. Never by what its requester says of it. These are hints for a
//! person who reads: words that hide can be missed, so that none is no promise.

use crate::domain::{Command, Program};

/// One thing that a reader should not miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// Something takes words apart again: a shell, `eval`, `xargs`, an interpreter with a program in its arguments.
    Interprets,
    /// Letters that a shell reads as more than themselves.
    ShellLetters,
    /// It runs as root, or becomes another user.
    Privilege,
    /// It speaks to other machines.
    Network,
    /// It removes or overwrites.
    Removes,
    /// It stops, starts or changes services, the machine, or its users.
    Controls,
    /// It changes who may do what.
    Permissions,
    /// It names places outside its directory that the system lives by.
    SystemPlaces,
    /// It changes a database.
    Data,
    /// It works on after it has ended.
    Lingers,
    /// It has letters that are not plain, which could look like others.
    OddLetters,
    /// It decodes something, so that what it does cannot be read here.
    Veiled,
    /// It names files whose content nobody has approved.
    Unseen,
}

impl Risk {
    /// In one word, for lists.
    pub fn mark(self) -> &'static str {
        match self {
            Self::Interprets => "shell",
            Self::ShellLetters => "letters",
            Self::Privilege => "root",
            Self::Network => "network",
            Self::Removes => "removes",
            Self::Controls => "services",
            Self::Permissions => "rights",
            Self::SystemPlaces => "system",
            Self::Data => "data",
            Self::Lingers => "lingers",
            Self::OddLetters => "odd-letters",
            Self::Veiled => "veiled",
            Self::Unseen => "unseen-file",
        }
    }

    /// In words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Interprets => "a shell or an interpreter reads its words again",
            Self::ShellLetters => "letters that shells read as more than themselves",
            Self::Privilege => "it runs as root or becomes another user",
            Self::Network => "it speaks to other machines",
            Self::Removes => "it removes or overwrites",
            Self::Controls => "it controls services, the machine or its users",
            Self::Permissions => "it changes who may do what",
            Self::SystemPlaces => "it names places that the system lives by",
            Self::Data => "it changes a database",
            Self::Lingers => "it can work on after it has ended",
            Self::OddLetters => "letters that are not plain and could pass for others",
            Self::Veiled => "it decodes or unpacks something that cannot be read here",
            Self::Unseen => "it runs or loads a file that nobody sees here",
        }
    }
}

const INTERPRETERS: &[&str] = &[
    "sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "env", "eval", "exec", "xargs", "find", "python", "python3",
    "perl", "ruby", "node", "php", "lua", "awk", "ssh", "nsenter", "chroot", "docker", "kubectl", "parallel", "watch",
    "timeout", "nohup",
];
const PRIVILEGE: &[&str] =
    &["sudo", "su", "doas", "pkexec", "runuser", "setpriv", "capsh", "newgrp", "nsenter", "chroot"];
const NETWORK: &[&str] = &[
    "curl", "wget", "nc", "ncat", "netcat", "socat", "ssh", "scp", "sftp", "rsync", "ftp", "telnet", "git", "pip",
    "pip3", "npm", "apt", "apt-get", "dnf", "yum", "apk", "docker", "podman", "kubectl", "aws", "gcloud", "az", "mail",
    "sendmail",
];
const REMOVES: &[&str] = &[
    "rm",
    "rmdir",
    "unlink",
    "shred",
    "truncate",
    "dd",
    "mkfs",
    "wipefs",
    "mv",
    "fdisk",
    "parted",
    "sgdisk",
    "blkdiscard",
    "prune",
    "delete",
    "purge",
    "drop",
    "--delete",
    "-delete",
    "reset",
    "clean",
];
const CONTROLS: &[&str] = &[
    "systemctl",
    "service",
    "kill",
    "pkill",
    "killall",
    "reboot",
    "shutdown",
    "halt",
    "poweroff",
    "init",
    "telinit",
    "useradd",
    "userdel",
    "usermod",
    "passwd",
    "iptables",
    "nft",
    "ip",
    "sysctl",
    "mount",
    "umount",
    "modprobe",
    "insmod",
    "swapoff",
    "docker",
    "podman",
    "kubectl",
    "supervisorctl",
];
const PERMISSIONS: &[&str] = &["chmod", "chown", "chgrp", "setfacl", "setcap", "visudo", "chattr", "ssh-keygen"];
const DATA: &[&str] = &["psql", "mysql", "mariadb", "sqlite3", "mongo", "mongosh", "redis-cli", "dropdb", "createdb"];
const LINGERS: &[&str] =
    &["nohup", "setsid", "disown", "at", "batch", "crontab", "screen", "tmux", "daemonize", "systemd-run"];
const VEILS: &[&str] = &["base64", "base32", "xxd", "openssl", "gunzip", "zcat", "tar", "unzip", "uudecode", "printf"];
const UNSEEN: &[&str] = &["source", ".", "make", "ansible-playbook", "terraform", "npm", "-f", "--file"];
const PLACES: &[&str] =
    &["/etc", "/boot", "/usr", "/bin", "/sbin", "/lib", "/var/lib", "/root", "/dev", "/proc", "/sys", "/home"];

/// What a command looks like, in a fixed order.
pub fn risks(command: &Command) -> Vec<Risk> {
    let script = matches!(command.program, Program::Script { .. });
    let texts = texts(command);
    let all: Vec<&[u8]> = texts.iter().flat_map(|text| words(text)).collect();
    let names: Vec<&[u8]> = all.iter().map(|word| word.rsplit(|byte| *byte == b'/').next().unwrap_or(word)).collect();
    let any = |known: &[&str]| names.iter().chain(&all).any(|name| known.iter().any(|one| one.as_bytes() == *name));
    let begins = |known: &[&str]| all.iter().any(|word| known.iter().any(|one| word.starts_with(one.as_bytes())));
    let letters = |set: &[u8]| texts.iter().any(|text| text.iter().any(|byte| set.contains(byte)));
    let root = command.user.as_deref() == Some("root");
    let own = |word: &&[u8]| !command.cwd.is_empty() && command.cwd != "/" && word.starts_with(command.cwd.as_bytes());
    let places = all.iter().filter(|word| !own(word)).any(|word| {
        PLACES.iter().any(|place| {
            word.strip_prefix(place.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
        })
    });
    let odd = texts
        .iter()
        .any(|text| text.iter().any(|byte| !byte.is_ascii() || (byte.is_ascii_control() && *byte != b'\n')));
    [
        (Risk::Interprets, script || any(INTERPRETERS)),
        (
            Risk::ShellLetters,
            letters(b"|&;<>$`*?(){}[]!~#") || texts.iter().any(|text| !script && text.contains(&b'\n')),
        ),
        (Risk::Privilege, root || any(PRIVILEGE)),
        (Risk::Network, any(NETWORK) || texts.iter().any(|text| find(text, b"://") || find(text, b"/dev/tcp"))),
        (Risk::Removes, any(REMOVES) || begins(&["mkfs."]) || (letters(b">") && (script || any(INTERPRETERS)))),
        (Risk::Controls, any(CONTROLS)),
        (Risk::Permissions, any(PERMISSIONS)),
        (Risk::SystemPlaces, places || all.iter().any(|word| find(word, b"../"))),
        (Risk::Data, any(DATA)),
        (Risk::Lingers, any(LINGERS) || (script && letters(b"&"))),
        (Risk::OddLetters, odd),
        (Risk::Veiled, any(VEILS)),
        (Risk::Unseen, any(UNSEEN) || command.env.iter().any(|(name, _)| is_loader(name))),
    ]
    .into_iter()
    .filter_map(|(risk, holds)| holds.then_some(risk))
    .collect()
}

/// Variables by which programs load something else.
fn is_loader(name: &str) -> bool {
    [
        "BASH_ENV",
        "ENV",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "PERL5LIB",
        "PERL5OPT",
        "RUBYOPT",
        "NODE_OPTIONS",
        "GIT_SSH_COMMAND",
        "IFS",
    ]
    .contains(&name)
}

/// Everything that is read or run.
fn texts(command: &Command) -> Vec<Vec<u8>> {
    let mut texts = match &command.program {
        Program::Argv { words } => words.clone(),
        Program::Script { bytes } => vec![bytes.clone()],
    };
    texts.extend(command.stdin.clone());
    texts.extend(command.env.iter().map(|(_, value)| value.clone()));
    texts
}

/// Words between blanks and letters of shells, without quotes around them.
fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| byte.is_ascii_whitespace() || b"|&;<>()`\"'={},".contains(byte)).filter(|word| !word.is_empty())
}

fn find(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::tests::fixtures::command;

    fn of(words: &[&str]) -> Vec<Risk> {
        let mut command = command(words);
        command.env.clear();
        risks(&command)
    }

    #[test]
    fn what_a_reader_should_not_miss_is_named() {
        assert_eq!(of(&["uptime"]), []);
        assert_eq!(of(&["systemctl", "restart", "shop"]), [Risk::Controls]);
        for (words, risk) in [
            (&["sh", "-c", "true"][..], Risk::Interprets),
            (&["/usr/bin/env", "x"], Risk::Interprets),
            (&["echo", "a;b"], Risk::ShellLetters),
            (&["sudo", "ls"], Risk::Privilege),
            (&["curl", "x"], Risk::Network),
            (&["cat", "http://x"], Risk::Network),
            (&["rm", "x"], Risk::Removes),
            (&["mkfs.ext4", "x"], Risk::Removes),
            (&["bash", "-c", "true > x"], Risk::Removes),
            (&["chmod", "777", "x"], Risk::Permissions),
            (&["cat", "/etc/shadow"], Risk::SystemPlaces),
            (&["cat", "../../x"], Risk::SystemPlaces),
            (&["psql", "-c", "DROP TABLE x"], Risk::Data),
            (&["nohup", "x"], Risk::Lingers),
            (&["ls", "\u{430}"], Risk::OddLetters),
            (&["ls", "a\u{200b}"], Risk::OddLetters),
            (&["base64", "-d"], Risk::Veiled),
            (&["make", "install"], Risk::Unseen),
        ] {
            assert!(of(words).contains(&risk), "{words:?}: {:?}", of(words));
        }
        let mut root = command(&["ls"]);
        root.user = Some("root".to_owned());
        assert!(risks(&root).contains(&Risk::Privilege));
        root.stdin = Some(b"rm -rf /".to_vec());
        assert!(risks(&root).contains(&Risk::Removes));
        root.env.push(("BASH_ENV".to_owned(), b"x".to_vec()));
        assert!(risks(&root).contains(&Risk::Unseen));
    }
}
