//! The YAML block below a test point of TAP, as far as test tools write it.

use super::limits;
use super::tap::{is_plan, point};

/// The plain keys of a YAML block.
#[derive(Debug, Default)]
pub struct Yaml(Vec<(String, String)>);

impl Yaml {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Reads the block below a test point, where there is one. Mocha writes plain lines instead: they become the key `plain`.
pub fn yaml(lines: &[&str], at: &mut usize, indent: usize) -> Yaml {
    let mut found = Yaml::default();
    let width = |line: &&&str| line.len() - line.trim_start_matches(' ').len();
    let inner = lines.get(*at).filter(|line| line.trim() == "---").as_ref().map_or(indent + 2, width);
    if inner < indent + 2 {
        return found;
    }
    let body = |line: &str| -> Option<String> {
        line.get(inner..).filter(|_| line.get(..inner).is_some_and(|i| i.trim().is_empty())).map(str::to_owned)
    };
    if lines.get(*at).and_then(|line| body(line)).as_deref() != Some("---") {
        let mut plain = String::new();
        while let Some(line) = lines.get(*at).and_then(|line| body(line)).filter(|_| indent == 0) {
            if point(line.trim_start()).is_some() || line.trim_start().starts_with("# Subtest: ") || is_plan(&line) {
                break;
            }
            *at += 1;
            if plain.len() < limits::BLOCK_BYTES {
                plain.push_str(&line);
                plain.push('\n');
            }
        }
        if !plain.trim().is_empty() {
            found.0.push(("plain".to_owned(), plain));
        }
        return found;
    }
    *at += 1;
    let mut bytes = 0;
    while let Some(line) = lines.get(*at) {
        let Some(line) = body(line).or_else(|| line.trim().is_empty().then(String::new)) else { break };
        *at += 1;
        if line == "..." {
            break;
        }
        bytes += line.len();
        if bytes > limits::BLOCK_BYTES {
            continue;
        }
        match line.split_once(':') {
            Some((key, value)) if !line.starts_with(' ') => found.0.push((key.to_owned(), scalar(value.trim()))),
            _ => {
                if let Some((_, value)) = found.0.last_mut() {
                    value.push_str(line.trim_start_matches("  "));
                    value.push('\n');
                }
            }
        }
    }
    found
}

/// A value in one line, without its quotes.
pub fn scalar(value: &str) -> String {
    if matches!(value, "|-" | "|" | ">" | ">-") {
        return String::new();
    }
    if let Some(inner) = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')) {
        return inner.replace("\\'", "'").replace("''", "'");
    }
    value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value).replace("\\\"", "\"")
}
