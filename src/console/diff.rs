//! A patch as it is shown: its exact bytes, and what each line of it is. Only lines that are seen become text.

mod language;
mod tokens;

use crate::safe;
use crate::text::{Colour, SafeText, Style, exact};
use language::Language;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The first line of a file.
    File,
    /// What git says of a file.
    Head,
    /// Where a hunk is.
    Hunk,
    /// Stays.
    Same,
    /// Came.
    Added,
    /// Went.
    Removed,
}

/// A patch.
#[derive(Debug, Default)]
pub struct Diff {
    bytes: Vec<u8>,
    /// Where each line begins, and what it is.
    lines: Vec<(usize, Kind)>,
    /// The lines at which files begin, with the language of each.
    files: Vec<(usize, Language)>,
    added: usize,
    removed: usize,
}

impl Diff {
    /// Takes a patch apart. What only looks like a head inside a hunk is told apart by the hunk's own counts.
    pub fn new(bytes: Vec<u8>) -> Self {
        let mut diff = Self::default();
        let (mut old, mut new) = (0_u64, 0_u64);
        let mut start = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let kind = match line.first() {
                Some(b'+') if new > 0 => {
                    new -= 1;
                    diff.added += 1;
                    Kind::Added
                }
                Some(b'-') if old > 0 => {
                    old -= 1;
                    diff.removed += 1;
                    Kind::Removed
                }
                Some(b' ' | b'\n') if old > 0 && new > 0 => {
                    (old, new) = (old - 1, new - 1);
                    Kind::Same
                }
                _ if line.starts_with(b"diff --git ") => {
                    (old, new) = (0, 0);
                    diff.files.push((diff.lines.len(), Language::Other));
                    Kind::File
                }
                Some(b'@') => {
                    (old, new) = counts(line);
                    Kind::Hunk
                }
                _ => Kind::Head,
            };
            if let (Kind::Head, Some(path), Some((_, language))) =
                (kind, line.strip_prefix(b"+++ ").or(line.strip_prefix(b"--- ")), diff.files.last_mut())
                && !path.starts_with(b"/dev/null")
            {
                *language = Language::of(path);
            }
            diff.lines.push((start, kind));
            start += line.len();
        }
        Self { bytes, ..diff }
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Files, lines that came and lines that went.
    pub fn sums(&self) -> (usize, usize, usize) {
        (self.files.len(), self.added, self.removed)
    }

    /// A line in its exact form, with colours: the sign tells what came and went, in whatever colour.
    pub fn line(&self, number: usize) -> Option<SafeText> {
        let (start, kind) = *self.lines.get(number)?;
        let end = self.lines.get(number + 1).map_or(self.bytes.len(), |(end, _)| *end);
        let bytes = self.bytes.get(start..end)?;
        let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let (sign, code) = bytes.split_at_checked(1).unwrap_or((bytes, &[]));
        let shown = match kind {
            Kind::File => exact::encode_indented(bytes).styled(Style::strong()),
            Kind::Head => exact::encode_indented(bytes).styled(Style::faint()),
            Kind::Hunk => exact::encode_indented(bytes).styled(Style::fg(Colour::Cyan)),
            Kind::Removed => {
                let red = Style::fg(Colour::Red);
                safe!("{}{}", exact::encode(sign).styled(red.bold()), exact::encode_indented(code).styled(red))
            }
            Kind::Same => safe!(" {}", self.coloured(number, code, Style::PLAIN)),
            Kind::Added => {
                let green = Style::fg(Colour::Green);
                safe!("{}{}", exact::encode(sign).styled(green.bold()), self.coloured(number, code, green))
            }
        };
        Some(shown)
    }

    fn coloured(&self, number: usize, code: &[u8], rest: Style) -> SafeText {
        let file = self.files.partition_point(|(first, _)| *first <= number).checked_sub(1);
        let language = file.and_then(|file| self.files.get(file)).map_or(Language::Other, |(_, language)| *language);
        let text = exact::encode_indented(code);
        text.painted(&tokens::styles(&text.plain(), language, rest))
    }

    /// The first line of the next file, or of the one before.
    pub fn file_from(&self, line: usize, forward: bool) -> Option<usize> {
        let mut starts = self.files.iter().map(|(start, _)| *start);
        if forward { starts.find(|start| *start > line) } else { starts.rfind(|start| *start < line) }
    }
}

/// Lines of a hunk before and after, from `@@ -1,2 +3,4 @@`.
fn counts(line: &[u8]) -> (u64, u64) {
    let text = String::from_utf8_lossy(line);
    let mut words = text.split(' ').skip(1);
    let mut count = |sign: char| {
        let place = words.next().and_then(|word| word.strip_prefix(sign))?;
        place.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok())
    };
    (count('-').unwrap_or(0), count('+').unwrap_or(0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATCH: &str = "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@ def f\n a\n--- b\n+++ c\n d\n\
        diff --git a/y b/y\nnew file mode 100644\n--- /dev/null\n+++ b/y\n@@ -0,0 +1 @@\n+only\n\\ No newline at end of file\n";

    #[test]
    fn heads_are_told_apart_from_lines_that_look_like_them() {
        let diff = Diff::new(PATCH.as_bytes().to_vec());
        assert_eq!(diff.sums(), (2, 2, 1));
        let kinds: Vec<Kind> = diff.lines.iter().map(|(_, kind)| *kind).collect();
        assert_eq!(kinds[4..9], [Kind::Hunk, Kind::Same, Kind::Removed, Kind::Added, Kind::Same]);
        assert_eq!((kinds[9], kinds[14], kinds[15]), (Kind::File, Kind::Added, Kind::Head));
        assert_eq!(diff.line(6).unwrap().plain(), "--- b");
        assert_eq!(
            (diff.file_from(0, true), diff.file_from(12, false), diff.file_from(9, true)),
            (Some(9), Some(9), None)
        );
        assert_eq!(diff.files[0].1, Language::Python);
    }

    proptest! {
        #[test]
        fn any_bytes_are_shown_exactly(bytes: Vec<u8>, patch in "(diff --git a b\n|@@ -1,9 \\+1,9 @@\n|[+ -].{0,12}\n|\\+\\+\\+ b/x.rs\n){0,20}") {
            for bytes in [bytes, patch.into_bytes()] {
                let diff = Diff::new(bytes.clone());
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                prop_assert_eq!(diff.len(), lines.len());
                for (number, line) in lines.into_iter().enumerate() {
                    let line = line.strip_suffix(b"\n").unwrap_or(line);
                    let shown = diff.line(number).unwrap().plain();
                    let whole = exact::encode_indented(line).plain();
                    // The sign and the code are encoded apart.
                    let (sign, code) = line.split_at_checked(1).unwrap_or((line, &[]));
                    let apart = String::from_utf8_lossy(sign).into_owned() + &exact::encode_indented(code).plain();
                    prop_assert!(shown == whole || shown == apart, "{}", shown);
                }
                prop_assert_eq!(diff.line(diff.len()), None);
            }
        }
    }
}
