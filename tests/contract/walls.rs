//! The walls, as a program inside sees them.

use super::{Subject, log};
use dogwatch::domain::StepEnd;

pub async fn the_walls_stand_as_seen_from_inside(subject: &impl Subject) {
    let bench = subject.bench();
    let script = "grep -E '^(Cap...|NoNewPrivs|Seccomp|Groups):' /proc/self/status; id -u; id -g; \
                  ls -la /var/run/docker.sock /run/docker.sock 2>&1; \
                  for f in /x /etc/x /usr/x /usr/bin/x /dev/x /dogwatch/x /dogwatch/bin/x /dogwatch/step/x; \
                  do touch $f 2>/dev/null && echo WROTE $f; done; \
                  touch /work/fine /tmp/fine /dev/shm/fine && echo WORKS; ulimit -c; grep ' /tmp ' /proc/mounts; \
                  echo END";
    let spec = bench.shell(script);
    let ended = bench.run(&spec).await;
    assert!(matches!(ended.end, StepEnd::Exited { .. }));
    let log = log(&spec);
    let lines: Vec<&str> = log.lines().collect();
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert!(lines.contains(&format!("{set}:\t0000000000000000").as_str()), "{set}: {log}");
    }
    for part in ["NoNewPrivs:\t1", "Seccomp:\t2", "WORKS", "END"] {
        assert!(lines.contains(&part), "{part}: {log}");
    }
    assert!(lines.contains(&bench.user.0.to_string().as_str()), "{log}");
    assert!(lines.contains(&bench.user.1.to_string().as_str()), "{log}");
    assert!(!log.contains("WROTE") && !log.contains("srw"), "{log}");
    assert!(log.contains("nosuid,nodev") && !log.contains("noexec"), "{log}");
    assert_eq!(lines.iter().filter(|line| **line == "0").count(), 1, "only the size of core files is 0: {log}");
}

/// System calls that lead out, by number on this architecture, each made as a program would; all but harmless ones must
/// be refused.
pub async fn what_leads_out_is_refused(subject: &impl Subject) {
    let bench = subject.bench();
    let script = r"
import ctypes, errno, fcntl, os, platform, pty, socket, termios
libc = ctypes.CDLL(None, use_errno=True)
calls = {
    'x86_64': dict(mount=165, umount2=166, pivot_root=155, chroot=161, unshare=272, setns=308, ptrace=101, keyctl=250,
        add_key=248, request_key=249, bpf=321, perf_event_open=298, userfaultfd=323, kexec_load=246,
        kexec_file_load=320, init_module=175, finit_module=313, delete_module=176, move_mount=429, open_tree=428,
        fsopen=430, mount_setattr=442, io_uring_setup=425, reboot=169, swapon=167, clone3=435, open_by_handle_at=304),
    'aarch64': dict(mount=40, umount2=39, pivot_root=41, chroot=51, unshare=97, setns=268, ptrace=117, keyctl=219,
        add_key=217, request_key=218, bpf=280, perf_event_open=241, userfaultfd=282, kexec_load=104,
        kexec_file_load=294, init_module=105, finit_module=273, delete_module=106, move_mount=429, open_tree=428,
        fsopen=430, mount_setattr=442, io_uring_setup=425, reboot=142, swapon=224, clone3=435, open_by_handle_at=265),
}[platform.machine()]
NEWUSER, NEWNS = 0x10000000, 0x00020000
arguments = dict(unshare=[(NEWUSER,), (NEWNS,), (0x40000000,), (0x20000000,)], ptrace=[(16, 1)])
for name, number in sorted(calls.items()):
    for words in arguments.get(name, [(0,)]):
        ctypes.set_errno(0)
        result = libc.syscall(number, *[ctypes.c_long(word) for word in words], *[ctypes.c_long(0)] * (6 - len(words)))
        word = errno.errorcode.get(ctypes.get_errno(), '-')
        print(name, words, result, word)
        if result != -1 or word not in ('EPERM', 'ENOSYS'):
            print('OPEN', name, words, result, word)
clone = {'x86_64': 56, 'aarch64': 220}[platform.machine()]
ctypes.set_errno(0)
pid = libc.syscall(clone, ctypes.c_long(NEWUSER | 17), 0, 0, 0, 0)
if pid == 0: os._exit(0)
if pid != -1 or ctypes.get_errno() != errno.EPERM: print('OPEN clone', pid)
if os.fork() == 0:
    os.setsid()
    own, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSCTTY, 0)
    try:
        fcntl.ioctl(other, termios.TIOCSTI, b'x')
        print('OPEN typing', flush=True)
    except OSError as error: print('typing', error, flush=True)
    os._exit(0)
os.wait()
try:
    socket.socket(40, socket.SOCK_STREAM)
    print('OPEN vsock')
except OSError as error: print('vsock', error)
try:
    open('/proc/1/mem', 'rb').read(1)
    print('OPEN memory of the shim')
except OSError as error: print('mem', error)
print('END')
";
    let spec = bench.spec(&["python3", "-c", script]);
    let ended = bench.run(&spec).await;
    assert_eq!(ended.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    let found: Vec<String> = log(&spec).lines().filter(|line| line.starts_with("OPEN")).map(str::to_owned).collect();
    assert!(log(&spec).contains("END"), "{}", log(&spec));
    let allowed = subject.leaves_open();
    let open: Vec<&String> =
        found.iter().filter(|line| !allowed.iter().any(|allowed| line.starts_with(allowed))).collect();
    assert!(open.is_empty(), "{open:#?}");
}

pub async fn the_network_is_not_there(subject: &impl Subject) {
    let bench = subject.bench();
    // Something of the host's listens where a program inside would find it, were it the same network.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let script = format!(
        "import socket\n\
         print(sorted(name for _, name in socket.if_nameindex()))\n\
         try: socket.create_connection(('127.0.0.1', {port}), 5); print('REACHED')\n\
         except OSError as error: print(error)\n\
         try: socket.create_connection(('192.0.2.1', 80), 5); print('REACHED')\n\
         except OSError as error: print(error)\n\
         s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); print('OWN')"
    );
    let spec = bench.spec(&["python3", "-c", &script]);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    let log = log(&spec);
    assert!(log.starts_with("['lo']\n") && log.contains("OWN") && !log.contains("REACHED"), "{log}");
}

pub async fn other_processes_are_out_of_sight(subject: &impl Subject) {
    let bench = subject.bench();
    let script = format!(
        "for p in /proc/[0-9]*; do cat $p/cmdline 2>/dev/null | tr '\\0' ' '; echo; done; \
         kill -0 {} 2>/dev/null && echo SE''EN; echo $$ > /work/own; true",
        std::process::id()
    );
    let spec = bench.shell(&script);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 }, "{}", log(&spec));
    let log = log(&spec);
    assert!(!log.contains("SEEN"), "{log}");
    let lines = log.lines().filter(|line| !line.trim().is_empty());
    assert!(lines.clone().all(|line| line.contains("dogwatch shim") || line.contains("/bin/sh")), "{log}");
}

pub async fn the_secret_is_out_of_reach(subject: &impl Subject) {
    let bench = subject.bench();
    let script = "cat /proc/1/environ /proc/1/maps 2>&1 | head -5; ls -la /proc/1/fd /proc/1/fd/ 2>&1 | head -3; \
                  ls /proc/self/fd | wc -l; env | sort; echo END";
    let spec = bench.shell(script);
    assert_eq!(bench.run(&spec).await.end, StepEnd::Exited { code: 0 });
    let log = log(&spec);
    assert!(log.matches("Permission denied").count() >= 2, "{log}");
    assert!(log.lines().any(|line| line.starts_with("PATH=")) && log.contains("END"), "{log}");
    assert!(!log.contains("CARGO") && !log.contains("DOGWATCH_TEST"), "{log}");
}
