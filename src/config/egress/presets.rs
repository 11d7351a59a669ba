//! Words that stand for the hosts of a package registry or of documentation, so that nobody has to know them by heart.
//!
//! Left out are hosts that take what is sent to them where another one serves what is fetched: `upload.pypi.org`, `crates.io`.
//! GitHub is none of the words: whoever may fetch there over TLS may push there, too. Nor is a distribution of Linux: an image's
//! own sources say which mirror it takes, and those hosts are named by themselves.

/// A word and its hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// The word.
    pub word: &'static str,
    /// Whether it is a registry of packages, which a project's setup may ask for where the operator says nothing.
    pub packages: bool,
    /// The hosts, each exactly.
    pub hosts: &'static [&'static str],
}

const fn packages(word: &'static str, hosts: &'static [&'static str]) -> Preset {
    Preset { word, packages: true, hosts }
}

/// All words that are known.
pub const PRESETS: [Preset; 12] = [
    packages("crates", &["index.crates.io", "static.crates.io"]),
    packages("go", &["proxy.golang.org", "sum.golang.org"]),
    packages(
        "gradle",
        &["services.gradle.org", "downloads.gradle.org", "plugins.gradle.org", "plugins-artifacts.gradle.org"],
    ),
    packages("hex", &["repo.hex.pm", "builds.hex.pm"]),
    packages("maven", &["repo.maven.apache.org", "repo1.maven.org"]),
    packages("npm", &["registry.npmjs.org"]),
    packages("nuget", &["api.nuget.org"]),
    packages("packagist", &["repo.packagist.org"]),
    packages("pypi", &["pypi.org", "files.pythonhosted.org"]),
    packages("rubygems", &["rubygems.org", "index.rubygems.org"]),
    packages("yarn", &["registry.yarnpkg.com"]),
    Preset {
        word: "docs",
        packages: false,
        hosts: &[
            "developer.mozilla.org",
            "doc.rust-lang.org",
            "docs.python.org",
            "docs.rs",
            "go.dev",
            "nodejs.org",
            "pkg.go.dev",
            "www.php.net",
        ],
    },
];

/// The hosts behind a word, if it is one.
pub fn preset(word: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.word == word)
}
