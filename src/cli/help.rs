//! `dogwatch help TOPIC`: the documentation that comes with this program, from `assets/docs/`. A word that is no topic may be a
//! subcommand, whose own help is printed then.

mod page;

use super::complaint;
use super::context::{Context, Failure};
use crate::safe;
use crate::text::{SafeText, Style};
use serde_json::json;

/// Columns of a page, at most and where there is no terminal.
const COLUMNS: usize = 100;
const USUAL: usize = 80;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A topic, or a subcommand with its own subcommands; without one the topics are listed
    words: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Something that can be read about.
struct Topic {
    name: &'static str,
    about: &'static str,
    text: &'static str,
}

macro_rules! topic {
    ($name:literal, $about:literal) => {
        Topic { name: $name, about: $about, text: include_str!(concat!("../../assets/docs/", $name, ".md")) }
    };
}

/// All topics, in the order in which somebody new may want them.
const TOPICS: [Topic; 13] = [
    topic!(
        "repository",
        "dogwatch.toml in practice: image, setup, services, pages in a browser, tests that go by luck"
    ),
    topic!("agents", "which agents there are, their models and keys, their tools, what is remembered"),
    topic!("runs", "the queue, plans, budgets, the watchdog, and when a run waits for you"),
    topic!("console", "watching and steering"),
    topic!("backlog", "features, tests by a clock, data sets, and lessons"),
    topic!("assets", "live systems, and having something run there"),
    topic!("sandboxes", "Docker, Docker on another machine, and the process sandbox"),
    topic!("operations", "systemd, several people, being told, retention, upgrades, backups"),
    topic!("security", "what protects you from what, and what does not"),
    topic!("troubleshooting", "when something does not work"),
    topic!("protocol", "the engine's socket, for programs of your own"),
    topic!("config", "every key of dogwatch.toml and config.toml"),
    topic!("keys", "every key of the console"),
];

pub fn perform(mut context: Context, args: &Args, mut command: clap::Command) -> Result<i32, Failure> {
    let Some(word) = args.words.first() else { return list(context, args.json) };
    if let Some(topic) = TOPICS.iter().find(|topic| topic.name == word).filter(|_| args.words.len() == 1) {
        if args.json {
            context.json(&json!({ "topic": topic.name, "text": topic.text }))?;
        } else {
            let columns = context.columns().unwrap_or(USUAL).min(COLUMNS);
            context.say_all(&page::page(topic.text, columns))?;
        }
        return Ok(0);
    }
    command.build();
    let mut found = &mut command;
    for word in &args.words {
        found = found.find_subcommand_mut(word).ok_or_else(|| unknown(word))?;
    }
    let text = found.render_help().to_string();
    if args.json {
        context.json(&json!({ "command": args.words, "text": text }))?;
    } else {
        context.say_all(&complaint::help(&text))?;
    }
    Ok(0)
}

fn list(mut context: Context, json: bool) -> Result<i32, Failure> {
    if json {
        let topics: Vec<_> = TOPICS.iter().map(|topic| json!({ "topic": topic.name, "about": topic.about })).collect();
        context.json(&json!({ "topics": topics }))?;
        return Ok(0);
    }
    context.say(&safe!("Topics, for `dogwatch help TOPIC`:"))?;
    for topic in &TOPICS {
        let head = safe!("  {}", safe!("{}", topic.name).styled(Style::strong()).pad_right(17));
        context.say_prose(&head, &safe!("{}", topic.about))?;
    }
    context.say(&SafeText::empty())?;
    context.say(&safe!("`dogwatch --help` lists the subcommands, `dogwatch SUBCOMMAND --help` tells of one."))?;
    Ok(0)
}

fn unknown(word: &str) -> Failure {
    let names: Vec<&str> = TOPICS.iter().map(|topic| topic.name).collect();
    let message = format!("there is neither a topic nor a subcommand `{word}`; topics are {}", names.join(", "));
    Failure { code: 4, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_fits_into_eighty_columns_and_shows_all_its_letters() {
        for topic in &TOPICS {
            let lines = page::page(topic.text, USUAL);
            for line in &lines {
                assert!(line.width() <= USUAL, "{}: {}", topic.name, line.plain());
                assert!(!line.plain().contains("\\s\\s"), "{}: {}", topic.name, line.plain());
            }
            assert!(lines.len() > 5 && topic.text.starts_with("# "), "{}", topic.name);
        }
    }

    #[test]
    fn no_topic_has_the_name_of_a_subcommand() {
        let command = <super::super::Cli as clap::CommandFactory>::command();
        for topic in &TOPICS {
            // What a subcommand says of itself is `dogwatch SUBCOMMAND --help`.
            assert!(command.find_subcommand(topic.name).is_none(), "{}", topic.name);
        }
    }
}
