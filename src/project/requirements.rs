//! What a repository needs that dogwatch does not support. Said clearly before a run starts, instead of a run that fails
//! on missing files.

/// Reasons why a repository cannot be worked on, from the text of `.gitmodules` at its top and of every `.gitattributes`
/// as (path, text). Empty when nothing stands in the way. The reasons quote paths of the repository: outside text.
pub fn unsupported(gitmodules: Option<&str>, gitattributes: &[(&str, &str)]) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(text) = gitmodules {
        let modules = submodules(text);
        // An empty file is what is left when the last submodule was removed.
        if !modules.is_empty() {
            let shown = modules.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
            let more = if modules.len() > 5 { format!(" and {} more", modules.len() - 5) } else { String::new() };
            reasons.push(format!(
                "git submodules are not supported (.gitmodules names {shown}{more}): put their files into the repository, or \
                 fetch them in [setup]"
            ));
        }
    }
    for (path, text) in gitattributes {
        if let Some(line) = lfs_line(text) {
            reasons.push(format!(
                "Git LFS is not supported ({}, line {line}, has filter=lfs): put the files into git itself, for instance with \
                 `git lfs migrate export`",
                short(path)
            ));
        }
    }
    reasons
}

fn submodules(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().map(str::trim) {
        let Some(rest) = line.strip_prefix('[') else { continue };
        let header = rest.split(']').next().unwrap_or(rest).trim();
        let is_submodule = header.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("submodule"));
        if is_submodule {
            let name = header.get(9..).unwrap_or("").trim().trim_matches('"');
            names.push(short(name));
        }
    }
    names
}

// The first line that gives files to LFS. `-filter` and `!filter` take them away and do not count.
fn lfs_line(text: &str) -> Option<usize> {
    text.lines()
        .position(|line| {
            let line = line.trim();
            !line.starts_with('#') && line.split_whitespace().skip(1).any(|attribute| attribute == "filter=lfs")
        })
        .map(|index| index + 1)
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::unsupported;

    #[test]
    fn ordinary_repositories_pass() {
        assert!(unsupported(None, &[]).is_empty());
        let attributes = "# *.bin filter=lfs\n*.txt text\n*.psd -filter\nfilter=lfs text\n";
        assert!(unsupported(Some(""), &[(".gitattributes", attributes)]).is_empty());
    }

    #[test]
    fn submodules_are_named() {
        let text = "[submodule \"lib/a\"]\n\tpath = lib/a\n\turl = ../a\n[SUBMODULE \"b\"]\n";
        assert_eq!(
            unsupported(Some(text), &[]),
            ["git submodules are not supported (.gitmodules names lib/a, b): put their files into the repository, or \
              fetch them in [setup]"]
        );
    }

    #[test]
    fn large_file_storage_is_named_with_its_place() {
        let text = "*.txt text\n*.psd filter=lfs diff=lfs merge=lfs -text\n";
        let reasons = unsupported(None, &[("art/.gitattributes", text), ("x/.gitattributes", "a filter=other")]);
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].contains("art/.gitattributes, line 2"), "{reasons:?}");
    }

    proptest::proptest! {
        #[test]
        fn never_panics(modules: String, attributes: String) {
            unsupported(Some(&modules), &[("p", &attributes)]);
        }
    }
}
