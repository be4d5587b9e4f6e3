//! Finds what was told to a platform in confidence in what the platform answers.
//!
//! A platform knows the token and the client secrets that it was sent. One that repeats them, in an error message, in a
//! redirect or as data, would have them printed, sealed into plans and kept by whoever keeps our output.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// What stands in the place of a secret.
const HIDDEN: &str = "[hidden]";

/// A piece of a secret of this many bytes is still told by nobody.
const PIECE: usize = 8;

/// A secret of fewer bytes is a word that may stand in an answer for other reasons.
const TELLING: usize = 12;

/// What the values of TrustPager's keys and tokens begin with.
const LIVE_VALUE: &str = "tp_live_";

/// What was told to a platform in confidence.
#[derive(Clone)]
pub(super) struct Hidden(Vec<SecretString>);

impl Hidden {
    pub(super) const fn new(secrets: Vec<SecretString>) -> Self {
        Self(secrets)
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }

    /// Returns whether an answer holds a secret, in any of the spellings that answers have.
    pub(super) fn is_in(&self, answer: &[u8]) -> bool {
        // A secret is whole characters. What is no text beside them is replaced and takes none of them with it.
        let plain = Zeroizing::new(String::from_utf8_lossy(&unescaped(answer)).into_owned());
        let telling = self.secrets().filter(|secret| secret.len() >= TELLING);
        telling.flat_map(spellings).any(|spelling| plain.contains(spelling.as_str()))
    }

    /// Returns foreign text without the secrets, whole or in pieces, and without the value of any key.
    pub(super) fn cover(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for word in self.secrets().filter(|secret| (4..PIECE).contains(&secret.len())) {
            text = text.replace(word, HIDDEN);
        }
        let long = self.secrets().filter(|secret| secret.len() >= PIECE);
        let spellings: Vec<Zeroizing<String>> = long.flat_map(spellings).collect();
        text = without_pieces(&text, &spellings);
        without_live_values(&text)
    }
}

/// Returns a JSON text in which ASCII characters stand for themselves, so that `\u0041` hides nothing.
fn unescaped(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    if !text.contains(&b'\\') {
        out.extend_from_slice(text);
        return out;
    }
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (taken, byte) = match (first, after) {
            (b'\\', [b'u', digits @ ..]) => match digits.get(..4).and_then(ascii) {
                Some(byte) => (6, byte),
                None => (1, *first),
            },
            (b'\\', [next, ..]) => (2, *next),
            _ => (1, *first),
        };
        out.push(byte);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Returns the ASCII character that four hexadecimal digits stand for.
fn ascii(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    u8::from_str_radix(text, 16).ok().filter(u8::is_ascii)
}

/// Returns the ways in which a secret is written down: as it is, percent-encoded, as base64.
fn spellings(secret: &str) -> impl Iterator<Item = Zeroizing<String>> {
    let mut percent = Zeroizing::new(String::with_capacity(secret.len() * 3));
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            percent.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(percent, "%{byte:02X}");
        }
    }
    let lower = Zeroizing::new(percent.to_ascii_lowercase());
    let all = [
        Some(Zeroizing::new(secret.to_owned())),
        (percent.as_str() != secret).then_some(percent),
        (lower.as_str() != secret && lower.contains('%')).then_some(lower),
        Some(base64(secret.as_bytes(), b"+/")),
        Some(base64(secret.as_bytes(), b"-_")),
    ];
    all.into_iter().flatten()
}

/// Returns the whole groups of RFC 4648 base64, without the rest that depends on what follows.
fn base64(bytes: &[u8], last: &[u8; 2]) -> Zeroizing<String> {
    let digit = |n: u32| match n {
        0..=25 => char::from_u32(u32::from(b'A') + n),
        26..=51 => char::from_u32(u32::from(b'a') + n - 26),
        52..=61 => char::from_u32(u32::from(b'0') + n - 52),
        62 => Some(char::from(last[0])),
        _ => Some(char::from(last[1])),
    };
    let mut out = Zeroizing::new(String::with_capacity(bytes.len() * 4 / 3));
    for group in bytes.as_chunks::<3>().0 {
        let [a, b, c] = group.map(u32::from);
        let bits = a << 16 | b << 8 | c;
        out.extend([18, 12, 6, 0].iter().filter_map(|shift| digit(bits >> shift & 63)));
    }
    out
}

/// Returns `text` without every run that is [`PIECE`] bytes or more of one of the secrets.
fn without_pieces(text: &str, secrets: &[Zeroizing<String>]) -> String {
    let pieces: BTreeSet<&[u8]> =
        secrets.iter().flat_map(|secret| secret.as_bytes().windows(PIECE)).collect();
    let bytes = text.as_bytes();
    let mut covered = vec![false; bytes.len()];
    for (at, window) in bytes.windows(PIECE).enumerate() {
        if pieces.contains(window) {
            covered.iter_mut().skip(at).take(PIECE).for_each(|one| *one = true);
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut hiding = false;
    for (at, c) in text.char_indices() {
        let hide = covered.get(at..at + c.len_utf8()).is_some_and(|all| all.contains(&true));
        match (hide, hiding) {
            (true, false) => out.push_str(HIDDEN),
            (true, true) => {}
            (false, _) => out.push(c),
        }
        hiding = hide;
    }
    out
}

fn without_live_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(LIVE_VALUE);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(LIVE_VALUE);
        let rest = part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
        if rest.len() < part.len() {
            out.push_str(HIDDEN);
        }
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "k3y/with+odd\"chars-5f21";

    fn hidden() -> Hidden {
        Hidden::new(vec![SecretString::from(SECRET), SecretString::from("t")])
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(hidden().cover(text), expected);
    }

    #[test]
    fn a_secret_is_covered_whole_in_pieces_and_in_disguise() {
        check("nothing of it", "nothing of it");
        check(&format!("a {SECRET} b"), "a [hidden] b");
        check("it begins with k3y/with+o and so on", "it begins with [hidden] and so on");
        check("k3y/wit", "k3y/wit");
        check("?t=k3y%2Fwith%2Bodd%22chars-5f21&x", "?t=[hidden]&x");
        check("?t=k3y%2fwith%2bodd%22chars-5f21", "?t=[hidden]");
        check("Basic azN5L3dpdGgrb2RkImNoYXJzLTVm", "Basic [hidden]");
        check("ä€k3y/with+odd\"ä", "ä€[hidden]ä");
        check("value tp_live_0123456789abcdef, kept", "value tp_live_[hidden], kept");
        check("tp_live_ begins every key", "tp_live_ begins every key");
    }

    #[test]
    fn a_secret_is_found_in_every_spelling_of_json() {
        let found = |text: &str| hidden().is_in(text.as_bytes());
        assert!(found(r#"{"a":"k3y/with+odd\"chars-5f21"}"#));
        assert!(found(r#"{"a":"k3y\/with+odd\u0022chars\u002d5f21"}"#));
        assert!(found(r#"{"a":"\u006b3y/with+odd\"chars-5f21"}"#));
        assert!(found("azN5L3dpdGgrb2RkImNoYXJzLTVm"));
        assert!(!found(r#"{"a":"t"}"#), "one letter tells nothing");
        assert!(!found(r#"{"a":"k3y\\u002fwith+odd\"chars-5f21"}"#), "an escaped backslash");
        assert!(!found(""));
    }

    #[test]
    fn a_secret_is_found_among_bytes_that_are_no_text() {
        let found = |secret: &str, before: &[u8], after: &[u8]| {
            let hidden = Hidden::new(vec![SecretString::from(secret)]);
            hidden.is_in(&[before, secret.as_bytes(), after].concat())
        };
        for secret in [SECRET, "\u{e9}-a-secret-with-accents-\u{1f511}"] {
            for before in
                [&b"\xff"[..], b"\xe2", b"\xe2\x80", b"\xf0\x9f\x94", b"\\n\xc3", b"\\", b"\x80"]
            {
                for after in [&b""[..], b"\xff", b"\x80", b"\xc3\\"] {
                    // A backslash takes what follows it as it is.
                    assert!(found(secret, before, after), "{before:?} {after:?}");
                }
            }
        }
    }
}
