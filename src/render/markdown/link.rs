//! The one link on the page.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The address of the full report: `http` or `https`, without credentials, of nothing that could end a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportUrl(String);

/// Why a text is no address of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ReportUrlError {
    /// Another scheme, or none.
    #[error("it does not begin with https:// or http://")]
    Scheme,
    /// No host.
    #[error("it names no host")]
    Host,
    /// Everybody who reads the page would read them.
    #[error("it holds a user name or password")]
    Credentials,
    /// A character that an address cannot have, such as a blank.
    #[error("it holds {0:?}, which an address writes as %-encoded bytes")]
    Character(char),
    /// Nobody's report has an address of more than 2,000 bytes.
    #[error("it is longer than 2000 bytes")]
    Long,
}

impl FromStr for ReportUrl {
    type Err = ReportUrlError;

    fn from_str(text: &str) -> Result<Self, ReportUrlError> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(ReportUrlError::Scheme)?;
        if text.len() > 2_000 {
            return Err(ReportUrlError::Long);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(ReportUrlError::Credentials);
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err(ReportUrlError::Host);
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(c);
        match text.chars().find(|c| !legal(*c)) {
            Some(c) => Err(ReportUrlError::Character(c)),
            None => Ok(Self(text.to_owned())),
        }
    }
}

/// The destination of a Markdown link: round brackets would end it, and an entity would be read as one.
impl fmt::Display for ReportUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '(' => out.write_str("%28")?,
                ')' => out.write_str("%29")?,
                ';' => out.write_str("%3B")?,
                c => fmt::Write::write_char(out, c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_links() {
        for (text, expected) in [
            ("https://ci.example/runs/7?x=1&y=2#top", "https://ci.example/runs/7?x=1&y=2#top"),
            ("http://localhost:8080/a(b)&lt;", "http://localhost:8080/a%28b%29&lt%3B"),
            ("https://[::1]/", "https://[::1]/"),
        ] {
            assert_eq!(text.parse::<ReportUrl>().unwrap().to_string(), expected);
        }
        use ReportUrlError as E;
        let long = format!("https://a/{}", "x".repeat(2_000));
        for (text, error) in [
            ("javascript:alert(1)", E::Scheme),
            ("ci.example", E::Scheme),
            ("HTTPS://ci.example", E::Scheme),
            ("https://", E::Host),
            ("https:///x", E::Host),
            ("https://:80/x", E::Host),
            ("https://me:secret@ci.example/", E::Credentials),
            ("https://ci.example/a b", E::Character(' ')),
            ("https://ci.example/>", E::Character('>')),
            ("https://ci.example/\n", E::Character('\n')),
            ("https://ci.example/`", E::Character('`')),
            (&long, E::Long),
        ] {
            assert_eq!(text.parse::<ReportUrl>(), Err(error), "{text}");
        }
    }
}
