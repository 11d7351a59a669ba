//! Manifests of every kind: what is new is told, what was there is not, and nothing is ever let pass because it is odd.
#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

fn changed(path: &str, before: Option<&str>, now: Option<&str>) -> Changed {
    let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
    Changed { path: path.to_owned(), before: bytes(before), now: bytes(now) }
}

fn told(path: &str, before: &str, now: &str) -> Vec<String> {
    brought(&[changed(path, Some(before), Some(now))])
}

#[test]
fn cargo_is_read_wherever_packages_stand() {
    let before = "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\n";
    let now = "[package]\nname = \"x\"\n[dependencies]\nserde = \"2\"\nours = { path = \"../ours\" }\nw = { workspace = true }\n\
               [target.'cfg(unix)'.dependencies]\nnix = { version = \"0.29\", package = \"nyx\" }\n[build-dependencies]\n\
               cc = { git = \"https://evil.example/cc\", rev = \"abc\" }\n[patch.crates-io]\nrand = { git = \"https://a/r\" }\n";
    assert_eq!(
        told("a/Cargo.toml", before, now),
        [
            "cc rev abc from https://evil.example/cc (a/Cargo.toml): new",
            "nyx 0.29 from crates.io (a/Cargo.toml): new",
            "ours (no version) from the directory ../ours (a/Cargo.toml): new",
            "rand (no version) from https://a/r (a/Cargo.toml): new",
            "serde 2 from crates.io (a/Cargo.toml): it was 1 from crates.io",
        ]
    );
    let lock = |version: &str, sum: &str| {
        format!(
            "version = 4\n[[package]]\nname = \"x\"\nversion = \"0.1.0\"\n[[package]]\nname = \"serde\"\nversion = \"{version}\"\n\
                 source = \"registry+i\"\nchecksum = \"{sum}\"\n"
        )
    };
    assert_eq!(told("Cargo.lock", &lock("1.0.1", "a"), &lock("1.0.1", "a").replace("0.1.0", "0.2.0")), [""; 0]);
    assert_eq!(
        told("Cargo.lock", &lock("1.0.1", "a"), &lock("1.0.2", "b")),
        ["serde 1.0.2 from registry+i (Cargo.lock): it was 1.0.1 from registry+i"]
    );
    assert_eq!(
        told("Cargo.lock", &lock("1.0.1", "a"), &lock("1.0.1", "b")),
        ["serde 1.0.1 from registry+i (Cargo.lock): THE SAME VERSION WITH OTHER BYTES"]
    );
}

#[test]
fn npm_is_read_in_both_forms_of_its_lock() {
    let now = r#"{"name":"x","scripts":{"a":"b"},"dependencies":{"left-pad":"^1.3.0","fork":"github:evil/fork"},
        "overrides":{"a":{"b":"2.0.0"}}}"#;
    assert_eq!(
        told("package.json", "{}", now),
        [
            "b 2.0.0 from the npm registry (package.json): new",
            "fork (no version) from github:evil/fork (package.json): new",
            "left-pad ^1.3.0 from the npm registry (package.json): new",
        ]
    );
    let new = r#"{"packages":{"":{"name":"x"},"web":{"version":"1.0.0"},
        "node_modules/a/node_modules/@s/b":{"version":"1.2.3","resolved":"https://r/b.tgz","integrity":"sha512-x"},
        "node_modules/web":{"resolved":"web","link":true}}}"#;
    let old = r#"{"dependencies":{"a":{"version":"1.0.0","dependencies":{"c":{"version":"2.0.0","resolved":"https://r/c"}}}}}"#;
    assert_eq!(
        told("package-lock.json", "{}", new),
        [
            "@s/b 1.2.3 from https://r/b.tgz (package-lock.json): new",
            "web (no version) from the directory web (package-lock.json): new"
        ]
    );
    assert_eq!(
        told("package-lock.json", "{}", old),
        ["a 1.0.0 from the npm registry (package-lock.json): new", "c 2.0.0 from https://r/c (package-lock.json): new"]
    );
}

#[test]
fn python_is_read_in_lines_tables_and_locks() {
    let lines = "# x\nFlask[async]>=2,<3 ; python_version > '3' # y\nDjango_REST==1.0 \\\n  --hash=sha256:aa\npkg @ https://e/p.whl\n\
                 -e git+https://e/r#egg=r\n--extra-index-url https://evil/simple\n-r base.txt\n-r https://evil/more.txt\n\
                 git+https://e/z\n./local\n";
    assert_eq!(
        told("requirements-dev.txt", "flask\n", lines),
        [
            "(an option) (no version) from --extra-index-url https://evil/simple (requirements-dev.txt): new",
            "(an option) (no version) from -r base.txt (requirements-dev.txt): new",
            "(an option) (no version) from -r https://evil/more.txt (requirements-dev.txt): new",
            "./local (no version) from ./local (requirements-dev.txt): new",
            "django-rest ==1.0 from the index of Python packages (requirements-dev.txt): new",
            "flask >=2,<3 from the index of Python packages (requirements-dev.txt): it was  from the index of Python packages",
            "git+https://e/z (no version) from git+https://e/z (requirements-dev.txt): new",
            "pkg (no version) from https://e/p.whl (requirements-dev.txt): new",
            "r (no version) from git+https://e/r#egg=r (requirements-dev.txt): new",
        ]
    );
    let project = "[project]\ndependencies = [\"a>=1\"]\n[project.optional-dependencies]\nx = [\"b\"]\n[build-system]\nrequires = [\"c\"]\n\
                   [dependency-groups]\ndev = [\"d\", {include-group = \"x\"}]\n[tool.poetry.dependencies]\npython = \"^3\"\ne = \"^1\"\n\
                   f = {git = \"https://e/f\", tag = \"v1\"}\n[tool.poetry.group.t.dependencies]\ng = [{version = \"1\"}, {url = \"https://e/g\"}]\n\
                   [[tool.uv.index]]\nurl = \"https://evil/simple\"\n";
    let names: Vec<String> = told("pyproject.toml", "", project)
        .iter()
        .map(|line| line.split(" (pyproject").next().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "(an option) (no version) from index https://evil/simple",
            "a >=1 from the index of Python packages",
            "b (no version) from the index of Python packages",
            "c (no version) from the index of Python packages",
            "d (no version) from the index of Python packages",
            "e ^1 from the index of Python packages",
            "f tag v1 from https://e/f",
            "g (no version) from https://e/g",
            "g 1 from the index of Python packages",
        ]
    );
    let lock = "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{file = \"x\", hash = \"sha256:1\"}]\n[[package]]\nname = \"own\"\n\
                version = \"0\"\nsource = { virtual = \".\" }\n[[package]]\nname = \"u\"\nversion = \"2\"\nsource = { registry = \"https://p\" }\n";
    assert_eq!(
        told("uv.lock", "", lock),
        ["a 1 from the index of Python packages (uv.lock): new", "u 2 from https://p (uv.lock): new"]
    );
}

#[test]
fn lists_that_other_files_name_are_told_where_their_names_say_nothing() {
    let lines = "-r requirements/base.txt\n-r ./dev-requirements.txt\n-c constraints.txt\n";
    assert_eq!(told("requirements.txt", "", lines), [""; 0]);
    assert_eq!(told("requirements/dev.txt", "", "-r base.txt\n"), [""; 0]);
    assert_eq!(
        told("constraints.txt", "", "-r deps.list\n"),
        ["(an option) (no version) from -r deps.list (constraints.txt): new"]
    );
    let project = "[tool.hatch.envs.test]\ndependencies = [\"a\"]\nextra-dependencies = [\"b\"]\n[tool.setuptools.dynamic]\n\
                   dependencies = {file = [\"deps.list\", \"requirements.txt\"]}\n\
                   optional-dependencies = {x = {file = \"more.list\"}}\nversion = {attr = \"x\"}\n";
    assert_eq!(
        told("pyproject.toml", "", project),
        [
            "(an option) (no version) from the list deps.list (pyproject.toml): new",
            "(an option) (no version) from the list more.list (pyproject.toml): new",
            "a (no version) from the index of Python packages (pyproject.toml): new",
            "b (no version) from the index of Python packages (pyproject.toml): new",
        ]
    );
    let lock = |hash: &str| {
        format!(
            "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata.files]\na = [{{file = \"x\", hash = \"sha256:{hash}\"}}]\n"
        )
    };
    assert_eq!(
        told("poetry.lock", &lock("1"), &lock("2")),
        ["a 1 from the index of Python packages (poetry.lock): THE SAME VERSION WITH OTHER BYTES"]
    );
}

#[test]
fn manifests_of_many_tools_are_known_by_their_names() {
    for path in [
        "dev-requirements.txt",
        "test-requirements.in",
        "pylock.toml",
        "pylock.dev.toml",
        "environment.yml",
        "gradle/libs.versions.toml",
        "mix.lock",
        "src/App.csproj",
        "packages.lock.json",
        "pubspec.yaml",
        "calc.gemspec",
        "deno.lock",
        "build.sbt",
        "project/plugins.sbt",
        "a/constraints.txt",
    ] {
        assert!(says(path), "{path}");
    }
    for path in ["docs/required.txt", "pylock.py", "src/environment.ts", "notes.txt", "gemspec.md"] {
        assert!(!says(path), "{path}");
    }
}

#[test]
fn go_is_read_in_lines_and_blocks() {
    let now = "module x\n\ngo 1.22\n\nrequire a.b/c v1.0.0 // indirect\nrequire (\n\td.e/f v2.0.0\n)\nreplace (\n\td.e/f => evil.e/f v9.9.9\n)\n\
               exclude g.h/i v1.0.0\n";
    assert_eq!(
        told("go.mod", "module x\nrequire a.b/c v0.9.0\n", now),
        [
            "a.b/c v1.0.0 from the module proxy (go.mod): it was v0.9.0 from the module proxy",
            "d.e/f v2.0.0 from the module proxy (go.mod): new",
            "d.e/f v9.9.9 from evil.e/f, in its place (go.mod): new",
        ]
    );
}

#[test]
fn what_is_not_understood_is_told_and_what_moved_is_not() {
    for (path, text) in [("Cargo.lock", "[[package"), ("package.json", "{"), ("yarn.lock", "x"), ("go.sum", "x")] {
        let lines = told(path, "", text);
        assert!(lines.len() == 1 && lines[0].contains("what it brings is not known"), "{lines:?}");
    }
    let large = vec![b' '; LARGEST + 1];
    let one = Changed { path: "a/Cargo.toml".to_owned(), before: None, now: Some(large) };
    assert!(brought(&[one])[0].contains("at most"));
    let text = Some("[dependencies]\nserde = \"1\"\n");
    let moved = [changed("a/Cargo.toml", text, None), changed("b/Cargo.toml", None, text)];
    assert_eq!(brought(&moved), [""; 0]);
    assert!(
        !says("src/cargo.rs") && !says("docs/notes.txt") && says("requirements/base.txt") && says("Requirements.txt")
    );
}

#[test]
fn a_manifest_that_differs_in_its_packages_alone_is_told_from_others() {
    let only = |path: &str, before: &str, now: &str| nothing_else(&changed(path, Some(before), Some(now)));
    let cargo = |more: &str| format!("[package]\nname = \"x\"\n{more}");
    assert!(only(
        "Cargo.toml",
        &cargo("[dependencies]\na = \"1\"\n"),
        &cargo("[dependencies]\na = \"2\"\n[dev-dependencies]\nb = \"1\"\n")
    ));
    assert!(only(
        "Cargo.toml",
        &cargo("[target.x.dependencies]\na = \"1\"\n"),
        &cargo("[target.x.dependencies]\na = \"2\"\n")
    ));
    assert!(!only("Cargo.toml", &cargo(""), &cargo("autotests = false\n[dependencies]\na = \"1\"\n")));
    assert!(!only("Cargo.toml", "[", "["), "what cannot be read is not known to be the same");
    assert!(only("package.json", r#"{"name":"x"}"#, r#"{"name":"x","dependencies":{"a":"1"}}"#));
    assert!(!only(
        "package.json",
        r#"{"scripts":{"test":"jest"}}"#,
        r#"{"scripts":{"test":"true"},"dependencies":{"a":"1"}}"#
    ));
    assert!(only("requirements.txt", "a", "a\nb"));
    assert!(!only("pyproject.toml", "", "") && !only("go.mod", "", "") && !only("yarn.lock", "", "x"));
    assert!(!nothing_else(&changed("package.json", None, Some("{}"))), "one that is new has all of it new");
}

fn packages() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[a-z][a-z0-9]{0,8}", "[0-9]{1,3}\\.[0-9]{1,3}", 0..12)
}

/// The same packages in each way to write them down.
fn written(packages: &BTreeMap<String, String>) -> Vec<(&'static str, String)> {
    let quoted: Vec<String> = packages.iter().map(|(name, version)| format!("\"{name}\":\"{version}\"")).collect();
    let (mut toml, mut lock, mut lines, mut go) =
        (String::from("[dependencies]\n"), String::new(), String::new(), String::new());
    for (name, version) in packages {
        writeln!(toml, "{name} = \"{version}\"").unwrap();
        writeln!(lock, "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"r\"").unwrap();
        writeln!(lines, "{name}=={version}").unwrap();
        writeln!(go, "require {name} {version}").unwrap();
    }
    let requires: Vec<String> = packages.iter().map(|(name, version)| format!("\"{name}=={version}\"")).collect();
    vec![
        ("Cargo.toml", toml),
        ("Cargo.lock", lock),
        ("package.json", format!("{{\"dependencies\":{{{}}}}}", quoted.join(","))),
        ("requirements.txt", lines),
        ("pyproject.toml", format!("[project]\ndependencies = [{}]\n", requires.join(","))),
        ("go.mod", go),
    ]
}

proptest! {
    /// Just what is in the second and not in the first is told, whichever way it is written.
    #[test]
    fn what_is_new_is_told_once_and_nothing_else(before in packages(), now in packages()) {
        let new: Vec<&String> = now.iter().filter(|(name, version)| before.get(*name) != Some(version)).map(|(name, _)| name).collect();
        for ((path, old), (_, text)) in written(&before).into_iter().zip(written(&now)) {
            let lines = told(path, &old, &text);
            let names: Vec<&str> = lines.iter().map(|line| line.split(' ').next().unwrap()).collect();
            prop_assert_eq!(&names, &new, "{} {:?}", path, lines);
            prop_assert!(told(path, &text, &text).is_empty());
        }
    }

    /// Any bytes are read or refused, and a manifest that is gone brings nothing.
    #[test]
    fn nothing_that_a_file_holds_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        for path in ["Cargo.toml", "Cargo.lock", "package.json", "package-lock.json", "requirements.txt", "pyproject.toml", "uv.lock", "go.mod"] {
            for text in [bytes.clone(), text.clone().into_bytes(), format!("[dependencies]\n{text}").into_bytes()] {
                let one = Changed { path: path.to_owned(), before: None, now: Some(text.clone()) };
                brought(&[one]);
                let gone = Changed { path: path.to_owned(), before: Some(text), now: None };
                prop_assert!(brought(&[gone]).is_empty());
            }
        }
    }
}
