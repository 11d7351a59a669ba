#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;
use serde_json::json;

pub const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDGRnyBNqVUAuvqrWMzfUhOQ7nqgGzPpY2pxbZjAJqbT";

#[test]
fn hosts_have_one_spelling_and_are_never_options_or_words_of_a_shell() {
    for good in ["db", "db-1.example.org", "192.0.2.7", "2001:db8::7", "10.0.0.1"] {
        assert_eq!(AssetHost::parse(good).unwrap().as_str(), good);
    }
    assert_eq!(AssetHost::parse("DB.Example.org").unwrap().as_str(), "db.example.org");
    for bad in [
        "",
        "-oProxyCommand=x",
        "a b",
        "a;b",
        "$(x)",
        "a`b",
        "a|b",
        "a\nb",
        "a..b",
        "a-",
        "-a",
        ".a",
        "a.",
        "1.2",
        "0x7f.1",
        "127.1",
        "2001:DB8::7",
        "0:0:0:0:0:0:0:1",
        "[::1]",
        "a/b",
        "user@host",
        "a%b",
        "h\u{f6}st",
        "*",
        "?",
        "!a",
        "192.0.2.007",
    ] {
        assert!(AssetHost::parse(bad).is_err(), "{bad}");
        assert!(serde_json::from_value::<AssetHost>(serde_json::json!(bad)).is_err(), "{bad}");
    }
    let host = AssetHost::parse("2001:db8::7").unwrap();
    assert_eq!((host.with_port(22), host.with_port(2222)), ("2001:db8::7".to_owned(), "[2001:db8::7]:2222".to_owned()));
    assert_eq!(AssetHost::parse("db").unwrap().known_as(2222), "[db]:2222");
}

#[test]
fn a_key_says_its_kind_itself_and_prints_as_openssh_prints_it() {
    let key = HostKey::parse(&format!("{KEY} root@db")).unwrap();
    assert_eq!(key.to_string(), KEY);
    assert!(key.fingerprint().starts_with("SHA256:") && key.fingerprint().len() == 50);
    let other = KEY.replace("ssh-ed25519", "ssh-rsa");
    for bad in [
        "",
        "ssh-ed25519",
        "ssh-ed25519 ",
        "ssh-dss AAAA",
        "ssh-ed25519 AAAA",
        "ssh-ed25519 ???",
        &other,
        "@cert-authority ssh-ed25519 AAAA",
        &KEY[..40],
        &format!("{KEY}\nssh-rsa AAAA"),
    ] {
        assert!(HostKey::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_asset_wants_a_key_and_few_short_words() {
    let spec = |reach| AssetSpec {
        name: "db-1".parse().unwrap(),
        reach,
        labels: BTreeMap::new(),
        environment: None,
        critical: false,
        note: String::new(),
        receipts: None,
    };
    let ssh = |host_keys, port| Reach::Ssh {
        user: Some("deploy".parse().unwrap()),
        host: AssetHost::parse("db").unwrap(),
        port,
        host_keys,
        login: AssetLogin::default(),
    };
    let key = HostKey::parse(KEY).unwrap();
    assert_eq!(spec(ssh(vec![], 22)).check(), Err(AssetFault::NoKey));
    assert_eq!(spec(ssh(vec![key.clone(); 9], 22)).check(), Err(AssetFault::Keys));
    assert_eq!(spec(ssh(vec![key.clone()], 0)).check(), Err(AssetFault::Port));
    let mut good = spec(ssh(vec![key], 2222));
    good.check().unwrap();
    assert_eq!(good.reach.place(), "deploy@db:2222");
    assert_eq!(good.reach.fingerprints().len(), 1);
    good.labels.insert("tier".parse().unwrap(), "a\nb".to_owned());
    assert_eq!(good.check(), Err(AssetFault::Labels));
    good.labels.clear();
    good.note = "x".repeat(8193);
    assert_eq!(good.check(), Err(AssetFault::Note));
}

proptest! {
    #[test]
    fn whatever_is_taken_is_free_of_anything_with_a_meaning(text in "\\PC{0,40}|[ -~]{0,12}|-[a-z]{1,8}") {
        let plain = |text: &str| !text.starts_with('-') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.-_:".contains(&b));
        if let Ok(host) = AssetHost::parse(&text) { prop_assert!(plain(host.as_str())); }
        if let Ok(name) = text.parse::<AssetName>() { prop_assert!(plain(name.as_str())); }
        if let Ok(user) = text.parse::<UserName>() { prop_assert!(plain(user.as_str())); }
        if let Ok(container) = text.parse::<ContainerName>() { prop_assert!(plain(container.as_str())); }
        if let Ok(path) = text.parse::<AssetPath>() { prop_assert!(plain(path.as_str()) && path.as_str().starts_with('/')); }
    }
}

#[test]
fn a_place_is_read_as_people_write_it() {
    let read = |text: &str| Reach::ssh(text, vec![], AssetLogin::default()).map(|reach| reach.place());
    for text in ["db", "deploy@db", "deploy@db:2222", "192.0.2.7", "[2001:db8::7]:2222", "a_b@2001:db8::7"] {
        assert_eq!(read(text).unwrap(), text);
    }
    assert_eq!(read("[2001:db8::7]").unwrap(), "2001:db8::7");
    for bad in
        ["", "@db", "-l@db", "db:", "db:x", "db:0x16", "db:70000", "a@b@c d", "[db", "db:22:22", "u@-o", "ssh://db"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_host_has_one_way_to_log_in_and_a_certificate_names_for_whom() {
    let login = |identity: Option<&str>, authority: Option<&str>, source: Option<&str>| AssetLogin {
        identity: identity.map(|text| text.parse().unwrap()),
        authority: authority.map(|text| text.parse().unwrap()),
        source_address: source.map(|text| text.parse().unwrap()),
    };
    let check = |place: &str, login| {
        let reach = Reach::ssh(place, vec![HostKey::parse(KEY).unwrap()], login).unwrap();
        let spec = json!({"name": "db-1", "reach": reach});
        serde_json::from_value::<AssetSpec>(spec).unwrap().check()
    };
    assert_eq!(check("u@db", login(Some("/k"), None, None)), Ok(()));
    assert_eq!(check("u@db", login(None, Some("secret:ca"), Some("192.0.2.0/24"))), Ok(()));
    assert_eq!(check("u@db", login(Some("/k"), Some("/a"), None)), Err(AssetFault::TwoLogins));
    assert_eq!(check("db", login(None, Some("/a"), None)), Err(AssetFault::NoPrincipal));
    assert_eq!(check("u@db", login(Some("/k"), None, Some("::1"))), Err(AssetFault::NoAuthority));
    // What was written down before there were certificates is read as it was.
    let old = json!({"by": "ssh", "user": null, "host": "db", "port": 22, "host_keys": [KEY], "identity": "/k"});
    let read: Reach = serde_json::from_value(old.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), old);
    for good in ["/etc/k", "secret:a", "secret:9-b"] {
        assert_eq!(good.parse::<KeySource>().unwrap().secret(), good.strip_prefix("secret:"));
    }
    for bad in ["", "k", "~/k", "secret:", "secret:-a", "secret:../x", "secret:A", "secret:a b", "/a b", "/a/../b"] {
        assert!(bad.parse::<KeySource>().is_err(), "{bad}");
    }
    for good in ["192.0.2.7", "192.0.2.0/24", "2001:db8::/64", "::1"] {
        assert_eq!(good.parse::<SourceAddress>().unwrap().as_str(), good);
    }
    for bad in
        ["", "a", "192.0.2.7/33", "192.0.2.7/08", "192.0.2.7/", "192.0.2.7,::1", "192.0.2.007", "!192.0.2.7", "::1/129"]
    {
        assert!(bad.parse::<SourceAddress>().is_err(), "{bad}");
    }
}
