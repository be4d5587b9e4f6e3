//! `labels`: what the files say about an integration, a client or a key for people and Rego rules to read.

use std::fmt;

use serde_json::{Value as Json, json};

use super::leaf::Prose;
use super::lower::Builder;
use super::redact::is_secret_word;
use super::shape::{Field, Leaf, Reader, Refusal, Table};
use crate::diag::Code;
use crate::model::Address;
use crate::source::Spanned;

/// The name of a label, such as `owner` or `ticket`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::config) struct LabelName(String);

impl fmt::Display for LabelName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Leaf for LabelName {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.is_empty() || text.len() > 63 || !text.chars().all(legal) {
            let message = format!("`{text}` is not the name of a label");
            let help = "use letters, digits, `-`, `_` and `.`, at most 63 of them";
            return Err(Refusal::new(Code::InvalidValue, message, help));
        }
        if is_secret_word(text) {
            let message = format!("`{text}` looks like a secret written into the file");
            let help = "labels are printed in plans; name what is meant otherwise, and rotate a secret that was written here";
            return Err(Refusal::new(Code::LiteralSecret, message, help));
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,63}$" })
    }
}

/// Labels as they are written.
pub(in crate::config) type RawLabels = Table<LabelName, Spanned<Prose>>;

impl Builder {
    /// Lowers the labels of what is declared at `home`.
    pub(in crate::config) fn label(
        &mut self,
        home: &Address,
        field: Option<Field<RawLabels>>,
        reader: &mut Reader<'_>,
    ) {
        for (name, value) in field.into_iter().flat_map(|field| field.value.0) {
            let name_text = name.value.to_string();
            self.declare(&home.child("labels").child(&name_text), name.span, reader);
            let labels = self.labels.entry(home.clone()).or_default();
            labels.insert(name_text, value.value.value.0);
        }
    }
}
