//! Looks into the readers from outside: what they make of a recorded stream, for `dogwatch debug agent`.

use super::adapter::Adapter;
use super::coding::reader;
use super::stream::{Event, Summary, Tokens};
use crate::domain::StepEnd;
use crate::logs::Stream;
use std::io::{self, Read};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Reads a recorded stream of an agent as the engine would, hands on every event, and gives back what it comes to. Without the
/// time at which the recording ended, a limit that counts from there has no reset time.
pub fn debug<E: From<io::Error>>(
    adapter: Adapter,
    input: &mut dyn Read,
    end: &StepEnd,
    emit: &mut dyn FnMut(&Event) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut reader = reader(adapter, Tokens::default());
    let mut piece = vec![0; PIECE];
    loop {
        let mut events = Vec::new();
        match input.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => {
                reader.take(Stream::Stdout, piece.get(..count).unwrap_or_default(), &mut |event| events.push(event));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        events.iter().try_for_each(&mut *emit)?;
    }
    let mut events = Vec::new();
    let summary = reader.close(end, None, &mut |event| events.push(event));
    events.iter().try_for_each(emit)?;
    Ok(summary)
}
