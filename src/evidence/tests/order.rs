//! Two streams that were read in an order of their own.

use crate::domain::StepEnd;
use crate::evidence::{Format, in_order, judge};
use proptest::prelude::*;
use std::ops::Range;

/// What cargo and its test programs wrote, in order: to which stream, and what.
fn written() -> Vec<(bool, &'static str)> {
    let doc = "\nrunning 1 test\ntest src/lib.rs - (line 2) ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.20s\n\nall doctests ran in 0.3s\n";
    let merged = "\nrunning 2 tests\ntest src/lib.rs - f (line 9) ... ok\ntest src/lib.rs - g (line 19) ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n";
    vec![
        (true, "   Compiling shop v0.1.0 (/work)\n    Finished `test` profile\n"),
        (true, "\u{1b}[1m\u{1b}[32m     Running\u{1b}[0m unittests src/lib.rs (target/debug/deps/shop-7e8f)\n"),
        (
            false,
            "\nrunning 2 tests\ntest calc::tests::adds ... ok\ntest calc::tests::subtracts ... FAILED\n\nfailures:\n\n---- calc::tests::subtracts stdout ----\nthread 'calc::tests::subtracts' panicked at src/calc.rs:9:9:\nassertion failed: no\n\n\nfailures:\n    calc::tests::subtracts\n\ntest result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\n",
        ),
        (
            true,
            "error: test failed, to rerun pass `--lib`\n     Running unittests src/main.rs (target/debug/deps/shop-11)\n",
        ),
        (
            false,
            "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n",
        ),
        (true, "     Running tests/whole.rs (target/debug/deps/whole-22)\n"),
        (
            false,
            "\nrunning 1 test\ntest whole ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n",
        ),
        (true, "   Doc-tests shop\n"),
        (false, merged),
        (false, doc),
        (true, "error: 1 target failed:\n    `--lib`\n"),
    ]
}

/// The streams, cut into pieces and read in turns.
fn read(cuts: &[(usize, usize)]) -> (Vec<u8>, Vec<Range<usize>>) {
    let stream = |wanted| -> Vec<u8> {
        written().iter().filter(|(error, _)| *error == wanted).flat_map(|(_, text)| text.bytes()).collect()
    };
    let (out, err) = (stream(false), stream(true));
    let (mut output, mut errors, mut told, mut said) = (Vec::new(), Vec::new(), 0, 0);
    for (more_out, more_err) in cuts.iter().copied().chain([(out.len(), err.len())]) {
        let end = (told + more_out).min(out.len());
        output.extend_from_slice(&out[told..end]);
        told = end;
        let end = (said + more_err).min(err.len());
        errors.push(output.len()..output.len() + end - said);
        output.extend_from_slice(&err[said..end]);
        said = end;
    }
    (output, errors)
}

fn report(output: &[u8]) -> crate::evidence::Judged {
    judge("unit", &StepEnd::Exited { code: 101 }, Format::CargoTest, None, output)
}

#[test]
fn an_announcement_that_overtook_a_run_is_put_behind_it() {
    let ordered: String = written().iter().map(|(_, text)| *text).collect();
    let wanted = report(ordered.as_bytes());
    assert_eq!(wanted.outcome.cases.len(), 6, "{:?}", wanted.outcome.cases);
    assert_eq!(wanted.outcome.oddities, Vec::<String>::new());
    let overtaken = ordered.replace("\ntest whole ... ok", "   Doc-tests shop\n\ntest whole ... ok");
    assert_ne!(report(overtaken.as_bytes()).outcome, wanted.outcome);
    let (output, errors) = read(&[(0, 200), (700, 300)]);
    assert_ne!(report(&output).outcome, wanted.outcome);
    assert_eq!(report(&in_order(output, &errors)), wanted);
}

#[test]
fn what_cannot_be_put_in_order_stays() {
    // The first program ends early: its run has no result, whatever comes behind it.
    let out = "\nrunning 3 tests\ntest a ... ok\n\nrunning 1 test\ntest b ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let err = "     Running unittests src/lib.rs (target/debug/deps/tiny-abf)\n     Running tests/two.rs (target/debug/deps/two-e9b)\n";
    let output = format!("{out}{err}").into_bytes();
    let error = out.len()..output.len();
    let errors = std::slice::from_ref(&error);
    assert_eq!(in_order(output.clone(), errors), output);
    assert_eq!(in_order(output.clone(), &[]), output);
    assert_eq!(in_order(Vec::new(), &[]), Vec::<u8>::new());
}

proptest! {
    #[test]
    fn any_order_of_reading_gives_the_same_report(cuts in proptest::collection::vec((0_usize..400, 0_usize..120), 0..12)) {
        let ordered: String = written().iter().map(|(_, text)| *text).collect();
        let (output, errors) = read(&cuts);
        prop_assert_eq!(report(&in_order(output, &errors)), report(ordered.as_bytes()));
    }

    #[test]
    fn nothing_is_lost(text in "(running 1 test\n|test a ... ok\n|test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n|     Running a.rs \\(t/a-1\\)\n|   Doc-tests a\n|x|\n){0,30}", cuts in proptest::collection::vec(0_usize..400, 0..8)) {
        let mut places: Vec<usize> = cuts.into_iter().map(|at| at.min(text.len())).collect();
        places.sort_unstable();
        let errors: Vec<_> = places.chunks_exact(2).map(|pair| pair[0]..pair[1]).collect();
        let ordered = in_order(text.clone().into_bytes(), &errors);
        let letters = |bytes: &[u8]| {
            let mut sorted: Vec<u8> = bytes.iter().copied().filter(|b| *b != b'\n').collect();
            sorted.sort_unstable();
            sorted
        };
        prop_assert_eq!(letters(&ordered), letters(text.as_bytes()));
    }
}
