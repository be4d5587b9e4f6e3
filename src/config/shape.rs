//! From nodes to values with places: what every document of this program is read with.
//!
//! A [`record!`] is written once and gives the struct, the reader and the JSON Schema with its hover texts, so that the
//! three cannot drift apart. A value that cannot be read is reported and left out; reading goes on, so that one run
//! tells everything that is wrong with a file.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use super::placeholder::interpolated;
use super::places;
use super::redact::{is_live_value, is_secret_word};
use super::yaml::{self, Node, Value};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::nearest;
use crate::source::{FileId, Origin, Span, Spanned};

/// Reads the nodes of one file.
pub(super) struct Reader<'a> {
    /// The file.
    pub file: FileId,
    /// What is wrong with it.
    pub out: &'a mut Diagnostics,
}

/// A value that can be read from a node.
pub(super) trait Shape: Sized {
    /// Reads the value. `key` is what the value stands under, for messages about what is missing from it.
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self>;
    /// Returns the JSON Schema.
    fn schema() -> Json;
}

/// A value that is one text.
pub(super) trait Leaf: Sized {
    /// Reads the text; `plain` when it stands without quotes.
    fn parse(text: &str, plain: bool) -> Result<Self, Refusal>;
    /// Returns the JSON Schema.
    fn schema() -> Json;
    /// Whether it is words for people: nothing in them stands for something else, whatever it looks like.
    const PROSE: bool = false;
    /// Returns what to write where `text` is `yes`, `no`, `on` or `off`.
    fn instead_of_boolean(text: &str) -> String {
        format!("if the text `{text}` is meant, quote it: `\"{text}\"`")
    }
}

/// Why a text is not a legal value.
pub(super) struct Refusal {
    /// The rule.
    pub code: Code,
    /// What is the matter.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: Some(help.into()) }
    }
}

/// A value under a key.
#[derive(Debug)]
pub(super) struct Field<T> {
    /// The key.
    pub key: Span,
    /// What to underline of the value.
    pub at: Span,
    /// The value.
    pub value: T,
}

impl<T: Shape> Field<T> {
    pub(super) fn read(key: Span, node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, key, reader).map(|value| Self { key, at: node.mark(), value })
    }
}

impl Reader<'_> {
    pub(super) fn origin(&self, span: Span) -> Origin {
        Origin { file: self.file, span }
    }

    pub(super) fn error(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(code, self.origin(span), message)
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.out.push(diagnostic);
    }

    /// Reports a value of the wrong shape; an empty value is blamed on its key.
    pub(super) fn wrong_type(&mut self, node: &Node, key: Span, wanted: &str, help: String) {
        let at = if matches!(node.value, Value::Null) { key } else { node.mark() };
        let message = format!("expected {wanted}, found {}", node.noun());
        let diagnostic = self.error(Code::WrongType, at, message).help(help);
        self.report(diagnostic);
    }

    /// Returns the entries of a mapping.
    pub(super) fn mapping<'n>(
        &mut self,
        node: &'n Node,
        key: Span,
        keys: &[&str],
    ) -> Option<&'n [(Spanned<String>, Node)]> {
        if let Value::Map(entries) = &node.value {
            return Some(entries);
        }
        let help = format!("write a mapping with {}", list_of("the key", "one of the keys", keys));
        self.wrong_type(node, key, "a mapping", help);
        None
    }

    /// Reports the value of an API key or a token where `text` is one, and returns whether it is. No message repeats it.
    pub(super) fn live_value(&mut self, text: &str, at: Span) -> bool {
        let live = is_live_value(text);
        if live {
            let diagnostic = self
                .error(Code::LiteralSecret, at, "the value of an API key or a token is written into the file")
                .label("it is not printed")
                .help("revoke it; name a key by its name, and a token by its id or as the platform shows it: `tp_live_ab…9f`");
            self.report(diagnostic);
        }
        live
    }

    /// Reports a key that means nothing here; its value shows what it may have been meant for.
    pub(super) fn unknown_key(&mut self, key: &Spanned<String>, value: &Node, known: &[&str]) {
        if self.live_value(&key.value, key.span) {
            return;
        }
        let name = key.value.as_str();
        let near = nearest(name, known.iter().copied());
        let diagnostic = if is_secret_word(name) && near.is_none() {
            let message = format!("`{name}` looks like a secret written into the file");
            self.error(Code::LiteralSecret, key.span, message)
                .label("the value is not printed")
                .help("refer to it: `client: {id: ..., secret: {env: NAME}}`; rotate what was written here")
        } else {
            let message = format!("unknown key `{name}`");
            let diagnostic = self.error(Code::UnknownKey, key.span, message);
            match (places::of(name, known), near) {
                (Some(place), _) => diagnostic.help(place),
                (None, Some(near)) => diagnostic.help(format!("did you mean `{near}`?")),
                (None, None) => {
                    let keys = list_of("the only key here is", "known keys here:", known);
                    diagnostic.help(match places::inside(name, value, known) {
                        Some(place) => format!("{place}; {keys}"),
                        None => keys,
                    })
                }
            }
        };
        self.report(diagnostic);
    }

    /// Reports a key that must be there and is not, with what to write; where nobody says that, with the keys that are known.
    pub(super) fn missing_key(
        &mut self,
        at: Span,
        name: &str,
        write: Option<String>,
        keys: &[&str],
    ) {
        let message = format!("key `{name}` is missing");
        let help =
            write.unwrap_or_else(|| list_of("the only key here is", "known keys here:", keys));
        let diagnostic = self.error(Code::MissingKey, at, message).help(help);
        self.report(diagnostic);
    }
}

/// Returns `words` for a sentence: `one x` or `several: x, y and z`.
pub(super) fn list_of(one: &str, several: &str, words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => format!("{one} `{word}`"),
        words => format!("{several} {}", quoted(words, ", ")),
    }
}

/// Returns the words in backticks.
pub(super) fn quoted(words: &[&str], between: &str) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(between)
}

/// Returns the lines of a doc comment as one text.
pub(super) fn prose(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Returns a schema with a text for hovering.
pub(super) fn described(mut schema: Json, lines: &[&str]) -> Json {
    if let Json::Object(object) = &mut schema {
        object.insert("description".into(), Json::String(prose(lines)));
    }
    schema
}

/// Returns whether a value is one word, without quotes, that says that there is none.
pub(super) fn is_none(value: &Value) -> bool {
    let Value::Scalar { text, plain: true } = value else { return false };
    let words = ["none", "nothing", "nobody", "no", "off", "false"];
    words.iter().any(|none| text.trim_matches([',', ' ']).eq_ignore_ascii_case(none))
}

/// Returns the schema of a mapping with fixed keys.
pub(super) fn object_schema(
    lines: &[&str],
    properties: &JsonMap<String, Json>,
    required: &[&str],
) -> Json {
    let mut schema = json!({
        "type": "object",
        "description": prose(lines),
        "additionalProperties": false,
        "properties": properties,
    });
    if let (false, Json::Object(object)) = (required.is_empty(), &mut schema) {
        object.insert("required".into(), json!(required));
    }
    schema
}

impl<T: Leaf> Shape for Spanned<T> {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Scalar { text, plain } = &node.value else {
            reader.wrong_type(node, key, "text", "write one value".to_owned());
            return None;
        };
        if reader.live_value(text, node.span) {
            return None;
        }
        let old = *plain && yaml::is_old_boolean(text);
        if old {
            let message = format!("`{text}` is a boolean to some YAML readers and text to others");
            let diagnostic = reader.error(Code::YamlBoolean, node.span, message);
            reader.report(diagnostic.help(T::instead_of_boolean(text)));
            return None;
        }
        let refused = if T::PROSE { None } else { interpolated(text) };
        match refused.map_or_else(|| T::parse(text, *plain), Err) {
            Ok(value) => Some(Self::new(value, node.span)),
            Err(Refusal { code, message, help }) => {
                let mut diagnostic = reader.error(code, node.span, message);
                diagnostic.help = help;
                reader.report(diagnostic);
                None
            }
        }
    }

    fn schema() -> Json {
        T::schema()
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        let Value::Seq(items) = &node.value else {
            if let Value::Scalar { text, .. } = &node.value
                && reader.live_value(text, node.span)
            {
                return None;
            }
            let help = match &node.value {
                Value::Scalar { text, plain } => {
                    let words: Vec<&str> =
                        text.split([',', ' ']).filter(|word| !word.is_empty()).collect();
                    match words.first().and_then(|word| word.strip_prefix('-')) {
                        // `-openid` is text, and several lines of it are one text.
                        Some(first) if *plain && words.iter().all(|word| word.starts_with('-')) => {
                            format!("put a space after each `-`: `- {first}`")
                        }
                        _ if is_none(&node.value) => "write `[]`".to_owned(),
                        _ => format!("write a list: `[{}]`", words.join(", ")),
                    }
                }
                Value::Null => "write `[]`, or remove the key".to_owned(),
                Value::Map(_) => "begin each item with `- `".to_owned(),
                Value::Seq(_) => String::new(),
            };
            reader.wrong_type(node, key, "a list", help);
            return None;
        };
        let read: Self =
            items.iter().filter_map(|item| T::read(item, item.mark(), reader)).collect();
        // A list of nothing but mistakes is not an empty list.
        (items.is_empty() || !read.is_empty()).then_some(read)
    }

    fn schema() -> Json {
        json!({ "type": "array", "items": T::schema() })
    }
}

/// A mapping whose keys are names, in the order of the file. Empty when nothing stands under its key: that is *no
/// opinion* (domain case 49).
#[derive(Debug)]
pub(super) struct Table<K, T>(pub Vec<(Spanned<K>, Field<T>)>);

impl<K: Leaf + Ord + Clone, T: Shape> Shape for Table<K, T> {
    fn read(node: &Node, key: Span, reader: &mut Reader<'_>) -> Option<Self> {
        let entries = match &node.value {
            Value::Null => return Some(Self(Vec::new())),
            Value::Map(entries) => entries,
            Value::Scalar { .. } | Value::Seq(_) => {
                let help = "write one `name: value` per line".to_owned();
                reader.wrong_type(node, key, "a mapping", help);
                return None;
            }
        };
        let mut table: Vec<(Spanned<K>, Field<T>)> = Vec::new();
        // Two texts may name one thing: user addresses do not mind case.
        let mut seen: BTreeMap<K, Span> = BTreeMap::new();
        for (name, value) in entries {
            if reader.live_value(&name.value, name.span) {
                continue;
            }
            let field = Field::read(name.span, value, reader);
            // A name is what others have given to a thing, whatever it looks like.
            let parsed = match K::parse(&name.value, true) {
                Ok(parsed) => parsed,
                Err(Refusal { code, message, help }) => {
                    let mut diagnostic = reader.error(code, name.span, message);
                    diagnostic.help = help;
                    reader.report(diagnostic);
                    continue;
                }
            };
            if let Some(earlier) = seen.get(&parsed) {
                let first = reader.origin(*earlier);
                let message = format!("`{}` names the same thing as a key above", name.value);
                let diagnostic = reader
                    .error(Code::DuplicateKey, name.span, message)
                    .label("again here")
                    .related(first, "first here")
                    .help("keep one of the two");
                reader.report(diagnostic);
                continue;
            }
            seen.insert(parsed.clone(), name.span);
            table.extend(field.map(|field| (Spanned::new(parsed, name.span), field)));
        }
        // Nothing but mistakes is not nothing.
        (entries.is_empty() || !table.is_empty()).then_some(Self(table))
    }

    fn schema() -> Json {
        json!({
            "type": ["object", "null"],
            "propertyNames": K::schema(),
            "additionalProperties": T::schema(),
        })
    }
}

/// Declares a mapping with fixed keys: `need "key" field: Type` for each, where need is `req`, `opt` or `hide` (legal
/// and ignored). Behind `=>` stands what to write where a key is missing, when the known keys say too little.
macro_rules! record {
    ($(#[doc = $doc:literal])* $name:ident {
        $($(#[doc = $about:literal])* $need:ident $key:literal $field:ident: $type:ty $(=> $write:expr)?,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(super) struct $name {
            /// The keys that stand in the file, also those whose value could not be read.
            pub written: Vec<&'static str>,
            $($(#[doc = $about])* pub $field: Option<$crate::config::shape::Field<$type>>,)*
        }

        impl $name {
            pub(super) const KEYS: &'static [&'static str] = &[$($key),*];

            pub(super) fn properties() -> (serde_json::Map<String, serde_json::Value>, Vec<&'static str>) {
                use $crate::config::shape::{Shape, described};
                let mut properties = serde_json::Map::new();
                let mut required = Vec::new();
                $(
                    properties.insert($key.into(), described(<$type as Shape>::schema(), &[$($about),*]));
                    if stringify!($need) == "req" { required.push($key); }
                )*
                (properties, required)
            }

            pub(super) fn read_entries(
                entries: &[($crate::source::Spanned<String>, $crate::config::yaml::Node)],
                at: $crate::source::Span,
                reader: &mut $crate::config::shape::Reader<'_>,
            ) -> Self {
                let mut record = Self { written: Vec::new(), $($field: None),* };
                for (name, value) in entries {
                    match name.value.as_str() {
                        $($key => {
                            record.written.push($key);
                            record.$field = $crate::config::shape::Field::read(name.span, value, reader);
                        })*
                        _ => reader.unknown_key(name, value, Self::KEYS),
                    }
                }
                $(
                    if stringify!($need) == "req" && !record.written.contains(&$key) {
                        let write = None$(.or(Some($write.into())))?;
                        let write = write.or_else(|| $crate::config::example::write(
                            $key, &<$type as $crate::config::shape::Shape>::schema(),
                        ));
                        reader.missing_key(at, $key, write, Self::KEYS);
                    }
                )*
                record
            }
        }

        impl $crate::config::shape::Shape for $name {
            fn read(
                node: &$crate::config::yaml::Node,
                key: $crate::source::Span,
                reader: &mut $crate::config::shape::Reader<'_>,
            ) -> Option<Self> {
                let entries = reader.mapping(node, key, Self::KEYS)?;
                Some(Self::read_entries(entries, key, reader))
            }

            fn schema() -> serde_json::Value {
                let (properties, required) = Self::properties();
                $crate::config::shape::object_schema(&[$($doc),*], &properties, &required)
            }
        }
    };
}

/// Makes an enum readable from one of a few words: `"word" => value: "meaning"`, then slips with what to write instead,
/// then what may stand there that is no word.
macro_rules! words {
    ($type:ty, $what:literal, { $($word:literal => $value:expr, $about:literal;)* }
     $(slips { $($slip:literal => $instead:literal;)* })? $(or $or:literal)?) => {
        impl $crate::config::shape::Leaf for $type {
            fn parse(text: &str, _plain: bool) -> Result<Self, $crate::config::shape::Refusal> {
                match text {
                    $($word => Ok($value),)*
                    _ => Err($crate::config::shape::not_a_word(
                        text, $what, (&[$($word),*], None$(.or(Some($or)))?), &[$($(($slip, $instead)),*)?],
                    )),
                }
            }

            fn schema() -> serde_json::Value {
                serde_json::json!({ "oneOf": [$({ "const": $word, "description": $about }),*] })
            }

            fn instead_of_boolean(text: &str) -> String {
                let slips: &[(&str, &str)] = &[$($(($slip, $instead)),*)?];
                $crate::config::shape::word_for_boolean(text, &[$($word),*], slips)
            }
        }
    };
}

pub(super) use {record, words};

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// Returns why `text` is none of the words, nor `or`, where something else may stand there as well.
pub(super) fn not_a_word(
    text: &str,
    what: &str,
    (words, or): (&[&str], Option<&str>),
    slips: &[(&str, &str)],
) -> Refusal {
    let slip = slips.iter().find(|(slip, _)| text.eq_ignore_ascii_case(slip));
    let near = slip.map(|(_, instead)| *instead).or_else(|| nearest(text, words.iter().copied()));
    let mut choices = quoted(words, ", ");
    choices.extend(or.into_iter().flat_map(|or| [", or `", or, "`"]));
    Refusal::new(
        Code::InvalidValue,
        format!("`{text}` is not {} {what}", article(what)),
        match near {
            Some(near) => format!("did you mean `{near}`? {what}: {choices}"),
            None => format!("{what}: {choices}"),
        },
    )
}

/// Returns what to write in place of `yes` or `no` where one of a few words is meant.
pub(super) fn word_for_boolean(text: &str, words: &[&str], slips: &[(&str, &str)]) -> String {
    let truth =
        if ["yes", "on"].iter().any(|w| text.eq_ignore_ascii_case(w)) { "true" } else { "false" };
    match slips.iter().find(|(slip, _)| *slip == truth) {
        Some((_, instead)) => format!("write `{instead}`"),
        None => format!("write one of {}", quoted(words, ", ")),
    }
}
