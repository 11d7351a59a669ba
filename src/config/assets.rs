//! `assets.toml`: live systems for the registry.

use super::errors::ConfigErrors;
use super::reader::{Placed, Section, clip, read_file};
use super::schema;
use crate::domain::{AssetLogin, AssetName, AssetSpec, AssetWord, HostKey, Reach};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// The assets that a file lists.
pub fn read_assets(text: &str, place: &str) -> Result<Vec<AssetSpec>, ConfigErrors> {
    read_file(text, place, schema::ASSETS_TOP, |top| {
        let named = top.named_tables("assets", schema::ASSET);
        let assets = named.into_iter().filter_map(|(name, section)| asset(top, &name, &section));
        Some(assets.collect())
    })
}

fn asset(top: &Section<'_, '_>, name: &Placed<String>, section: &Section<'_, '_>) -> Option<AssetSpec> {
    let note = |at, error: &dyn Display| top.note(at, format!("`{}`: {error}", clip(&name.value)));
    let spec = AssetSpec {
        name: AssetName::from_str(&name.value).map_err(|error| note(name.at, &error)).ok()?,
        reach: reach(name, section)?,
        labels: labels(section),
        environment: word(section, "environment"),
        critical: section.flag("critical").unwrap_or_default(),
        note: section.string("note").map(|text| text.value).unwrap_or_default(),
        receipts: word(section, "receipts"),
    };
    // Noted where it is wrong; the file as a whole is refused then.
    spec.check().map_err(|error| note(name.at, &error)).ok()?;
    Some(spec)
}

/// A string that must be one of our words.
fn word<T: FromStr>(section: &Section<'_, '_>, name: &str) -> Option<T>
where
    T::Err: Display,
{
    let text = section.string(name)?;
    text.value.parse().map_err(|error: T::Err| section.note(text.at, format!("`{name}`: {error}"))).ok()
}

fn labels(section: &Section<'_, '_>) -> BTreeMap<AssetWord, String> {
    let pairs = section.string_table("labels").into_iter().filter_map(|(key, value)| {
        let key = key.value.parse::<AssetWord>().map_err(|error| section.note(key.at, format!("a label: {error}")));
        Some((key.ok()?, value.value))
    });
    pairs.collect()
}

fn reach(name: &Placed<String>, section: &Section<'_, '_>) -> Option<Reach> {
    let (ssh, docker) = (section.string("ssh"), section.string("docker"));
    let local = section.flag("local").unwrap_or_default();
    let only = |key: &str, with: &str| {
        if let Some(value) = section.value(key) {
            section.note(value.span().start, format!("`{key}` belongs to an asset with `{with}`"));
        }
    };
    if usize::from(ssh.is_some()) + usize::from(docker.is_some()) + usize::from(local) > 1 {
        section.note(name.at, "an asset has one of `ssh`, `docker` and `local`: leave one of them".to_owned());
        return None;
    }
    if ssh.is_none() {
        only("host-keys", "ssh");
        for key in ["identity", "authority", "source-address"] {
            only(key, "ssh");
        }
    }
    if docker.is_none() {
        only("engine", "docker");
    }
    if let Some(place) = ssh {
        let keys = section.strings("host-keys").map(|list| list.value).unwrap_or_default();
        let keys = keys
            .iter()
            .filter_map(|key| HostKey::parse(&key.value).map_err(|error| section.note(key.at, error.to_string())).ok());
        let login = AssetLogin {
            identity: word(section, "identity"),
            authority: word(section, "authority"),
            source_address: word(section, "source-address"),
        };
        let read = Reach::ssh(&place.value, keys.collect(), login);
        return read.map_err(|error| section.note(place.at, format!("`ssh`: {error}"))).ok();
    }
    if docker.is_some() {
        return Some(Reach::Docker { container: word(section, "docker")?, engine: word(section, "engine") });
    }
    Some(if local { Reach::Local } else { Reach::Nowhere })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDGRnyBNqVUAuvqrWMzfUhOQ7nqgGzPpY2pxbZjAJqbT";

    #[test]
    fn a_list_is_read_whole() {
        let text = format!(
            "[assets.db-1]\nssh = \"deploy@db-1.example.org:2222\"\nhost-keys = [\"{KEY} root@db-1\"]\nidentity = \"/srv/keys/db\"\n\
             critical = true\nenvironment = \"production\"\nlabels = {{ tier = \"db\" }}\n[assets.web]\ndocker = \"web\"\n\
             [assets.db-2]\nssh = \"deploy@db-2\"\nhost-keys = [\"{KEY}\"]\nauthority = \"secret:assets\"\nsource-address = \"192.0.2.7\"\n\
             [assets.here]\nlocal = true\n[assets.far]\nnote = \"a managed queue\"\n"
        );
        let assets = read_assets(&text, "assets.toml").unwrap();
        let told: Vec<_> = assets.iter().map(|one| (one.name.as_str(), one.reach.name(), one.reach.place())).collect();
        assert_eq!(
            told[..3],
            [
                ("db-1", "ssh", "deploy@db-1.example.org:2222".to_owned()),
                ("db-2", "ssh", "deploy@db-2".to_owned()),
                ("far", "nowhere", String::new())
            ]
        );
        assert_eq!((told.len(), assets[0].critical, assets[0].labels.len()), (5, true, 1));
        let Reach::Ssh { login, .. } = &assets[1].reach else { panic!("{:?}", assets[1]) };
        assert_eq!(login.authority.as_ref().and_then(|key| key.secret()), Some("assets"));
        assert_eq!(login.source_address.as_ref().map(ToString::to_string).as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn mistakes_are_named_with_their_places() {
        let text = "[assets.\"-x\"]\nlocal = true\n[assets.a]\nssh = \"a;b\"\nhost-keys = [\"nothing\"]\n[assets.b]\nssh = \"b\"\n\
                    [assets.c]\ndocker = \"c\"\nlocal = true\n[assets.d]\nidentity = \"/x\"\ncolour = 1\nreceipts = \"../x\"\n\
                    [assets.e]\nauthority = \"x\"\nsource-address = \"::1\"\n";
        let errors = read_assets(text, "assets.toml").unwrap_err();
        let told: Vec<_> = errors.problems.iter().map(|one| format!("{}: {}", one.line, one.message)).collect();
        for (line, part) in [
            (1, "an asset's name"),
            (4, "the letters a to z"),
            (5, "two words"),
            (6, "at least one of its keys"),
            (8, "leave one of them"),
            (12, "belongs to an asset with `ssh`"),
            (13, "unknown key"),
            (14, "is absolute"),
            (16, "belongs to an asset with `ssh`"),
            (17, "belongs to an asset with `ssh`"),
        ] {
            assert!(
                told.iter().any(|one| one.starts_with(&format!("{line}: ")) && one.contains(part)),
                "{part}: {told:#?}"
            );
        }
    }
}
