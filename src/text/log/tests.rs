//! What the log form promises: nothing is obeyed, nothing hidden, nothing lost between pieces, nothing unbounded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::text::chars::{LogClass, log_class};
use crate::text::{Colour, Style};
use proptest::prelude::*;
use rand::SeedableRng as _;

fn lines(bytes: &[u8]) -> Vec<StyledLine> {
    in_pieces([bytes])
}

fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<StyledLine> {
    let mut parser = LogParser::new();
    let mut lines = vec![];
    for piece in pieces {
        parser.push(piece, &mut |line| lines.push(line));
    }
    parser.finish(&mut |line| lines.push(line));
    lines
}

fn plain(bytes: impl AsRef<[u8]>) -> Vec<String> {
    lines(bytes.as_ref()).iter().map(StyledLine::plain).collect()
}

/// Asserts that a line is free of everything but shown characters, a few accents and our own SGR.
fn assert_tame(line: &StyledLine) {
    let text = line.to_terminal(true);
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\x1b') {
        let (before, sequence) = rest.split_at(at);
        assert_shown(before);
        let body = sequence.strip_prefix("\x1b[0").expect("our sequences begin with a reset");
        let end = body.find('m').expect("our sequences end with m");
        assert!(body[..end].bytes().all(|b| b == b';' || b.is_ascii_digit()), "{sequence:?}");
        rest = &body[end + 1..];
    }
    assert_shown(rest);
    assert_shown(line.to_terminal(false).as_str());
}

fn assert_shown(text: &str) {
    assert!(text.chars().all(|c| log_class(c) != LogClass::Hidden), "{text:?}");
}

#[test]
fn styles_are_kept_and_everything_else_is_shown() {
    let line = &lines(b"\x1b[1;31mred\x1b[0m plain")[0];
    let spans: Vec<_> = line.spans().iter().map(|span| (span.text(), span.style())).collect();
    assert_eq!(spans, [("red", Style::fg(Colour::Red).bold()), (" plain", Style::PLAIN)]);
    assert_eq!(plain("a\x1b[2Jb\x07c\x00\x7f"), ["a␛[2Jb␇c␀␡"]);
    assert_eq!(plain("\x1b]0;title\x07x\x1b]52;c;aGk=\x1b\\y"), ["␛]0;title␇x␛]52;c;aGk=␛\\y"]);
    assert_eq!(plain("\x1bP+q544e\x1b\\z\x1b_apc\x1b\\\x1b(0\x1bc"), ["␛P+q544e␛\\z␛_apc␛\\␛(0␛c"]);
    assert_eq!(plain("\x1b[?25l\x1b[>4;1m\x1b[31$m"), ["␛[?25l␛[>4;1m␛[31$m"]);
}

#[test]
fn broken_sequences_swallow_nothing() {
    assert_eq!(plain("\x1b[31\nnext"), ["␛[31", "next"]);
    assert_eq!(plain("\x1b]0;open\nnext"), ["␛]0;open", "next"]);
    assert_eq!(plain("\x1b]0;open\x1b[2Jx"), ["␛]0;open␛[2Jx"]);
    assert_eq!(plain("\x1b\x1b[2Jé\x1bé"), ["␛␛[2Jé␛é"]);
    assert_eq!(plain("x\x1b"), ["x␛"]);
    assert_eq!(plain("x\x1b]0;y\x1b"), ["x␛]0;y␛"]);
}

#[test]
fn hidden_and_broken_characters_are_spelled_out() {
    assert_eq!(plain("a\u{202e}b\u{200b}\u{e0041}\u{ad}\u{9b}2J"), ["a<U+202E>b<U+200B><U+E0041><U+00AD><U+009B>2J"]);
    assert_eq!(plain(b"\xff\xc3(\xe2\x80x\xf0\x9f"), ["\\xff\\xc3(\\xe2\\x80x\\xf0\\x9f"]);
    assert_eq!(plain(format!("e{}", "\u{301}".repeat(6))), [format!("e{}<U+0301><U+0301>", "\u{301}".repeat(4))]);
    assert_eq!(plain("\u{301}a"), ["<U+0301>a"]);
}

#[test]
fn returns_backspaces_and_tabs_move_as_on_a_terminal() {
    assert_eq!(plain("10%\r50%\r100%\r\nnext\r\r\n"), ["100%", "next"]);
    assert_eq!(plain("10%\r"), ["10%"]);
    assert_eq!(plain("|\x08/\x08-"), ["-"]);
    assert_eq!(plain("abc\x08\n"), ["abc"]);
    assert_eq!(plain("abc\x08 \x08\n\x08x"), ["ab ", "x"]);
    assert_eq!(plain("a\tb\t日\tc"), ["a       b       日      c"]);
    let line = &lines(b"b\x08b_\x08u")[0];
    let styles: Vec<_> = line.spans().iter().map(|s| (s.text(), s.style().bold, s.style().underline)).collect();
    assert_eq!(styles, [("b", true, false), ("u", false, true)]);
}

#[test]
fn marks_survive_whatever_moves_the_cursor() {
    assert_eq!(plain("\x1b[2J\x08\x08\x08\x08safe"), ["␛[2Jsafe"]);
    assert_eq!(plain("ab\x07\x08c"), ["ac␇"]);
    assert_eq!(plain("a\x08\x07b"), ["␇b"]);
    assert_eq!(plain("\x1b[2K\r50%"), ["␛[2K50%"]);
    assert_eq!(plain("\x1b[2J\rsafe\r"), ["␛[2Jsafe"]);
    let bar = (0..100).fold(String::new(), |bar, n| bar + &format!("\r\x1b[K{n:3}%"));
    assert_eq!(plain(bar), ["␛[K 99%<99 marks overwritten>"]);
    let many = (0..7).fold(String::new(), |many, n| many + &format!("\x1b[{n}Kx\r"));
    assert_eq!(plain(format!("{many}y")), ["␛[6K␛[5K␛[4K␛[3Ky<3 marks overwritten>"]);
}

#[test]
fn a_return_goes_back_and_what_follows_is_written_over() {
    assert_eq!(plain("100% done\r 50%"), [" 50% done"]);
    assert_eq!(plain("abcdef\rxy"), ["xycdef"]);
    assert_eq!(plain("secret\r"), ["secret"]);
    assert_eq!(plain("Building [==> ] 3/5\r\x1b[Kdone"), ["␛[Kdone"]);
    assert_eq!(plain("Building [==> ] 3/5\x1b[2K\rdone"), ["␛[2Kdone"]);
    assert_eq!(plain("abc\x1b[2Kdef"), ["abc␛[2Kdef"]);
    assert_eq!(plain("abc\x1b[K\x1b[1K\rx"), ["xbc␛[K␛[1K"]);
    assert_eq!(plain("a\tb\r\tc"), ["a       c"]);
    assert_eq!(plain("abcdefghij\r\tX"), ["abcdefghXj"]);
    assert_eq!(plain("日本\rx"), ["x 本"]);
    assert_eq!(plain("abc\r日"), ["日c"]);
    assert_eq!(plain("éa\re\u{301}"), ["e\u{301}a"]);
    assert_eq!(plain("ab\rab\x08c"), ["ac"]);
    let line = &lines(b"\x1b[31mred\x1b[0m\rre")[0];
    let styles: Vec<_> = line.spans().iter().map(|s| (s.text(), s.style())).collect();
    assert_eq!(styles, [("re", Style::PLAIN), ("d", Style::fg(Colour::Red))], "the same letters twice are no bold");
}

#[test]
fn selectors_behind_symbols_go_unseen_and_no_others() {
    assert_eq!(plain("⚠\u{fe0f} ✔\u{fe0e}"), ["⚠ ✔"]);
    assert_eq!(plain("a\u{fe0f}"), ["a<U+FE0F>"]);
    assert_eq!(plain("⚠\u{fe0f}\u{fe0f}"), ["⚠<U+FE0F>"]);
    assert_eq!(plain("⚠\r\u{fe0f}"), ["<U+FE0F>⚠"]);
}

/// Every mark that a terminal would not show is shown or counted, whatever the cursor does.
fn marks(text: &str) -> usize {
    let counted = text.split('<').filter_map(|part| part.split_once(" mark")?.0.parse::<usize>().ok());
    text.matches(['␇', '␛']).count() + counted.sum::<usize>()
}

proptest! {
    #[test]
    fn no_mark_is_lost(parts in proptest::collection::vec(0_usize..10, 0..60)) {
        let pieces = ["\x07", "\x1b[2K", "\x1b[K", "a", "日", "\r", "\x08", "\t", "b\x08b", "\x1b[31m"];
        let bytes: String = parts.iter().map(|part| pieces[*part]).collect();
        let shown = plain(&bytes).concat();
        prop_assert_eq!(marks(&shown), parts.iter().filter(|part| **part < 3).count(), "{:?} {}", bytes, shown);
    }
}

#[test]
fn every_bound_holds_and_is_visible() {
    let mut long = vec![b'a'; MAX_LINE + 10];
    long.push(b'\n');
    let split = lines(&long);
    assert_eq!(split.len(), 2);
    assert!(split[0].is_split() && split[0].plain().ends_with("a<line goes on>"));
    assert_eq!(split[1].plain(), "a".repeat(10));
    let osc = plain(format!("\x1b]0;{}\x07x", "y".repeat(100_000)));
    assert!(osc[0].len() < 200 && osc[0].ends_with(" bytes more>x"), "{osc:?}");
    let rainbow = (0..MAX_RUNS * 2).fold(String::new(), |text, i| text + "\x1b[3" + &(i % 7).to_string() + "mx");
    assert_eq!(lines(rainbow.as_bytes()).len(), 2);
    let back = [vec![b'a'; MAX_BACK * 2], vec![8; MAX_BACK + 1]].concat();
    assert!(plain(back)[0].contains('␈'));
}

#[test]
fn an_unfinished_line_can_be_looked_at() {
    let mut parser = LogParser::new();
    assert_eq!(parser.pending(), None);
    parser.push(b"50%\rready? \x08", &mut |_| panic!("no line has ended"));
    assert_eq!(parser.pending().unwrap().plain(), "ready? ");
}

#[test]
fn spans_from_a_wire_are_made_safe_again() {
    let line = lines(b"\x1b[31mred\x1b[0m x");
    let json = serde_json::to_string(&line[0]).unwrap();
    assert_eq!(serde_json::from_str::<StyledLine>(&json).unwrap(), line[0]);
    let hostile = r#"{"spans":[{"text":"a\u001b[2J\n\u202eb","style":{}}]}"#;
    assert_eq!(serde_json::from_str::<StyledLine>(hostile).unwrap().plain(), "a␛[2J␊<U+202E>b");
}

#[test]
fn five_thousand_hostile_outputs_are_tame_in_any_pieces() {
    let mut rng = rand::rngs::StdRng::seed_from_u64(0x106);
    let parts: [&[u8]; 29] = [
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x1b_",
        b"\x1b\\",
        b"\x1b",
        b"\x07",
        b"31",
        b"m",
        b";",
        b"2J",
        b"\r",
        b"\n",
        b"\x08",
        b"\t",
        b"_",
        b"a",
        b"a\x08a",
        b"b\r",
        "⚠".as_bytes(),
        "\u{fe0f}".as_bytes(),
        b"\xf0\x9f\x98",
        b"\x80",
        b"\xe2",
        "日".as_bytes(),
        "\u{301}".as_bytes(),
        "\u{202e}".as_bytes(),
        "\u{e0001}".as_bytes(),
        "\u{9b}".as_bytes(),
    ];
    for _ in 0..5_000 {
        let mut bytes = vec![];
        for _ in 0..rng.random_range(0..24) {
            bytes.extend_from_slice(parts[rng.random_range(0..parts.len())]);
        }
        let whole = lines(&bytes);
        whole.iter().for_each(assert_tame);
        assert_eq!(in_pieces(bytes.chunks(1)), whole, "{bytes:?}");
        let at = rng.random_range(0..=bytes.len());
        assert_eq!(in_pieces([&bytes[..at], &bytes[at..]]), whole, "{bytes:?} at {at}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_tame_in_any_pieces(bytes: Vec<u8>, size in 1_usize..9) {
        let whole = lines(&bytes);
        whole.iter().for_each(assert_tame);
        prop_assert_eq!(in_pieces(bytes.chunks(size)), whole);
    }
}

#[test]
#[ignore = "measures throughput: run with --release --nocapture"]
#[expect(clippy::cast_precision_loss, reason = "the figure is the result")]
fn throughput() {
    let line =
        b"\x1b[32m   Compiling\x1b[0m dogwatch v0.1.0: a line of ordinary length with some words in it, 100 bytes\n";
    let bytes = line.repeat((64 << 20) / line.len());
    let start = std::time::Instant::now();
    let mut parser = LogParser::new();
    let mut count = 0_usize;
    for piece in bytes.chunks(64 << 10) {
        parser.push(piece, &mut |_| count += 1);
    }
    let rate = bytes.len() as f64 / 1e6 / start.elapsed().as_secs_f64();
    println!("log form: {rate:.0} MB/s, {count} lines");
}
