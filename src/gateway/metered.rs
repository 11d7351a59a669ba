//! The way of one run to its models: what it may ask, how much of its budget is left, and the account of each request, which
//! is on disk before the request is sent.

use super::answered::{Answers, Refused};
use super::body::MOST_ASKED;
use super::provider::Provider;
use super::refusal::Refusal;
use super::ways::ModelUse;
use crate::domain::{RunId, Tokens};
use crate::models::{Ask, Asked, Held, Meter, Price, Prices, Room, Tally, Took};
use std::fmt;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// What bodies that wait for their end are counted in, in bytes.
pub(super) const PORTION: usize = 1024;

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
    pub provider: Arc<Provider>,
    pub answers: Answers,
    /// Portions of memory for bodies that are not whole yet.
    pub bodies: Semaphore,
    may: ModelUse,
    room: Arc<Room>,
    meters: Meters,
}

impl ModelWay {
    pub fn new(run: RunId, provider: Arc<Provider>, may: ModelUse, meters: Meters) -> Self {
        let room = Room::new(may.left);
        let bodies = Semaphore::new(MOST_ASKED.div_ceil(PORTION));
        Self { run, provider, answers: Answers::default(), bodies, may, room, meters }
    }

    /// Admits a request by its body, after others where they hold the rest of the budget. Nothing to account for where no
    /// answer of a model is asked for.
    pub async fn admit(&self, path: &str, body: &[u8]) -> Result<Option<Metered>, Refusal> {
        let read = Ask::read(self.provider.api, path, body);
        let Some(ask) = read.map_err(|reason| self.say(Refusal::Unreadable, &reason))? else { return Ok(None) };
        if !self.may.admits(&ask.model) {
            self.answers.refuse(Refused::Model(ask.model.clone()));
            return Err(self.say(Refusal::OtherModel, &ask.model));
        }
        let price = self.meters.prices.of(&ask.model);
        if price.is_none() && self.room.caps().microusd.is_some() {
            self.answers.refuse(Refused::Price(ask.model.clone()));
            return Err(self.say(Refusal::NoPrice, &ask.model));
        }
        let cost = price.map_or(0, |price| price.cost(ask.likely));
        let held = self.room.hold(ask.likely, cost).await.map_err(|_used_up| {
            self.answers.refuse(Refused::UsedUp);
            self.say(Refusal::UsedUp, &ask.model)
        })?;
        let asked = Asked {
            run: self.run,
            iteration: self.may.iteration,
            provider: self.provider.name.clone(),
            model: ask.model,
            likely: (ask.likely, cost),
        };
        let meter = Arc::clone(&self.meters.meter);
        let request = Arc::clone(&meter).begin(asked).await;
        let request = request.map_err(|error| self.say(Refusal::NoAccount, &error.to_string()))?;
        let account = Account { meter, request, held, price, likely: ask.likely, status: 0, tally: None };
        Ok(Some(Metered(Some(account))))
    }

    /// Tells the operator in the engine's log what is none of the agent's business.
    fn say(&self, refusal: Refusal, reason: &str) -> Refusal {
        // The agent writes the model's name.
        let reason: String = reason.chars().take(200).collect();
        tracing::warn!(run = %self.run, provider = self.provider.name, ?refusal, reason, "an agent's request goes no further");
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
            let took = if unsent { account.nothing() } else { account.reckoned() };
            account.settle(took).await;
        }
    }

    /// The answer is over.
    pub async fn end(&mut self) {
        if let Some(mut account) = self.0.take() {
            let took = account.took();
            account.settle(took).await;
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        let Some(mut account) = self.0.take() else { return };
        // Without a runtime the engine is ending; the next one settles what is open.
        if let Ok(runtime) = Handle::try_current() {
            let took = if account.status == 0 { account.reckoned() } else { account.took() };
            runtime.spawn(account.settle(took));
        }
    }
}

impl Account {
    /// What the answer took.
    fn took(&mut self) -> Took {
        match self.tally.take() {
            Some(tally) => {
                let (tokens, said) = tally.finish(self.likely);
                self.of(tokens, said)
            }
            None => self.nothing(),
        }
    }

    fn nothing(&self) -> Took {
        self.of(Tokens::default(), true)
    }

    /// What was sent, where nothing is known of an answer.
    fn reckoned(&self) -> Took {
        self.of(Tokens { output: 0, ..self.likely }, false)
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
