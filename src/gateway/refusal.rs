//! What agents are told when a request goes no further than the engine, in the form in which their provider would say it, so
//! that they make the right ending of it.

use super::body::{self, Answer};
use crate::domain::ModelApi;
use crate::models::Beyond;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::json;
use std::borrow::Cow;

/// Why a request goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No path of the API.
    UnknownPath,
    /// Meant for somebody else.
    OtherHost,
    /// The run has no way to models.
    NoModels,
    /// The body cannot be read, or in more than one way.
    Unreadable,
    /// Its answer is to be made after it is over.
    Later,
    /// It asks the provider for more than an answer of its model.
    Beyond(Beyond),
    /// The provider knows the model by another name, which cannot be put in its place.
    OtherName,
    /// The role may not ask the model.
    OtherModel,
    /// The run has a cap on money, and nobody said what the model costs.
    NoPrice,
    /// The budget is used up.
    UsedUp,
    /// A person has stopped models.
    Stopped,
    /// The engine cannot write down what the request takes.
    NoAccount,
    /// The run has no tools.
    NoTools,
    /// The body is beyond its bound.
    TooLarge,
    /// The engine has no key.
    NoKey,
    /// The provider cannot be reached.
    Unreachable,
    /// It did not answer in time.
    TooLate,
}

impl Refusal {
    pub fn status(self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::OtherHost | Self::NoModels | Self::NoTools | Self::OtherModel | Self::NoPrice | Self::UsedUp => {
                StatusCode::FORBIDDEN
            }
            Self::Unreadable | Self::Later | Self::Beyond(_) | Self::OtherName => StatusCode::BAD_REQUEST,
            Self::NoAccount | Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NoKey => StatusCode::UNAUTHORIZED,
            Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::TooLate => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// What it says.
    fn words(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Beyond(beyond) => return Cow::Owned(beyond_words(beyond)),
            Self::UnknownPath => "dogwatch: this path is not part of the API that this run may use",
            Self::OtherHost => "dogwatch: this way leads to the run's models and to no other host",
            Self::NoModels => "dogwatch: this run has no way to models",
            Self::Unreadable => "dogwatch: the request is no JSON object that names a model once",
            Self::Later => {
                "dogwatch: `background` in the request: nobody would see what an answer takes that is made after its request is over; \
                 leave it out, and stream the answer"
            }
            Self::OtherName => {
                "dogwatch: write the model's name without escapes, since its provider knows it by another one"
            }
            Self::OtherModel => "dogwatch: this run may not ask this model; its operator has the list",
            Self::NoPrice => {
                "dogwatch: this run has a cap on money, and nobody has said what this model costs; its operator can, under [prices]"
            }
            Self::UsedUp => "dogwatch: what this turn may take of models is used up; end your turn now",
            Self::Stopped => {
                "dogwatch: a person has stopped all requests to models; wait and ask again, your work goes on by itself as soon as they are let"
            }
            Self::NoAccount => "dogwatch: the engine cannot write down what this request takes; its log has the reason",
            Self::NoTools => "dogwatch: this run has no tools",
            Self::TooLarge => "dogwatch: the request is larger than 64 MiB",
            Self::NoKey => {
                "dogwatch: the engine cannot read the key of its provider; its operator finds the reason in the engine's log"
            }
            Self::Unreachable => "dogwatch: the provider cannot be reached; the engine's log has the reason",
            Self::TooLate => "dogwatch: the provider did not answer in time",
        })
    }

    /// The error's name in Anthropic's API and in Google's.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownPath => ("not_found_error", "NOT_FOUND"),
            Self::OtherHost | Self::NoModels | Self::NoTools | Self::OtherModel | Self::NoPrice | Self::UsedUp => {
                ("permission_error", "PERMISSION_DENIED")
            }
            Self::Unreadable | Self::Later | Self::Beyond(_) | Self::OtherName => {
                ("invalid_request_error", "INVALID_ARGUMENT")
            }
            Self::TooLarge => ("request_too_large", "INVALID_ARGUMENT"),
            Self::NoKey => ("authentication_error", "UNAUTHENTICATED"),
            Self::Stopped => ("overloaded_error", "UNAVAILABLE"),
            Self::NoAccount | Self::Unreachable => ("api_error", "UNAVAILABLE"),
            Self::TooLate => ("timeout_error", "DEADLINE_EXCEEDED"),
        }
    }

    /// The body, JSON.
    pub fn body(self, api: ModelApi) -> String {
        let (message, (name, status)) = (self.words(), self.names());
        let value = match api {
            ModelApi::Anthropic => json!({"type": "error", "error": {"type": name, "message": message}}),
            ModelApi::Openai => json!({"error": {"type": name, "message": message, "param": null, "code": null}}),
            // Its own paths and those of chat completions write errors differently; clients of both show this.
            ModelApi::Ollama => json!({"error": message}),
            ModelApi::Gemini => {
                json!({"error": {"code": self.status().as_u16(), "message": message, "status": status}})
            }
        };
        value.to_string()
    }
}

/// What is beyond, and who can allow it.
fn beyond_words(Beyond { place, tool }: Beyond) -> String {
    let Some(tool) = tool else {
        return format!(
            "dogwatch: {place} in the request: the provider would run a tool by itself, of a kind that nobody can allow here; leave it \
             out, and offer only tools that you run yourself"
        );
    };
    let name = tool.name();
    format!(
        "dogwatch: {place} in the request: the provider would reach out by itself ({name}), past the hosts that this run may reach; \
         leave it out, or ask the operator for provider-tools = [\"{name}\"] under [roles.NAME] in config.toml"
    )
}

/// A refusal in plain words, for whoever speaks no API of models.
pub(super) fn plain(refusal: Refusal) -> Response<Answer> {
    let mut answer = Response::new(body::whole(format!("{}\n", refusal.words())));
    *answer.status_mut() = refusal.status();
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
