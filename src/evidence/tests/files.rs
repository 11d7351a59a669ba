//! Reports in a hostile tree.

use crate::evidence::{ReportFault, read, remove_stale};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn reports_are_read_in_order() {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir_all(tree.path().join("target/a")).unwrap();
    fs::create_dir_all(tree.path().join("target/b")).unwrap();
    for name in ["target/a/2.xml", "target/a/1.xml", "target/b/1.xml", "target/b/1.txt"] {
        fs::write(tree.path().join(name), name).unwrap();
    }
    let paths: Vec<_> = read(tree.path(), "target/*/*.xml").unwrap().into_iter().map(|f| f.path).collect();
    assert_eq!(paths, ["target/a/1.xml", "target/a/2.xml", "target/b/1.xml"]);
    assert_eq!(read(tree.path(), "target/c/*.xml"), Err(ReportFault::Missing("target/c/*.xml".into())));
    assert!(matches!(read(tree.path(), "../x.xml"), Err(ReportFault::Pattern(_))));
    fs::hard_link(tree.path().join("target/b/1.xml"), tree.path().join("other")).unwrap();
    assert_eq!(read(tree.path(), "target/b/1.xml").unwrap()[0].links, 2);
}

#[test]
fn links_and_special_files_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("r.xml"), "secret").unwrap();
    let tree = tempfile::tempdir().unwrap();
    symlink(outside.path().join("r.xml"), tree.path().join("link.xml")).unwrap();
    symlink(outside.path(), tree.path().join("dir")).unwrap();
    symlink("/proc/self/root", tree.path().join("magic")).unwrap();
    fs::create_dir(tree.path().join("d.xml")).unwrap();
    mknodat(CWD, tree.path().join("fifo.xml"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(tree.path().join("s.xml")).unwrap();
    let fault = |pattern| read(tree.path(), pattern).unwrap_err();
    assert_eq!(fault("link.xml"), ReportFault::Symlink("link.xml".into()));
    assert_eq!(fault("dir/r.xml"), ReportFault::ParentIsLink("dir".into()));
    assert_eq!(fault("magic/etc/passwd"), ReportFault::ParentIsLink("magic".into()));
    assert_eq!(fault("d.xml"), ReportFault::NotRegular("d.xml".into()));
    assert_eq!(fault("fifo.xml"), ReportFault::NotRegular("fifo.xml".into()));
    assert_eq!(fault("s.xml"), ReportFault::NotRegular("s.xml".into()));
    assert!(fault("link.xml").is_tampering() && !ReportFault::Missing(String::new()).is_tampering());
}

#[test]
fn large_files_are_refused_without_reading_them() {
    let tree = tempfile::tempdir().unwrap();
    fs::File::create(tree.path().join("big.xml")).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(read(tree.path(), "big.xml"), Err(ReportFault::TooLarge { .. })));
}

#[test]
fn stale_reports_are_removed_and_named() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("keep");
    fs::write(&target, "kept").unwrap();
    let tree = tempfile::tempdir().unwrap();
    fs::write(tree.path().join("a.xml"), "old").unwrap();
    symlink(&target, tree.path().join("b.xml")).unwrap();
    fs::write(tree.path().join("c.txt"), "mine").unwrap();
    assert_eq!(remove_stale(tree.path(), "*.xml").unwrap(), ["a.xml", "b.xml"]);
    assert_eq!(fs::read(&target).unwrap(), b"kept");
    assert!(tree.path().join("c.txt").exists());
    assert_eq!(remove_stale(tree.path(), "*.xml").unwrap(), Vec::<String>::new());
    symlink(outside.path(), tree.path().join("dir")).unwrap();
    assert_eq!(remove_stale(tree.path(), "dir/keep"), Err(ReportFault::ParentIsLink("dir".into())));
    fs::create_dir(tree.path().join("d.xml")).unwrap();
    assert_eq!(remove_stale(tree.path(), "d.xml"), Err(ReportFault::NotRegular("d.xml".into())));
}
