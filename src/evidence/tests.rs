//! The readers against what real tools print, and against damage.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_collect, clippy::unnecessary_wraps, reason = "tests are short and read once")]

mod compiler;
mod ending;
mod files;
mod frontend;
mod golden;
mod green;
mod hostile;
mod judging;
mod logs;
mod normal;
mod order;
mod printed;
mod reports;
mod runners;
mod thrown;
