//! A browser that opens the pages of the running application and tells what it saw, as lines of JSON. Runs inside the sandbox,
//! as this executable, in the network of the services; the browser itself comes with the image.
//!
//! The usual clients for browsers speak to a port. That port would lie in the network that the application is in, too, so
//! that what is looked at could say what was seen. Hence the pipes, which no crate offers without one.

mod event;
mod pipe;
mod visit;
mod watch;

use crate::evidence::frontend::{Opened, Seen};
use crate::text::Out;
use pipe::Pipe;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;

/// Where the browser keeps its own files.
const PROFILE: &str = "/tmp/dogwatch-browser";

/// What is to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// The addresses of the pages.
    pub pages: Vec<String>,
    /// Where pictures go, one a page.
    pub pictures: PathBuf,
}

impl Orders {
    /// The arguments that `main` understands.
    pub fn arguments(&self) -> Vec<String> {
        // It fails for map keys that are not strings alone, and there are none.
        vec!["browse".to_owned(), serde_json::to_string(self).unwrap_or_default()]
    }
}

/// Opens the pages. 0 where every page was opened, whatever was seen there; 1 where one was not; 2 where there is no browser.
pub fn main(args: &[OsString]) -> i32 {
    let orders = args.first().and_then(|text| serde_json::from_str::<Orders>(text.to_str()?).ok());
    let Some(orders) = orders else { return 2 };
    let mut out = Out::stdout();
    let mut code = 0;
    // One browser for each page: whatever a page does to its browser is no matter of the next one.
    for (number, url) in orders.pages.iter().enumerate() {
        let picture = orders.pictures.join(format!("page-{number}.png"));
        let seen =
            Pipe::start(&format!("{PROFILE}-{number}")).and_then(|mut pipe| visit::visit(&mut pipe, url, &picture));
        let seen = seen.unwrap_or_else(|fault| {
            code = 1;
            let at = Some(crate::shim::now_ms());
            vec![Seen::Page(Opened { at, url: url.clone(), error: Some(fault.to_string()) })]
        });
        for one in &seen {
            if out.json(one).is_err() {
                return 1;
            }
        }
    }
    code
}
