//! Git repositories for tests, made without a git program, a git identity or a home directory.

use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A repository in a temporary directory with the branch `main`.
#[derive(Debug)]
pub struct TempRepo {
    dir: TempDir,
}

impl TempRepo {
    /// A repository with one commit that holds these files: path and text.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::Builder::new().prefix("dwrepo").tempdir().expect("a temporary directory");
        Repository::init_opts(dir.path(), RepositoryInitOptions::new().initial_head("main")).expect("a new repository");
        let repo = Self { dir };
        repo.commit(files, "Begin");
        repo
    }

    /// The work tree.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes these files and commits the work tree as it is then; returns the commit's id.
    pub fn commit(&self, files: &[(&str, &str)], message: &str) -> String {
        for (name, text) in files {
            let path = self.file(name);
            fs::create_dir_all(path.parent().expect("a parent directory")).expect("a directory");
            fs::write(path, text).expect("a file of the repository");
        }
        let repo = self.open();
        let mut index = repo.index().expect("the index");
        index.add_all(["*"], IndexAddOption::DEFAULT, None).expect("files added");
        index.update_all(["*"], None).expect("removed files taken out");
        index.write().expect("the index written");
        let tree = repo.find_tree(index.write_tree().expect("a tree")).expect("the tree");
        let author = Signature::now("tester", "tester@example.invalid").expect("a signature");
        let parent = repo.head().ok().map(|head| head.peel_to_commit().expect("the head's commit"));
        let parents: Vec<_> = parent.iter().collect();
        repo.commit(Some("HEAD"), &author, &author, message, &tree, &parents).expect("a commit").to_string()
    }

    /// The path of a file in the work tree.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The local branches with their commits' ids, sorted by name.
    pub fn branches(&self) -> Vec<(String, String)> {
        let repo = self.open();
        let mut branches: Vec<_> = repo
            .references_glob("refs/heads/*")
            .expect("the branches")
            .map(|reference| {
                let reference = reference.expect("a branch");
                let name = reference.shorthand().expect("a branch name in UTF-8").to_owned();
                (name, reference.peel_to_commit().expect("the branch's commit").id().to_string())
            })
            .collect();
        branches.sort();
        branches
    }

    /// The text of a file as of a commit or branch; `None` where it is not there.
    pub fn show(&self, revision: &str, name: &str) -> Option<String> {
        let repo = self.open();
        let tree = repo.revparse_single(revision).expect("the revision").peel_to_tree().expect("its tree");
        let entry = tree.get_path(Path::new(name)).ok()?;
        let blob = repo.find_blob(entry.id()).expect("a file's content");
        Some(String::from_utf8(blob.content().to_vec()).expect("UTF-8 in the file"))
    }

    fn open(&self) -> Repository {
        Repository::open(self.dir.path()).expect("the repository")
    }
}
