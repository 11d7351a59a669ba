//! Nothing of the text can hide: a yes is out of reach until every cell of it was on the screen.

use super::*;

/// How many texts are tried: `DOGWATCH_TEXTS=500` for all of them.
fn texts() -> u64 {
    std::env::var("DOGWATCH_TEXTS").ok().and_then(|count| count.parse().ok()).unwrap_or(25)
}

/// A text of one of many shapes; the first two are the largest.
fn text(number: u64) -> Vec<u8> {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = |most: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % most
    };
    match number {
        0 => (0..12_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect(),
        1 => (0..300_000_u32).map(|at| b'a' + u8::try_from(at % 26).unwrap()).collect(),
        _ => {
            let pieces: [&[u8]; 12] = [
                b"rm -rf / ",
                b"\n",
                b"                                        ",
                "\u{202e}".as_bytes(),
                b"\x1b[2J",
                b"\t",
                b"\r",
                "\u{65e5}\u{672c}".as_bytes(),
                b"\xff\xfe",
                b"who decides",
                b"\\n",
                "e\u{301}".as_bytes(),
            ];
            let most = if number.is_multiple_of(10) { 4_000 } else { 200 };
            let count = chance(most) + 1;
            (0..count).flat_map(|_| pieces[usize::try_from(chance(12)).unwrap()].to_vec()).collect()
        }
    }
}

/// Nobody says yes before every cell of the text was painted, and what was painted are the bytes.
#[test]
fn a_yes_is_out_of_reach_until_every_cell_was_on_the_screen() {
    let mut cases = 0;
    for number in 0..texts() {
        let bytes = text(number);
        let mut command = usual();
        command.program = Program::Script { bytes: bytes.clone() };
        let shown = detail(proposal(false, command));
        let mut app = opened(&shown);
        let sizes = [(60, 15), (80, 24), (100, 30), (120, 36), (200, 60), (79, 19)];
        // The largest ones at two sizes, unless all is wanted.
        let sizes = if number < 2 && texts() < 100 { &sizes[3..5] } else { &sizes[..] };
        for (columns, rows) in sizes.iter().copied() {
            press(&mut app, "g");
            let mut seen = std::collections::BTreeMap::new();
            let mut last = false;
            while !last {
                let buffer = painted(&mut app, columns, rows, LOOK);
                assert!(app.may_agree().is_err(), "text {number} at {columns}x{rows}: too early");
                let body = rows - 2 - u16::from(rows >= 20) - 3;
                for at in 0..body.min(u16::try_from(app.reading.lines.len()).unwrap()) {
                    let row = app.reading.lines[usize::from(at)].plain();
                    assert_eq!(letters(&buffer, 4 + at), row.trim_end(), "text {number} at {columns}x{rows}");
                    seen.insert(app.reading.top + usize::from(at), row);
                }
                app.drawn();
                last = app.reading.top + app.reading.rows >= app.reading.total;
                app.perform(Command::PageDown);
            }
            assert!(app.may_agree().is_ok(), "text {number} at {columns}x{rows}: {:?}", app.may_agree().err());
            cases += 1;
            if columns == 120 {
                assert_eq!(script(seen.into_values()), bytes, "text {number}");
            }
        }
    }
    assert!(cases >= texts());
}

/// The bytes of the script, read back from the rows.
fn script(rows: impl Iterator<Item = String>) -> Vec<u8> {
    let mut text = String::new();
    let mut inside = false;
    for row in rows {
        if row.starts_with("  a script for /bin/sh") {
            inside = true;
        } else if row.starts_with("  in the directory: ") {
            break;
        } else if let (true, Some(rest)) = (inside, row.strip_prefix("> ")) {
            text.push_str(rest);
        } else if inside {
            text.push_str(row.split_once("| ").map_or("", |(_, rest)| rest));
        }
    }
    exact::decode(&text).unwrap()
}

/// The letters of a row of the screen, from its second column on.
fn letters(buffer: &Buffer, y: u16) -> String {
    let mut line = String::new();
    let mut x = 1;
    while x < buffer.area.width {
        let symbol = buffer.cell((x, y)).unwrap().symbol();
        line.push_str(symbol);
        x += u16::try_from(unicode_width::UnicodeWidthStr::width(symbol).max(1)).unwrap();
    }
    line.trim_end().to_owned()
}
