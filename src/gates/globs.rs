//! Globs over repository paths.

/// Whether a path fits a glob. `*` and `?` stay inside a component, `**` stands for any number of components; a glob without
/// a slash is compared with the base name, so `conftest.py` fits `a/b/conftest.py`.
pub fn path_fits(glob: &str, path: &str) -> bool {
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if !glob.contains('/') {
        return path.last().is_some_and(|name| part_fits(glob, name));
    }
    let glob: Vec<&str> = glob.split('/').filter(|part| !part.is_empty()).collect();
    // Component by component with one place to go back to, so that time grows with the product of both lengths at most.
    let (mut g, mut p) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(name) = path.get(p) {
        match glob.get(g) {
            Some(&"**") => {
                star = Some((g, p));
                g += 1;
            }
            Some(part) if part_fits(part, name) => {
                g += 1;
                p += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    g = at + 1;
                    p = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob.get(g..).is_some_and(|rest| rest.iter().all(|part| *part == "**"))
}

fn part_fits(glob: &str, name: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut g, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        match glob.get(g) {
            Some('*') => {
                star = Some((g, n));
                g += 1;
            }
            Some(want) if *want == '?' || want == c => {
                g += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    g = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    glob.get(g..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::path_fits;

    #[test]
    fn globs_fit_what_they_say() {
        for (glob, path) in [
            ("conftest.py", "a/b/conftest.py"),
            ("*.test.ts", "src/a.test.ts"),
            ("**/tests/**", "tests/a.rs"),
            ("**/tests/**", "crates/x/tests/fixtures/a.json"),
            ("docs/*.md", "docs/a.md"),
            ("a/**/z", "a/z"),
            ("./Makefile", "Makefile"),
        ] {
            let glob = glob.trim_start_matches("./");
            assert!(path_fits(glob, path), "{glob} {path}");
        }
        for (glob, path) in [("docs/*.md", "docs/a/b.md"), ("*.py", "a.pyc"), ("**/tests/x", "tests/y"), ("a/b", "b")] {
            assert!(!path_fits(glob, path), "{glob} {path}");
        }
    }
}
