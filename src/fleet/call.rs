//! One call of one of our texts on an asset: what is called there, and under which name. A certificate is made for one call and
//! forces this very line, so all of it is known before a line is opened.

use super::carry::Order;
use super::receipt;

/// What the digits of a serial number are taken from: so many of the execution's name.
const SERIAL: usize = 16;

/// A call.
pub(super) struct Call {
    text: &'static str,
    verb: Vec<String>,
    /// What the asset's own log calls it.
    pub title: String,
    /// The beginning of the execution's name as a number; 0 where nothing is executed.
    pub serial: u64,
    /// Whether it only asks what the asset is, its clock among that: a certificate for it is good also where the clock is off.
    pub asks_clock: bool,
}

impl Call {
    /// Asks an asset what it is.
    pub(super) fn look(base: &str, asset: &str) -> Self {
        let verb = vec!["look".to_owned(), base.to_owned()];
        let title = format!("dogwatch look at {asset}");
        Self { text: receipt::text(), verb, title, serial: 0, asks_clock: true }
    }

    /// Asks it how it is.
    pub(super) fn observe(text: &'static str, asset: &str) -> Self {
        let title = format!("dogwatch observe {asset}");
        Self { text, verb: Vec::new(), title, serial: 0, asks_clock: false }
    }

    /// Does something about one command: a verb of the receipt's text, with what follows the command's name.
    pub(super) fn about(order: &Order, verb: &str, base: &str, rest: &[&str]) -> Self {
        let name = order.execution.as_str();
        let words = [verb, base, name].into_iter().chain(rest.iter().copied()).map(str::to_owned).collect();
        let digits = name.get(..SERIAL).unwrap_or_default();
        Self {
            text: receipt::text(),
            verb: words,
            title: format!("dogwatch {verb} {name} approved as {}", order.digest),
            // A name is made of such digits.
            serial: u64::from_str_radix(digits, 16).unwrap_or_default(),
            asks_clock: false,
        }
    }

    /// The words of it.
    pub(super) fn words(&self) -> Vec<String> {
        receipt::words(self.text, &self.verb)
    }

    /// The same as one line for the shell that a host gives to whoever logs in. It consists of our own text, digits and paths only.
    pub(super) fn line(&self) -> String {
        format!("exec {}", shell_words::join(self.words()))
    }
}
