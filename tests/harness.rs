//! The test support tested by itself: what other tests stand on must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;
use support::{TempRepo, wait_until};

#[test]
fn a_repository_keeps_what_was_committed() {
    let repo = TempRepo::new(&[("src/a.py", "one\n"), ("b.txt", "b\n")]);
    let second = repo.commit(&[("src/a.py", "two\n")], "Change a");
    assert_eq!(repo.branches(), [("main".to_owned(), second.clone())]);
    assert_eq!(repo.show("main", "src/a.py").as_deref(), Some("two\n"));
    assert_eq!(repo.show(&format!("{second}~1"), "src/a.py").as_deref(), Some("one\n"));
    assert_eq!(repo.show("main", "missing"), None);
}

#[test]
fn a_removed_file_leaves_the_next_commit() {
    let repo = TempRepo::new(&[("a", "a"), ("b", "b")]);
    std::fs::remove_file(repo.file("a")).unwrap();
    repo.commit(&[], "Remove a");
    assert_eq!(repo.show("main", "a"), None);
    assert_eq!(repo.show("main", "b").as_deref(), Some("b"));
}

#[test]
fn waiting_ends_as_soon_as_the_condition_holds() {
    let mut asked = 0;
    wait_until("three questions", Duration::from_secs(5), || {
        asked += 1;
        asked == 3
    });
    assert_eq!(asked, 3);
}

#[test]
#[should_panic(expected = "the end of days: not within")]
fn waiting_in_vain_names_what_was_waited_for() {
    wait_until("the end of days", Duration::from_millis(1), || false);
}

mod needs_docker {
    use super::support::docker;

    #[test]
    fn the_engine_answers_and_has_the_images() {
        let Some(env) = docker() else { return };
        env.with(async |client| {
            client.version().await.expect("an answer of the engine");
            for image in std::iter::once(&env.image).chain(&env.tiny_image) {
                client.inspect_image(image).await.expect("an image");
            }
        });
    }

    #[test]
    fn a_directory_without_containers_has_none() {
        let Some(env) = docker() else { return };
        assert!(env.containers_of(std::path::Path::new("/nowhere")).is_empty());
    }
}
