//! How well the loops do without people: over which days, and how far down the screen is scrolled.

use super::{App, Asked, Loaded};
use crate::domain::LoopMetrics;
use crate::protocol::Request;

/// The spans of days that there are to choose from.
const SPANS: [u32; 4] = [7, 30, 90, 365];

/// What is held of it.
#[derive(Debug)]
pub struct MetricsPage {
    span: usize,
    /// The numbers, by how many days they are about.
    pub all: Loaded<u32, Box<LoopMetrics>>,
    /// The first row of plots that is shown.
    pub top: usize,
}

impl Default for MetricsPage {
    fn default() -> Self {
        Self { span: 1, all: Loaded::default(), top: 0 }
    }
}

impl MetricsPage {
    /// How many days are counted.
    pub fn days(&self) -> u32 {
        SPANS.get(self.span).copied().unwrap_or(30)
    }

    /// More days, or fewer.
    pub(super) fn turn(&mut self, more: bool) {
        self.span = if more { (self.span + 1).min(SPANS.len() - 1) } else { self.span.saturating_sub(1) };
    }

    /// Scrolls by so many rows of plots. The view knows where the end is.
    pub(super) fn move_by(&mut self, by: i64) {
        let to = i64::try_from(self.top).unwrap_or(0).saturating_add(by).max(0);
        self.top = usize::try_from(to).unwrap_or(usize::MAX);
    }
}

impl App {
    /// Asks for the numbers where they are not there.
    pub(super) fn want_metrics(&mut self) {
        let days = self.metrics.days();
        if self.metrics.all.want(&days) {
            self.ask(Asked::Metrics(days), Request::Metrics { days });
        }
    }
}
