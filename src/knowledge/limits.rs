//! How much agents may leave behind and read. All of it is counted from rows, so that no restart gives anything back.

/// Uses of tools in a run.
pub(super) const USES: u64 = 2_000;
/// Notes of a run.
pub(super) const NOTES: u64 = 100;
/// Bytes in the notes of a run.
pub(super) const NOTE_BYTES: u64 = 128 * 1024;
/// What an agent says of criteria in a run.
pub(super) const REPORTS: usize = 300;
/// Questions of an agent that may wait at once.
pub(super) const WAITING: u32 = 3;
/// Questions of an agent in an hour.
pub(super) const HOURLY: u32 = 10;
/// Questions of an agent in a run.
pub(super) const QUESTIONS: u32 = 50;
/// An hour.
pub(super) const HOUR: i64 = 3_600_000;
/// Rows, where an agent does not say how many.
pub(super) const ROWS: u32 = 10;
/// Bytes of one text in a list.
pub(super) const TEXT: usize = 600;
/// Bytes of one text where one thing is told of.
pub(super) const LONG_TEXT: usize = 4_000;
/// Bytes of an argument list that are kept.
pub(super) const ASKED: usize = 1_000;
/// Bytes of an answer that are kept.
pub(super) const ANSWER: usize = 300;
/// Test runs of an iteration.
pub(super) const TESTS: u64 = 20;
/// Test runs that are not over, the one at work among them.
pub(super) const TESTS_OPEN: usize = 4;
/// Tasks in a list.
pub(super) const LISTED: u32 = 50;
/// Programs in containers of an iteration, and those that are not over.
pub(super) const PROGRAMS: u64 = 50;
pub(super) const PROGRAMS_OPEN: usize = 2;
/// Services that are started in an iteration, and those that are not over.
pub(super) const SERVICES: u64 = 20;
pub(super) const SERVICES_OPEN: usize = 4;
/// Images of an iteration, and those that are not over.
pub(super) const IMAGES: u64 = 5;
pub(super) const IMAGES_OPEN: usize = 1;
/// Tasks that are looked through for containers: more than a turn can have.
pub(super) const CONTAINERS_LISTED: u32 = 200;
