//! What commands run is found, wherever they go, and what they only name is not.

use super::*;

fn paths(text: &str, reads: &Reads, path: &str, directory: &str) -> Vec<String> {
    reached(text, reads, path, directory).into_iter().map(|one| one.path).collect()
}

#[test]
fn what_a_command_runs_is_found_and_what_it_names_is_not() {
    for (text, wanted) in [
        ("sh ./check.sh", &["check.sh"][..]),
        ("bash -c \"./scripts/a.sh && python3 tools/b.py\"", &["scripts/a.sh", "tools/b.py"]),
        ("CI=1 exec scripts/unit.sh --all", &["scripts/unit.sh"]),
        ("python -m tools.run", &["tools/run.py", "tools/run/__main__.py"]),
        ("node --import ./setup.mjs --test", &["setup.mjs"]),
        ("gcc -c src/main.c; eslint src/index.js; pytest -q tests", &[]),
        ("python3 -m pytest; node -e 'x'; npm test", &["package.json", "pytest.py", "pytest/__main__.py"]),
        ("$(PYTHON) tools/run.py; $(CC) src/a.c", &["tools/run.py"]),
        ("sh ../out.sh; sh /bin/x; # sh no.sh", &[]),
        ("cd web && sh check.sh", &["check.sh", "web/check.sh"]),
        ("sh -c 'cd web && ./check.sh'", &["check.sh", "web/check.sh"]),
        ("(cd web; cd ../api && ./a.sh); ./b.sh", &["a.sh", "api/a.sh", "api/b.sh", "b.sh", "web/a.sh", "web/b.sh"]),
        ("pushd web; sh ../top.sh", &["top.sh"]),
        ("env -i A=1 ./a.sh; nice -n 10 ./b.sh; xvfb-run -a sh c.sh", &["a.sh", "b.sh", "c.sh"]),
        ("uv run --frozen python d.py; timeout -k 5 30s ./e.sh", &["d.py", "e.sh"]),
        ("timeout -s KILL 30 ./f.sh; nohup setsid stdbuf -oL ./g.sh", &["f.sh", "g.sh"]),
        ("sudo -u user ./h.sh; xargs -n 1 sh i.sh", &["h.sh", "i.sh"]),
        ("cd /tmp; cd $HOME; cd \"$X/y\" && ls 5", &[]),
        ("npm --prefix web test", &["web/package.json"]),
        ("coverage run tools/a.py", &["tools/a.py"]),
    ] {
        assert_eq!(paths(text, &Reads::Shell, "", "."), wanted, "{text}");
    }
    assert_eq!(paths("sh $(dirname $0)/b.sh", &Reads::Shell, "x/a.sh", "."), ["b.sh", "x/b.sh"].map(str::to_owned));
    assert_eq!(paths("sh a.sh", &Reads::Shell, "", "web"), ["web/a.sh"]);
    let make = reached("make -C sub check", &Reads::Shell, "", ".");
    assert!(make.iter().any(|one| one.path == "sub/Makefile" && one.reads == Reads::Make(vec!["check".into()])));
}

#[test]
fn scripts_and_recipes_are_followed_from_what_is_run() {
    let make = ".PHONY: test\nCC := gcc\nall: x\n\nbuild: src/a.c\n\tgcc src/a.c && ./gen.sh\ntest: build\n\t@sh scripts/unit.sh\nlint:\n\t./lint.sh\n";
    assert_eq!(paths(make, &Reads::Make(vec!["test".into()]), "Makefile", "."), ["gen.sh", "scripts/unit.sh"]);
    assert_eq!(paths("a:\n\t./a.sh\nb:\n\t./b.sh\n", &Reads::Make(Vec::new()), "Makefile", "."), ["a.sh"]);
    let goes_on = "a:\n\tcd web && \\\n\t  ./a.sh\n\t./b.sh\n";
    assert_eq!(
        paths(goes_on, &Reads::Make(Vec::new()), "Makefile", "."),
        ["a.sh", "b.sh", "web/a.sh"].map(str::to_owned)
    );
    assert_eq!(
        paths("cd \"$(dirname \"$0\")/..\"\n./b.sh", &Reads::Shell, "x/y/a.sh", "."),
        ["b.sh", "x/b.sh"].map(str::to_owned)
    );
    assert_eq!(paths("cd $(dirname $0)\nsh ../b.sh", &Reads::Shell, "x/y/a.sh", "."), ["x/b.sh"].map(str::to_owned));
    let json =
        r#"{"main": "index.js", "scripts": {"pretest": "./pre.sh", "test": "node tools/run.mjs", "x": "./x.sh"}}"#;
    let scripts = Reads::Package(vec!["test".into()]);
    assert_eq!(paths(json, &scripts, "package.json", "."), ["pre.sh", "tools/run.mjs"]);
    assert_eq!(paths("no json", &scripts, "package.json", "."), Vec::<String>::new());
    let own = reached("node -e x(require('./package.json').scripts.check)", &Reads::Shell, "", ".");
    assert_eq!(own.iter().map(|one| &one.reads).collect::<Vec<_>>(), [&Reads::Package(vec!["check".into()])]);
}
