//! Pseudonyms: what stands in a snapshot for a person, and for what people name after themselves.
//!
//! A pseudonym is a slow, memory-hard hash of the name with a salt that each snapshot draws anew. So a name that the files
//! write is found again, and a name that nobody writes is not read off. Whoever guesses a name can check the guess, as
//! anybody can who may plan at all; the hash decides what a guess costs.
//!
//! Rules tell guests by their mail domain, so the domain of a person is hashed for itself: where the files or their rules
//! write it, it is read back although nobody writes the person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::names::{Domain, Names};
use crate::model::UserId;
use crate::plan::spread::spread;
use crate::platform::trustpager::name::{ClientName, KeyName};

/// Bytes of a salt.
const SALT: usize = 16;

/// What a hash stands for. Part of what is hashed, so that a person and a key of one name have nothing in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Person,
    Domain,
    Client,
    Key,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Domain => "domain",
            Self::Client => "client",
            Self::Key => "key",
        }
    }

    /// Returns whether a text is a hash of this kind: `person-` and 16 hexadecimal digits.
    fn made(self, text: &str) -> bool {
        let digits = text.strip_prefix(self.name()).and_then(|rest| rest.strip_prefix('-'));
        digits.is_some_and(|digits| {
            digits.len() == 16 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    }
}

/// A name that says nothing: `person-`, `client-` or `key-` and 16 hexadecimal digits; where a person has a domain, followed
/// by `@domain-` and 16 more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pseudonym(String);

/// A text that is no pseudonym.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no pseudonym, such as `person-0123456789abcdef`")]
pub struct NotAPseudonym(String);

impl Pseudonym {
    /// Returns the pseudonym as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Pseudonym {
    type Error = NotAPseudonym;

    fn try_from(text: String) -> Result<Self, NotAPseudonym> {
        let legal = match text.split_once('@') {
            Some((head, domain)) => Kind::Person.made(head) && Kind::Domain.made(domain),
            None => [Kind::Person, Kind::Client, Kind::Key].iter().any(|kind| kind.made(&text)),
        };
        if legal { Ok(Self(text)) } else { Err(NotAPseudonym(text)) }
    }
}

impl From<Pseudonym> for String {
    fn from(pseudonym: Pseudonym) -> Self {
        pseudonym.0
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl JsonSchema for Pseudonym {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pseudonym".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Stands for a name: Argon2id of the name, see `pseudonyms`. A person's has the Argon2id of the domain behind it.",
            "pattern": "^(person-[0-9a-f]{16}(@domain-[0-9a-f]{16})?|(client|key)-[0-9a-f]{16})$"
        })
    }
}

/// What one hash costs: whoever guesses pays it for every guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strength {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
}

/// What OWASP asks for at the least where passwords are kept (Argon2id, 19 MiB, 2 passes, 1 lane).
pub const STRENGTH: Strength = Strength { memory_kib: 19_456, passes: 2 };

/// How the pseudonyms of one snapshot are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recipe {
    /// The hash.
    pub algorithm: Hash,
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// 16 random bytes in lower-case hexadecimal, drawn for this snapshot. No secret.
    pub salt: String,
}

/// The hashes that pseudonyms are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Hash {
    /// Argon2id (RFC 9106), version 1.3, one lane, 8 bytes of output; the password is the kind of thing (`person`, `domain`,
    /// `client` or `key`), a zero byte and the name.
    Argon2id,
}

/// A recipe that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RecipeError {
    /// The salt is no salt.
    #[error("the salt of its pseudonyms is not 32 hexadecimal digits")]
    Salt,
    /// The costs are out of bounds.
    #[error(
        "its pseudonyms cost {memory_kib} KiB and {passes} passes each, which is not between 8 KiB and 256 MiB, and 1 and 16"
    )]
    Strength {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes.
        passes: u32,
    },
    /// Two names have one pseudonym.
    #[error("two names got one pseudonym")]
    Collision,
}

impl Recipe {
    /// Returns a recipe with this salt.
    #[must_use]
    pub fn new(salt: [u8; SALT], strength: Strength) -> Self {
        Self {
            algorithm: Hash::Argon2id,
            memory_kib: strength.memory_kib,
            passes: strength.passes,
            salt: hex(&salt),
        }
    }

    /// Returns the pseudonym of every name, and of the domain of every person. Takes time for each, on purpose.
    ///
    /// # Errors
    /// When the recipe is out of bounds, or two names would become one.
    pub fn book(&self, names: &Names) -> Result<Book, RecipeError> {
        let hash = self.hash()?;
        let salt = unhex(&self.salt).ok_or(RecipeError::Salt)?;
        let make = |kind: Kind, name: &str| -> Result<String, RecipeError> {
            let mut output = [0; 8];
            let password = [kind.name().as_bytes(), b"\0", name.as_bytes()].concat();
            hash.hash_password_into(&password, &salt, &mut output)
                .map_err(|_| self.out_of_bounds())?;
            Ok(format!("{}-{}", kind.name(), hex(&output)))
        };
        let domains = spread(names.all_domains().into_iter().collect(), |domain: Domain| {
            make(Kind::Domain, domain.as_str()).map(|is| (domain, is))
        });
        let domains: BTreeMap<Domain, String> = domains.into_iter().collect::<Result<_, _>>()?;
        let person = |name: &UserId| -> Result<Pseudonym, RecipeError> {
            let head = make(Kind::Person, name.as_str())?;
            let domain = Domain::of(name).and_then(|domain| domains.get(&domain));
            Ok(Pseudonym(domain.map_or_else(|| head.clone(), |domain| format!("{head}@{domain}"))))
        };
        let people: Vec<&UserId> = names.people.iter().collect();
        let people = spread(people, |name| person(name).map(|is| (name.clone(), is)));
        let clients: Vec<&ClientName> = names.clients.iter().collect();
        let clients = spread(clients, |name| {
            make(Kind::Client, name.as_str()).map(|is| (name.clone(), Pseudonym(is)))
        });
        let keys: Vec<&KeyName> = names.keys.iter().collect();
        let keys = spread(keys, |name| {
            make(Kind::Key, name.as_str()).map(|is| (name.clone(), Pseudonym(is)))
        });
        let book = Book {
            people: people.into_iter().collect::<Result<_, _>>()?,
            clients: clients.into_iter().collect::<Result<_, _>>()?,
            keys: keys.into_iter().collect::<Result<_, _>>()?,
            domains,
        };
        if book.collides() { Err(RecipeError::Collision) } else { Ok(book) }
    }

    fn hash(&self) -> Result<Argon2<'static>, RecipeError> {
        if !(8..=262_144).contains(&self.memory_kib) || !(1..=16).contains(&self.passes) {
            return Err(self.out_of_bounds());
        }
        let params = Params::new(self.memory_kib, self.passes, 1, None);
        let params = params.map_err(|_| self.out_of_bounds())?;
        Ok(match self.algorithm {
            Hash::Argon2id => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
        })
    }

    const fn out_of_bounds(&self) -> RecipeError {
        RecipeError::Strength { memory_kib: self.memory_kib, passes: self.passes }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; SALT]> {
    if text.len() != 2 * SALT || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let byte = |n: usize| u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..SALT).map(byte).collect();
    bytes?.try_into().ok()
}

/// Names and their pseudonyms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    people: BTreeMap<UserId, Pseudonym>,
    /// The second part of a person's pseudonym.
    domains: BTreeMap<Domain, String>,
    clients: BTreeMap<ClientName, Pseudonym>,
    keys: BTreeMap<KeyName, Pseudonym>,
}

/// Something was to be written that has no pseudonym: the names were not collected from what is written. A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("something has no pseudonym; this is a bug")]
pub struct Nameless;

impl Book {
    /// Returns whether two things are called the same.
    fn collides(&self) -> bool {
        let Self { people, domains, clients, keys } = self;
        let names = people.values().chain(clients.values()).chain(keys.values());
        let all = names.map(Pseudonym::as_str).chain(domains.values().map(String::as_str));
        let different: BTreeSet<&str> = all.collect();
        different.len() != people.len() + domains.len() + clients.len() + keys.len()
    }

    /// Returns a person's pseudonym.
    ///
    /// # Errors
    /// When the book does not have the name.
    pub fn person(&self, name: &UserId) -> Result<Pseudonym, Nameless> {
        self.people.get(name).cloned().ok_or(Nameless)
    }

    /// Returns an OAuth client's pseudonym.
    ///
    /// # Errors
    /// When the book does not have the name.
    pub fn client(&self, name: &ClientName) -> Result<Pseudonym, Nameless> {
        self.clients.get(name).cloned().ok_or(Nameless)
    }

    /// Returns an API key's pseudonym.
    ///
    /// # Errors
    /// When the book does not have the name.
    pub fn key(&self, name: &KeyName) -> Result<Pseudonym, Nameless> {
        self.keys.get(name).cloned().ok_or(Nameless)
    }
}

/// The names that the reader of a snapshot knows, by their pseudonyms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    people: BTreeMap<Pseudonym, UserId>,
    domains: BTreeMap<String, Domain>,
    clients: BTreeMap<Pseudonym, ClientName>,
    keys: BTreeMap<Pseudonym, KeyName>,
    /// Every known name as text.
    written: BTreeSet<String>,
}

/// A pseudonym of the snapshot is written in the files as if it were a name: live, nobody has that name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the files write `{0}`, which is a pseudonym of the snapshot and nobody's name")]
pub struct Impostor(pub String);

impl From<Book> for Known {
    fn from(book: Book) -> Self {
        let Book { people, domains, clients, keys } = &book;
        let written = (people.keys().map(ToString::to_string))
            .chain(domains.keys().map(ToString::to_string))
            .chain(clients.keys().map(ToString::to_string))
            .chain(keys.keys().map(ToString::to_string));
        Self {
            written: written.collect(),
            domains: book.domains.into_iter().map(|(name, is)| (is, name)).collect(),
            people: book.people.into_iter().map(|(name, is)| (is, name)).collect(),
            clients: book.clients.into_iter().map(|(name, is)| (is, name)).collect(),
            keys: book.keys.into_iter().map(|(name, is)| (is, name)).collect(),
        }
    }
}

impl Known {
    /// Returns the person behind a pseudonym where known, else a user of that name: at their domain where that is known.
    ///
    /// # Errors
    /// When the files write the pseudonym itself, or that of the domain.
    pub fn person(&self, pseudonym: &Pseudonym) -> Result<UserId, Impostor> {
        if let Some(name) = self.people.get(pseudonym) {
            return Ok(name.clone());
        }
        let text = pseudonym.as_str();
        let Some((head, domain)) = text.split_once('@') else { return self.stranger(text) };
        match self.domains.get(domain) {
            Some(known) => self.stranger(&format!("{head}@{known}")),
            None if self.written.contains(domain) && !self.written.contains(text) => {
                Err(Impostor(domain.to_owned()))
            }
            None => self.stranger(text),
        }
    }

    /// Returns the OAuth client behind a pseudonym where known, else a client of that name.
    ///
    /// # Errors
    /// When the files write the pseudonym itself.
    pub fn client(&self, pseudonym: &Pseudonym) -> Result<ClientName, Impostor> {
        self.name(&self.clients, pseudonym)
    }

    /// Returns the API key behind a pseudonym where known, else a key of that name.
    ///
    /// # Errors
    /// When the files write the pseudonym itself.
    pub fn key(&self, pseudonym: &Pseudonym) -> Result<KeyName, Impostor> {
        self.name(&self.keys, pseudonym)
    }

    fn name<N: Clone + for<'t> TryFrom<&'t str>>(
        &self,
        known: &BTreeMap<Pseudonym, N>,
        pseudonym: &Pseudonym,
    ) -> Result<N, Impostor> {
        let name = known.get(pseudonym).cloned();
        name.map_or_else(|| self.stranger(pseudonym.as_str()), Ok)
    }

    /// Returns a name that nobody wrote.
    fn stranger<N: for<'t> TryFrom<&'t str>>(&self, text: &str) -> Result<N, Impostor> {
        let impostor = || Impostor(text.to_owned());
        if self.written.contains(text) {
            return Err(impostor());
        }
        N::try_from(text).map_err(|_| impostor())
    }
}
