//! The items of a Rust source file that only its tests have.

use crate::gates::rust::{Token, line};

/// Deeper modules are taken as one item.
const DEEPEST: usize = 32;
/// Attributes besides `test` in any path that make a function a test.
const TESTS: [&str; 5] = ["rstest", "test_case", "quickcheck", "wasm_bindgen_test", "proptest"];

/// One item that only tests have.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Where it is and all of it, but of a module with a body only its head.
    pub text: String,
    /// Its tokens, without the attributes.
    pub tokens: Vec<Token<'a>>,
    /// What sort of item it is.
    pub keyword: &'a str,
    /// What it defines.
    pub name: Option<&'a str>,
    /// What it implements something for.
    pub implemented: Option<&'a str>,
    /// Its attributes.
    pub attributes: Vec<String>,
    /// Whether it is a module in another file.
    pub is_declared_module: bool,
}

/// What a file has for tests.
#[derive(Debug, Default)]
pub(super) struct Tests<'a> {
    /// The items.
    pub entries: Vec<Entry<'a>>,
    /// What the items import, one path each.
    pub uses: Vec<String>,
    /// Names of test functions.
    pub functions: Vec<&'a str>,
    /// Modules in other files: attributes and place.
    pub declared: Vec<(String, String)>,
    /// Places of modules in this file.
    pub opened: Vec<String>,
}

impl<'a> Tests<'a> {
    /// Looks through all tokens of a file.
    pub(super) fn of(tokens: &[Token<'a>]) -> Self {
        let mut tests = Self::default();
        tests.gather(tokens, false, "", 0);
        tests
    }

    fn gather(&mut self, tokens: &[Token<'a>], inside: bool, place: &str, depth: usize) {
        for item in items(tokens) {
            let attributes: Vec<String> = item.attributes.iter().map(|tokens| line(tokens)).collect();
            let is_test = item.attributes.iter().any(|tokens| marks_test(tokens));
            let inside = inside || item.attributes.iter().any(|tokens| asks_for_tests(tokens));
            let (keyword, name) = named(item.head);
            let here = format!("{place}::{}", name.unwrap_or_default());
            if keyword == "mod" {
                match item.body {
                    Some(_) => self.opened.push(here.clone()),
                    None => self.declared.push((attributes.concat(), here.clone())),
                }
            }
            if is_test && keyword == "fn" {
                self.functions.extend(name);
            }
            if inside && keyword == "use" {
                self.uses.extend(leaves(item.head));
                continue;
            }
            let opened = item.body.filter(|_| keyword == "mod" && depth < DEEPEST);
            if inside || is_test {
                let whole = if opened.is_some() { item.head } else { item.whole };
                self.entries.push(Entry {
                    text: format!("{place} {} {}", attributes.concat(), line(whole)),
                    tokens: whole.to_vec(),
                    keyword,
                    name,
                    implemented: implemented(item.head),
                    attributes,
                    is_declared_module: keyword == "mod" && item.body.is_none(),
                });
            }
            if let Some(body) = opened {
                self.gather(body, inside, &here, depth + 1);
            }
        }
    }
}

struct Item<'t, 'a> {
    attributes: Vec<&'t [Token<'a>]>,
    /// Up to the body or the end.
    head: &'t [Token<'a>],
    /// Between the braces.
    body: Option<&'t [Token<'a>]>,
    /// All but the attributes.
    whole: &'t [Token<'a>],
}

/// Cuts tokens into items.
fn items<'t, 'a>(tokens: &'t [Token<'a>]) -> Vec<Item<'t, 'a>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut attributes = Vec::new();
        while starts(tokens, at, &['#', '[']) {
            let end = closing(tokens, at + 1);
            attributes.extend(tokens.get(at + 2..end));
            at = end + 1;
        }
        let from = at;
        // An attribute of the module around is an item by itself.
        let (head, body, end) = if starts(tokens, at, &['#', '!', '[']) {
            let end = closing(tokens, at + 2) + 1;
            (tokens.get(from..end), None, end)
        } else {
            let head = head_end(tokens, at);
            match tokens.get(head) {
                Some(token) if token.is('{') => {
                    let close = closing(tokens, head);
                    let more = usize::from(tokens.get(close + 1).is_some_and(|token| token.is(';')));
                    (tokens.get(from..head), tokens.get(head + 1..close), close + 1 + more)
                }
                _ => (tokens.get(from..head), None, head + 1),
            }
        };
        let end = end.min(tokens.len()).max(from);
        found.push(Item {
            attributes,
            head: head.unwrap_or_else(|| tokens.get(from..).unwrap_or_default()),
            body,
            whole: tokens.get(from..end).unwrap_or_default(),
        });
        at = end;
    }
    found
}

/// Where the item's head ends: at its body or its semicolon.
fn head_end(tokens: &[Token<'_>], from: usize) -> usize {
    let import = named(tokens.get(from..).unwrap_or_default()).0 == "use";
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Mark(';') => return at,
            Token::Mark('{') if !import => return at,
            Token::Mark('(' | '[' | '{') => at = closing(tokens, at),
            _ => {}
        }
        at += 1;
    }
    tokens.len()
}

fn starts(tokens: &[Token<'_>], at: usize, marks: &[char]) -> bool {
    marks.iter().enumerate().all(|(n, mark)| tokens.get(at + n).is_some_and(|token| token.is(*mark)))
}

/// Where the bracket that opens at a place is closed, or the end.
fn closing(tokens: &[Token<'_>], at: usize) -> usize {
    let mut depth = 0_usize;
    for (n, token) in tokens.iter().enumerate().skip(at) {
        match token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return n;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

/// What sort of item a head begins, and the name that it defines.
fn named<'a>(head: &[Token<'a>]) -> (&'a str, Option<&'a str>) {
    let mut words = head.iter().enumerate().filter_map(|(at, token)| match token {
        Token::Word(word) => Some((at, *word)),
        _ => None,
    });
    let mut before = "";
    while let Some((at, word)) = words.next() {
        match word {
            "pub" | "crate" | "super" | "in" | "unsafe" | "async" | "extern" | "self" | "default" => {}
            // `const fn` is a function.
            "const" if matches!(head.get(at + 1), Some(Token::Word("fn" | "unsafe" | "async" | "extern"))) => {}
            "fn" | "mod" | "struct" | "enum" | "const" | "static" | "type" | "trait" | "union" | "macro_rules" => {
                return (word, words.find(|(_, name)| *name != "mut").map(|(_, name)| name));
            }
            other => {
                before = other;
                break;
            }
        }
    }
    (before, None)
}

/// The type that an `impl` is about.
fn implemented<'a>(head: &[Token<'a>]) -> Option<&'a str> {
    let from = head.iter().position(|token| *token == Token::Word("for")).or_else(|| {
        let start = head.iter().position(|token| *token == Token::Word("impl"))?;
        // Parameters stand between the word and the type.
        let generic = head.get(start + 1).is_some_and(|token| token.is('<'));
        if generic { head.iter().position(|token| token.is('>')) } else { Some(start) }
    })?;
    head.get(from + 1..)?.iter().find_map(|token| if let Token::Word(word) = token { Some(*word) } else { None })
}

/// Whether an attribute makes a function a test.
fn marks_test(attribute: &[Token<'_>]) -> bool {
    let path = attribute.iter().take_while(|token| !matches!(token, Token::Mark('(' | '=' | '[')));
    let last = path.filter_map(|token| if let Token::Word(word) = token { Some(*word) } else { None }).last();
    last.is_some_and(|word| word == "test" || TESTS.contains(&word))
}

/// Whether an attribute leaves the item out of everything but tests.
fn asks_for_tests(attribute: &[Token<'_>]) -> bool {
    let wanted = |at: usize| at < 2 || attribute.get(at - 2) != Some(&Token::Word("not"));
    attribute.first() == Some(&Token::Word("cfg"))
        && attribute.iter().enumerate().any(|(at, token)| *token == Token::Word("test") && wanted(at))
}

/// Every path that a `use` imports, written out.
fn leaves(head: &[Token<'_>]) -> Vec<String> {
    let start = head.iter().position(|token| *token == Token::Word("use")).map_or(0, |at| at + 1);
    let mut found = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    let mut path = String::new();
    for token in head.get(start..).unwrap_or_default() {
        match token {
            Token::Mark('{') => prefixes.push(std::mem::take(&mut path)),
            Token::Mark(mark @ (',' | '}')) => {
                if !path.is_empty() {
                    found.push(format!("{}{path}", prefixes.concat()));
                    path.clear();
                }
                if *mark == '}' {
                    prefixes.pop();
                }
            }
            Token::Word("as") => path.push_str(" as "),
            Token::Word(word) | Token::Text(word) => path.push_str(word),
            Token::Mark(mark) => path.push(*mark),
        }
    }
    if !path.is_empty() {
        found.push(path);
    }
    found
}
