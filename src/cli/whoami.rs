//! `dogwatch whoami`: who the engine takes this user for, and what that person may do.

use super::context::{Context, Failure, unfit};
use crate::domain::{Login, OperatorRole, Person, has_role};
use crate::protocol::{Reply, Request};
use crate::safe;
use crate::text::SafeText;
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub async fn perform(mut context: Context, args: Args) -> Result<i32, Failure> {
    let Reply::WhoAmI { person } = context.ask(Request::WhoAmI).await? else { return unfit() };
    // A role that was given or taken in the file since is not one yet.
    let stale = match context.ask(Request::Status).await? {
        Reply::Status { status } => status.stale,
        _ => return unfit(),
    };
    if args.json {
        let may: Vec<_> = OperatorRole::ALL.into_iter().filter(|role| has_role(&person.roles, *role)).collect();
        let mut value = serde_json::to_value(&person).map_err(|error| Failure::new(error.to_string()))?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert("may".to_owned(), json!(may));
            fields.insert("stale".to_owned(), json!(stale));
        }
        context.json(&value)?;
        return Ok(0);
    }
    for line in lines(&person).into_iter().chain(stale.map(|stale| safe!("{}", stale))) {
        context.say_wrapped(&line)?;
    }
    Ok(0)
}

fn lines(person: &Person) -> Vec<SafeText> {
    let mut lines = vec![safe!("user {} ({})", person.name, person.uid)];
    lines.push(match &person.login {
        Login::User { uid, name } => safe!("logged in as {} ({})", name, uid),
        Login::Unset => safe!("nobody logged in where this comes from"),
        Login::Unknown { .. } => safe!("who logged in is not known"),
    });
    let groups: Vec<String> = person.groups.iter().map(|group| group.name.clone()).collect();
    lines.push(if groups.is_empty() { safe!("no groups") } else { safe!("groups {}", groups.join(", ")) });
    let names = |roles: Vec<OperatorRole>| roles.into_iter().map(OperatorRole::name).collect::<Vec<_>>().join(", ");
    let included =
        OperatorRole::ALL.into_iter().filter(|role| !person.roles.contains(role) && person.may(*role)).collect();
    let roles = names(person.roles.iter().copied().collect());
    let included = names(included);
    lines.push(if included.is_empty() {
        safe!("roles {}", roles)
    } else {
        safe!("roles {}, which includes {}", roles, included)
    });
    lines.extend(person.known_by.iter().map(|line| safe!("known: {}", line)));
    lines.extend(person.unknown.iter().map(|line| safe!("not known: {}", line)));
    lines
}
