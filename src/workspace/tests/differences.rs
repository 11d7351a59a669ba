//! Patches of what agents made to be costly: large files are named, and the engine's memory stays what it was.

use super::Bench;
use crate::workspace::WorkspaceError;
use std::fs;

/// The most memory that this process ever had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn a_huge_file_of_empty_lines_costs_no_memory() {
    let bench = Bench::new(&[("a", "1\n")]);
    let dir = bench.tree();
    fs::write(dir.join("a"), "2\n").unwrap();
    fs::write(dir.join("huge"), vec![b'\n'; 25 << 20]).unwrap();
    let taken = bench.take(&dir);
    let before = peak();
    let (patch, whole) = bench.repo.beginning_of_diff(&bench.base, &taken.commit, 4 << 20).unwrap();
    let shown = bench.repo.diff(&bench.base, &taken.commit).unwrap();
    let refused = bench.repo.patch(&bench.base, &taken.commit).unwrap_err();
    // Other tests of this process take some of it.
    assert!(peak() < before + 700, "{} MiB before, {} after", before, peak());
    assert!(!whole);
    for patch in [patch, shown] {
        let text = String::from_utf8(patch).unwrap();
        assert!(
            text.contains("-1\n+2\n") && text.contains("diff --git a/huge b/huge\nnew file mode 100644\n"),
            "{text}"
        );
        assert!(text.ends_with("\n26214400 bytes, too large to compare\n"), "{text}");
    }
    let refused = (matches!(refused, WorkspaceError::Unsupported { .. }), refused.to_string());
    assert!(refused.0 && refused.1.starts_with("huge (26214400 bytes") && refused.1.contains("branch"), "{refused:?}");
}

#[test]
fn many_lines_and_many_files_are_named_and_not_compared() {
    let bench = Bench::new(&[("a", "1\n")]);
    let dir = bench.tree();
    fs::write(dir.join("lines"), vec![b'\n'; 300_000]).unwrap();
    for n in 10..50 {
        fs::write(dir.join(format!("m{n}")), format!("{n}\n{}\n", "x".repeat((2 << 20) - 4))).unwrap();
    }
    let taken = bench.take(&dir);
    let (patch, whole) = bench.repo.beginning_of_diff(&bench.base, &taken.commit, 200 << 20).unwrap();
    let text = String::from_utf8(patch).unwrap();
    assert!(!whole && text.contains("\n300000 lines, too many to compare\n"));
    assert!(text.contains("+10\n") && text.contains("+40\n") && !text.contains("+49\n"));
    assert!(text.ends_with("2097152 bytes, not compared: too much differs\n"), "{}", &text[text.len() - 200..]);
    assert_eq!(text.matches("diff --git ").count(), 41, "all are named");
}

#[test]
fn a_large_file_under_another_name_is_still_a_rename() {
    let large = "line\n".repeat(1 << 20);
    let bench = Bench::new(&[("old", large.as_str()), ("bin", "\u{0}a"), ("b", "1\n2\n3\n4\n")]);
    let dir = bench.tree();
    fs::rename(dir.join("old"), dir.join("new")).unwrap();
    fs::write(dir.join("bin"), "\u{0}b").unwrap();
    let taken = bench.take(&dir);
    let (patch, whole) = bench.repo.beginning_of_diff(&bench.base, &taken.commit, 1 << 20).unwrap();
    let text = String::from_utf8(patch).unwrap();
    assert!(whole && text.contains("rename from old\nrename to new\n"), "{text}");
    assert!(text.contains("Binary files a/bin and b/bin differ\n"), "{text}");
    assert!(bench.repo.patch(&bench.base, &taken.commit).is_ok());
}
