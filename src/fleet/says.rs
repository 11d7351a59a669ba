//! What an asset says: lines with a mark, and output with its length in front. Whatever stands before the first of them (the words
//! of a login) is left out. Nothing of it is believed beyond what it says about its own command.

use std::collections::VecDeque;

/// What a line begins with.
const MARK: &[u8] = b"dogwatch:";
/// Most bytes before the first line.
const MOST_NOISE: usize = 64 * 1024;
/// Longest line.
const LONGEST_LINE: usize = 1024;
/// Most bytes of output at once.
const LONGEST_PIECE: usize = 1024 * 1024;

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Boot(String),
    Now(i64),
    User(String),
    Lacks(String),
    Place,
    Following,
    Made(String),
    Output { error: bool, bytes: Vec<u8> },
    Ended { code: i32, seconds: u64, dropped: u64 },
    Running,
    Claimed,
    Gone,
    Fenced,
    Never(String),
    There,
    Absent,
    Cut,
    Rebooted,
    Lost(String),
}

/// It said something else than an asset says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Garbled;

/// Takes bytes as they come.
#[derive(Debug, Default)]
pub(super) struct Says {
    bytes: VecDeque<u8>,
    begun: bool,
    noise: usize,
    /// Output under way: whether it is of standard error, and the bytes that are missing.
    piece: Option<(bool, usize)>,
}

impl Says {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next thing, once all of it is there.
    pub(super) fn next(&mut self) -> Result<Option<Said>, Garbled> {
        loop {
            if let Some((error, left)) = self.piece {
                if self.bytes.is_empty() {
                    return Ok(None);
                }
                let bytes: Vec<u8> = self.bytes.drain(..left.min(self.bytes.len())).collect();
                self.piece = Some((error, left - bytes.len())).filter(|(_, left)| *left > 0);
                return Ok(Some(Said::Output { error, bytes }));
            }
            let Some(end) = self.bytes.iter().take(MOST_NOISE).position(|byte| *byte == b'\n') else {
                let most = if self.begun { LONGEST_LINE } else { MOST_NOISE };
                return if self.bytes.len() > most { Err(Garbled) } else { Ok(None) };
            };
            let line: Vec<u8> = self.bytes.drain(..=end).take(end).collect();
            let Some(words) = line.strip_prefix(MARK) else {
                self.noise += line.len() + 1;
                if self.begun || self.noise > MOST_NOISE {
                    return Err(Garbled);
                }
                continue;
            };
            self.begun = true;
            if words.len() > LONGEST_LINE {
                return Err(Garbled);
            }
            let words = String::from_utf8_lossy(words);
            if let Some(said) = self.line(&words)? {
                return Ok(Some(said));
            }
        }
    }

    fn line(&mut self, words: &str) -> Result<Option<Said>, Garbled> {
        let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
        let text = || rest.to_owned();
        Ok(Some(match word {
            "boot" => Said::Boot(boot(rest)?),
            "now" => Said::Now(rest.parse().map_err(|_| Garbled)?),
            "user" => Said::User(text()),
            "lacks" => Said::Lacks(text()),
            "place" => Said::Place,
            "following" => Said::Following,
            // A fence leaves none.
            "made" => Said::Made(if rest.is_empty() { String::new() } else { boot(rest)? }),
            "out" | "err" => {
                let length = rest.parse().map_err(|_| Garbled)?;
                if !(1..=LONGEST_PIECE).contains(&length) {
                    return Err(Garbled);
                }
                self.piece = Some((word == "err", length));
                return Ok(None);
            }
            "ended" => ended(rest)?,
            "running" => Said::Running,
            "claimed" => Said::Claimed,
            "gone" => Said::Gone,
            "fenced" => Said::Fenced,
            "never" => Said::Never(text()),
            "there" => Said::There,
            "absent" => Said::Absent,
            "cut" => Said::Cut,
            "rebooted" => Said::Rebooted,
            "lost" => Said::Lost(text()),
            _ => return Err(Garbled),
        }))
    }
}

/// The id of a boot, in the letters that the kernel has for it.
fn boot(text: &str) -> Result<String, Garbled> {
    let fine = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fine { Ok(text.to_owned()) } else { Err(Garbled) }
}

fn ended(rest: &str) -> Result<Said, Garbled> {
    let mut numbers = rest.split(' ');
    let mut number = || numbers.next().and_then(|digits| digits.parse::<u64>().ok()).ok_or(Garbled);
    let (code, seconds, dropped) = (number()?, number()?, number()?);
    let code = u8::try_from(code).map_err(|_| Garbled)?;
    Ok(Said::Ended { code: i32::from(code), seconds, dropped })
}
