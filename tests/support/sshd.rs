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
    boot: bool,
}

impl Sshd {
    /// Starts one.
    pub fn start() -> Self {
        Self::made(false)
    }

    /// Starts one that can be "started anew": the id of its boot, as everybody who logs in reads it, is a file of the test. What lies
    /// in `bin` of its directory goes before the machine's own programs there. `None` where this user may not mount anything.
    pub fn with_boot() -> Option<Self> {
        let tried = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output().unwrap();
        if !tried.status.success() {
            eprintln!("skipped: this user may not mount anything");
            return None;
        }
        Some(Self::made(true))
    }

    fn made(boot: bool) -> Self {
        // A short path: the address of a Unix socket has room for 107 bytes.
        let dir = tempfile::Builder::new().prefix("dwssh").tempdir_in("/tmp").unwrap();
        keygen(&dir.path().join("login"));
        keygen(&dir.path().join("host"));
        fs::copy(dir.path().join("login.pub"), dir.path().join("authorized")).unwrap();
        fs::create_dir(dir.path().join("bin")).unwrap();
        fs::write(dir.path().join("boot"), "11111111-0000-4000-8000-000000000000\n").unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = spawn(dir.path(), port, boot);
        let sshd = Self { dir, child, port, boot };
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

    /// Puts another host in its place: the same address, another key.
    pub fn impersonate(&mut self) {
        self.end();
        for name in ["host", "host.pub"] {
            fs::remove_file(self.file(name)).unwrap();
        }
        keygen(&self.file("host"));
        self.child = spawn(self.dir.path(), self.port, self.boot);
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

fn spawn(dir: &Path, port: u16, boot: bool) -> Child {
    assert!(Path::new(SSHD).exists(), "{SSHD} is missing: install openssh-server");
    if rustix::process::geteuid().is_root() {
        // Its package makes this when its service starts.
        fs::create_dir_all("/run/sshd").unwrap();
        fs::set_permissions("/run/sshd", fs::Permissions::from_mode(0o755)).unwrap();
    }
    let (config, at) = (dir.join("sshd.conf"), dir.display());
    let text = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {at}/host\nPidFile none\nAuthorizedKeysFile {at}/authorized\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nLogLevel ERROR\n\
         PrintMotd no\nPrintLastLog no\nMaxStartups 200\n"
    );
    fs::write(&config, text).unwrap();
    let mut command = if boot {
        let mut command = Command::new("unshare");
        let line = format!(
            "mount --bind {at}/boot /proc/sys/kernel/random/boot_id && mount --bind {at}/bin /usr/local/sbin && \
             exec {SSHD} -D -e -f {at}/sshd.conf"
        );
        command.args(["-m", "sh", "-c", &line]);
        command
    } else {
        let mut command = Command::new(SSHD);
        command.args(["-D", "-e", "-f"]).arg(&config);
        command
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}
