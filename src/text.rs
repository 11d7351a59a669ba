//! The only door to a terminal. `SafeText` is the one type by which bytes from outside reach a screen, and `Out` is the
//! one printer. Two roads make it: `exact` (an injective escaping, for everything a person decides on) and `log` (program
//! output: colours kept on a small palette, everything else made visible). Our own words come from source code by `safe!`.
//!
//! Nothing here strips: stripping makes two different texts look the same, which is the attack. It escapes.

mod canvas;
mod chars;
pub mod debug;
pub mod exact;
mod layout;
mod literal;
pub mod log;
pub mod out;
mod report;
mod safe;
pub mod screen;
mod style;
pub mod table;
mod to_safe;

pub use canvas::{Canvas, Look};
pub use exact::DecodeError;
pub use literal::Pattern;
pub use log::{LogParser, Span, StyledLine};
pub use out::{Flow, Out, OutError, StandardOut};
pub use report::{install_panic_hook, report, report_text};
pub use safe::SafeText;
pub use style::{Colour, Style};
pub use table::{Align, Table, left, right};
pub use to_safe::ToSafe;
