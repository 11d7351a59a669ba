//! `[browser]`: pages of the running application that a browser looks at. It becomes one more suite.

use super::parse::{is_reference, wrong_reference};
use super::services::named;
use super::{Formats, Suite};
use crate::config::command::CommandLine;
use crate::config::reader::{Section, clip};
use crate::config::{rules, schema};
use crate::probe::Address;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The name of the suite.
const NAME: &str = "browser";
/// Where all services are.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "localhost"];
/// Most pages.
const MOST: usize = 20;
/// How long all of them may take where nobody says, in seconds.
const SECONDS: u64 = 300;

/// What a browser is to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browser {
    /// An image to pull; `None` for the project's own.
    pub image: Option<String>,
    /// The addresses of the pages.
    pub pages: Vec<String>,
}

impl Browser {
    /// Where the pictures lie in its tree, as a pattern for reports.
    pub const PICTURES: &'static str = ".dogwatch-pictures/*.png";

    /// The directory of the pictures inside its container.
    pub const PICTURES_INSIDE: &'static str = "/work/.dogwatch-pictures";
}

/// The suite that `[browser]` makes.
pub(super) fn read(top: &Section<'_, '_>, suites: &[Suite]) -> Option<Suite> {
    let section = &top.table("browser", schema::BROWSER)?;
    if suites.iter().any(|suite| suite.name == NAME) {
        section.note(
            section.at(),
            format!("a [[suite]] is called \"{NAME}\", as what [browser] makes: give it another name"),
        );
    }
    let image = section.string("image");
    if let Some(text) = image.as_ref().filter(|text| !is_reference(&text.value)) {
        section.note(text.at, wrong_reference("image", &text.value));
    }
    for required in ["url", "services"] {
        if !section.has(required) {
            section.missing(required);
        }
    }
    let services = named(top, section);
    if services.is_empty() && section.has("services") {
        section.note(
            section.place_of("services"),
            "`services` names none: name the application that is looked at".to_owned(),
        );
    }
    let url = section.string("url")?;
    // Browsers ask for some names, `app` and `dev` among them, by secure addresses only.
    let plain = |address: Address<'_>| LOOPBACK.contains(&address.host) && address.path == "/";
    if !Address::parse(&url.value).is_some_and(plain) {
        section.note(
            url.at,
            format!(
                "`url` is \"{}\"; it must be an address such as \"http://127.0.0.1:8000\", without a path, on 127.0.0.1 or localhost",
                clip(&url.value)
            ),
        );
    }
    let pages = pages(section);
    let timeout = rules::duration(section, "timeout", rules::DAY).unwrap_or(SECONDS);
    let base = url.value.trim_end_matches('/');
    let pages = pages.iter().map(|page| format!("{base}{page}")).collect();
    Some(Suite {
        name: NAME.to_owned(),
        command: CommandLine::Argv(vec!["dogwatch".to_owned(), "browse".to_owned()]),
        format: Formats::BROWSER.to_owned(),
        // Nothing of that name survives the checkout, so the pictures are those of the browser.
        report: Some(Browser::PICTURES.to_owned()),
        timeout,
        directory: ".".to_owned(),
        env: BTreeMap::new(),
        services,
        browser: Some(Browser { image: image.map(|text| text.value), pages }),
    })
}

fn pages(section: &Section<'_, '_>) -> Vec<String> {
    let Some(list) = section.strings("pages") else { return vec!["/".to_owned()] };
    if !(1..=MOST).contains(&list.value.len()) {
        section.note(list.at, format!("`pages` has {} of them; it must have 1 to {MOST}", list.value.len()));
    }
    let mut pages: Vec<String> = Vec::new();
    for text in list.value {
        let page = &text.value;
        if !page.starts_with('/')
            || page.starts_with("//")
            || page.len() > 512
            || !page.chars().all(|c| c.is_ascii_graphic())
        {
            section.note(text.at, format!("`pages` has \"{}\"; a page is a path such as \"/login\"", clip(page)));
        } else if pages.contains(page) {
            section.note(text.at, format!("`pages` has \"{}\" twice: take one away", clip(page)));
        } else {
            pages.push(text.value);
        }
    }
    pages
}
