//! The one way out of an agent's container: a Unix socket of its run, behind which the engine passes requests on to the one
//! provider of models that the run's agent speaks to, and adds the key; the tools of the run (`tools.rs`); and the hosts of a list,
//! for steps that have one (`egress.rs`).
//!
//! ```text
//! agent → 127.0.0.1:PORT (the shim) → /dogwatch/gateway/gateway.sock → here → the provider, over TLS
//!                                                                       ├→ /mcp: tools, out of the engine's database
//!                                                                       └→ CONNECT, http://: the hosts of a list
//! ```
//!
//! What comes from inside is hostile. Only the paths of that provider's API are known (`routes.rs`), nothing else is on this
//! socket: no host that no list names, no decision. Credentials from inside are left out, so an agent cannot work on an account of
//! somebody else; the key that is put in (`key.rs`) is taken out of whatever comes back (`redact.rs`). Bodies are passed on as
//! they come, within bounds (`body.rs`).
//!
//! A listener belongs to a run, so it is never guessed who asks. It lies in a directory of the run's that the container sees
//! read-only, and is made again under the same name by the next engine, which the shim waits for.

mod answered;
mod body;
mod disguise;
mod dispatch;
mod egress;
mod key;
mod limit;
mod listen;
mod metered;
mod provider;
mod redact;
mod refusal;
mod relay;
mod resolve;
mod rest;
mod routes;
mod said;
#[cfg(test)]
mod tests;
mod tools;
mod ways;

pub use answered::{Answered, Refused};
pub use egress::{Books, Policy};
pub use provider::GatewayError;
pub(crate) use resolve::Resolve;
pub use rest::Resting;
pub use ways::{ModelUse, Ways};

use crate::config::ModelsAt;
use crate::domain::{ModelApi, RunId};
use crate::knowledge::Knowledge;
use crate::models::{Meter, Prices};
use dispatch::Far;
use egress::WayOut;
use listen::Listening;
use metered::{Meters, ModelWay};
use provider::Provider;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tools::Tools;

/// The port on which the shim listens inside: below those that the system gives out, and no usual one of any server.
pub const PORT: u16 = 3649;

/// Where agents find their models inside of a sandbox.
pub fn address() -> String {
    format!("http://127.0.0.1:{PORT}")
}

/// Where agents find their tools, from where they find their models.
pub fn tools_at(address: &str) -> String {
    format!("{address}{}", tools::PATH)
}

/// The providers that the operator named, and the sockets of the runs that are at work.
#[derive(Debug)]
pub struct Gateway {
    providers: Vec<Arc<Provider>>,
    meters: Meters,
    /// What tools tell of, where there is anything.
    knowledge: Option<Knowledge>,
    open: Mutex<HashMap<RunId, Listening>>,
    /// Where it is recorded what goes out to other hosts.
    books: Option<Books>,
}

impl Gateway {
    /// A gateway to these providers, which writes down what requests take. Nobody is asked for anything yet.
    pub fn new(
        models: &BTreeMap<String, ModelsAt>,
        prices: Prices,
        meter: Arc<dyn Meter>,
    ) -> Result<Self, GatewayError> {
        let providers = models.iter().map(|(name, models)| Provider::new(name, models).map(Arc::new));
        let meters = Meters { prices: Arc::new(prices), meter };
        let mut providers = providers.collect::<Result<Vec<_>, _>>()?;
        providers.sort_by_key(|provider| (provider.api, provider.order));
        Ok(Self { providers, meters, knowledge: None, open: Mutex::default(), books: None })
    }

    /// It also lets runs out to other hosts, where their ways say so, and records that.
    pub fn recording(self, books: Books) -> Self {
        Self { books: Some(books), ..self }
    }

    /// The same with tools for the runs that have any.
    pub fn with_tools(self, knowledge: Knowledge) -> Self {
        Self { knowledge: Some(knowledge), ..self }
    }

    /// Makes sure that there is a provider of this API whose key can be had.
    pub fn check(&self, api: ModelApi) -> Result<(), GatewayError> {
        // One that can be used is enough: the others are asked where it fails.
        let mut faults = self.providers(api)?.into_iter().map(|provider| provider.check());
        let first = faults.next().unwrap_or(Ok(()));
        if first.is_err() && faults.any(|fault| fault.is_ok()) { Ok(()) } else { first }
    }

    /// The same of one provider, by its name.
    pub fn check_named(&self, name: &str) -> Result<(), GatewayError> {
        self.providers.iter().find(|provider| provider.name == name).map_or(Ok(()), |provider| provider.check())
    }

    /// Listens for a run in a directory, where it does not yet, for what its ways allow. Must be called inside a tokio runtime.
    pub fn open(&self, run: RunId, ways: &Ways, dir: &Path) -> Result<(), GatewayError> {
        let models = match &ways.models {
            Some(may) => {
                let providers = self.providers(may.api)?;
                Some(Arc::new(ModelWay::new(run, providers, may.clone(), self.meters.clone())))
            }
            None => None,
        };
        let books = self.books.clone();
        let out = ways.egress.clone().map(|policy| Ok((policy, books.ok_or(GatewayError::NoRecords)?))).transpose()?;
        let mut open = self.open_now();
        if open.get(&run).is_none_or(|known| !known.is_for(ways, dir)) {
            // The old one goes before the new one comes, or it would take its file away.
            open.remove(&run);
            let out = out.map(|(policy, books)| WayOut::new(run, policy, books));
            let tools = self.knowledge.as_ref().filter(|_| !ways.tools.is_empty());
            let tools = tools.map(|knowledge| Tools::new(run, ways.tools.clone(), knowledge.clone()));
            open.insert(run, Listening::begin(ways, Far { run, models, out, tools }, dir)?);
        }
        Ok(())
    }

    /// How the last request of a run was answered, while it is listened for.
    pub fn answered(&self, run: RunId) -> Option<Answered> {
        self.open_now().get(&run).and_then(Listening::answered)
    }

    /// Cuts what a run has under way to models.
    pub fn cut(&self, run: RunId) {
        if let Some(listening) = self.open_now().get(&run) {
            listening.cut();
        }
    }

    /// Ends the listening for a run, with all that is under way.
    pub fn close(&self, run: RunId) {
        self.open_now().remove(&run);
    }

    /// Every provider, in the order in which they are asked, with what failed there last.
    pub fn providers_seen(&self) -> Vec<(String, ModelApi, Option<Resting>)> {
        self.providers.iter().map(|one| (one.name.clone(), one.api, one.rest.seen())).collect()
    }

    /// The providers of an API, at least one, in their order.
    fn providers(&self, api: ModelApi) -> Result<Vec<Arc<Provider>>, GatewayError> {
        let found: Vec<_> = self.providers.iter().filter(|provider| provider.api == api).cloned().collect();
        if found.is_empty() { Err(GatewayError::None { api: api.name() }) } else { Ok(found) }
    }

    fn open_now(&self) -> MutexGuard<'_, HashMap<RunId, Listening>> {
        // Every change under this lock is a single one, so a panic cannot leave it half done.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
