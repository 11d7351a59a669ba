//! A pull's progress in words: layers done and bytes had, told at most twice a second.

use bollard::models::CreateImageInfo;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two messages.
const PAUSE: Duration = Duration::from_millis(500);
/// More layers than any image has.
const LAYERS_MAX: usize = 1024;
/// Bytes of a megabyte, as registries count.
const MEGABYTE: i64 = 1_000_000;

/// One layer.
#[derive(Debug, Clone, Copy, Default)]
struct Layer {
    had: i64,
    size: i64,
    done: bool,
}

/// The layers of one pull.
#[derive(Debug, Default)]
pub(super) struct Progress {
    layers: BTreeMap<String, Layer>,
    told: Option<Instant>,
    last: String,
}

impl Progress {
    /// Takes one message of Docker; gives a text when there is something new to tell.
    pub(super) fn take(&mut self, info: &CreateImageInfo) -> Option<String> {
        let id = info.id.as_deref()?;
        let status = info.status.as_deref()?;
        let known = self.layers.contains_key(id);
        let starts = matches!(status, "Pulling fs layer" | "Waiting" | "Already exists" | "Downloading");
        if !known && (!starts || self.layers.len() >= LAYERS_MAX) {
            return None;
        }
        let layer = self.layers.entry(id.chars().take(64).collect()).or_default();
        match status {
            "Downloading" => {
                let detail = info.progress_detail.clone().unwrap_or_default();
                layer.had = detail.current.unwrap_or(layer.had).max(0);
                layer.size = detail.total.unwrap_or(layer.size).max(0);
            }
            "Download complete" | "Verifying Checksum" | "Extracting" => layer.had = layer.size,
            "Pull complete" | "Already exists" => {
                layer.had = layer.size;
                layer.done = true;
            }
            _ => {}
        }
        self.tell()
    }

    fn tell(&mut self) -> Option<String> {
        if self.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return None;
        }
        let text = self.words();
        if text == self.last {
            return None;
        }
        self.told = Some(Instant::now());
        self.last.clone_from(&text);
        Some(text)
    }

    fn words(&self) -> String {
        let done = self.layers.values().filter(|layer| layer.done).count();
        let sum = |of: fn(&Layer) -> i64| self.layers.values().map(of).fold(0, i64::saturating_add) / MEGABYTE;
        let (had, size) = (sum(|layer| layer.had), sum(|layer| layer.size));
        format!("{done} of {} layers, {had} of {size} MB", self.layers.len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use bollard::models::ProgressDetail;

    fn message(id: &str, status: &str, had: i64, size: i64) -> CreateImageInfo {
        CreateImageInfo {
            id: Some(id.into()),
            status: Some(status.into()),
            progress_detail: Some(ProgressDetail { current: Some(had), total: Some(size) }),
            ..CreateImageInfo::default()
        }
    }

    #[test]
    fn layers_and_bytes_are_summed() {
        let mut progress = Progress::default();
        assert_eq!(progress.take(&message("latest", "Pulling from library/rust", 0, 0)), None);
        assert_eq!(progress.take(&message("a", "Pulling fs layer", 0, 0)).unwrap(), "0 of 1 layers, 0 of 0 MB");
        progress.take(&message("b", "Already exists", 0, 0));
        progress.take(&message("a", "Downloading", 5_000_000, 20_000_000));
        assert_eq!(progress.words(), "1 of 2 layers, 5 of 20 MB");
        progress.take(&message("a", "Pull complete", 0, 0));
        assert_eq!(progress.words(), "2 of 2 layers, 20 of 20 MB");
    }

    #[test]
    fn hostile_numbers_do_no_harm() {
        let mut progress = Progress::default();
        for id in ["a", "b"] {
            progress.take(&message(id, "Downloading", i64::MAX, i64::MAX));
        }
        progress.take(&message("c", "Downloading", -5, i64::MIN));
        assert!(progress.words().starts_with("0 of 3 layers"));
    }
}
