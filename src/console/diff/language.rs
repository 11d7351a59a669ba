//! As much of programming languages as colours need.

/// As much as is known of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// Rust.
    Rust,
    /// Python.
    Python,
    /// JavaScript and TypeScript.
    Script,
    /// C, C++, Go, Java and their like.
    Braces,
    /// Shell, TOML, YAML and others with `#`.
    Hash,
    /// Anything else: nothing is coloured.
    Other,
}

impl Language {
    /// The language that the end of a path tells.
    pub(super) fn of(path: &[u8]) -> Self {
        let path = String::from_utf8_lossy(path);
        let name = path.trim_end().trim_end_matches('"').rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.').map_or(name, |(_, end)| end) {
            "rs" => Self::Rust,
            "py" | "pyi" => Self::Python,
            "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "vue" | "svelte" => Self::Script,
            "c" | "h" | "cc" | "cpp" | "hpp" | "cs" | "go" | "java" | "kt" | "swift" | "scala" | "php" | "zig" => {
                Self::Braces
            }
            "sh" | "bash" | "toml" | "yml" | "yaml" | "rb" | "pl" | "r" | "mk" | "cfg" | "ini" | "Dockerfile"
            | "Makefile" => Self::Hash,
            _ => Self::Other,
        }
    }

    /// What begins a comment up to the end of its line.
    pub(super) fn comment(self) -> &'static str {
        match self {
            Self::Rust | Self::Script | Self::Braces => "//",
            Self::Python | Self::Hash => "#",
            Self::Other => "",
        }
    }

    /// What texts begin and end with.
    pub(super) fn quotes(self) -> &'static str {
        match self {
            // A single quote may begin a lifetime.
            Self::Rust => "\"",
            Self::Script => "\"'`",
            Self::Python | Self::Braces | Self::Hash => "\"'",
            Self::Other => "",
        }
    }

    /// Whether a word is one of its commonest.
    pub(super) fn has_keyword(self, word: &str) -> bool {
        let words = match self {
            Self::Rust => {
                "as async await break const continue crate dyn else enum false fn for if impl in let loop match mod \
                move mut pub ref return self Self static struct super trait true type unsafe use where while"
            }
            Self::Python => {
                "and as assert async await break class continue def del elif else except False finally for from \
                global if import in is lambda None nonlocal not or pass raise return True try while with yield"
            }
            Self::Script => {
                "async await break case catch class const continue default delete else export extends false finally \
                for from function if import in instanceof interface let new null of return switch this throw true \
                try type typeof undefined var void while yield"
            }
            Self::Braces => {
                "bool break case catch char class const continue default defer do double else enum extends false \
                final float for func go if implements import int interface long new nil null package private \
                protected public range return static struct switch this throw true try type typedef unsigned using \
                var void while"
            }
            Self::Hash => {
                "case do done elif else end esac export false fi for function if in local return then true while"
            }
            Self::Other => "",
        };
        words.split(' ').any(|one| one == word)
    }
}
