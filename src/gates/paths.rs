//! Which paths hold tests, decide what the test command does, hold criteria, or try to run on the host.

use super::globs::path_fits;
use ignore::gitignore::GitignoreBuilder;
use std::path::Path;

/// Files that hold tests, fixtures and snapshots among them.
const TESTS: [&str; 36] = [
    "**/tests/**",
    "**/test/**",
    "**/__tests__/**",
    "**/__snapshots__/**",
    "**/spec/**",
    "**/testdata/**",
    "**/src/test/**",
    "**/fixtures/**",
    "**/snapshots/**",
    "*_test.go",
    "test_*.py",
    "*_test.py",
    "tests.py",
    "*.test.js",
    "*.test.jsx",
    "*.test.ts",
    "*.test.tsx",
    "*.test.mjs",
    "*.test.cjs",
    "*.test.mts",
    "*.test.cts",
    "*.spec.*",
    "tests.rs",
    "*_test.rs",
    "*_tests.rs",
    "test.rs",
    "test-*.js",
    "*-test.js",
    "*_test.js",
    "test.js",
    "test.mjs",
    "test.cjs",
    "*Test.java",
    "*Tests.java",
    "*Test.kt",
    "*_spec.rb",
];

/// Files that decide what a test command does.
const ENTRIES: [&str; 82] = [
    "**/__mocks__/**",
    "setupTests.*",
    "vitest.setup.*",
    "bunfig.toml",
    "deno.json*",
    "nx.json",
    "turbo.json",
    "pytest.toml",
    ".pytest.toml",
    ".env.*",
    "phpunit.xml*",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-workspace.yaml",
    "pnpm-lock.yaml",
    "yarn.lock",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    ".npmrc",
    ".babelrc*",
    "babel.config.*",
    "tsconfig*.json",
    "jest.config.*",
    "jest.setup.*",
    "vitest.config.*",
    "vitest.workspace.*",
    "vite.config.*",
    ".mocharc*",
    "karma.conf.*",
    "ava.config.*",
    "playwright.config.*",
    "cypress.config.*",
    ".nycrc*",
    ".swcrc",
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "noxfile.py",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    ".coveragerc",
    "requirements*.txt",
    "Pipfile",
    "Pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "*.mk",
    "justfile",
    "Justfile",
    ".justfile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "Rakefile",
    "Gemfile",
    "CMakeLists.txt",
    "meson.build",
    "Cargo.toml",
    "Cargo.lock",
    "**/.cargo/**",
    "build.rs",
    "rust-toolchain",
    "rust-toolchain.toml",
    "nextest.toml",
    "go.mod",
    "go.sum",
    "go.work",
    "pom.xml",
    "build.gradle*",
    "settings.gradle*",
    "gradle.properties",
    "**/.mvn/**",
];

/// Further entry points whose names are not worth a place in the table above: environment files and version pins.
const PINS: [&str; 9] = [
    ".env",
    ".envrc",
    ".node-version",
    ".nvmrc",
    ".python-version",
    ".tool-versions",
    ".node-options",
    "gradlew",
    "mvnw",
];

/// Names that shadow a module of the test tools when they lie on the import path, and compiled code, which goes before the
/// source that people read.
const SHADOWS: [&str; 32] = [
    "**/__pycache__/**",
    "*.pyc",
    "*.pyo",
    "*.pyd",
    "*.so",
    "*.dylib",
    "*.dll",
    "*.jar",
    "*.class",
    "*.node",
    "pytest.py",
    "unittest.py",
    "doctest.py",
    "nose.py",
    "hypothesis.py",
    "pluggy.py",
    "py.py",
    "**/pytest/**",
    "**/_pytest/**",
    "**/unittest/**",
    "**/pluggy/**",
    "**/hypothesis/**",
    "**/pytest_*/**",
    "pytest_*.py",
    "junit*.py",
    "**/junit/**",
    "**/junitparser/**",
    "**/node_modules/**",
    "**/.venv/**",
    "**/venv/**",
    "**/site-packages/**",
    "**/vendor/**",
];

/// Modules of Python's library that test frameworks import, and the libraries of pytest.
#[rustfmt::skip]
const LIBRARY: [&str; 126] = [
    "abc", "argparse", "ast", "asyncio", "base64", "bdb", "bisect", "bz2", "calendar", "cmd", "code", "codecs",
    "collections", "concurrent", "configparser", "contextlib", "contextvars", "copy", "copyreg", "csv", "ctypes",
    "dataclasses", "datetime", "decimal", "difflib", "dis", "doctest", "email", "encodings", "enum", "faulthandler",
    "fnmatch", "fractions", "functools", "gc", "genericpath", "getopt", "getpass", "gettext", "glob", "gzip",
    "hashlib", "heapq", "hmac", "html", "http", "importlib", "inspect", "io", "itertools", "json", "keyword",
    "linecache", "locale", "logging", "lzma", "math", "mimetypes", "multiprocessing", "ntpath", "numbers", "opcode",
    "operator", "os", "pathlib", "pdb", "pickle", "pkgutil", "platform", "posixpath", "pprint", "queue", "random",
    "re", "readline", "reprlib", "runpy", "sched", "secrets", "select", "selectors", "shlex", "shutil", "signal",
    "site", "socket", "sqlite3", "ssl", "stat", "statistics", "string", "stringprep", "struct", "subprocess",
    "symtable", "sysconfig", "tarfile", "tempfile", "textwrap", "threading", "time", "timeit", "token", "tokenize",
    "tomllib", "trace", "traceback", "tracemalloc", "types", "typing", "unicodedata", "urllib", "uuid", "warnings",
    "weakref", "xml", "zipfile", "zipimport", "zlib", "attr", "exceptiongroup", "iniconfig", "packaging", "pygments",
    "tomli", "typing_extensions",
];

/// Files that hold criteria or decide what the sandbox is.
const CRITERIA: [&str; 9] = [
    "dogwatch.toml",
    "Dockerfile*",
    "*.Dockerfile",
    "*.dockerfile",
    ".dockerignore",
    "Containerfile*",
    "ACCEPTANCE*",
    "acceptance*.md",
    "**/acceptance/**",
];

fn any(globs: &[&str], path: &str) -> bool {
    globs.iter().any(|glob| path_fits(glob, path))
}

/// Whether a pattern of the configuration fits, by the rules of `.gitignore`: a directory covers what is in it.
pub fn configured(patterns: &[String], path: &str) -> bool {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        // The configuration was read strictly; a pattern that cannot be used does not come here.
        let _usable = builder.add_line(None, pattern);
    }
    let path = Path::new(path);
    // An escaped path is never absolute; the matcher wants to be asked for relative ones only.
    path.is_relative() && builder.build().is_ok_and(|set| set.matched_path_or_any_parents(path, false).is_ignore())
}

/// Whether a change of this path while tests run changes what they say or how they are run. Lock files are left out: tools
/// bring them into their own form.
pub fn decides_over_tests(path: &str) -> bool {
    let lock = ["*.lock", "*-lock.json", "*-lock.yaml", "npm-shrinkwrap.json", "go.sum"];
    is_test(path) || (is_entry(path) && !lock.iter().any(|name| path_fits(name, path)))
}

/// Whether the path holds tests.
pub fn is_test(path: &str) -> bool {
    any(&TESTS, path)
}

/// Whether the path decides what a test command does.
pub fn is_entry(path: &str) -> bool {
    any(&ENTRIES, path) || any(&PINS, path)
}

/// Whether a new file at this path would be loaded instead of a test tool's module.
pub fn is_shadow(path: &str) -> bool {
    any(&SHADOWS, path)
}

/// Whether a new file at this path would be loaded instead of a module of Python's own library: tests run with their
/// directory first on the path, and the framework itself imports from there.
pub fn shadows_language(path: &str, suite_directories: &[String]) -> bool {
    let (directory, module) = match path.strip_suffix("/__init__.py") {
        Some(package) => package.rsplit_once('/').unwrap_or((".", package)),
        None => match path.strip_suffix(".py") {
            Some(module) => module.rsplit_once('/').unwrap_or((".", module)),
            None => return false,
        },
    };
    let first = [".", "src", "lib", "tests", "test"].contains(&directory);
    (first || suite_directories.iter().any(|one| one == directory)) && LIBRARY.contains(&module)
}

/// Whether the path holds criteria.
pub fn is_criteria(path: &str) -> bool {
    any(&CRITERIA, path)
}

/// What the path is, where it is one of the things by which a tree acts on those who work with it.
pub fn planted(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').collect();
    let (last, parents) = parts.split_last()?;
    if *last == ".gitattributes" {
        Some("git attributes, which can name filter, diff and merge programs")
    } else if *last == ".gitmodules" {
        Some("git submodules")
    } else if parents.iter().any(|part| part.eq_ignore_ascii_case(".git")) || last.eq_ignore_ascii_case(".git") {
        Some("a git directory inside the tree")
    } else if parents.iter().any(|part| matches!(*part, ".husky" | ".githooks" | "hooks"))
        && parents.iter().any(|p| p.starts_with('.'))
    {
        Some("a git hook")
    } else if matches!(*last, ".gitconfig" | ".pre-commit-config.yaml" | "lefthook.yml") {
        Some("git configuration or hooks")
    } else {
        None
    }
}
