//! Report paths from `dogwatch.toml`: relative, with `*` and `?` inside a component.

/// A report path that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the report path `{pattern}` {why}: write a path relative to the suite's directory such as `target/reports/*.xml`"
)]
pub struct BadPattern {
    /// The pattern, bounded.
    pub pattern: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The pattern's components. Refuses what could leave the tree or could not be matched component by component.
pub fn components(pattern: &str) -> Result<Vec<&str>, BadPattern> {
    let bad = |why| Err(BadPattern { pattern: pattern.chars().take(200).collect(), why });
    if pattern.len() > 1024 {
        return bad("is longer than 1024 bytes");
    }
    if pattern.starts_with('/') {
        return bad("is absolute");
    }
    if pattern.contains('\0') {
        return bad("contains a NUL character");
    }
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || pattern.ends_with('/') {
        return bad("names no file");
    }
    if parts.contains(&"..") {
        return bad("contains `..`");
    }
    if parts.iter().any(|part| part.contains("**")) {
        return bad("contains `**`");
    }
    if parts.len() > 32 {
        return bad("has more than 32 components");
    }
    Ok(parts)
}

/// Whether a component has wildcards.
pub fn is_wild(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Whether the name fits the component: `*` any run of characters, `?` one. Time grows with the product of both lengths
/// at most, whatever the pattern.
pub fn fits(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(n) {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(want) if *want == '?' || want == c => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::{components, fits};

    #[test]
    fn wildcards_stay_in_their_component() {
        assert!(
            fits("*.xml", "TEST-a.xml") && fits("TEST-?.xml", "TEST-a.xml") && fits("*a*b*", "xaxbx") && fits("*", "")
        );
        assert!(!fits("*.xml", "a.xmlx") && !fits("?", "") && !fits("a", "b") && !fits("a*b", "acbc"));
        assert_eq!(components("./target//surefire-reports/*.xml"), Ok(vec!["target", "surefire-reports", "*.xml"]));
        for bad in ["", "/etc/passwd", "../x.xml", "a/../b", "a/**/b.xml", "dir/", "a\0b"] {
            assert!(components(bad).is_err(), "{bad:?}");
        }
    }
}
