//! The names that get pseudonyms, and which of them the texts of rules write.
//!
//! Rules compare names in a plan with names that they or their data write. A name that they may mean is therefore looked
//! for in a snapshot: one too many costs the time of a hash, one too few would be judged otherwise than live.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::UserId;
use crate::platform::trustpager::name::{ClientName, KeyName};

/// The longest domain that is told apart: a user's name has at most 200 bytes, and `person-`, 16 digits and an `@` stand
/// before a domain that is known.
const LONGEST: usize = 200 - 24;

/// What follows the last `@` of a user's name, in lower case: who is a guest is told by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Domain(String);

impl Domain {
    /// Returns the domain of a user; `None` when the name has none, or one that is longer than 176 bytes.
    #[must_use]
    pub fn of(user: &UserId) -> Option<Self> {
        let (_, domain) = user.as_str().rsplit_once('@')?;
        let fits = !domain.is_empty() && domain.len() <= LONGEST;
        fits.then(|| Self(domain.to_owned()))
    }

    /// Returns the domain as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The names that files write, or that a workspace holds, of everything that gets a pseudonym.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Users. Their domains count as written too.
    pub people: BTreeSet<UserId>,
    /// Domains of users.
    pub domains: BTreeSet<Domain>,
    /// OAuth clients.
    pub clients: BTreeSet<ClientName>,
    /// API keys.
    pub keys: BTreeSet<KeyName>,
}

impl Names {
    /// Adds other names.
    pub fn extend(&mut self, other: Self) {
        self.people.extend(other.people);
        self.domains.extend(other.domains);
        self.clients.extend(other.clients);
        self.keys.extend(other.keys);
    }

    /// Adds the OAuth client or API key that an address names, such as `oauth_clients/Zapier/resources/tasks`.
    pub fn read_address(&mut self, address: &str) {
        let mut parts = address.split('/');
        let (kind, name) = (parts.next(), parts.next().filter(|name| !name.contains('*')));
        match (kind, name) {
            (Some("oauth_clients"), Some(name)) => self.clients.extend(ClientName::try_from(name)),
            (Some("api_keys"), Some(name)) => self.keys.extend(KeyName::try_from(name)),
            _ => {}
        }
    }

    /// Returns every domain, those of people included.
    #[must_use]
    pub fn all_domains(&self) -> BTreeSet<Domain> {
        let of_people = self.people.iter().filter_map(Domain::of);
        self.domains.iter().cloned().chain(of_people).collect()
    }

    /// Returns how many names it takes a slow hash each to look for.
    #[must_use]
    pub fn lookups(&self) -> usize {
        self.people.len() + self.all_domains().len() + self.clients.len() + self.keys.len()
    }

    /// Adds every name that a text or key of the data of a rule may mean: what [`Self::read_text`] adds, and a domain
    /// without a dot where it is the whole text.
    pub fn read_data(&mut self, text: &str) {
        self.read_text(text);
        if text.chars().all(in_domain) && !is_permission(text) {
            self.domains.extend(domain(text));
        }
    }

    /// Adds every name that a text of a rule, or of its data, may mean: an address; mail addresses; and domains, which are
    /// words with a dot, or behind an `@`. In patterns too, where dots are written `\.` or `[.]`.
    pub fn read_text(&mut self, text: &str) {
        self.read_address(text);
        let plain = unescaped(text).replace("[.]", ".");
        // The pieces below are cut at what users' names may hold as well.
        for whole in [text, plain.trim_start_matches('^').trim_end_matches('$')] {
            if whole.rsplit_once('@').is_some_and(|(local, _)| !local.is_empty()) {
                self.people.extend(UserId::try_from(whole));
            }
        }
        let is_about_people = text.contains('@');
        let mut pieces = plain.split('@').peekable();
        let mut before: Option<&str> = None;
        while let Some(piece) = pieces.next() {
            if let Some(before) = before
                && let Some(domain) = piece.split(|c| !in_domain(c)).next().and_then(domain)
            {
                let local = before.rsplit(|c| !in_local(c)).next().unwrap_or_default();
                // A quote or bracket of the text around it may look like a part of the name.
                for local in [local, local.trim_start_matches(|c: char| !c.is_ascii_alphanumeric())]
                {
                    if !local.is_empty() {
                        self.people.extend(UserId::try_from(format!("{local}@{domain}")));
                    }
                }
                self.domains.insert(domain);
            }
            // `first.last` in front of an `@` is no domain.
            let rest = pieces.peek().map_or(piece, |_| piece.trim_end_matches(in_local));
            let words = rest.split(|c| !in_domain(c));
            let words = words.filter(|word| is_about_people || !is_permission(word));
            self.domains.extend(
                words.filter_map(domain).filter(|word| word.0.contains('.') || is_hidden(&word.0)),
            );
            before = Some(piece);
        }
    }
}

/// Returns what a word says as a domain, without what ends a sentence or joins a pattern.
fn domain(word: &str) -> Option<Domain> {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase();
    (!word.is_empty() && word.len() <= LONGEST).then_some(Domain(word))
}

/// Returns the characters that a pattern is about: `\.` is a dot, `\b` and its like say where and stand for none, and other
/// letters behind a backslash stand for characters that nobody knows.
fn unescaped(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match rest.next() {
            Some('b' | 'B' | 'A' | 'z' | 'Z' | 'Q' | 'E') | None => {}
            Some(letter) if letter.is_ascii_alphabetic() => out.push(' '),
            Some(sign) => out.push(sign),
        }
    }
    out
}

/// Whether a word with dots is a permission and no domain: `Mail.Read` and `Files.ReadWrite.All` end in capitals and small
/// letters. Rules list hundreds of those, and each would cost a hash.
fn is_permission(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    word.rsplit_once('.').is_some_and(|(_, last)| {
        last.contains(|c: char| c.is_ascii_uppercase())
            && last.contains(|c: char| c.is_ascii_lowercase())
    })
}

/// Whether a word stands for a domain in snapshots: whoever writes it as a name is told so.
fn is_hidden(word: &str) -> bool {
    word.strip_prefix("domain-").is_some_and(|digits| digits.len() == 16)
}

const fn in_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// What mail allows before the `@`, but for what patterns and paths are made of.
const fn in_local(c: char) -> bool {
    in_domain(c) || matches!(c, '+' | '\'' | '!' | '#' | '%' | '&' | '~' | '`')
}
