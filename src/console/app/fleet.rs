//! The live systems: which are listed, and what is known of the selected one.

use super::{App, Asked, List, Loaded};
use crate::domain::AssetId;
use crate::protocol::{AssetView, Request};
use crate::words;

/// What is held of the fleet.
#[derive(Debug, Default)]
pub struct FleetPage {
    /// The assets, by name, as lists have them.
    pub all: Loaded<(), Vec<AssetView>>,
    /// The selected one.
    pub at: Option<AssetId>,
    /// All that is known of it.
    pub known: Loaded<AssetId, Box<AssetView>>,
}

impl FleetPage {
    /// All may have changed.
    pub fn outdate(&mut self) {
        self.all.outdate();
        self.known.outdate();
    }
}

impl App {
    /// The assets that are listed, by name.
    pub fn listed_assets(&self) -> Vec<&AssetView> {
        let all = self.fleet.all.ok().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(|view| self.lists_asset(view)).collect()
    }

    /// The selected one.
    pub fn selected_asset(&self) -> Option<&AssetView> {
        self.listed_assets().into_iter().find(|view| Some(view.asset.id) == self.fleet.at)
    }

    /// Keeps an asset selected that is listed.
    pub(super) fn keep_asset(&mut self) {
        let listed = self.listed_assets();
        if !listed.iter().any(|view| Some(view.asset.id) == self.fleet.at) {
            self.fleet.at = listed.first().map(|view| view.asset.id);
        }
    }

    /// Asks for the fleet and for the selected asset where they are not there.
    pub(super) fn want_fleet(&mut self) {
        if self.fleet.all.want(&()) {
            self.ask(Asked::Assets, Request::Assets);
        }
        let selected = self.selected_asset().map(|view| (view.asset.id, view.asset.spec.name.to_string()));
        if let Some((id, name)) = selected
            && self.fleet.known.want(&id)
        {
            self.ask(Asked::Asset(id), Request::Asset { name });
        }
    }

    fn lists_asset(&self, view: &AssetView) -> bool {
        let spec = &view.asset.spec;
        let environment = spec.environment.as_ref().map_or("", |word| word.as_str());
        let critical = if spec.critical { "critical" } else { "" };
        let state = words::asset::state(view.seen.as_ref()).plain();
        let (place, labels) = (spec.reach.place(), spec.labels.iter().map(|(word, value)| format!("{word}={value}")));
        let labels: Vec<String> = labels.collect();
        let texts = [spec.name.as_str(), spec.reach.name(), &place, environment, critical, &state];
        let texts: Vec<&str> = texts.into_iter().chain(labels.iter().map(String::as_str)).collect();
        self.filters.passes(List::Assets, &texts)
    }
}
