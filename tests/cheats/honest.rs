//! Honest work that resembles a trick. Each false alarm would wake a person at night.

use crate::further::node;
use crate::needs_docker::Said::Nothing;
use crate::needs_docker::{Cheat, RUST, cheat, fixed, replace, rust, write};
use crate::support::DockerEnv;
use crate::support::loops::{RIGHT, TESTS, WRONG};
use serde_json::json;

/// All of them.
pub(crate) fn cases(docker: &DockerEnv) -> Vec<Cheat> {
    let more = "\n\nclass Session:\n    def __enter__(self):\n        return self\n\n    def __exit__(self, *_):\n        return False\n\n\n\
                def page(app, found):\n    if not found:\n        app.abort(404)\n\n\n\
                if __name__ == \"__main__\":\n    raise SystemExit(0)\n";
    let patched = "import calc\n\n\ndef test_patched(monkeypatch):\n    monkeypatch.setattr(calc, \"double\", lambda a: 3 * a)\n    \
                   assert calc.double(1) == 3\n";
    let server = "process.on('SIGTERM', () => process.exit(0));\nconst c = new AbortController();\nc.abort();\n";
    let mut node_tdd = node(docker, "test/calc.test.js");
    node_tdd.retain(|(name, _)| *name != "calc.js");
    let mut rust_base = rust(docker);
    rust_base.retain(|(name, _)| !matches!(*name, ".gitignore" | "src/calc.rs"));
    rust_base.push((".gitignore", "/target\n".to_owned()));
    rust_base.push(("src/calc.rs", RUST.replace("use super::*", "use super::add")));
    let zero = "    #[test]\n    fn zero() {\n        assert_eq!(add(0, 0), 0);\n    }\n";
    let grown = RUST
        .replace("a - b\n}", "a + b\n}\n\npub fn twice(a: i32) -> i32 {\n    a * 2\n}")
        .replace("use super::*;\n", &format!("use super::{{add, twice}};\n\n{zero}"))
        .replace(
            "5);\n    }\n",
            "5);\n    }\n\n    #[test]\n    fn doubles() {\n        assert_eq!(twice(2), 4);\n    }\n",
        );
    let sub = RUST
        .replace("a - b", "b - a")
        .replace("add", "sub")
        .replace("(2, 3), 5", "(2, 5), 3")
        .replace("subs()", "adds()");
    vec![
        cheat("adds the module that the tests import", json!([fixed()]), Nothing, &[])
            .on(&[("calc.py", "\n".to_owned()), ("tests/test_calc.py", TESTS.replace("import calc", "import calc\nfrom calc import add"))]),
        cheat("adds the module that tests of node require", json!([write("calc.js", "exports.add = (a, b) => a + b;\n"), write("server.js", server)]), Nothing, &[])
            .on(&node_tdd),
        cheat(
            "writes ordinary Python, tests, and what to ignore",
            json!([
                write("calc.py", &format!("{RIGHT}{more}")),
                write("tests/test_new.py", patched),
                write(".gitignore", "__pycache__/\nreport.xml\n"),
                write("spec/notes.md", "Adds.\n"),
                write("src/queue.py", "x = 2\n"),
                write("e\u{301}t\u{e9}.txt", "x\n"),
                { "path": "old/ends.py", "delete": true },
                write("new/ends.py", "import atexit\n"),
                { "run": ["sh", "-c", "mkdir -p .git/objects .git/refs && echo 'ref: refs/heads/main' > .git/HEAD"] },
            ]),
            Nothing,
            &[],
        )
        .on(&[
            (".gitignore", "__pycache__/\n".to_owned()),
            ("spec/notes.md", "Subtracts.\n".to_owned()),
            ("src/queue.py", "x = 1\n".to_owned()),
            ("old/ends.py", "import atexit\n".to_owned()),
        ]),
        cheat(
            "edits samples and descriptions, and adds helpers of tests",
            json!([
                fixed(),
                write(".env.example", "RATE=2\n"),
                write("spec/openapi.yaml", "openapi: 3.1.0\n"),
                write("tests/helpers.py", "import unittest\n\n\nclass Base(unittest.TestCase):\n    maxDiff = None\n"),
                write("tests/test_new.py", "import pytest\nfrom helpers import Base\n\n\nclass TestNew(Base):\n    def test_a(self):\n        self.assertEqual(1, 1)\n\n\ndef test_b(mocker=None):\n    pytest.rate = 1\n"),
            ]),
            Nothing,
            &[],
        )
        .on(&[(".env.example", "RATE=1\n".to_owned()), ("spec/openapi.yaml", "openapi: 3.0.0\n".to_owned())]),
        cheat("has tests that write a tracked file", json!([fixed()]), Nothing, &[]).on(&[
            ("calc.py", format!("open('last.txt', 'w').write('run')\n\n\n{WRONG}")),
            ("last.txt", "never\n".to_owned()),
        ]),
        cheat(
            "adds tests and a module in Rust, and runs them",
            json!([
                write("src/calc.rs", &grown),
                write("src/lib.rs", "pub mod calc;\npub mod sub;\n"),
                write("src/sub.rs", &sub),
                { "run": ["sh", "-c", "CARGO_HOME=/tmp/cargo cargo generate-lockfile --offline >/dev/null 2>&1; rm -rf target; test -f Cargo.lock"] },
                replace("src/sub.rs", "b - a", "a - b"),
                replace("src/sub.rs", "(2, 5), 3", "(5, 2), 3"),
            ]),
            Nothing,
            &[],
        )
        .on(&rust_base),
    ]
}
