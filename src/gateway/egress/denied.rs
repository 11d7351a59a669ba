//! Why something does not go out, in words for whoever asked and for the record.

use super::super::body::{self, Answer};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

/// Why a request goes no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Denied {
    /// No host in the one spelling that is taken.
    Spelling,
    /// On no list.
    Unlisted,
    /// Another port than those that are open.
    Port,
    /// Neither a tunnel nor reading by HTTP.
    Method,
    /// The header `Host` says something else than the request's own line.
    OtherHost,
    /// The name has no address.
    NoAddress,
    /// Its address is none of the public internet.
    PrivateAddress,
    /// Nobody answers there.
    Unreachable,
    /// What came first in a tunnel was no greeting of TLS.
    NotTls,
    /// The greeting names no host.
    NoName,
    /// It names another host than the tunnel is to.
    OtherName,
    /// The run has sent or fetched what it may.
    Spent,
    /// Too many at once.
    Crowded,
    /// It could not be recorded, and what is not recorded does not happen.
    Unrecorded,
    /// It said nothing for too long, or took too long as a whole.
    TooSlow,
}

impl Denied {
    /// The word that is recorded.
    pub fn word(self) -> &'static str {
        match self {
            Self::Spelling => "not a host name",
            Self::Unlisted => "not on the list",
            Self::Port => "port not open",
            Self::Method => "not a tunnel, GET or HEAD",
            Self::OtherHost => "header names another host",
            Self::NoAddress => "no address",
            Self::PrivateAddress => "private address",
            Self::Unreachable => "unreachable",
            Self::NotTls => "not TLS",
            Self::NoName => "TLS names no host",
            Self::OtherName => "TLS names another host",
            Self::Spent => "budget spent",
            Self::Crowded => "too many at once",
            Self::Unrecorded => "not recorded",
            Self::TooSlow => "too slow",
        }
    }

    /// What whoever asked is told.
    fn sentence(self) -> &'static str {
        match self {
            Self::Spelling => {
                "write the host as a plain name such as pypi.org: no address, no user, no dot at the end, no other letters"
            }
            Self::Unlisted => "this host is on no list of this step's; its operator decides about that in config.toml",
            Self::Port => "only https on port 443 and http on port 80 lead out, and the port that the operator names",
            Self::Method => "https goes by CONNECT; http is for GET and HEAD without a body",
            Self::OtherHost => "the header Host must name the host of the request's line, once",
            Self::NoAddress => "the name cannot be looked up",
            Self::PrivateAddress => "the name leads to an address that is not of the public internet",
            Self::Unreachable => "nobody answers there",
            Self::NotTls => "a tunnel must begin with TLS",
            Self::NoName => "the TLS greeting must name its host (SNI)",
            Self::OtherName => "the TLS greeting must name the host that the tunnel is to",
            Self::Spent => {
                "this run has sent or fetched all that it may; its operator decides about that in config.toml"
            }
            Self::Crowded => "too many connections at once: try again",
            Self::Unrecorded => "the engine cannot record it now, so it is not done: try again",
            Self::TooSlow => "it took too long",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Spelling | Self::Method | Self::OtherHost => StatusCode::BAD_REQUEST,
            Self::NoAddress | Self::Unreachable => StatusCode::BAD_GATEWAY,
            Self::Crowded | Self::Unrecorded => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// The status line's words, since many programs show no more of a proxy's answer.
    fn phrase(self) -> ReasonPhrase {
        match self {
            Self::Spelling => ReasonPhrase::from_static(b"dogwatch: not a host name"),
            Self::Unlisted => ReasonPhrase::from_static(b"dogwatch: host not on the list"),
            Self::Port => ReasonPhrase::from_static(b"dogwatch: port not open"),
            Self::PrivateAddress => ReasonPhrase::from_static(b"dogwatch: private address"),
            Self::NoAddress => ReasonPhrase::from_static(b"dogwatch: name has no address"),
            Self::Spent => ReasonPhrase::from_static(b"dogwatch: budget spent"),
            _ => ReasonPhrase::from_static(b"dogwatch: refused"),
        }
    }

    /// The whole answer.
    pub fn answer(self) -> Response<Answer> {
        let mut answer = Response::new(body::whole(format!("dogwatch: {}\n", self.sentence())));
        *answer.status_mut() = self.status();
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        answer.extensions_mut().insert(self.phrase());
        answer
    }
}
