//! A broken service on a live asset: a real process behind a port, and a service manager of one service that tells and mends it.

use crate::support::sshd::Sshd;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Ended when dropped, whoever started it.
pub struct Service {
    pid: PathBuf,
    restarts: PathBuf,
    port: u16,
}

impl Service {
    /// One that is down. What looks at the asset finds it by `systemctl`, which is this one's manager there.
    pub fn broken(sshd: &Sshd) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (bin, manager) = (sshd.file("bin"), sshd.file("bin/systemctl"));
        let (pid, restarts) = (sshd.file("pid"), sshd.file("restarts"));
        let text = format!(
            r#"#!/bin/bash
up() {{ (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null; }}
case "$1 $2" in
"list-units --failed") up || echo "shop.service loaded failed failed The shop" ;;
"restart shop.service")
  echo restarted >>{restarts}
  setsid python3 -m http.server {port} --bind 127.0.0.1 --directory {www} </dev/null >/dev/null 2>&1 &
  echo $! >{pid}
  for _ in $(seq 300); do up && exec echo "the shop is open"; sleep 0.1; done
  exit 1 ;;
*) echo "Unit $2 not found." >&2; exit 5 ;;
esac
"#,
            restarts = restarts.display(),
            www = bin.display(),
            pid = pid.display(),
        );
        fs::write(&manager, text).unwrap();
        fs::set_permissions(&manager, fs::Permissions::from_mode(0o755)).unwrap();
        Self { pid, restarts, port }
    }

    /// How often it was started.
    pub fn restarts(&self) -> usize {
        fs::read_to_string(&self.restarts).map_or(0, |text| text.lines().count())
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pid = fs::read_to_string(&self.pid).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // Fails only for one that has ended, which is what is wanted.
            let _ended = kill_process(pid, Signal::KILL);
        }
    }
}
