//! The smallest values of TrustPager documents: names, tiers, durations, tokens by their id.

use serde_json::{Value as Json, json};

use crate::config::leaf::names;
use crate::config::shape::{Leaf, Refusal, words};
use crate::diag::Code;
use crate::platform::trustpager::catalog::How;
use crate::platform::trustpager::desired::Unlisted;
use crate::platform::trustpager::name::{
    ClientName, KeyName, ResourceKey, RoleKey, Tier, TokenId, Verb,
};

/// Everything but `/` and control characters.
const LABEL: &str = "^[^/\\x00-\\x1F\\x7F-\\x9F]+$";
/// Lower-case letters, digits, `-` and `_`.
const SLUG: &str = "^[a-z0-9_-]+$";

names! {
    ClientName, "OAuth client name", Some(LABEL);
    KeyName, "API key name", Some(LABEL);
    Verb, "verb", Some(SLUG);
}

/// Returns the key that a title such as `Delete with Approval` stands for.
fn key_of(title: &str, between: &str) -> Option<String> {
    let lower = title.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let key = words.join(between);
    (!key.is_empty() && key.len() <= 100 && key.is_ascii()).then_some(key)
}

/// Says that a title stands where a key is meant.
fn not_a_key(code: Code, text: &str, what: &str, between: &str, why: &str) -> Refusal {
    let help = match key_of(text, between) {
        Some(key) if key != text => format!("did you mean `{key}`?"),
        _ => why.to_owned(),
    };
    Refusal::new(code, format!("`{text}` is not a {what}"), help)
}

impl Leaf for ResourceKey {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        Self::try_from(text)
            .map_err(|error| not_a_key(Code::InvalidName, text, "valid resource", "-", error.why()))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": SLUG, "maxLength": 200 })
    }
}

impl Leaf for RoleKey {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        Self::try_from(text)
            .map_err(|error| not_a_key(Code::InvalidName, text, "valid role", "_", error.why()))
    }

    fn schema() -> Json {
        json!({
            "type": "string", "pattern": SLUG, "maxLength": 200,
            "examples": ["owner", "admin", "member", "read_only_viewer"],
        })
    }
}

/// The tiers of the published ladders, for editors; which a resource has is in the catalogue.
const TIERS: &[&str] = &[
    "no_access",
    "read",
    "write_with_approval",
    "write_automatically",
    "delete_with_approval",
    "delete_automatically",
    "send_with_approval",
    "send_automatically",
    "use_with_approval",
    "use_automatically",
];

impl Leaf for Tier {
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal> {
        let no = ["false", "none", "off", "nothing"].iter().any(|w| text.eq_ignore_ascii_case(w));
        if no || (plain && text == "true") {
            let help = if no {
                "did you mean `no_access`?".to_owned()
            } else {
                "write a tier, such as `read` or `write_with_approval`".to_owned()
            };
            return Err(Refusal::new(Code::InvalidValue, format!("`{text}` is not a tier"), help));
        }
        Self::try_from(text)
            .map_err(|error| not_a_key(Code::InvalidValue, text, "tier", "_", error.why()))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": SLUG, "maxLength": 200, "examples": TIERS })
    }

    fn instead_of_boolean(text: &str) -> String {
        if ["no", "off"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            "write `no_access`".to_owned()
        } else {
            "write a tier, such as `read` or `write_with_approval`".to_owned()
        }
    }
}

/// A duration in whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::config) struct Days(pub i64);

impl Leaf for Days {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        if let Some(days) = days(text) {
            return Ok(Self(days));
        }
        let lower = text.to_ascii_lowercase();
        let digits: String =
            lower.trim_start_matches('p').chars().take_while(char::is_ascii_digit).collect();
        let unit = lower.trim_start_matches('p').trim_start_matches(|c: char| c.is_ascii_digit());
        let near = match unit.trim() {
            "" | "d" | "day" | "days" => format!("{digits}d"),
            "w" | "week" | "weeks" => format!("{digits}w"),
            _ => String::new(),
        };
        let help = match days(&near) {
            Some(_) => format!("write `{near}`"),
            None => "write whole days or weeks: `90d` or `12w`, 1 to 99999 of them".to_owned(),
        };
        let message = format!("`{text}` is not a duration in whole days");
        Err(Refusal::new(Code::InvalidDuration, message, help))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[1-9][0-9]{0,4}[dw]$", "examples": ["90d", "12w"] })
    }
}

/// Reads `90d` and `12w`.
fn days(text: &str) -> Option<i64> {
    let (digits, each) = match (text.strip_suffix('d'), text.strip_suffix('w')) {
        (Some(digits), _) => (digits, 1),
        (None, Some(digits)) => (digits, 7),
        (None, None) => return None,
    };
    let legal = (1..=5).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse::<i64>().ok().filter(|_| legal).map(|n| n * each)
}

/// A token as people name it: its id, or the first and last characters that the platform shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenName(pub String);

impl Leaf for TokenName {
    // The text may be the token itself, so no message repeats it.
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let shown = text.replace("...", "…");
        let ends = shown.split_once('…');
        let legal = match ends {
            Some((first, last)) => {
                TokenId::try_from(first).is_ok() && TokenId::try_from(last).is_ok()
            }
            None => TokenId::try_from(text).is_ok(),
        };
        if legal {
            return Ok(Self(shown));
        }
        Err(Refusal::new(
            Code::InvalidName,
            "this is not the id of a token",
            "write the id, or what the platform shows: `tp_live_ab…9f`",
        ))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9_.:-]+(…[A-Za-z0-9_.:-]+)?$", "maxLength": 400 })
    }
}

impl Leaf for u64 {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        text.parse().map_err(|_| {
            let message = format!("`{text}` is not a count");
            Refusal::new(Code::InvalidValue, message, "write a whole number, such as `12`")
        })
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": 0 })
    }
}

words!(Unlisted, "policy for unlisted resources", {
    "keep" => Self::Keep, "No opinion: resources that no line names stay as they are.";
    "platform_default" => Self::PlatformDefault, "Resources that no line names get the tier of a newly registered client.";
    "no_access" => Self::NoAccess, "Resources that no line names are not accessible.";
} slips { "default" => "platform_default"; "none" => "no_access"; "disabled" => "no_access";
    "nobody" => "no_access"; "false" => "no_access"; "true" => "keep"; });

words!(How, "way of doing something", {
    "approval" => Self::Approval, "After a person approved it: the call queues.";
    "automatic" => Self::Automatic, "At once.";
});
