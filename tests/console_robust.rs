//! The console under what terminals and people do to it: stopped and taken up again, resized again and again, typed at blindly,
//! without UTF-8 or colours, over a slow link, and when it breaks itself.
//!
//! At full size: `DOGWATCH_RESIZES=1000` (100 by default) and `DOGWATCH_TYPED=1000` (120); `DOGWATCH_SEED` repeats them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, clippy::print_stdout)]

mod support;

use dogwatch::domain::RunId;
use rand::RngExt;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};
use support::bare::{Bare, Process};
use support::chance::{number, random};
use support::console::{Console, foreign};
use support::filled::{fill, step_with, waiting};
use support::wait_until;

const PATIENCE: Duration = Duration::from_mins(1);
/// Letters of a key that suspends, and of one that goes back.
const CTRL_Z: &str = "\u{1a}";
const ESC: &str = "\u{1b}";

/// An engine with runs that are over, the last of them with a log of so many lines.
fn bare(lines: usize) -> (Bare, Process) {
    let bare = Bare::new();
    fill(&bare, 3, "make it pass");
    step_with(&bare, RunId(3), 1, |_| {
        (0..lines).flat_map(|line| format!("line {line} of what was said ✓\n").into_bytes()).collect()
    });
    let engine = bare.start();
    (bare, engine)
}

/// The console that a shell started.
fn job(console: &Console) -> Pid {
    let shell = console.child.id();
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap()).unwrap()
}

/// The letter of a process's state.
fn state(job: Pid) -> char {
    let stat = fs::read_to_string(format!("/proc/{}/stat", job.as_raw_nonzero())).unwrap();
    stat.rsplit(") ").next().unwrap().chars().next().unwrap()
}

#[test]
fn without_a_shell_that_could_call_it_back_it_does_not_stop() {
    let (bare, _engine) = bare(10);
    // It leads its session, as a command of SSH or of tmux does.
    let mut console = Console::start(&bare, &["watch"], 24, 100);
    console.wait_for("No run is at work");
    for round in 0..2 {
        if round == 1 {
            console.signal(Signal::TSTP);
        } else {
            console.type_keys(CTRL_Z);
        }
        console.wait_for("there is no shell to go back to");
        assert!(console.is_raw());
        console.type_keys("2");
        console.wait_for("Nothing waits for you");
        console.type_keys("1");
        wait_until("the words to go", PATIENCE, || !console.shown().contains("no shell to go back to"));
    }
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
}

#[test]
fn a_stop_gives_the_terminal_back_and_going_on_takes_it_again() {
    let (bare, _engine) = bare(10);
    let mut console = Console::of_a_shell(&bare, &["watch"], 24, 80);
    console.wait_for("No run is at work");
    let job = job(&console);
    for round in 0..3 {
        assert!(console.is_raw());
        if round == 1 {
            kill_process(job, Signal::TSTP).unwrap();
        } else {
            console.type_keys(CTRL_Z);
        }
        wait_until("a stopped console", PATIENCE, || state(job) == 'T');
        wait_until("a terminal that is given back", PATIENCE, || !console.is_raw());
        wait_until("the last bytes", PATIENCE, || !console.shown().contains("No run is at work"));
        console.assert_given_back();
        // The shell's window is another one when it is called back.
        console.resize(30 + round, 90);
        console.type_keys("\n");
        console.wait_for("No run is at work");
        // Keys are its own again.
        console.type_keys("?");
        console.wait_for("Everywhere");
        console.type_keys(ESC);
        wait_until("the keys to be put away", PATIENCE, || !console.shown().contains("Everywhere"));
    }
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    console.assert_given_back();
}

#[test]
fn resizes_of_any_size_leave_a_whole_screen() {
    let (bare, _engine) = bare(2000);
    let mut console = Console::start(&bare, &["watch"], 24, 80);
    console.wait_for("No run is at work");
    console.type_keys("a\t");
    let mut random = random();
    let resizes = number("DOGWATCH_RESIZES", 100);
    let begin = Instant::now();
    for resize in 0..resizes {
        let (rows, cols) = match resize % 10 {
            0 => (1, 1),
            1 => (1, 200),
            2 => (60, 1),
            3 => (10, 40),
            4 => (9, 39),
            _ => (random.random_range(1..60), random.random_range(1..200)),
        };
        console.resize(rows, cols);
        // Faster than frames, slower, and with keys between.
        std::thread::sleep(Duration::from_millis(random.random_range(0..20)));
        console.type_keys(["j", "k", "z", "\t", "+", "_", "w", "", "", ""][random.random_range(0..10)]);
        assert!(console.child.try_wait().unwrap().is_none(), "the console ended at {rows}x{cols}");
    }
    println!("{resizes} resizes in {:.1} s", begin.elapsed().as_secs_f64());
    console.resize(5, 20);
    console.wait_for("dogwatch needs");
    console.resize(36, 120);
    console.type_keys("=1");
    console.wait_for("connected as");
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    assert_eq!(foreign(&console.bytes()), Vec::<String>::new());
}

/// How much there is on record that somebody did; what the engine looks at by itself is nobody's deed.
fn deeds(bare: &Bare) -> usize {
    let trail = bare.cmd(&["audit", "export"]);
    trail.expect_code(0).lines().filter(|line| !line.contains("\"retention.looked\"")).count()
}

#[test]
fn a_console_that_may_only_read_does_no_deed() {
    let bare = Bare::new();
    waiting(&bare, "does it count?", &["a fact".to_owned()]);
    let _engine = bare.start();
    let records = || deeds(&bare);
    let before = records();
    let mut console = Console::start(&bare, &["watch", "--read-only"], 24, 80);
    console.wait_for("Runs 2");
    for keys in ["p", "u", "r", "X", "jp", "u", "r", "X", "2y", "n", "1:approve\r", "2:deny\r", "1:cancel\r"] {
        console.type_keys(keys);
        console.wait_for("started with --read-only");
        // Any key takes the words away; this one does nothing else here.
        console.type_keys("m");
        wait_until("the words to go", PATIENCE, || !console.shown().contains("started with"));
    }
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
    assert_eq!(records(), before, "something was done");
}

#[test]
fn nothing_typed_ahead_pasted_or_answered_by_the_terminal_ever_decides() {
    let bare = Bare::new();
    waiting(&bare, "does it count?", &["a fact".to_owned()]);
    let _engine = bare.start();
    let records = || deeds(&bare);
    let before = records();
    let mut console = Console::start(&bare, &["watch"], 30, 100);
    console.wait_for("Runs 2");
    let mut random = random();
    let inputs = [
        // Typed before anything of the dialog can be seen, by hand or by a key that is held.
        "2y\r",
        "2y\r\r\r\r\r\r",
        "2yyes\r",
        "2n\r",
        "2nno\r",
        "2y\n",
        "1X\r",
        "1Xnot wanted\r\r",
        "1r\r",
        "1rwords\r",
        // Pasted, into nothing and into a field, with ends of lines and keys in it.
        "\u{1b}[200~2y\r\u{1b}[201~",
        "2y\u{1b}[200~y\r\ny\r\u{1b}[201~",
        "2\u{1b}[200~y\u{1b}[201~\r",
        "1r\u{1b}[200~x\r\r\u{1b}[201~",
        // What terminals answer, and parts of it.
        "2y\u{1b}[24;80R",
        "2\u{1b}[?62;22c",
        "2y\u{1b}]11;rgb:0000/0000/0000\u{1b}\\",
        "2y\u{1b}[?1;2c\r",
        "2y\u{1b}[I\u{1b}[O\r",
        // By way of the palette, whose enter is the key that would decide.
        "2:approve\r\r\r",
        "2:deny\r\r",
        "1:cancel\r\r\r\r",
        "1:redirect\r\r",
    ];
    let wanted = number("DOGWATCH_TYPED", 120);
    for _ in 0..wanted {
        console.type_keys(inputs[random.random_range(0..inputs.len())]);
        // Twice: out of a dialog, and out of help or a zoomed pane. Alone, or it would be the beginning of another key.
        for _ in 0..2 {
            std::thread::sleep(Duration::from_millis(random.random_range(30..90)));
            console.type_keys(ESC);
            std::thread::sleep(Duration::from_millis(30));
        }
        assert!(console.child.try_wait().unwrap().is_none(), "the console ended");
    }
    assert_eq!(records(), before, "something was decided:\n{}", console.shown());
    // The same keys by somebody who has seen the dialog do decide.
    console.type_keys("2");
    console.wait_for("a fact");
    console.type_keys("y");
    console.wait_for("Yes to q1?");
    wait_until("a yes", PATIENCE, || {
        std::thread::sleep(Duration::from_millis(500));
        console.type_keys("\r");
        console.shown().contains("yes to q1")
    });
    wait_until("its record", PATIENCE, || records() > before);
}

#[test]
fn a_slow_link_gets_less() {
    let (bare, _engine) = bare(20_000);
    let sent = |args: &[&str]| {
        let mut console = Console::start(&bare, args, 36, 120);
        console.wait_for("No run is at work");
        console.type_keys("a");
        console.wait_for("line 19999 of what");
        console.type_keys("\tz");
        wait_until("the log to have the screen", PATIENCE, || !console.shown().contains("Runs 3"));
        let (before, begin) = (console.bytes().len(), Instant::now());
        while begin.elapsed() < Duration::from_secs(3) {
            console.type_keys("k");
            std::thread::sleep(Duration::from_millis(8));
        }
        let bytes = console.bytes().len() - before;
        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
        bytes
    };
    // On a busy machine the usual console does not come to paint more either: then it is tried again.
    let less = (0..5).any(|_| {
        let (usual, slow) = (sent(&["watch"]), sent(&["watch", "--slow-link"]));
        println!("3 s of scrolling: {usual} bytes, over a slow link {slow}");
        assert!(slow < 3 * 30_000, "{slow} of {usual} bytes");
        slow * 3 < usual
    });
    assert!(less, "a slow link gets no less");
}

#[test]
fn without_utf8_it_is_ascii_and_without_colour_it_has_none() {
    let (bare, _engine) = bare(10);
    // What styles are asked for. How many in one sequence depends on what was on the screen before.
    let styles = |bytes: &[u8]| -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let sequences = text.split("\u{1b}[").skip(1).filter_map(|rest| rest.split_once('m').map(|(sgr, _)| sgr));
        let whole = |sgr: &&str| sgr.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
        sequences.filter(whole).flat_map(|sgr| sgr.split(';')).filter_map(|code| code.parse().ok()).collect()
    };
    let coloured = |bytes: &[u8]| {
        styles(bytes).into_iter().filter(|code| matches!(code, 30..=38 | 40..=48 | 90..=97 | 100..=107)).count()
    };
    let seen = |env: &[(&str, &str)]| {
        let mut console = Console::with(&bare, &["watch"], 36, 120, env);
        console.wait_for("No run is at work");
        console.type_keys("a");
        console.wait_for("line 9 of what was said");
        for key in ["2", "3", "4", "?"] {
            console.type_keys(key);
        }
        // Something red is said as well.
        console.type_keys(ESC);
        console.wait_for("Health");
        console.type_keys("1\t/nothing has this\r");
        wait_until("a complaint", PATIENCE, || console.shown().contains("no line of this log has"));
        console.type_keys("q");
        assert_eq!(console.end(), Some(0));
        console.bytes()
    };
    let usual = seen(&[]);
    assert!(!usual.is_ascii() && coloured(&usual) > 0);
    for locale in [&[("LC_ALL", "C")][..], &[("LC_ALL", ""), ("LC_CTYPE", ""), ("LANG", "C")]] {
        let bytes = seen(locale);
        assert!(bytes.is_ascii(), "{:?}", String::from_utf8_lossy(&bytes).chars().find(|letter| !letter.is_ascii()));
        assert!(coloured(&bytes) > 0);
    }
    let plain = seen(&[("NO_COLOR", "1")]);
    assert_eq!(coloured(&plain), 0);
    assert!(styles(&plain).contains(&7), "no bar");
}

#[test]
fn what_is_written_outlives_a_terminal_that_is_lost() {
    let bare = Bare::new();
    waiting(&bare, "does it count?", &[]);
    let _engine = bare.start();
    let mut console = Console::start(&bare, &["watch"], 30, 100);
    console.wait_for("Runs 2");
    console.type_keys("r");
    console.wait_for("The next prompt begins so:");
    console.type_keys("use the other parser");
    console.wait_for("use the other parser");
    let place = bare.file("drafts");
    wait_until("a draft on disk", PATIENCE, || {
        let drafts = fs::read_dir(&place).into_iter().flatten().flatten();
        drafts
            .map(|draft| fs::read_to_string(draft.path()))
            .any(|text| text.is_ok_and(|text| text == "use the other parser"))
    });
    console.master = None;
    console.end();
    let mut console = Console::start(&bare, &["watch"], 40, 120);
    console.wait_for("Runs 2");
    console.type_keys("r");
    console.wait_for("use the other parser");
    // Held off for a moment, as in every dialog that decides.
    let mut sent = 0;
    wait_until("an acknowledged redirect", PATIENCE, || {
        console.type_keys("\r");
        sent += 1;
        std::thread::sleep(Duration::from_millis(500));
        console.shown().contains("acknowledged as guidance 1")
    });
    wait_until("no draft", PATIENCE, || fs::read_dir(&place).unwrap().count() == 0);
    assert!(sent <= 4, "{sent} times enter");
    console.type_keys("q");
    assert_eq!(console.end(), Some(0));
}

/// What [`a_panic_gives_the_terminal_back`] starts in a terminal.
#[test]
#[ignore = "started by another test"]
fn one_that_panics() {
    use dogwatch::text::screen::{Screen, Wanted};
    use dogwatch::text::{Look, install_panic_hook};
    install_panic_hook();
    let look = Look { colour: true, unicode: true };
    let mut screen = Screen::open(Wanted { look, mouse: true }).unwrap();
    screen
        .draw(|canvas| {
            canvas.text(canvas.area(), &dogwatch::safe!("before the panic"));
            None
        })
        .unwrap();
    // Not before it was seen: this is what the other test types.
    std::io::stdin().read_line(&mut String::new()).unwrap();
    panic!("on purpose \u{1b}]0;owned\u{7}");
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let mut command = Command::new("setsid");
    command.arg("--ctty").arg(std::env::current_exe().unwrap());
    command.args(["--exact", "one_that_panics", "--ignored", "--nocapture"]);
    command.env("TERM", "xterm-256color").env("RUST_BACKTRACE", "0");
    let mut console = Console::spawn(command, 24, 80);
    console.wait_for("before the panic");
    assert!(console.is_raw());
    console.type_keys("\n");
    console.wait_for("on purpose");
    assert!(!console.is_raw());
    console.end();
    console.assert_given_back();
    assert!(!String::from_utf8_lossy(&console.bytes()).contains("\u{1b}]0;"), "the message was obeyed");
}
