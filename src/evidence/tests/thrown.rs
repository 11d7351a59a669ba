//! What programs of several languages print when nobody catches an error, and compilers' errors that begin alike.

use crate::domain::{Finding, StepEnd};
use crate::evidence::{Format, judge};

fn findings(output: &str) -> Vec<Finding> {
    judge("unit", &StepEnd::Exited { code: 1 }, Format::ExitCode, None, output.as_bytes()).findings
}

fn kinds(output: &str) -> Vec<(String, String)> {
    findings(output)
        .into_iter()
        .map(|one| (one.kind, one.message.lines().next().unwrap_or_default().to_owned()))
        .collect()
}

fn one(kind: &str, message: &str) -> Vec<(String, String)> {
    vec![(kind.to_owned(), message.to_owned())]
}

#[test]
fn errors_that_nobody_caught_are_read_in_every_language() {
    for (output, kind, message) in [
        (
            "a.rb:9:in 'Shop#load': no such thing (RuntimeError)\n\tfrom b.rb:3:in '<main>'\n",
            "RuntimeError",
            "no such thing",
        ),
        ("b.rb:44:in `run': nothing here (Shop::NotFound)\n", "Shop::NotFound", "nothing here"),
        (
            "Unhandled exception. System.InvalidOperationException: no price\n   at Shop.Load() in /work/Shop.cs:line 3\n",
            "System.InvalidOperationException",
            "no price",
        ),
        (
            "PHP Fatal error:  Uncaught RuntimeException: no price in /work/a.php:3\nStack trace:\n#0 {main}\n  thrown in /work/a.php on line 3\n",
            "RuntimeException",
            "no price",
        ),
        (
            "PHP Parse error:  syntax error, unexpected end of file in /work/a.php on line 9\n",
            "Parse error",
            "syntax error, unexpected end of file",
        ),
        (
            "=================\n==71==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000010 at pc 0x1 bp 0x2 sp 0x3\nREAD of size 4\n    #0 0x4f in main /work/a.c:7:3\n",
            "AddressSanitizer",
            "heap-use-after-free",
        ),
        (
            "Traceback (most recent call last):\n  File \"/work/a.py\", line 3, in <module>\n    f()\ndjango.core.exceptions.ImproperlyConfigured: no key\n",
            "django.core.exceptions.ImproperlyConfigured",
            "no key",
        ),
        (
            "Traceback (most recent call last):\n  File \"/work/a.py\", line 3, in <module>\n    f()\njinja2.exceptions.TemplateNotFound: a.html\n",
            "jinja2.exceptions.TemplateNotFound",
            "a.html",
        ),
        (
            "Traceback (most recent call last):\n  File \"/work/a.py\", line 3, in f\n    g()\nKeyError: 'a'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"/work/a.py\", line 9, in <module>\n    f()\nValueError: no price\n",
            "ValueError",
            "no price",
        ),
    ] {
        assert_eq!(kinds(output), one(kind, message), "{output}");
    }
}

#[test]
fn different_errors_of_ruby_have_places_and_fingerprints_of_their_own() {
    let output =
        "a.rb:9:in 'Shop#load': no such thing (RuntimeError)\nb.rb:44:in 'run': undefined method 'x' (NoMethodError)\n";
    let found = findings(output);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_ne!(found[0].exact, found[1].exact);
    let places: Vec<_> = found.iter().filter_map(|one| one.location.as_ref()).map(ToString::to_string).collect();
    assert_eq!(places, ["a.rb:9", "b.rb:44"]);
}

#[test]
fn compilers_errors_that_begin_alike_are_told_apart_and_none_is_lost() {
    let javac = |line: u32, symbol: &str| {
        format!(
            "src/x/Shop.java:{line}: error: cannot find symbol\n        x();\n        ^\n  symbol:   {symbol}\n  location: class Shop\n"
        )
    };
    let found =
        findings(&format!("{}{}{}2 errors\n", javac(3, "method foo()"), javac(9, "class Bar"), javac(20, "class Bar")));
    assert_eq!(found.iter().map(|one| one.count).collect::<Vec<_>>(), [1, 2], "{found:?}");
    assert!(found[1].message.ends_with("also at src/x/Shop.java:20:9"), "{:?}", found[1].message);
    // Another line is no other problem.
    assert_eq!(found[0].exact, findings(&javac(7, "method foo()"))[0].exact);
    let rustc = |label: &str| {
        format!("error[E0308]: mismatched types\n --> src/a.rs:3:5\n  |\n3 |     a\n  |     ^ {label}\n\n")
    };
    let found = findings(&format!("{}{}", rustc("expected `i32`, found `&str`"), rustc("expected `bool`, found `()`")));
    assert_eq!(found.len(), 2, "{found:?}");
    let ghc = |words: &str| format!("src/A.hs:3:5: error: [GHC-88464]\n    Variable not in scope: {words}\n\n");
    assert_eq!(findings(&format!("{}{}", ghc("foo"), ghc("bar"))).len(), 2);
}
