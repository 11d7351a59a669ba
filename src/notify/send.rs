//! How a message goes by each kind of way.

use super::{Message, http, mail, seconds};
use crate::audit::hex;
use crate::config::{NotifyBy, is_address, read_secret};
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::Sha256;
use std::path::PathBuf;

/// Why a message did not go through, without anything of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// Sends by one way.
pub struct Sender {
    by: NotifyBy,
    home: PathBuf,
}

impl Sender {
    /// By a way; secrets lie beside the configuration in `home` and are read for each message.
    pub fn new(by: NotifyBy, home: PathBuf) -> Self {
        Self { by, home }
    }

    /// Sends one message. It went through where this says so, and may have gone through otherwise.
    pub async fn send(&self, message: &Message) -> Result<(), Fault> {
        match &self.by {
            NotifyBy::Ntfy { url, token } => {
                let (place, topic) = url.trim_end_matches('/').rsplit_once('/').unwrap_or((url, ""));
                let body =
                    json!({ "topic": topic, "title": message.subject, "message": message.text(), "tags": ["dog"] });
                let mut headers = Vec::new();
                if let Some(name) = token {
                    let token = self.secret(name)?;
                    headers.push((AUTHORIZATION, header(&format!("Bearer {}", token.expose_secret()))?));
                }
                http::post(&format!("{place}/"), body.to_string().into_bytes(), headers).await
            }
            NotifyBy::Slack { secret } => {
                let url = self.secret(secret)?;
                if !is_address(url.expose_secret()) {
                    return Err(Fault(format!("the secret {secret} is no address that begins with https://")));
                }
                let text = escaped(&format!("{}\n{}", message.subject, message.text()));
                let body = json!({ "text": text, "unfurl_links": false, "unfurl_media": false, "mrkdwn": false });
                http::post(url.expose_secret(), body.to_string().into_bytes(), Vec::new()).await
            }
            NotifyBy::Webhook { url, secret } => {
                let key = self.secret(secret)?;
                let body = serde_json::to_vec(message).map_err(|error| Fault(error.to_string()))?;
                let at = seconds().to_string();
                let headers = [
                    ("x-dogwatch-id", message.id.clone()),
                    ("x-dogwatch-timestamp", at.clone()),
                    ("x-dogwatch-signature", signature(key.expose_secret(), &at, &body)?),
                ];
                let headers =
                    headers.into_iter().map(|(name, value)| Ok((HeaderName::from_static(name), header(&value)?)));
                http::post(url, body, headers.collect::<Result<_, Fault>>()?).await
            }
            NotifyBy::Mail { to, from, sendmail } => mail::send(sendmail, to, from.as_deref(), message).await,
        }
    }

    fn secret(&self, name: &str) -> Result<SecretString, Fault> {
        read_secret(&self.home, name).map_err(|error| {
            Fault(format!("the secret {name} cannot be read: {error}; `dogwatch secret set {name}` keeps one"))
        })
    }
}

/// A value that is not shown where requests are.
fn header(text: &str) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Fault("a secret cannot stand in a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What whoever gets it can check: who knows the key, and when.
pub(super) fn signature(key: &str, at: &str, body: &[u8]) -> Result<String, Fault> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|error| Fault(error.to_string()))?;
    mac.update(at.as_bytes());
    mac.update(b".");
    mac.update(body);
    Ok(format!("v1={}", hex(&mac.finalize().into_bytes())))
}

/// Text as Slack shows it: no mention, link or command is made of it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
