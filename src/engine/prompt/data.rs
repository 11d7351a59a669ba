//! Which data sets there are to read.

use crate::domain::DATASETS_INSIDE;
use std::collections::BTreeSet;
use std::fmt::Write as _;

pub(super) fn section(text: &mut String, names: &BTreeSet<String>) {
    if names.is_empty() {
        return;
    }
    let places: Vec<String> = names.iter().map(|name| format!("`{DATASETS_INSIDE}/{name}`")).collect();
    let _infallible = write!(
        text,
        "# Data\n\nRead-only, for you and for the suites: {}. Do not copy them into the repository.\n\n",
        places.join(", ")
    );
}
