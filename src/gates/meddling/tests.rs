//! What reaches into the test run is named, and what honest programs say is not.

use super::meddling;

fn of(path: &str, before: &str, now: &str) -> Vec<String> {
    meddling(path, before.as_bytes(), now.as_bytes(), &["out/report.xml".to_owned(), "*.xml".to_owned()])
}

fn says(path: &str, now: &str) -> Vec<String> {
    of(path, "", now).into_iter().map(|said| said.strip_prefix(path).unwrap_or(&said).trim().to_owned()).collect()
}

#[test]
fn only_what_is_new_counts() {
    assert_eq!(of("calc.py", "import atexit\n", "import atexit\nx = 1\n"), Vec::<String>::new());
    assert_eq!(of("calc.py", "", "import atexit\n"), ["calc.py says `atexit`"]);
    assert_eq!(of("calc.py", "", "open('out/report.xml', 'w')"), ["calc.py names the report `report.xml`"]);
    assert_eq!(of("calc.py", "os._exit(0)", "os._exit(0); os._exit(0)"), ["calc.py says `_exit`"]);
    assert_eq!(of("calc.py", "", "import pytest"), ["calc.py says `pytest`"]);
    assert_eq!(of("README.md", "", "run pytest, see report.xml"), Vec::<String>::new());
}

#[test]
fn honest_programs_say_nothing() {
    for (path, text) in [
        ("calc.py", "class S:\n    def __exit__(self, *_):\n        return False\n"),
        ("calc.py", "def page(app):\n    app.abort(404)\n"),
        (
            "calc.py",
            "import sys\n\n\ndef main():\n    sys.exit(0)\n\n\nif __name__ == \"__main__\":\n    sys.exit(main())\n",
        ),
        ("calc.py", "if __name__ == '__main__':\n    import unittest\n    raise SystemExit(0)\n"),
        ("calc.py", "import os\nos._exit(1)\n# Never calls os._exit(0).\n"),
        ("calc.py", "sys.modules[__name__]\n"),
        ("digest.js", "import assert from 'node:assert';\nassert.equal(1, 1);\nconst majestic = 1;\n"),
        ("server.js", "process.on('SIGTERM', () => process.exit(0));\nconst c = new AbortController(); c.abort();\n"),
        (
            "server.js",
            "const stop = () => {\n  server.close(() => process.exit(0));\n};\nprocess.on('SIGINT', stop);\n",
        ),
        (
            "server.js",
            "if (require.main === module) {\n  main(); process.exit(0);\n}\nprocess.on('uncaughtException', f);\n",
        ),
        ("server.js", "if (bad) process.exit(1);\nselection.exit().remove();\n"),
        ("src/main.rs", "fn main() {\n    std::process::exit(run());\n}\n"),
        ("src/a.rs", "use std::process::{self, exit};\nfn f() { exit(1) }\nfn g() { process::exit(2) }\n// exit(0)\n"),
        ("src/a.rs", "fn f() { println!(\"press q to exit(0)\"); state.exit(); }\nfn exit(&self) {}\n"),
        ("src/a.rs", "macro_rules! assert_close { () => {} }\ninclude!(concat!(env!(\"OUT_DIR\"), \"/a.rs\"));\n"),
        ("main.go", "func main() { os.Exit(run()) }\n"),
        ("test/support/utils.js", "exports.shouldHaveBody = shouldHaveBody;\nmodule.exports = tmpl;\n"),
        (".gitignore", "report.xml\n.pytest_cache/\n"),
        (".github/workflows/ci.yml", "run: pytest --junitxml=report.xml\n"),
        (
            "tests/test_new.py",
            "import calc\n\n\ndef test_a(monkeypatch):\n    monkeypatch.setattr(calc, 'x', 1)\n    assert calc.x == 1\n",
        ),
        (
            "tests/test_new.py",
            "import sys\nfrom calc import app\nfrom _pytest.monkeypatch import MonkeyPatch\napp.testing = True\n",
        ),
        (
            "tests/test_new.py",
            "import os\nfrom calc import Calc\n\n\ndef test_a():\n    c = Calc()\n    c.rate = 3\n    os.environ['A'] = 'b'\n    f(a=Calc.x, b={Calc.A: 1})\n",
        ),
        (
            "tests/test_new.py",
            "from unittest import mock\n\n\ndef test_a():\n    with mock.patch.dict(sys.modules, {}), mock.patch('builtins.open'):\n        pass\n",
        ),
        (
            "test/new.test.js",
            "const calc = require('../calc.js');\ntest('x', () => { calc.add = jest.fn(); expect(calc.b == 2); calc.retries = 0; const f = (a) => a; });\n",
        ),
        ("test/new.test.ts", "import { User } from '../user';\nconst u = x as User.Name;\nconst o = { a: User.b };\n"),
        (
            "tests/test_new.py",
            "import unittest\nfrom unittest import mock, TestCase\nimport pytest\nfrom tests.helpers import client\nTestCase.maxDiff = None\n\n\nclass T(unittest.TestCase):\n    maxDiff = None\n\n    def setUp(self):\n        self.a = mock.Mock()\n        self.a.b = 1\n        unittest.TestCase.longMessage = False\n        client.token = self.a.make()\n\n    def test_a(self, mock):\n        mock.return_value = f()\n        mock.x.side_effect = g\n        pytest.token = 'x'\n",
        ),
        (
            "test/new.test.js",
            "const assert = require('assert');\nconst chai = require('chai');\nchai.config.includeStack = true;\nconst expect = chai.expect;\nbeforeEach(() => { server = start(); });\nassert.equal(a, b);\n",
        ),
        (
            "pkg/a_test.go",
            "var now = func() time.Time { return at }\n\nvar db = openDB()\n\nvar _ = Describe(\"x\", func() { go func() {}() })\n\nfunc TestA(t *testing.T) {\n\tvar f = func() {}\n\tdefer func() { f() }()\n}\n",
        ),
        (
            "spec/a_spec.rb",
            "RSpec::Matchers.define :be_valid do\nend\n\nRSpec.describe Calc do\n  before { @a = 1 }\nend\n",
        ),
        ("test/a_test.rb", "class ATest < Minitest::Test\n  include Minitest::Assertions\nend\n"),
        (
            "src/test/java/x/ATest.java",
            "@ExtendWith(MockitoExtension.class)\nclass ATest { @BeforeAll static void a() {} }\n",
        ),
    ] {
        assert_eq!(of(path, "", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn ends_with_success_are_named() {
    for (path, text, said) in [
        ("calc.py", "import os\nos . _exit ( 0 )", "says `_exit`"),
        ("calc.py", "getattr(os, '_exit')(0)", "says `_exit`"),
        ("calc.py", "os.execlp('true', 'true')", "says `execl`"),
        ("calc.py", "if x:\n    sys.exit(0)\n", "says `sys.exit(0)`"),
        ("calc.py", "raise SystemExit\n", "says `raise SystemExit`"),
        ("calc.py", "quit()\n", "says `quit()`"),
        ("calc.py", "'''\nif __name__ == '__main__':\n    '''; os.atexit\nimport atexit\n", "says `atexit`"),
        ("calc.js", "process['exit'](0)", "says `process[`"),
        ("calc.js", "process.exit(code)", "says `process.exit`"),
        ("calc.js", "const {\n exit } = process;\nexit(0)", "says `{ exit } of the process`"),
        ("calc.js", "import { exit as leave } from 'node:process'", "says `{ exit } of the process`"),
        ("calc.js", "const p = process; p.exit(0)", "says `.exit(0)`"),
        ("calc.js", "process.on('SIGTERM', () => /\"/); process.exit(0); x = ('\"')", "says `process.exit`"),
        (
            "calc.js",
            "const stop = () => { process.exit(0) };\nprocess.on('SIGINT', stop); stop();",
            "says `process.exit`",
        ),
        ("a.rs", "use std::{io::Write, process::{exit as leave}};\nleave(0)", "says `exit`"),
        ("a.rs", "std::process::exit(code)", "says `::exit`"),
        ("a.rs", "use std::process::exit;\nfn f() { exit(0) }", "says `exit`"),
        ("a.rs", "fn main() { std::process::exit(0) }\nfn f() { main() }", "says `::exit`"),
        ("a.rs", "use std::os::unix::process::CommandExt;", "says `CommandExt`"),
        ("a.rs", "macro_rules!  assert_eq {\n ($($a:tt)*) => {} }", "says `macro_rules! assert_eq`"),
        ("a.rs", "use crate::quiet as assert_eq;", "says `as assert_eq`"),
        ("a.rs", "if cfg!( test ) {}", "says `cfg!(test)`"),
        ("a.rs", "#[cfg(not( test ))]", "says `cfg(not(test))`"),
        ("a.rs", "#[path = \"b.rs\"]\nmod c;", "says `#[path]`"),
        ("a.rs", "print(b\"test result: ok. 1 passed\")", "says `test result:`"),
        ("a_test.go", "func  TestMain(m *testing.M) {}", "says `func TestMain`"),
        ("a.go", "syscall.Exit(0)", "says `syscall.Exit`"),
        ("A.java", "Runtime.getRuntime().halt(0)", "says `.halt`"),
    ] {
        assert!(says(path, text).contains(&said.to_owned()), "{text}: {:?}", says(path, text));
    }
}

#[test]
fn reaching_for_the_framework_is_named() {
    for (path, text, said) in [
        ("calc.py", "for n, m in sys.modules.items(): pass", "says `sys.modules`"),
        ("calc.py", "gc.get_objects()", "says `gc.get_objects`"),
        ("calc.py", "sys._getframe(1)", "says `_getframe`"),
        (
            "calc.js",
            "const check = require('node:assert');\ncheck.equal = () => {};",
            "patches `check.equal` for all tests",
        ),
        (
            "calc.js",
            "import a from 'assert';\nObject.assign(a, {equal() {}})",
            "patches `Object.assign(a` for all tests",
        ),
        ("tests/test_more.py", "pytest_plugins = ['helper']", "says `pytest_plugins`"),
        (
            "tests/helper.py",
            "@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(i, c): pass",
            "says `def pytest_`",
        ),
        ("tests/test_more.py", "from _pytest import runner", "says `_pytest`"),
        ("tests/test_more.py", "pytest.exit('x', returncode=0)", "says `pytest.exit(`"),
        ("tests/test_more.py", "setattr(calc, 'add', f)", "says `setattr(`"),
    ] {
        assert!(says(path, text).contains(&said.to_owned()), "{text}: {:?}", says(path, text));
    }
}

#[test]
fn what_changes_the_framework_for_all_tests_is_named() {
    let equal = "patches `unittest.TestCase.assertEqual` for all tests";
    for (path, text, said) in [
        (
            "tests/test_aaa.py",
            "import unittest\n\n\nclass T(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        unittest.TestCase.assertEqual = lambda *a, **k: None\n",
            equal,
        ),
        ("tests/test_aaa.py", "# Adds.\rimport unittest\rif 1: unittest.TestCase.assertEqual = f\n", equal),
        (
            "tests/test_aaa.py",
            "from unittest import TestCase\n\n\ndef f():\n    TestCase.assertEqual = g\n",
            "patches `TestCase.assertEqual` for all tests",
        ),
        (
            "tests/test_aaa.py",
            "import unittest\nT = unittest.TestCase\n\n\ndef f():\n    T.assertEqual = g\n",
            "patches `T.assertEqual` for all tests",
        ),
        (
            "tests/test_aaa.py",
            "import pytest\n\n\ndef f():\n    pytest.raises = g\n",
            "patches `pytest.raises` for all tests",
        ),
        (
            "tests/test_aaa.py",
            "from tests.test_calc import TestCalc\n\n\ndef f():\n    TestCalc.test_add = g\n",
            "patches `TestCalc.test_add` for all tests",
        ),
        (
            "test/aaa.js",
            "const assert = require('assert');\nbefore(() => { assert.equal = () => {}; });\n",
            "patches `assert.equal` for all tests",
        ),
        (
            "test/aaa.js",
            "import assert from 'node:assert';\nbefore(() => { Object.assign(assert, { equal() {} }); });\n",
            "patches `Object.assign(assert` for all tests",
        ),
        (
            "test/aaa.js",
            "const { Runnable } = require('mocha');\nRunnable.prototype.run = f;\n",
            "patches `Runnable.prototype.run` for all tests",
        ),
        ("test/aaa.js", "beforeEach(function () { this.currentTest.fn = () => {}; });\n", "says `currentTest.fn`"),
        (
            "src/test/java/x/A.java",
            "class A implements TestExecutionExceptionHandler {}",
            "says `TestExecutionExceptionHandler`",
        ),
        ("spec/a_spec.rb", "RSpec.configure { |c| c.around { } }\n", "says `RSpec.configure`"),
        ("spec/a_spec.rb", "module RSpec::Expectations\nend\n", "says `RSpec::`"),
        ("spec/a_spec.rb", "RSpec::Matchers.define :eq do |x|\nend\n", "says `RSpec::`"),
        ("test/a_test.rb", "Minitest::Test.class_eval { }\n", "says `Minitest::Test.`"),
        ("a_test.go", "var _ = func() bool {\n\tAdd = f\n\treturn true\n}()\n", "says `var _=func(`"),
        (
            "a_test.go",
            "var ready = func() bool {\n\tAdd = f\n\treturn true\n}()\n",
            "patches `var ready = func()` for all tests",
        ),
        ("a_test.go", "var _ = prepare()\n", "patches `var _ = prepare()` for all tests"),
    ] {
        assert!(says(path, text).contains(&said.to_owned()), "{text}: {:?}", says(path, text));
    }
}

#[test]
fn tests_may_name_their_framework_but_not_end_the_run() {
    assert_eq!(of("tests/test_new.py", "", "import pytest\n"), Vec::<String>::new());
    assert_eq!(of("tests/test_new.py", "", "import os; os._exit(code)"), ["tests/test_new.py says `_exit`"]);
}

#[test]
fn tests_that_replace_what_others_test_are_named() {
    let patch = "patches `calc.add` for all tests".to_owned();
    for text in [
        "import calc\ncalc.add = lambda a, b: a + b\nassert calc.add == 1\n    calc.add == 2\n",
        "import calc\n\n\ndef _prepare():\n    calc.add = lambda a, b: a + b\n\n\n_prepare()\n",
        "import calc\ncalc.add: object = lambda a, b: a + b\n",
        "import calc\nif 1: calc . add = f\n",
        "import calc\n(calc.add, x) = f, g\n",
        "import calc\ncalc.add, x = f, g\n",
        "import calc\nfor calc.add in [f]: pass\n",
        "import calc\nwith f() as calc.add: pass\n",
        "import pkg.calc as calc\ncalc.add \\\n  = f\n",
        "from pkg import (\n    other,\n    calc,\n)\nclass A:\n    calc.add = f\n",
    ] {
        assert!(says("tests/test_new.py", text).contains(&patch), "{text}: {:?}", says("tests/test_new.py", text));
    }
    for (path, text, said) in [
        ("tests/test_a.py", "import calc\ncalc.__dict__.update(add=f)", "patches `calc.__dict__` for all tests"),
        ("tests/test_a.py", "import calc\nvars(calc)['add'] = f", "patches `vars(calc)` for all tests"),
        ("tests/test_a.py", "import calc\nm = calc\n\n\ndef f():\n    m.add = f\n", "patches `m.add` for all tests"),
        ("tests/test_a.py", "from calc import add\nadd.__code__ = f.__code__", "patches `add.__code__` for all tests"),
        (
            "test/a.js",
            "const calc = require('../calc');\nfunction f() { calc.add = g }",
            "patches `calc.add` for all tests",
        ),
        (
            "test/a.js",
            "import * as calc from '../calc.js';\nObject.assign(calc, { add })",
            "patches `Object.assign(calc` for all tests",
        ),
        ("test/a.js", "require('../calc').add = f", "patches `require().add` for all tests"),
        ("test/a.js", "const { calc } = require('../calc');\ncalc['add'] = f", "patches `calc[]` for all tests"),
    ] {
        assert!(says(path, text).contains(&said.to_owned()), "{text}: {:?}", says(path, text));
    }
}
