//! Which functions the text of a rule calls: the engine would notice a function that does not exist only when it gets
//! there, and one that calls itself not at all.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Source;
use regorus::unstable::{BUILTINS, Lexer, TokenKind};

use super::{Mistake, offered};

/// One name in front of a parenthesis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The name with its dots: `sprintf`, `http.send`, `data.lib.is_guest`.
    pub(super) name: String,
    /// Where it stands: byte, line, column.
    pub(super) at: (u32, u32, u32),
    /// Whether the parenthesis follows at once, so that it cannot be a keyword.
    pub(super) close: bool,
}

/// Words in front of a parenthesis that are no functions.
const KEYWORDS: &[&str] =
    &["not", "if", "in", "contains", "else", "every", "some", "with", "as", "default", "import"];

/// One call of any of these can take all the memory there is, or all the time.
const TOO_LARGE: &[&str] =
    &["numbers.range", "numbers.range_step", "bits.lsh", "graph.reachable_paths"];

/// Returns every call in a text that has been parsed.
pub(super) fn calls(path: &str, text: &str) -> Vec<Call> {
    let Ok(source) = Source::from_contents(path.to_owned(), text.to_owned()) else {
        return Vec::new();
    };
    let mut lexer = Lexer::new(&source);
    let mut found = Vec::new();
    // The name so far, where it began and where it ends.
    let mut name: Option<(String, (u32, u32, u32), u32)> = None;
    let mut dotted = false;
    while let Ok(token) = lexer.next_token() {
        let (kind, span) = (token.0, token.1);
        let word = span.text();
        match kind {
            TokenKind::Eof => break,
            TokenKind::Ident => {
                let at = (span.start, span.line, span.col);
                name = match name.take() {
                    Some((head, first, end)) if dotted && end == span.start => {
                        Some((format!("{head}.{word}"), first, span.end))
                    }
                    _ => Some((word.to_owned(), at, span.end)),
                };
                dotted = false;
            }
            TokenKind::Symbol if word == "." => {
                dotted = true;
                if let Some((_, _, end)) = &mut name {
                    // Only a dot that touches the name goes on with it.
                    if *end == span.start {
                        *end = span.end;
                    } else {
                        name = None;
                    }
                }
            }
            TokenKind::Symbol if word == "(" => {
                if let Some((name, at, end)) = name.take()
                    && !KEYWORDS.contains(&name.as_str())
                {
                    found.push(Call { name, at, close: end == span.start });
                }
                dotted = false;
            }
            TokenKind::Symbol | TokenKind::String | TokenKind::RawString | TokenKind::Number => {
                name = None;
                dotted = false;
            }
        }
    }
    found
}

/// A function of the files: where its text begins and ends, and what it calls.
#[derive(Debug, Clone)]
pub(super) struct Function {
    /// Its whole path: `data.main.is_guest`.
    pub(super) path: String,
    /// The file.
    pub(super) file: String,
    /// Line and column.
    pub(super) at: (u32, u32),
    /// Whole paths of the functions that it calls.
    pub(super) calls: BTreeSet<String>,
}

/// Returns the whole path that a call means in a file: of a function of the same package, of an imported one, or as it is.
pub(super) fn resolve(name: &str, package: &str, imports: &BTreeMap<String, String>) -> String {
    let (first, rest) = name.split_once('.').map_or((name, None), |(a, b)| (a, Some(b)));
    match (imports.get(first), rest) {
        (Some(target), Some(rest)) => format!("{target}.{rest}"),
        (Some(target), None) => target.clone(),
        (None, _) if first == "data" => name.to_owned(),
        (None, _) => format!("{package}.{name}"),
    }
}

/// Returns what is wrong with a call, if anything is: the function is not there, or must not be used.
pub(super) fn fault(call: &Call, path: &str, resolved_here: bool) -> Option<Mistake> {
    let name = call.name.as_str();
    let known =
        BUILTINS.contains_key(name) || offered::is_made(name) || matches!(name, "print" | "set");
    let (message, help) = if TOO_LARGE.contains(&name) {
        (
            format!("`{name}` is not available to rules about plans"),
            "one call of it can take all the memory there is; iterate over what the plan holds",
        )
    } else if resolved_here || known || !call.close {
        return None;
    } else if name.starts_with("data.") {
        (format!("there is no function `{name}` in the files"), "name the file that defines it too")
    } else if let Some(help) = offered::instead(name) {
        (format!("there is no function `{name}` here"), help)
    } else {
        (
            format!("there is no function `{name}` here"),
            "rules see the plan and the data beside it: no network, environment, clock or randomness; \
             `input.today` is the day",
        )
    };
    let (_, line, column) = call.at;
    Some(Mistake {
        path: path.to_owned(),
        line: line as usize,
        column: column as usize,
        message,
        help: help.to_owned(),
    })
}

/// Returns the functions that call themselves, directly or through others. The engine would follow them until its stack
/// is used up.
pub(super) fn recursive(functions: &[Function]) -> Vec<Mistake> {
    let mut calls: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for function in functions {
        let all = calls.entry(&function.path).or_default();
        all.extend(function.calls.iter().map(String::as_str));
    }
    let mut wrong = Vec::new();
    for function in functions {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = function.calls.iter().map(String::as_str).collect();
        while let Some(next) = open.pop() {
            if seen.insert(next)
                && let Some(more) = calls.get(next)
            {
                open.extend(more.iter().copied());
            }
        }
        if seen.contains(function.path.as_str()) {
            let name = function.path.rsplit('.').next().unwrap_or_default();
            wrong.push(Mistake {
                path: function.file.clone(),
                line: function.at.0 as usize,
                column: function.at.1 as usize,
                message: format!("the function `{name}` calls itself"),
                help: "Rego has no recursion; `walk(x)` visits a value at any depth".to_owned(),
            });
        }
    }
    wrong
}
