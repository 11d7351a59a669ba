//! The memory of bugs, pure: what an iteration teaches (`learn`), what of a repair is kept (`excerpt`), what of that is quoted to
//! whom (`recall`), and how alike texts are (`likeness`). Only the engine's own tests bear anything out: no model's word, no text
//! of a log.

mod excerpt;
mod learn;
mod likeness;
mod recall;

pub use excerpt::excerpt;
pub use learn::{offered, outcomes};
pub use likeness::follows;
pub use recall::{FINDINGS, JUDGED, MESSAGE, choose, reliable};
