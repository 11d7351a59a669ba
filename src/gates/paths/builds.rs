//! Names by which build tools, linters and frameworks are told what to do with tests. A repository uses few of them; whoever
//! edits one of those decides what its test command says.

/// Files that decide what a test command does, besides those of [`super::tables::ENTRIES`].
#[rustfmt::skip]
pub(super) const BUILDS: &[&str] = &[
    // The machine of Java.
    "**/buildSrc/**", "**/build-logic/**", "*.gradle", "*.gradle.kts", "**/gradle/*.toml", "**/gradle/wrapper/**",
    "*.sbt", "**/project/build.properties", "testng*.xml", "junit-platform.properties", "cucumber.properties",
    "kotest.properties", "SpockConfig.groovy", "**/META-INF/services/org.junit*", "**/META-INF/services/org.testng*",
    "**/META-INF/services/org.spockframework*", "**/META-INF/services/io.kotest*", "**/src/test/**/META-INF/services/**",
    "**/src/test/resources/application*", "**/src/test/resources/bootstrap*",
    // .NET.
    "*.csproj", "*.fsproj", "*.vbproj", "*.sln", "*.slnx", "Directory.Build.*", "Directory.Packages.props", "*.targets",
    "*.runsettings", "global.json", "NuGet.config", "nuget.config", "xunit.runner.json",
    // C and C++, and builders of many languages.
    "BUILD", "BUILD.bazel", "WORKSPACE", "WORKSPACE.bazel", "MODULE.bazel", "*.bzl", ".bazelrc", "*.cmake",
    "CMakePresets.json", "CMakeUserPresets.json", "Makefile.am", "Makefile.in", "configure.ac", "configure",
    "meson_options.txt", "meson.options", "dune", "dune-project", "build.zig", "build.zig.zon",
    // Ruby.
    "*.rake", "Gemfile.lock", "*.gemspec", "**/spec/support/**", "**/features/environment.py",
    // JavaScript.
    "jasmine.json", "jasmine.mjs", ".taprc", "wdio.conf.*", "codecept.conf.*", "web-test-runner.config.*", "testem.*",
    "protractor.conf.*", "nightwatch.conf.*", "angular.json", "deno.lock", "bun.lock", "bun.lockb", "jest.*.config.*",
    "jest-preset.*", "jest-setup.*", "vitest.*.config.*", "vite.*.config.*", "playwright.*.config.*", ".c8rc*",
    // Python.
    "*requirements*.txt", "*requirements*.in", "**/requirements/*.txt", "constraints*.txt", "pylock*.toml", "hatch.toml",
    "pixi.toml", "pixi.lock",
    // Other languages.
    "Package.swift", "Package.resolved", "mix.exs", "mix.lock", "pubspec.yaml", "pubspec.lock", "dart_test.yaml",
    "stack.yaml", "*.cabal", "cabal.project*", "rebar.config", "rebar.lock", "project.clj", "deps.edn", "shard.yml",
    // Linters, which suites run like tests.
    "ruff.toml", ".ruff.toml", "mypy.ini", ".mypy.ini", ".flake8", ".pylintrc", "pylintrc", "pyrightconfig.json",
    "eslint.config.*", ".eslintrc*", ".eslintignore", "biome.json*", ".prettierrc*", ".prettierignore", ".stylelintrc*",
    "tslint.json", ".golangci.*", ".rubocop*.yml", "clippy.toml", ".clippy.toml", "rustfmt.toml", ".rustfmt.toml",
    "deny.toml", "phpstan*.neon*", "psalm.xml*", "phpcs.xml*", ".php-cs-fixer*", "detekt.yml", "checkstyle.xml",
    ".swiftlint.yml", "analysis_options.yaml", ".credo.exs",
];

/// Files that hold tests or what they compare with, besides those of [`super::tables::TESTS`]. Compared without regard to case.
#[rustfmt::skip]
pub(super) const FURTHER_TESTS: &[&str] = &[
    "**/features/steps/**", "**/step_definitions/**", "**/features/support/**", "*_unittest.*", "*_unittests.*",
    "test_*.c", "test_*.cc", "test_*.cpp", "test_*.cxx", "*_test.cxx", "*_tests.c", "*_tests.cc", "*_tests.cpp",
    "**/*.tests/**", "**/*.test/**", "**/*.unittests/**", "**/*.integrationtests/**", "**/*.specs/**",
    "*.approved.*", "*.verified.*", "**/__fixtures__/**", "**/__image_snapshots__/**", "test_*.rb", "test_*.ml",
    "*_test.ml", "*_test.clj", "*_suite.erl", "*_spec.lua", "*_test.lua", "runtests.jl", "*_spec.cr",
];

/// Samples for people in place of what is really read: `.env.example`.
pub(super) const SAMPLES: &[&str] = &[".env.example", ".env.sample", ".env.template", ".env.dist", ".env.*.example"];

/// What lies where others have their tests, or is named like some, and is none: descriptions of interfaces, the command `test` of
/// a program.
#[rustfmt::skip]
pub(super) const NO_TESTS: &[&str] = &[
    "spec/openapi.*", "spec/swagger.*", "spec/asyncapi.*", "**/spec/openapi.*", "**/spec/swagger.*", "**/spec/asyncapi.*",
    "**/commands/test.rs", "**/command/test.rs", "**/subcommands/test.rs", "**/cmd/test.rs", "**/cli/test.rs",
];
