//! The one way to write a command as bytes, and to read it back. Every part has its length in front, so no two commands are
//! written alike. It is kept as a blob under the digest of its bytes, and what runs is read from there, never from a file that
//! a name leads to.

use crate::domain::{Command, Program};

/// What every blob of a command begins with.
const MARK: &[u8] = b"dogwatch command 1\n";
/// The most bytes of a command with all that it is given.
pub const LARGEST: usize = 1 << 20;
/// The most words or variables.
const MOST: usize = 4096;
/// The longest that one may run, in seconds.
pub const LONGEST_RUN: u32 = 24 * 3600;

/// Writes parts with their lengths.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// One that begins with a mark.
    pub fn begun(mark: &[u8]) -> Self {
        Self(mark.to_vec())
    }

    /// Some bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// A number.
    pub fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Bytes that may be absent, which is something else than none.
    pub fn maybe(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            None => self.number(0),
            Some(bytes) => self.number(1).bytes(bytes),
        }
    }

    /// What was written.
    pub fn done(self) -> Vec<u8> {
        self.0
    }
}

/// A blob that is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are no command: they were not written by this program, or were changed since")]
pub struct Damaged;

/// A command that cannot be proposed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// No program.
    #[error("the command is empty: name a program, or hand over a script")]
    Empty,
    /// A NUL.
    #[error("{0} has a NUL byte, which no program can be given: leave it out")]
    Nul(&'static str),
    /// Too much.
    #[error("the command with all that it is given has {0} bytes, at most {LARGEST} are taken: split it")]
    Large(usize),
    /// Too many words or variables.
    #[error("there are more than {MOST} {0}: hand them over in a script")]
    Many(&'static str),
    /// A directory that is none.
    #[error("the working directory `{0}` is not an absolute path without `..`: write it out")]
    Cwd(String),
    /// A user that is none.
    #[error("the user `{0}` is no user's name: write letters, digits, `_`, `-` and `.`, no dash first")]
    User(String),
    /// A variable that is none.
    #[error(
        "`{0}` is no variable that can be set: write letters, digits and `_`, each name once, and never PATH or LD_*"
    )]
    Variable(String),
    /// A time that is none.
    #[error("the time must be 1 to {LONGEST_RUN} seconds")]
    Timeout,
}

/// Checks what a command must be whoever proposes it.
pub fn check(command: &Command) -> Result<(), Unfit> {
    match &command.program {
        Program::Argv { words } => {
            if words.first().is_none_or(Vec::is_empty) {
                return Err(Unfit::Empty);
            }
            if words.iter().any(|word| word.contains(&0)) {
                return Err(Unfit::Nul("a word of the command"));
            }
            if words.len() > MOST {
                return Err(Unfit::Many("words"));
            }
        }
        Program::Script { bytes } => {
            if bytes.iter().all(u8::is_ascii_whitespace) {
                return Err(Unfit::Empty);
            }
            if bytes.contains(&0) {
                return Err(Unfit::Nul("the script"));
            }
        }
    }
    let fine = command.cwd.starts_with('/') && command.cwd.split('/').all(|part| part != "..");
    if !fine || command.cwd.len() > 4096 || command.cwd.contains('\0') {
        return Err(Unfit::Cwd(command.cwd.chars().take(60).collect()));
    }
    if let Some(user) = command.user.as_ref().filter(|user| !is_user(user)) {
        return Err(Unfit::User(user.chars().take(60).collect()));
    }
    if command.env.len() > MOST {
        return Err(Unfit::Many("variables"));
    }
    for (at, (name, value)) in command.env.iter().enumerate() {
        let again = command.env.iter().take(at).any(|(other, _)| other == name);
        if again || !is_variable(name) {
            return Err(Unfit::Variable(name.chars().take(60).collect()));
        }
        if value.contains(&0) {
            return Err(Unfit::Nul("a variable"));
        }
    }
    if !(1..=LONGEST_RUN).contains(&command.timeout) {
        return Err(Unfit::Timeout);
    }
    let size = encode(command).len();
    if size > LARGEST { Err(Unfit::Large(size)) } else { Ok(()) }
}

fn is_user(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('-')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// What changes which program a name stands for is not the requester's to set.
fn is_variable(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    begins && letters && name.len() <= 128 && name != "PATH" && !name.starts_with("LD_")
}

/// The command as bytes.
pub fn encode(command: &Command) -> Vec<u8> {
    let mut out = Writer::begun(MARK);
    match &command.program {
        Program::Argv { words } => {
            out.number(0).number(words.len() as u64);
            for word in words {
                out.bytes(word);
            }
        }
        Program::Script { bytes } => {
            out.number(1).bytes(bytes);
        }
    }
    out.maybe(command.stdin.as_deref()).number(command.env.len() as u64);
    for (name, value) in &command.env {
        out.bytes(name.as_bytes()).bytes(value);
    }
    out.bytes(command.cwd.as_bytes()).maybe(command.user.as_deref().map(str::as_bytes));
    out.number(u64::from(command.timeout));
    out.done()
}

/// Reads a command back. Only what [`encode`] writes is taken.
pub fn decode(bytes: &[u8]) -> Result<Command, Damaged> {
    let mut reader = Reader(bytes.strip_prefix(MARK).ok_or(Damaged)?);
    let program = match reader.number()? {
        0 => {
            let count = reader.count()?;
            Program::Argv { words: (0..count).map(|_| reader.bytes()).collect::<Result<_, _>>()? }
        }
        1 => Program::Script { bytes: reader.bytes()? },
        _ => return Err(Damaged),
    };
    let stdin = reader.maybe()?;
    let count = reader.count()?;
    let env = (0..count).map(|_| Ok((reader.text()?, reader.bytes()?))).collect::<Result<_, Damaged>>()?;
    let cwd = reader.text()?;
    let user = reader.maybe()?.map(String::from_utf8).transpose().map_err(|_| Damaged)?;
    let timeout = u32::try_from(reader.number()?).map_err(|_| Damaged)?;
    let command = Command { program, stdin, env, cwd, user, timeout };
    if reader.0.is_empty() && encode(&command) == bytes { Ok(command) } else { Err(Damaged) }
}

struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn number(&mut self) -> Result<u64, Damaged> {
        let (number, rest) = self.0.split_first_chunk::<8>().ok_or(Damaged)?;
        self.0 = rest;
        Ok(u64::from_be_bytes(*number))
    }

    fn count(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= MOST).ok_or(Damaged)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, Damaged> {
        let length = usize::try_from(self.number()?).map_err(|_| Damaged)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        Ok(bytes.to_vec())
    }

    fn text(&mut self) -> Result<String, Damaged> {
        String::from_utf8(self.bytes()?).map_err(|_| Damaged)
    }

    fn maybe(&mut self) -> Result<Option<Vec<u8>>, Damaged> {
        match self.number()? {
            0 => Ok(None),
            1 => self.bytes().map(Some),
            _ => Err(Damaged),
        }
    }
}
