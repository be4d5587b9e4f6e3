//! How often the engine's parser would read the same text again.
//!
//! It takes what stands after `[` and `{` for the beginning of a comprehension first, and reads it again when it is none.
//! So the first element of a literal within the first element of a literal is read four times, and twenty deep it is read
//! a million times. A file for which that comes to much is refused before the parser sees it.

use regorus::Source;
use regorus::unstable::{Lexer, TokenKind};

use super::Mistake;

/// How often a file's tokens may be read, on average.
const MOST_OFTEN: u64 = 16;
/// How many readings are nothing to worry about.
const ALWAYS: u64 = 20_000;

/// Returns where a file becomes too deep to be read, if it does.
pub(super) fn fault(path: &str, text: &str) -> Option<Mistake> {
    let source = Source::from_contents(path.to_owned(), text.to_owned()).ok()?;
    let mut lexer = Lexer::new(&source);
    // How often the tokens here are read, for each bracket that is open.
    let mut open: Vec<u64> = vec![1];
    let (mut tokens, mut readings) = (0_u64, 0_u64);
    // What the lexer does not like, the parser is told by it too.
    while let Ok(token) = lexer.next_token() {
        let (kind, span) = (token.0, token.1);
        let often = open.last().copied().unwrap_or(1);
        tokens = tokens.saturating_add(1);
        readings = readings.saturating_add(often);
        if readings > tokens.saturating_mul(MOST_OFTEN).saturating_add(ALWAYS) {
            return Some(Mistake {
                path: path.to_owned(),
                line: span.line as usize,
                column: span.col as usize,
                message: "brackets stand too deep in brackets here".to_owned(),
                help: "give what stands inside a name of its own: `inner := [...]`".to_owned(),
            });
        }
        match (kind, span.text()) {
            (TokenKind::Eof, _) => break,
            (TokenKind::Symbol, "[" | "{") => open.push(often.saturating_mul(2)),
            (TokenKind::Symbol, "(") => open.push(often),
            (TokenKind::Symbol, "]" | "}" | ")") if open.len() > 1 => drop(open.pop()),
            // What stands behind the first element is read as often as the literal itself.
            (TokenKind::Symbol, ",") => {
                let before = open.len().checked_sub(2).and_then(|n| open.get(n)).copied();
                if let (Some(before), Some(here)) = (before, open.last_mut()) {
                    *here = before;
                }
            }
            _ => {}
        }
    }
    None
}
