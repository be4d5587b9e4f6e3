//! Makes tokens and API keys. The value leaves once; what stays is its hash and enough characters to recognise it.

use secrecy::{ExposeSecret, SecretString};

use crate::platform::trustpager::wire::SecretText;
use crate::server::auth::{TokenHash, random_hex};

/// A value on its way to whoever asked for it.
#[derive(Debug)]
pub(super) struct Value(SecretString);

impl Value {
    pub(super) fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.expose_secret())
    }

    pub(super) fn text(&self) -> SecretText {
        SecretText::new(self.0.expose_secret().to_owned())
    }
}

/// A new value and what is shown of it.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) value: Value,
    pub(super) prefix: String,
    pub(super) suffix: String,
}

const TOKEN: &str = "tp_oauth_";
/// What the vendor's keys begin with (facts.md 3.1).
const KEY: &str = "tp_live_";

fn issue(kind: &str, head: &str, tail: &str) -> Result<Issued, getrandom::Error> {
    let middle = random_hex::<32>()?;
    Ok(Issued {
        value: Value(SecretString::from(format!("{kind}{head}{middle}{tail}"))),
        prefix: format!("{kind}{head}"),
        suffix: tail.to_owned(),
    })
}

/// Makes an OAuth token.
pub(super) fn token() -> Result<Issued, getrandom::Error> {
    issue(TOKEN, &random_hex::<1>()?, &random_hex::<1>()?)
}

/// Makes an OAuth token that is recognised by a mark. The mark is no secret and no part of the 256 random bits.
pub(super) fn token_like(mark: &str) -> Result<Issued, getrandom::Error> {
    let end = mark.len().saturating_sub(2);
    issue(TOKEN, mark.get(..2).unwrap_or_default(), mark.get(end..).unwrap_or_default())
}

/// Makes an API key.
pub(super) fn key() -> Result<Issued, getrandom::Error> {
    issue(KEY, &random_hex::<1>()?, "")
}
