//! Errors and panics as safe text. Their messages may quote hostile bytes, so they get no road of their own.

use super::exact;
use super::out::Out;
use super::safe::SafeText;
use super::style::{Colour, Style};
use crate::safe;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::panic::PanicHookInfo;

/// An error chain longer than this is cut with a note, since a hand-made chain may be a ring.
const MAX_CAUSES: usize = 32;

/// An error and its causes, one line each: `error: ...`, then `  because: ...`.
pub fn report(error: &dyn Error) -> Vec<SafeText> {
    let head = safe!("error:").styled(Style::fg(Colour::Red).bold());
    let mut lines = vec![safe!("{} {}", head, error.to_string())];
    let mut last = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        if lines.len() > MAX_CAUSES {
            lines.push(safe!("  because: (more causes are left out)"));
            break;
        }
        let text = error.to_string();
        // A transparent error repeats the words of its source.
        if text != last {
            lines.push(safe!("  because: {}", text));
        }
        last = text;
        cause = error.source();
    }
    lines
}

/// The report of another library (color-eyre's `{:?}`, say) in the exact form, line by line; indents stay.
///
/// Ask that library for no colours: its escape sequences would be shown, not obeyed.
pub fn report_text(text: &str) -> Vec<SafeText> {
    text.lines().map(|line| exact::encode_indented(line.as_bytes())).collect()
}

/// Makes panics print safe text to standard error. Install it after any other hook; it replaces that hook.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        super::screen::give_back();
        // Nothing is left to do when even standard error refuses.
        let _ = Out::stderr().lines(&panic_lines(info));
    }));
}

/// What is printed about a panic.
fn panic_lines(info: &PanicHookInfo<'_>) -> Vec<SafeText> {
    let thread = std::thread::current();
    let place = info.location().map_or_else(|| safe!("an unknown place"), |l| safe!("{}:{}", l.file(), l.line()));
    let mut lines = vec![
        safe!(
            "{} thread {} panicked at {}: {}",
            safe!("bug:").styled(Style::fg(Colour::Red).bold()),
            thread.name().unwrap_or("without a name"),
            place,
            info.payload_as_str().unwrap_or("(no message)")
        ),
        safe!("  please report this line; with RUST_BACKTRACE=1 it is followed by where it came from"),
    ];
    let trace = Backtrace::capture();
    if trace.status() == BacktraceStatus::Captured {
        lines.extend(report_text(&trace.to_string()));
    }
    lines
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer {0:?}\x1b]0;x\x07")]
    struct Outer(&'static str, #[source] std::io::Error);

    #[test]
    fn a_chain_is_told_line_by_line_and_escaped() {
        let error = Outer("x", std::io::Error::other("inner \u{202e}"));
        let lines: Vec<String> = report(&error).iter().map(SafeText::plain).collect();
        assert_eq!(lines, ["error: outer \"x\"\\e]0;x\\u{7}", "  because: inner \\u{202e}"]);
    }

    #[test]
    fn a_foreign_report_keeps_its_lines_and_indents() {
        let lines: Vec<String> = report_text("Error:\n   0: a\x1b[31m\r\n").iter().map(SafeText::plain).collect();
        assert_eq!(lines, ["Error:", "   0: a\\e[31m"]);
    }
}
