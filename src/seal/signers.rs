//! The allowed-signers file of `ssh-keygen -Y verify` and of git: whose key is whose. Text in, keys or mistakes out.
//!
//! ```text
//! ana@acme.example namespaces="scopeform-plan" ssh-ed25519 AAAA... laptop
//! ```
//!
//! Stricter than ssh-keygen where approvals need it: a line that we would read differently is a mistake and is not passed
//! over, so that what we accept, ssh-keygen accepts too.

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::Date;
use ssh_key::{Algorithm, PublicKey};
use thiserror::Error;

use crate::plan::policy::Signer;

/// What is wrong with a line. Messages are lowercase fragments.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignerError {
    /// There is nothing after the principals.
    #[error("the line ends before a public key")]
    NoKey,
    /// A quote is opened and not closed.
    #[error("a quote is opened and not closed")]
    OpenQuote,
    /// The principals are empty or hold what a name cannot hold.
    #[error(
        "`{0}` is no principal: an address of printable characters without blanks, quotes, `/` and `\\`"
    )]
    Principal(String),
    /// The principal is a pattern.
    #[error("`{0}` is a pattern, which would let one key speak for several people")]
    Pattern(String),
    /// An option that ssh-keygen does not know either.
    #[error("unknown option `{0}`")]
    Option(String),
    /// An option stands twice.
    #[error("option `{0}` stands twice")]
    Twice(&'static str),
    /// An option lacks its quoted value.
    #[error("option `{0}` needs a value in double quotes")]
    Value(&'static str),
    /// A date is none.
    #[error("`{0}` is no date: write YYYYMMDD, or YYYYMMDDHHMM[SS], with a `Z` after it")]
    Time(String),
    /// The interval of validity is empty.
    #[error("the key is valid on no whole day")]
    NeverValid,
    /// Keys signed by an authority.
    #[error("`cert-authority` is not supported: an approval is signed by a person's own key")]
    Authority,
    /// A key that cannot be read.
    #[error("this is no SSH public key")]
    Key,
    /// A key of an algorithm that is not accepted.
    #[error("{0} keys are not accepted, only Ed25519 and ECDSA keys")]
    Algorithm(String),
}

impl SignerError {
    /// Returns what to do about it.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::NoKey | Self::Key => {
                "write `PRINCIPAL TYPE BASE64`, as the `.pub` file has the last two"
            }
            Self::OpenQuote | Self::Value(_) => "write `namespaces=\"scopeform-plan\"`",
            Self::Principal(_) => "write the person's address, such as `ana@acme.example`",
            Self::Pattern(_) => "name each person, and keep a file for the approvers alone",
            Self::Twice(_) => "keep one of them; `namespaces` takes several, with commas between",
            Self::Option(_) => "options: `namespaces`, `valid-after`, `valid-before`",
            Self::Time(_) | Self::NeverValid => {
                "for example `valid-after=\"20260101Z\",valid-before=\"20270101Z\"`"
            }
            Self::Authority => "list each person's key, in a file for the approvers alone",
            Self::Algorithm(_) => "make one with `ssh-keygen -t ed25519`",
        }
    }
}

/// Something that stands at a place of the text, in bytes.
pub type Placed<T> = (Range<usize>, T);

/// Reads a file: every key with its place, and every mistake with its place.
#[must_use]
pub fn parse(text: &str) -> (Vec<Placed<Signer>>, Vec<Placed<SignerError>>) {
    let (mut signers, mut mistakes) = (Vec::new(), Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches([' ', '\t', '\r', '\n']).trim_start_matches([' ', '\t']);
        let at = start + (line.len() - line.trim_start_matches([' ', '\t']).len());
        start += line.len();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        let place = at..at + body.len();
        match signer(body) {
            Ok(signer) => signers.push((place, signer)),
            Err(mistake) => mistakes.push((place, mistake)),
        }
    }
    (signers, mistakes)
}

/// Returns the public key of a `.pub` file as `TYPE BASE64`.
///
/// # Errors
/// When it is none, or of an algorithm that is not accepted.
pub fn public_key(text: &str) -> Result<String, SignerError> {
    // Other blanks than these two separate nothing for ssh-keygen.
    let text = text.trim_end_matches([' ', '\t', '\r', '\n']);
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    let (Some(kind), Some(data)) = (words.next(), words.next()) else {
        return Err(SignerError::Key);
    };
    if !kind.chars().chain(data.chars()).all(|c| c.is_ascii_graphic()) {
        return Err(SignerError::Key);
    }
    let written = format!("{kind} {data}");
    let key = PublicKey::from_openssh(&written).map_err(|_| SignerError::Key)?;
    // The reader of keys does not mind a wrong length within one; ssh-keygen does.
    let plain = PublicKey::from(key.key_data().clone()).to_openssh();
    if !plain.is_ok_and(|plain| plain.trim_end() == written) {
        return Err(SignerError::Key);
    }
    match key.algorithm() {
        Algorithm::Ed25519
        | Algorithm::SkEd25519
        | Algorithm::Ecdsa { .. }
        | Algorithm::SkEcdsaSha2NistP256 => Ok(written),
        other => Err(SignerError::Algorithm(other.as_str().to_owned())),
    }
}

fn signer(line: &str) -> Result<Signer, SignerError> {
    let (names, rest) = word(line)?;
    let quoted = names.strip_prefix('"').and_then(|names| names.strip_suffix('"'));
    let principals = principals(quoted.unwrap_or(names))?;
    let mut signer = Signer {
        principals,
        key: String::new(),
        namespaces: Vec::new(),
        first_day: None,
        last_day: None,
    };
    let (first, after) = word(rest)?;
    if first.is_empty() {
        return Err(SignerError::NoKey);
    }
    let is_type = |word: &str| ["ssh-", "ecdsa-", "sk-"].iter().any(|p| word.starts_with(p));
    let key = if is_type(first) {
        rest
    } else {
        options(first, &mut signer)?;
        after
    };
    if key.trim().is_empty() {
        return Err(SignerError::NoKey);
    }
    signer.key = public_key(key)?;
    if let (Some(first), Some(last)) = (signer.first_day, signer.last_day)
        && first > last
    {
        return Err(SignerError::NeverValid);
    }
    Ok(signer)
}

/// Splits off a word; blanks within double quotes belong to it.
fn word(text: &str) -> Result<(&str, &str), SignerError> {
    let text = text.trim_start_matches([' ', '\t']);
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        !quoted && matches!(c, ' ' | '\t')
    });
    match end {
        Some(end) => Ok(text.split_at(end)),
        None if quoted => Err(SignerError::OpenQuote),
        None => Ok((text, "")),
    }
}

/// Returns whether a text can be a principal: also a part of a file name, so no separator of paths.
#[must_use]
pub fn is_principal(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | ',' | '/' | '\\' | '#');
    !text.is_empty()
        && text.len() <= 200
        && !text.starts_with(['.', '-'])
        && text.chars().all(legal)
}

fn principals(list: &str) -> Result<BTreeSet<String>, SignerError> {
    let mut principals = BTreeSet::new();
    for name in list.split(',') {
        if name.contains(['*', '?', '!']) {
            return Err(SignerError::Pattern(name.to_owned()));
        }
        if !is_principal(name) {
            return Err(SignerError::Principal(name.to_owned()));
        }
        principals.insert(name.to_owned());
    }
    Ok(principals)
}

fn options(text: &str, signer: &mut Signer) -> Result<(), SignerError> {
    let mut seen = BTreeSet::new();
    for option in outside_quotes(text) {
        let mut once = |name: &'static str| {
            if seen.insert(name) { Ok(()) } else { Err(SignerError::Twice(name)) }
        };
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let quoted = |name| {
            let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let plain = |inner: &&str| !inner.contains('"') && !inner.contains(char::is_control);
            inner.filter(plain).ok_or(SignerError::Value(name))
        };
        match name.to_ascii_lowercase().as_str() {
            "cert-authority" => return Err(SignerError::Authority),
            "namespaces" => {
                once("namespaces")?;
                let patterns = quoted("namespaces")?.split(',').map(str::to_owned);
                signer.namespaces = patterns.collect();
            }
            "valid-after" => {
                once("valid-after")?;
                let (day, whole) = time(quoted("valid-after")?)?;
                // A day that it begins in the middle of is not wholly within.
                signer.first_day = Some(if whole { day } else { day.tomorrow().unwrap_or(day) });
            }
            "valid-before" => {
                once("valid-before")?;
                let (day, _) = time(quoted("valid-before")?)?;
                signer.last_day = Some(day.yesterday().unwrap_or(day));
            }
            _ => return Err(SignerError::Option(name.to_owned())),
        }
    }
    Ok(())
}

/// Splits at commas that do not stand within double quotes.
fn outside_quotes(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        !quoted && c == ','
    })
    .collect()
}

/// Reads a time of ssh-keygen; the day, and whether it is the day's first moment. Without `Z` it is read as UTC too. Times
/// from before its clock, which begins in 1970, mean nothing to ssh-keygen, wherever it runs.
fn time(text: &str) -> Result<(Date, bool), SignerError> {
    let wrong = || SignerError::Time(text.to_owned());
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number = |range: Range<usize>| digits.get(range).and_then(|part| part.parse::<i8>().ok());
    let year = digits.get(..4).and_then(|part| part.parse::<i16>().ok()).ok_or_else(wrong)?;
    let (month, day) = (number(4..6).ok_or_else(wrong)?, number(6..8).ok_or_else(wrong)?);
    let date = Date::new(year, month, day).map_err(|_| wrong())?;
    let (hour, minute, second) =
        (number(8..10).unwrap_or(0), number(10..12).unwrap_or(0), number(12..14).unwrap_or(0));
    if year < 1971 || hour > 23 || minute > 59 || second > 59 {
        return Err(wrong());
    }
    Ok((date, hour == 0 && minute == 0 && second == 0))
}

/// The longest pattern that ssh-keygen looks at, in bytes.
const LONGEST_PATTERN: usize = 1022;

/// Returns whether `namespace` is one of the patterns, as ssh-keygen reads them: a pattern with `!` before it that
/// matches refuses, whatever the others say.
#[must_use]
pub fn allows(patterns: &[String], namespace: &str) -> bool {
    let mut allowed = patterns.is_empty();
    for pattern in patterns {
        // One that is longer lets ssh-keygen refuse the whole list.
        if pattern.trim_start_matches('!').len() > LONGEST_PATTERN {
            return false;
        }
        match pattern.strip_prefix('!') {
            Some(not) if matches(not, namespace) => return false,
            Some(_) => {}
            None => allowed |= matches(pattern, namespace),
        }
    }
    allowed
}

/// `*` stands for any characters, `?` for one. Linear in both: only the last `*` is ever tried again.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut again = None;
    while let Some(have) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                again = Some((p + 1, t));
                p += 1;
            }
            Some(want) if *want == b'?' || want == have => {
                p += 1;
                t += 1;
            }
            _ => match &mut again {
                Some((after, from)) => {
                    *from += 1;
                    (p, t) = (*after, *from);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}
