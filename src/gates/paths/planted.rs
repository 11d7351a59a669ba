//! Paths by which a tree acts on those who work with it: their git, their editors, their build servers, and the next agent.

use crate::gates::path_fits;

/// What build servers do with a repository, often with keys at hand.
#[rustfmt::skip]
const SERVERS: &[&str] = &[
    "**/.github/workflows/**", "**/.github/actions/**", "**/.gitea/workflows/**", "**/.forgejo/workflows/**",
    "**/.circleci/**", "**/.buildkite/**", "**/.woodpecker/**", "*.gitlab-ci.yml", "**/.gitlab/ci/**", "Jenkinsfile*",
    "azure-pipelines*.yml", "**/.azure-pipelines/**", ".travis.yml", "appveyor.yml", ".appveyor.yml", ".drone.yml",
    ".woodpecker.yml", ".cirrus.yml", "bitbucket-pipelines.yml", "cloudbuild.yaml", "buildspec.yml",
];
/// What editors and development containers run when the directory is opened.
#[rustfmt::skip]
const EDITORS: &[&str] = &[
    "**/.vscode/**", "*.code-workspace", "**/.idea/**", "**/.zed/**", "**/.fleet/**", "**/.devcontainer/**",
    ".devcontainer.json",
];
/// What coding agents obey or run.
#[rustfmt::skip]
const AGENTS: &[&str] = &[
    "**/.claude/**", "CLAUDE.md", "CLAUDE.local.md", "**/.gemini/**", "GEMINI.md", "**/.codex/**", "AGENTS.md",
    "AGENTS.override.md", "**/.cursor/**", ".cursorrules", "**/.windsurf/**", ".windsurfrules", "**/.continue/**",
    ".clinerules", "**/.clinerules/**", ".aider.conf.yml", ".mcp.json", "opencode.json", "opencode.jsonc",
    "**/.opencode/**", "**/.agents/**", "**/.copilot/**", "**/.github/copilot-instructions.md", "**/.github/instructions/**",
];

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
    } else if fits(SERVERS, path) {
        Some("what build servers run")
    } else if fits(EDITORS, path) {
        Some("what editors run for whoever opens the directory")
    } else if guides_agents(path) {
        Some("what coding agents obey or run, the next one too")
    } else {
        None
    }
}

/// Whether agents take what is at this path for instructions of the project, or for settings or programs of their own.
pub fn guides_agents(path: &str) -> bool {
    fits(AGENTS, path)
}

fn fits(globs: &[&str], path: &str) -> bool {
    globs.iter().any(|glob| path_fits(glob, path))
}

#[cfg(test)]
mod tests {
    use super::planted;

    #[test]
    fn what_acts_on_those_who_work_with_the_tree_is_known() {
        for path in [
            ".gitattributes",
            "sub/.gitmodules",
            ".githooks/pre-commit",
            ".github/workflows/ci.yml",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            ".circleci/config.yml",
            "azure-pipelines.yml",
            ".vscode/tasks.json",
            "web/.vscode/settings.json",
            ".idea/runConfigurations/a.xml",
            ".devcontainer/devcontainer.json",
            ".claude/settings.json",
            ".mcp.json",
            ".cursor/mcp.json",
            ".gemini/settings.json",
            ".codex/config.toml",
            "opencode.json",
            "CLAUDE.md",
            "sub/AGENTS.md",
            "GEMINI.md",
        ] {
            assert!(planted(path).is_some(), "{path}");
        }
        for path in [
            ".github/CODEOWNERS",
            ".github/ISSUE_TEMPLATE/bug.md",
            "src/claude.md.rs",
            "docs/agents.md",
            "src/hooks/use.ts",
            "src/codex/a.rs",
            "README.md",
        ] {
            assert!(planted(path).is_none(), "{path}");
        }
    }
}
