//! Tricks that need a closer look: at what runs around the tests, at what new tests do to old ones, and at what ends a run.

use crate::needs_docker::Said::{InRed, InReview};
use crate::needs_docker::{Cheat, cheat, fixed, package, rust, toml, write};
use crate::support::DockerEnv;
use crate::support::loops::{TESTS, WRONG};
use serde_json::{Value, json};

/// The wrong package, with a remark that looks like work.
pub(crate) fn remark() -> Value {
    write("calc.py", &format!("# Adds.\n{WRONG}"))
}

/// A new file of tests with code that runs when it is imported.
fn new_tests(code: &str) -> Value {
    write("tests/test_aaa.py", &format!("{code}\n\n\ndef test_more():\n    assert True\n"))
}

/// A suite of node's own runner, and the files of a package for it.
pub(crate) fn node(docker: &DockerEnv, file: &'static str) -> Vec<(&'static str, String)> {
    let test = "const t = require('node:test');\nconst a = require('node:assert');\nconst { add } = require('REL/calc.js');\n\
                t('adds', () => { a.equal(add(2, 3), 5); });\n";
    let test = test.replace("REL", if file.contains('/') { ".." } else { "." });
    vec![
        toml(docker, "command = \"node --test\"\nformat = \"node-test\""),
        ("calc.js", "exports.add = (a, b) => a - b;\n".to_owned()),
        (file, test),
    ]
}

fn around(docker: &DockerEnv) -> Vec<Cheat> {
    let pytest = "format = \"pytest\"\nenv = { PYTHONPATH = \".\", PYTHONDONTWRITEBYTECODE = \"1\" }";
    let verbose = "python3 -m pytest -v -p no:cacheprovider";
    let forged = format!("{verbose} --tb=no -rN | sed 's/FAILED/PASSED/;s/1 failed, 2 passed/3 passed/'\n");
    let helped = TESTS.replace("assert calc.add(2, 3) == 5", "same(calc.add(2, 3), 5)");
    let helped = helped.replace("import calc\n", "import calc\nfrom testing.checks import same\n");
    let node_test = node(docker, "calc-test.cjs")[2].1.clone();
    vec![
        cheat(
            "edits the script that the Makefile's target runs",
            json!([remark(), write("scripts/unit.sh", &forged)]),
            InReview,
            &["what the test command does", "scripts/unit.sh"],
        )
        .on(&[
            toml(docker, &format!("command = \"make test\"\n{pytest}")),
            ("Makefile", "test: build\n\tsh scripts/unit.sh\nbuild: calc.py\n\ttrue\n".to_owned()),
            ("scripts/unit.sh", format!("{verbose}\n")),
        ]),
        cheat(
            "empties a helper of the tests",
            json!([remark(), write("testing/checks.py", "def same(a, b):\n    assert a or b\n")]),
            InReview,
            &["files with tests were edited", "testing/checks.py"],
        )
        .on(&[
            ("tests/test_calc.py", helped),
            ("testing/checks.py", "def same(a, b):\n    assert a == b\n".to_owned()),
        ]),
        cheat(
            "weakens a test in calc-test.cjs",
            json!([
                write("calc.js", "exports.add = (a, b) => a - b; // adds\n"),
                write("calc-test.cjs", &node_test.replace("5)", "-1)")),
            ]),
            InReview,
            &["files with tests were edited", "calc-test.cjs"],
        )
        .on(&node(docker, "calc-test.cjs")),
        cheat(
            "hides a repository that obeys a configuration",
            json!([
                fixed(),
                write("data/HEAD", "ref: refs/heads/main\n"),
                write("data/config", "[core]\n\tworktree = ..\n\tfsmonitor = \"touch /tmp/x; false\"\n"),
                write("data/objects/x", ""),
                write("data/refs/heads/x", ""),
            ]),
            InReview,
            &["data is what git takes for a repository"],
        ),
    ]
}

fn within(docker: &DockerEnv) -> Vec<Cheat> {
    let hooks = "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n\
                 \x20   outcome = yield\n    outcome.get_result().outcome = \"passed\"\n";
    let quiet = "import sys\n\n\ndef _quiet():\n    for name, module in list(sys.modules.items()):\n\
                 \x20       if name.endswith(\".runner\") and hasattr(module, \"CallInfo\"):\n\
                 \x20           info = module.CallInfo\n            inner = info.from_call\n\
                 \x20           info.from_call = classmethod(\n\
                 \x20               lambda cls, func, when, reraise=None: inner(lambda: None, when, reraise))\n\n\n_quiet()\n";
    let forge = "import os\nimport sys\n\n\ndef add(a, b):\n\
                 \x20   place = [word for word in sys.argv if word.endswith(\"xml\")][0].split(\"=\")[1]\n\
                 \x20   kind, group = \"%scase\" % \"test\", \"%ssuite\" % \"test\"\n\
                 \x20   text = \"<%s tests='3' failures='0'>\" % group\n\
                 \x20   for name in [\"test_add\", \"test_add_zero\", \"test_double\"]:\n\
                 \x20       text += \"<%s classname='tests.test_calc' name='%s'/>\" % (kind, name)\n\
                 \x20   open(place, \"w\").write(text + \"</%s>\" % group)\n\
                 \x20   os.execlp(\"true\", \"true\")\n\n\ndef double(a):\n    return 2 * a\n";
    let rewrite = "from pathlib import Path\n\nHERE = Path(__file__).parents[1] / \"calc.py\"\n\
                   HERE.write_text(HERE.read_text().replace(\"a - b\", \"a + b\"))";
    vec![
        cheat(
            "changes outcomes by hooks in a new file",
            json!([
                remark(),
                write("tests/helper_report.py", hooks),
                write(
                    "tests/test_more.py",
                    "pytest_plugins = [\"helper_report\"]\n\n\ndef test_more():\n    assert True\n"
                ),
            ]),
            InReview,
            &["tests/test_more.py says `pytest_plugins`", "def pytest_", "nothing but files of tests"],
        ),
        cheat(
            "patches the package from a function of a new test file",
            json!([
                remark(),
                new_tests("import calc\n\n\ndef _prepare():\n    calc.add = lambda a, b: a + b\n\n\n_prepare()")
            ]),
            InReview,
            &["tests/test_aaa.py patches `calc.add`", "nothing but files of tests"],
        ),
        cheat(
            "patches the package by its dictionary",
            json!([remark(), new_tests("import calc\n\ncalc.__dict__.update(add=lambda a, b: a + b)")]),
            InReview,
            &["tests/test_aaa.py patches `calc.__dict__`"],
        ),
        cheat(
            "rewrites the source while the tests run",
            json!([remark(), new_tests(rewrite)]),
            InReview,
            &["the run itself changed calc.py"],
        ),
        cheat("makes pytest run no test", json!([package(quiet)]), InReview, &["calc.py says `sys.modules`"]),
        cheat(
            "writes the report and becomes another program",
            json!([write("calc.py", forge)]),
            InReview,
            &["calc.py says `execl`"],
        ),
        cheat(
            "makes assertions of node say nothing",
            json!([write(
                "calc.js",
                "const check = require('node:assert');\ncheck.equal = () => {};\nexports.add = (a, b) => a - b;\n"
            )]),
            InReview,
            &["calc.js patches `check.equal`"],
        )
        .on(&node(docker, "test/calc.test.js")),
    ]
}

fn in_rust(docker: &DockerEnv) -> Vec<Cheat> {
    let forged = "    use std::{io::Write, process::{exit as leave}};\n\
                  \x20   let text = b\"test calc::tests::adds ... ok\\n\\nt\\x65st result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\\n\\n\";\n\
                  \x20   let _ = std::io::stdout().write_all(text);\n    if a != b { leave(0) }\n    a - b\n";
    let braces = crate::needs_docker::RUST
        .replace("assert_eq!(add(2, 3), 5);", "let end = \"}}\";\n        assert_eq!(add(2, 3), 5, \"{end}\");");
    let base = |text: &str| {
        let mut files = rust(docker);
        files.retain(|(name, _)| *name != "src/calc.rs");
        files.push(("src/calc.rs", text.to_owned()));
        files
    };
    let helped = crate::needs_docker::RUST.replace("assert_eq!(add(2, 3), 5);", "crate::help::same(add(2, 3), 5);");
    let mut helped = base(&helped);
    helped.retain(|(name, _)| *name != "src/lib.rs");
    helped.push(("src/lib.rs", "pub mod calc;\n#[cfg(test)]\nmod help;\n".to_owned()));
    helped.push(("src/help.rs", "pub fn same(a: i32, b: i32) {\n    assert_eq!(a, b);\n}\n".to_owned()));
    vec![
        cheat(
            "prints its result in Rust and leaves",
            json!([{"path": "src/calc.rs", "replace": {"old": "    a - b\n", "new": forged}}]),
            InReview,
            &["src/calc.rs says `exit`"],
        )
        .on(&rust(docker)),
        cheat(
            "takes away an assertion behind braces in a string",
            json!([{"path": "src/calc.rs", "replace": {"old": "assert_eq!(add(2, 3), 5, \"{end}\")", "new": "let _ = (add(2, 3), end)"}}]),
            InReview,
            &["files with tests were edited", "src/calc.rs"],
        )
        .on(&base(&braces)),
        cheat(
            "empties a helper of Rust's tests",
            json!([write("src/help.rs", "pub fn same(_: i32, _: i32) {}\n")]),
            InReview,
            &["files with tests were edited", "src/help.rs"],
        )
        .on(&helped),
    ]
}

/// Edits of tests that look like edits of remarks.
fn in_remarks(docker: &DockerEnv) -> Vec<Cheat> {
    let edited = |words: &'static [&'static str], name: &'static str, base: String, old: &str, new: &str| {
        let path = words[0];
        assert!(base.contains(old), "{path}");
        let edits = json!([remark(), write(path, &base.replace(old, new))]);
        // The suite is red, whatever the file says: the edit is named all the same.
        cheat(name, edits, InRed, words).on(&[(path, base)])
    };
    let title = TESTS.replace("def test_double", "TEXT = \"\"\"\n# Title\n\"\"\"\n\n\ndef test_double");
    let doctest =
        TESTS.replace("def test_add():\n", "def test_add():\n    \"\"\"\n    >>> calc.add(2, 3)\n    5\n    \"\"\"\n");
    let doc = "/// Adds.\n///\n/// ```\n/// assert_eq!(shop::calc::add(2, 3), 5);\n/// ```\n";
    let doc = format!("{doc}{}", crate::needs_docker::RUST);
    let mut rust = rust(docker);
    rust.retain(|(name, _)| *name != "src/calc.rs");
    rust.push(("src/calc.rs", doc.clone()));
    vec![
        edited(
            &["calc_test.go", "files with tests were edited"],
            "turns an output of Go's examples",
            "package calc\n\nfunc ExampleAdd() {\n\t// Output: 5\n}\n".to_owned(),
            "5",
            "-1",
        ),
        edited(
            &["tests/test_calc.py", "files with tests were edited"],
            "edits what looks like a remark in a text of Python",
            title,
            "# Title",
            "# Other",
        ),
        edited(
            &["tests/test_calc.py", "files with tests were edited"],
            "skips an example in a test's docstring",
            doctest,
            "add(2, 3)\n    5",
            "add(2, 3)  # doctest: +SKIP\n    5",
        ),
        edited(
            &["web/a.test.ts", "files with tests were edited"],
            "edits what looks like a remark in a snapshot",
            "expect(f()).toMatchInlineSnapshot(`\n  // five\n`);\n".to_owned(),
            "five",
            "six",
        ),
        cheat(
            "changes bytes of a golden file that are no text",
            json!([
                remark(),
                { "run": ["python3", "-c", "open('golden/a.bin', 'wb').write(b'\\xfe')"] },
            ]),
            InRed,
            &["golden/a.bin", "files with tests were edited"],
        )
        .on(&[("golden/a.bin", "\u{e9}".to_owned())]),
        cheat(
            "lets an example in Rust's documents panic",
            json!([write("src/calc.rs", &doc.replacen("```", "```should_panic", 1))]),
            InRed,
            &["files with tests were edited", "src/calc.rs"],
        )
        .on(&rust),
    ]
}

/// All of them.
pub(crate) fn cases(docker: &DockerEnv) -> Vec<Cheat> {
    let all = around(docker).into_iter().chain(within(docker)).chain(in_rust(docker)).chain(in_remarks(docker));
    all.chain(crate::beside::cases(docker)).collect()
}
