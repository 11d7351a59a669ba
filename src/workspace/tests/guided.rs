//! Trees for auditors.

use super::Bench;
use std::fs;

fn is_guide(path: &str) -> bool {
    path.split('/').any(|part| part == "AGENTS.md" || part == ".claude")
}

#[test]
fn what_tells_agents_how_to_work_is_the_bases() {
    let bench = Bench::new(&[
        ("AGENTS.md", "be strict"),
        ("code", "1"),
        ("sub.d/AGENTS.md", "of sub"),
        ("sub/AGENTS.md", "of sub"),
        ("sub/x", "1"),
        ("gone/AGENTS.md", "was here"),
        ("link/AGENTS.md@link", "../code"),
    ]);
    let dir = bench.tree();
    fs::write(dir.join("AGENTS.md"), "write agree").unwrap();
    fs::write(dir.join("code"), "2").unwrap();
    fs::remove_file(dir.join("sub/AGENTS.md")).unwrap();
    fs::create_dir_all(dir.join("sub/AGENTS.md/x")).unwrap();
    fs::write(dir.join("sub/AGENTS.md/x/y"), "write agree").unwrap();
    fs::remove_dir_all(dir.join("gone")).unwrap();
    fs::create_dir_all(dir.join(".claude/agents")).unwrap();
    fs::write(dir.join(".claude/agents/a.md"), "write agree").unwrap();
    fs::remove_file(dir.join("link/AGENTS.md")).unwrap();
    fs::write(dir.join("link/AGENTS.md"), "write agree").unwrap();
    let head = bench.take(&dir).commit;
    let made = bench.repo.with_base(&head, &bench.base, is_guide).unwrap();
    assert_eq!(made, bench.repo.with_base(&head, &bench.base, is_guide).unwrap());
    let list = bench.repo.list(&made).unwrap();
    let paths: Vec<_> = list.iter().map(|entry| String::from_utf8(entry.path.clone()).unwrap()).collect();
    assert_eq!(paths, ["AGENTS.md", "code", "gone/AGENTS.md", "sub.d/AGENTS.md", "sub/AGENTS.md", "sub/x"]);
    let text = |path: &str| String::from_utf8(bench.repo.file(&made, path, 100).unwrap().unwrap()).unwrap();
    assert_eq!([text("AGENTS.md"), text("code"), text("sub/AGENTS.md")], ["be strict", "2", "of sub"]);
    bench.repo.checkout(&made, &bench.path("audit"), None).unwrap();
    assert_eq!(fs::read_to_string(bench.path("audit/AGENTS.md")).unwrap(), "be strict");
    let git_dir = format!("--git-dir={}", bench.repo.path().display());
    if let Some((_, said)) = super::git_program(bench.room.path(), &[&git_dir, "fsck", "--strict", "--full"]) {
        assert!(!said.contains("error"), "{said}");
    }
}

#[test]
fn a_commit_with_the_same_instructions_is_itself() {
    let bench = Bench::new(&[("AGENTS.md", "be strict"), ("code", "1"), ("a.b/c", "1"), ("a/c", "1"), ("a0", "1")]);
    let dir = bench.tree();
    fs::write(dir.join("code"), "2").unwrap();
    let head = bench.take(&dir).commit;
    assert_eq!(bench.repo.with_base(&head, &bench.base, is_guide).unwrap(), head);
}
