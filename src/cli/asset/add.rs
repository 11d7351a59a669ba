//! `dogwatch asset add`: one live system, said in words.

use super::super::context::Failure;
use super::super::input;
use crate::domain::{
    AssetHost, AssetLogin, AssetName, AssetPath, AssetSpec, AssetWord, ContainerName, HostKey, KeySource, Reach,
    SourceAddress,
};
use std::collections::BTreeMap;

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("reach").multiple(false))]
pub(super) struct Args {
    /// Its name
    #[arg(value_parser = parse::<AssetName>)]
    name: AssetName,
    /// A host, reached by SSH
    #[arg(long, value_name = "[USER@]HOST[:PORT]", group = "reach", requires = "host_key")]
    ssh: Option<String>,
    /// A key that the host may show, as in its public file; may be given several times
    #[arg(long, value_name = "KEY", requires = "ssh", value_parser = HostKey::parse)]
    host_key: Vec<HostKey>,
    /// The key that logs in, a file or secret:NAME; the engine's SSH agent where none is named
    #[arg(long, value_name = "KEY", requires = "ssh", value_parser = parse::<KeySource>)]
    identity: Option<KeySource>,
    /// The key of an authority that the host trusts, a file or secret:NAME: each call gets a certificate of its own, for a minute
    #[arg(long, value_name = "KEY", requires = "ssh", conflicts_with = "identity", value_parser = parse::<KeySource>)]
    authority: Option<KeySource>,
    /// The only address, or network, from which such certificates are good, as the host sees it
    #[arg(long, value_name = "ADDRESS", requires = "authority", value_parser = parse::<SourceAddress>)]
    source_address: Option<SourceAddress>,
    /// A container
    #[arg(long, value_name = "CONTAINER", group = "reach", value_parser = parse::<ContainerName>)]
    docker: Option<ContainerName>,
    /// The socket of the container's engine
    #[arg(long, value_name = "SOCKET", requires = "docker", value_parser = parse::<AssetPath>)]
    engine: Option<AssetPath>,
    /// This machine, as the engine's user
    #[arg(long, group = "reach")]
    local: bool,
    /// What it is called in rules and lists, as WORD=VALUE; may be given several times
    #[arg(long = "label", value_name = "WORD=VALUE", value_parser = label)]
    labels: Vec<(AssetWord, String)>,
    /// Where it belongs, such as production
    #[arg(long, value_name = "WORD", value_parser = parse::<AssetWord>)]
    environment: Option<AssetWord>,
    /// What is done to it wants more than one person
    #[arg(long)]
    critical: bool,
    /// What there is to know of it, for people and for agents whose role sees assets
    #[arg(long, default_value = "", hide_default_value = true)]
    note: String,
    /// The directory there that keeps the receipts of what ran
    #[arg(long, value_name = "DIRECTORY", value_parser = parse::<AssetPath>)]
    receipts: Option<AssetPath>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

fn parse<T: std::str::FromStr>(text: &str) -> Result<T, T::Err> {
    text.parse()
}

fn label(text: &str) -> Result<(AssetWord, String), String> {
    let (word, value) = text.split_once('=').ok_or("a label is written WORD=VALUE")?;
    Ok((word.parse().map_err(|error| format!("{error}"))?, value.to_owned()))
}

/// A host and its port, as `asset scan` takes them.
pub(super) fn host(text: &str) -> Result<(AssetHost, u16), Failure> {
    let failed = |message: String| Failure { code: 2, message };
    match Reach::ssh(text, Vec::new(), AssetLogin::default()) {
        Ok(Reach::Ssh { user: None, host, port, .. }) if port != 0 => Ok((host, port)),
        Ok(_) => Err(failed("a host is written HOST or HOST:PORT".to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}

impl Args {
    pub(super) fn spec(self) -> Result<AssetSpec, Failure> {
        let failed = |error: crate::domain::AssetFault| Failure { code: 2, message: error.to_string() };
        let login =
            AssetLogin { identity: self.identity, authority: self.authority, source_address: self.source_address };
        let reach = match (self.ssh, self.docker) {
            (Some(place), _) => Reach::ssh(&place, self.host_key, login).map_err(failed)?,
            (None, Some(container)) => Reach::Docker { container, engine: self.engine },
            (None, None) if self.local => Reach::Local,
            (None, None) => Reach::Nowhere,
        };
        let spec = AssetSpec {
            name: self.name,
            reach,
            labels: self.labels.into_iter().collect::<BTreeMap<_, _>>(),
            environment: self.environment,
            critical: self.critical,
            note: input::text(self.note)?,
            receipts: self.receipts,
        };
        spec.check().map_err(failed)?;
        Ok(spec)
    }
}
