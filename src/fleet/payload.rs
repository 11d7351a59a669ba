//! A command as it crosses to an asset: lines of base64, so that no byte of it means anything on the way.

use crate::domain::{Command, Program, UserName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;

/// Longest word, so that any system takes it as an argument.
const LONGEST_WORD: usize = 100 * 1024;
/// Most words, those of the environment among them.
const MOST_WORDS: usize = 1000;
/// Most bytes of all words.
const MOST_BYTES: usize = 1024 * 1024;
/// Most bytes of input.
const MOST_INPUT: usize = 8 * 1024 * 1024;
/// Longest time in seconds: a day.
const LONGEST: u32 = 86_400;

/// Why a command cannot be carried out as it is. Nothing of it is ever changed to make it fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is no program.
    #[error("a command has at least one word")]
    Nothing,
    /// A NUL.
    #[error("a NUL can be in no word, script or directory, only in standard input")]
    Nul,
    /// A program with `=` in its name.
    #[error("a program's name must not be empty or have `=` in it: it would be taken for a variable")]
    Name,
    /// A name of a variable that is none, or `PATH`.
    #[error("a variable's name has letters, digits and underscores, no digit first, and `PATH` is fixed")]
    Variable,
    /// A directory that is not absolute.
    #[error("the directory must be an absolute path")]
    Directory,
    /// No user.
    #[error(
        "the user must be a name of 1 to 32 letters, digits, dots, dashes and underscores, a letter or underscore first"
    )]
    User,
    /// Too long a time, or none.
    #[error("the time must lie between 1 s and one day")]
    Time,
    /// Too much of it.
    #[error("a command has at most 1000 words of 100 KiB each and 1 MiB in all, and 8 MiB of input")]
    Size,
}

/// The lines that the receipt's text reads.
pub(super) fn lines(command: &Command) -> Result<Vec<u8>, Unfit> {
    let words = words(command)?;
    if words.len() > MOST_WORDS || words.iter().map(Vec::len).sum::<usize>() > MOST_BYTES {
        return Err(Unfit::Size);
    }
    if words.iter().any(|word| word.len() > LONGEST_WORD) {
        return Err(Unfit::Size);
    }
    if words.iter().any(|word| word.contains(&0)) || command.cwd.contains('\0') {
        return Err(Unfit::Nul);
    }
    if !command.cwd.starts_with('/') || command.cwd.len() > 4095 {
        return Err(Unfit::Directory);
    }
    if !(1..=LONGEST).contains(&command.timeout) {
        return Err(Unfit::Time);
    }
    let user = match &command.user {
        None => "-",
        Some(user) => user.parse::<UserName>().map(|_| user.as_str()).map_err(|_| Unfit::User)?,
    };
    let input = command.stdin.as_deref().unwrap_or_default();
    if input.len() > MOST_INPUT {
        return Err(Unfit::Size);
    }
    let (cwd, count) = (STANDARD.encode(&command.cwd), words.len());
    let mut text = format!("timeout {}\ncwd {cwd}\nuser {user}\nwords {count}\n", command.timeout);
    for word in &words {
        // Writing to a string cannot fail.
        let _infallible = writeln!(text, "word {}", STANDARD.encode(word));
    }
    let _infallible = write!(text, "stdin {}\nend\n", STANDARD.encode(input));
    Ok(text.into_bytes())
}

/// The variables, then the program with its arguments.
fn words(command: &Command) -> Result<Vec<Vec<u8>>, Unfit> {
    let mut words = Vec::new();
    for (name, value) in &command.env {
        let mut letters = name.bytes();
        let first = letters.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !first || name == "PATH" || !letters.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Unfit::Variable);
        }
        words.push([name.as_bytes(), b"=", value].concat());
    }
    match &command.program {
        Program::Argv { words: argv } => {
            let program = argv.first().ok_or(Unfit::Nothing)?;
            if program.is_empty() || program.contains(&b'=') {
                return Err(Unfit::Name);
            }
            words.extend(argv.iter().cloned());
        }
        Program::Script { bytes } => words.extend([b"/bin/sh".to_vec(), b"-c".to_vec(), bytes.clone()]),
    }
    Ok(words)
}
