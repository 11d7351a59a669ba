//! The way of one run to its models: what it may ask, how much of its budget is left, and the account of each request, which
//! is on disk before the request is sent.

use super::answered::{Answers, Refused};
use super::body::MOST_ASKED;
use super::provider::Provider;
use super::refusal::Refusal;
use super::said::Said;
use super::ways::ModelUse;
use crate::domain::{ModelApi, RunId, Tokens};
use crate::models::{Ask, Asked, Beyond, Held, Meter, MeterError, Price, Prices, Room, Tally, Took};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};

/// What bodies that wait for their end are counted in, in bytes.
pub(super) const PORTION: usize = 1024;

/// Tokens that a quick model writes in a second. Not all that it writes is sent: it thinks, too.
const TOKENS_A_SECOND: u64 = 100;

/// What a gateway meters with.
#[derive(Debug, Clone)]
pub(super) struct Meters {
    pub prices: Arc<Prices>,
    pub meter: Arc<dyn Meter>,
}

/// A run's way to its models.
#[derive(Debug)]
pub(super) struct ModelWay {
    pub run: RunId,
    pub api: ModelApi,
    /// In the order in which they are asked.
    providers: Vec<Arc<Provider>>,
    pub answers: Answers,
    /// What the engine's log may tell of it.
    pub said: Said,
    /// Portions of memory for bodies that are not whole yet.
    pub bodies: Semaphore,
    /// Rings when all that is under way is to be cut.
    pub cut: watch::Sender<()>,
    may: ModelUse,
    room: Arc<Room>,
    meters: Meters,
}

impl ModelWay {
    pub fn new(run: RunId, providers: Vec<Arc<Provider>>, may: ModelUse, meters: Meters) -> Self {
        let room = Room::new(may.left);
        let bodies = Semaphore::new(MOST_ASKED.div_ceil(PORTION));
        let (api, cut) = (may.api, watch::Sender::default());
        Self { run, api, providers, answers: Answers::default(), said: Said::new(run), bodies, cut, may, room, meters }
    }

    /// The providers that are asked, one after the other: without those that failed of late, unless all did.
    pub fn in_turn(&self) -> Vec<Arc<Provider>> {
        let fine: Vec<_> = self.providers.iter().filter(|one| one.rest.left().is_zero()).cloned().collect();
        if fine.is_empty() {
            self.providers.iter().min_by_key(|one| one.rest.left()).cloned().into_iter().collect()
        } else {
            fine
        }
    }

    /// What a request asks of a model that the run may ask. Nothing where no answer of a model is asked for.
    pub fn read(&self, path: &str, body: &[u8]) -> Result<Option<Ask>, Refusal> {
        let read = Ask::read(self.api, path, body);
        let Some(ask) = read.map_err(|reason| self.say(Refusal::Unreadable, &reason))? else { return Ok(None) };
        if !self.may.admits(&ask.model) {
            self.answers.refuse(Refused::Model(ask.model.clone()));
            return Err(self.say(Refusal::OtherModel, &ask.model));
        }
        if ask.later {
            return Err(self.say(Refusal::Later, &ask.model));
        }
        if let Some(beyond) = Beyond::model(self.api, &ask.model, &self.may.provider_tools) {
            return Err(self.say(Refusal::Beyond(beyond), &ask.model));
        }
        Ok(Some(ask))
    }

    /// Makes sure that a request asks its provider for nothing but what the role allows.
    pub fn within(&self, body: &[u8]) -> Result<(), Refusal> {
        let found = Beyond::find(self.api, body, &self.may.provider_tools);
        match found.map_err(|reason| self.say(Refusal::Unreadable, &reason))? {
            None => Ok(()),
            Some(beyond) => Err(self.say(Refusal::Beyond(beyond), beyond.place)),
        }
    }

    /// Begins the account of a request to a provider, after others where they hold the rest of the budget.
    pub async fn begin(&self, provider: &Provider, ask: &Ask) -> Result<Metered, Refusal> {
        let model = provider.name_of(&ask.model).to_owned();
        let given_away = (self.api == ModelApi::Ollama).then(Price::default);
        let price = self.meters.prices.of(&model).or(given_away);
        if price.is_none() && self.room.caps().microusd.is_some() {
            self.answers.refuse(Refused::Price(model.clone()));
            return Err(self.say(Refusal::NoPrice, &model));
        }
        let cost = price.map_or(0, |price| price.cost(ask.likely));
        let held = self.room.hold(ask.likely, cost).await.map_err(|_used_up| {
            self.answers.refuse(Refused::UsedUp);
            self.say(Refusal::UsedUp, &model)
        })?;
        let asked = Asked {
            run: self.run,
            iteration: self.may.iteration,
            provider: provider.name.clone(),
            model,
            likely: (ask.likely, cost),
        };
        let meter = Arc::clone(&self.meters.meter);
        let request = Arc::clone(&meter).begin(asked).await;
        let request = request.map_err(|error| self.not_begun(&error))?;
        let begun = Instant::now();
        let account = Account { meter, request, held, price, likely: ask.likely, begun, status: 0, tally: None };
        Ok(Metered(Some(account)))
    }

    /// Whether anything may be asked now.
    pub async fn may(&self) -> Result<(), Refusal> {
        Arc::clone(&self.meters.meter).may(self.run).await.map_err(|error| self.not_begun(&error))
    }

    /// That a request was cut since a person stopped models.
    pub fn stopped(&self) -> Refusal {
        self.not_begun(&MeterError::Stopped)
    }

    fn not_begun(&self, error: &MeterError) -> Refusal {
        let refusal = match error {
            MeterError::Stopped => {
                self.answers.refuse(Refused::Stopped);
                Refusal::Stopped
            }
            MeterError::Unrecorded(_) => Refusal::NoAccount,
        };
        self.say(refusal, &error.to_string())
    }

    /// Tells the operator in the engine's log what is none of the agent's business.
    fn say(&self, refusal: Refusal, reason: &str) -> Refusal {
        // The agent writes the model's name.
        let reason: String = reason.chars().take(200).collect();
        if self.said.may() {
            tracing::warn!(run = %self.run, api = self.api.name(), ?refusal, reason, "an agent's request goes no further");
        }
        refusal
    }
}

/// The account of one request. One that is dropped before its end is settled as far as it came.
pub(super) struct Metered(Option<Account>);

struct Account {
    meter: Arc<dyn Meter>,
    request: i64,
    held: Held,
    price: Option<Price>,
    likely: Tokens,
    begun: Instant,
    status: u16,
    tally: Option<Tally>,
}

impl fmt::Debug for Metered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metered").field(&self.0.as_ref().map(|account| account.request)).finish()
    }
}

impl Metered {
    /// The answer begins. One that is no success costs nothing.
    pub fn answered(&mut self, status: u16, tally: Tally) {
        if let Some(account) = &mut self.0 {
            account.status = status;
            account.tally = (200..300).contains(&status).then_some(tally);
        }
    }

    /// The next bytes of the answer.
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(tally) = self.0.as_mut().and_then(|account| account.tally.as_mut()) {
            tally.push(bytes);
        }
    }

    /// There is no answer. It costs nothing where it was `unsent`, else what was sent.
    pub async fn failed(mut self, unsent: bool) {
        if let Some(mut account) = self.0.take() {
            account.likely.output = 0;
            let took = if unsent { account.nothing() } else { account.reckoned(0) };
            account.settle(took).await;
        }
    }

    /// The answer is over.
    pub async fn end(&mut self) {
        if let Some(mut account) = self.0.take() {
            let took = account.took(true);
            account.settle(took).await;
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        let Some(mut account) = self.0.take() else { return };
        // Without a runtime the engine is ending; the next one settles what is open.
        if let Ok(runtime) = Handle::try_current() {
            // Whoever leaves before the answer begins does not stop the model by that.
            let unseen = account.unseen();
            let took = if account.status == 0 { account.reckoned(unseen) } else { account.took(false) };
            runtime.spawn(account.settle(took));
        }
    }
}

impl Account {
    /// What the answer took; `whole` where the provider ended it.
    fn took(&mut self, whole: bool) -> Took {
        match self.tally.take() {
            Some(tally) => {
                let unseen = if whole { 0 } else { self.unseen() };
                let (tokens, said) = tally.finish(self.likely, whole, unseen);
                self.of(tokens, said)
            }
            None => self.nothing(),
        }
    }

    fn nothing(&self) -> Took {
        self.of(Tokens::default(), true)
    }

    /// What was sent, and so much of an answer of which nothing is known.
    fn reckoned(&self, output: u64) -> Took {
        self.of(Tokens { output: output.min(self.likely.output), ..self.likely }, false)
    }

    /// Tokens that a model can have written by now where nobody sees them.
    fn unseen(&self) -> u64 {
        let milliseconds = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        milliseconds.saturating_mul(TOKENS_A_SECOND) / 1_000
    }

    fn of(&self, tokens: Tokens, said: bool) -> Took {
        Took { status: self.status, tokens, microusd: self.price.map_or(0, |price| price.cost(tokens)), said }
    }

    async fn settle(mut self, took: Took) {
        self.held.took(took.tokens, took.microusd);
        let (meter, request) = (self.meter, self.request);
        // Others may go on with what is left, whether or not the disk takes this.
        drop(self.held);
        if let Err(error) = meter.settle(request, took).await {
            tracing::error!(request, "{error}; it counts with what it might have taken");
        }
    }
}
