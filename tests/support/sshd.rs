//! A real sshd that a test starts as its own user on a port of its own, as the live asset.

use dogwatch::domain::AssetSpec;
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Where it is installed.
const SSHD: &str = "/usr/sbin/sshd";

/// One of them; dropping it ends it and whoever is logged in.
pub struct Sshd {
    dir: TempDir,
    child: Child,
    port: u16,
    kind: Kind,
}

/// What a host has in place of the machine's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Usual,
    /// The id of its boot, and programs that go before the others.
    Boot,
    /// This program as its `/bin/sh`.
    Shell(&'static str),
    /// A root directory in which there is busybox and nothing else.
    Busybox,
}

impl Kind {
    /// What is done in a mount namespace of its own before sshd starts there.
    fn mounts(self, at: &str) -> Option<String> {
        match self {
            Self::Usual => None,
            Self::Boot => Some(format!(
                "mount --bind {at}/boot /proc/sys/kernel/random/boot_id && mount --bind {at}/bin /usr/local/sbin"
            )),
            Self::Shell(program) => Some(format!("mount --bind {program} /bin/sh")),
            // Its path belongs to root all along, as sshd wants it; the test's own directory is where it is.
            Self::Busybox => Some(format!(
                "box=$(command -v busybox) && mount -t tmpfs -o mode=755 none /mnt && cd /mnt && \
                 mkdir -p bin usr/bin proc dev tmp etc .{at} && cp \"$box\" bin/busybox && \
                 {{ ldd \"$box\" | grep -o '/[^ ]*' | xargs -r cp -L --parents -t . || :; }} && \
                 for word in $(busybox --list); do ln -s /bin/busybox bin/$word; done && ln -s /bin/busybox usr/bin/env && \
                 shell=$(getent passwd \"$(id -u)\" | cut -d: -f7) && mkdir -p \".${{shell%/*}}\" && \
                 {{ [ -e \".$shell\" ] || printf '#!/bin/sh\nexec /bin/sh \"$@\"\n' >\".$shell\"; }} && chmod 755 \".$shell\" && \
                 cp /etc/passwd /etc/group etc && mount --rbind /proc proc && mount --rbind /dev dev && mount --bind {at} .{at}"
            )),
        }
    }
}

impl Sshd {
    /// Starts one.
    pub fn start() -> Self {
        Self::made(Kind::Usual)
    }

    /// Starts one that can be "started anew": the id of its boot, as everybody who logs in reads it, is a file of the test. What lies
    /// in `bin` of its directory goes before the machine's own programs there. `None` where this user may not mount anything.
    pub fn with_boot() -> Option<Self> {
        Self::with(Kind::Boot)
    }

    /// Starts one that has something in place of the machine's own. `None` where this user may not mount anything.
    pub fn with(kind: Kind) -> Option<Self> {
        let tried = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output().unwrap();
        if !tried.status.success() {
            eprintln!("skipped: this user may not mount anything");
            return None;
        }
        Some(Self::made(kind))
    }

    fn made(kind: Kind) -> Self {
        // A short path: the address of a Unix socket has room for 107 bytes.
        let dir = tempfile::Builder::new().prefix("dwssh").tempdir_in("/tmp").unwrap();
        keygen(&dir.path().join("login"));
        keygen(&dir.path().join("host"));
        keygen(&dir.path().join("authority"));
        fs::copy(dir.path().join("authority.pub"), dir.path().join("authorities")).unwrap();
        fs::copy(dir.path().join("login.pub"), dir.path().join("authorized")).unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        fs::write(dir.path().join("boot"), "11111111-0000-4000-8000-000000000000\n").unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = spawn(dir.path(), port, kind);
        let sshd = Self { dir, child, port, kind };
        sshd.wait();
        sshd
    }

    fn wait(&self) {
        super::wait_until("sshd listens", Duration::from_secs(20), || {
            std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
    }

    /// A file of its directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Who logs in there, and where, as people write it.
    pub fn place(&self) -> String {
        format!("{}@127.0.0.1:{}", user(), self.port)
    }

    /// It as an asset, reached by its own key, with the receipts in a directory of the test.
    pub fn asset(&self) -> AssetSpec {
        let key = fs::read_to_string(self.file("host.pub")).unwrap();
        let reach = json!({
            "by": "ssh", "host": "127.0.0.1", "port": self.port, "user": user(), "host_keys": [key.trim()],
            "identity": self.file("login"),
        });
        serde_json::from_value(json!({"name": "target", "reach": reach, "receipts": self.file("receipts")})).unwrap()
    }

    /// It as an asset, reached by certificates of an authority that it trusts.
    pub fn certified(&self, more: &serde_json::Value) -> AssetSpec {
        let mut asset = serde_json::to_value(self.asset()).unwrap();
        asset["reach"]["identity"] = serde_json::Value::Null;
        asset["reach"]["authority"] = json!(self.file("authority"));
        for (name, value) in more.as_object().unwrap() {
            asset["reach"][name] = value.clone();
        }
        serde_json::from_value(asset).unwrap()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it wrote down of who came.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap()
    }

    /// Puts another host in its place: the same address, another key.
    pub fn impersonate(&mut self) {
        self.end();
        for name in ["host", "host.pub"] {
            fs::remove_file(self.file(name)).unwrap();
        }
        keygen(&self.file("host"));
        self.child = spawn(self.dir.path(), self.port, self.kind);
        self.wait();
    }

    /// From now on it is in another boot. Nothing is killed.
    pub fn reboot(&self, number: u32) {
        // In place, since the file itself is mounted over the kernel's.
        fs::write(self.file("boot"), format!("{number:08x}-0000-4000-8000-000000000000\n")).unwrap();
    }

    /// Whoever logs in gets this line of a shell instead of what they ask for.
    pub fn force(&self, line: &str) {
        let key = fs::read_to_string(self.file("login.pub")).unwrap();
        let line = line.replace('"', "\\\"");
        fs::write(self.file("authorized"), format!("command=\"{line}\" {key}")).unwrap();
    }

    /// Kills every connection, without a word to those who run in it.
    pub fn cut(&self) {
        let mut parents = vec![self.child.id()];
        // The one that serves a user is a child of the one that was connected to, when that is root.
        while let Some(parent) = parents.pop() {
            for (pid, program) in children(parent) {
                if program == "sshd" {
                    parents.push(pid);
                }
            }
            if parent != self.child.id() {
                let pid = rustix::process::Pid::from_raw(i32::try_from(parent).unwrap()).unwrap();
                // It may be gone already.
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }

    fn end(&mut self) {
        self.cut();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.end();
    }
}

/// The user that runs the test.
pub fn user() -> String {
    let name = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(name.stdout).unwrap().trim().to_owned()
}

fn children(parent: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let (Some(open), Some(close)) = (stat.find('('), stat.rfind(')')) else { continue };
        let above = stat[close + 2..].split(' ').nth(1).and_then(|word| word.parse::<u32>().ok());
        if let (Some(above), Ok(pid)) = (above, stat[..open].trim().parse())
            && above == parent
        {
            found.push((pid, stat[open + 1..close].to_owned()));
        }
    }
    found
}

fn keygen(file: &Path) {
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file).status().unwrap();
    assert!(made.success(), "ssh-keygen");
}

fn spawn(dir: &Path, port: u16, kind: Kind) -> Child {
    assert!(Path::new(SSHD).exists(), "{SSHD} is missing: install openssh-server");
    if rustix::process::geteuid().is_root() {
        // Its package makes this when its service starts.
        fs::create_dir_all("/run/sshd").unwrap();
        fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (config, at) = (dir.join("sshd.conf"), dir.display());
    let text = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nPidFile none\nAuthorizedKeysFile {at}/authorized\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nLogLevel VERBOSE\n\
         TrustedUserCAKeys {at}/authorities\n\
         PrintMotd no\nPrintLastLog no\nMaxStartups 200\n"
    );
    let inside = if kind == Kind::Busybox { "ChrootDirectory /mnt\n" } else { "" };
    fs::write(&config, format!("{text}{inside}")).unwrap();
    let mut command = if let Some(mounts) = kind.mounts(&at.to_string()) {
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &format!("{mounts} && exec {SSHD} -D -e -f {at}/sshd.conf")]);
        command
    } else {
        let mut command = Command::new(SSHD);
        command.args(["-D", "-e", "-f"]).arg(&config);
        command
    };
    let log = fs::File::options().create(true).append(true).open(dir.join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}
