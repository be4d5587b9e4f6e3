//! `rego`: which files hold the organisation's Rego rules, and the data that they read.
//!
//! What the rules mean is not known here: their text becomes part of the policy, and the module `rego` reads it.

use globset::GlobBuilder;
use serde_json::{Value as Json, json};

use super::approvals::escapes;
use super::lower::Builder;
use super::shape::{Field, Leaf, Reader, Refusal};
use crate::diag::{Code, Diagnostic};
use crate::model::Address;
use crate::plan::policy::RegoFile;
use crate::source::{FileId, Origin, SourceFile, SourceMap, Span, Spanned};

/// The path of a file of rules or data, or a pattern of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RegoPath(pub String);

impl Leaf for RegoPath {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        let fail = |why: &str| {
            let message = format!("{why}: `{text}` names no Rego rules and no data for them");
            let help = "write the path of a `.rego` or `.json` file below the configuration folder, such as \
                `policies/guests.rego` or `policies/*.rego`";
            Err(Refusal::new(Code::RegoFile, message, help))
        };
        if let Some(why) = escapes(text) {
            return fail(why);
        }
        if !text.ends_with(".rego") && !text.ends_with(".json") {
            return fail("it ends with neither `.rego` nor `.json`");
        }
        if text.split('/').any(|part| part.starts_with('.')) {
            return fail("it is hidden");
        }
        Ok(Self(text.to_owned()))
    }

    fn schema() -> Json {
        json!({ "type": "string", "pattern": "\\.(rego|json)$" })
    }
}

/// Returns whether a file that the configuration names may be several: `*` stands for any text within one segment, `**`
/// for any number of segments.
#[must_use]
pub fn is_pattern(name: &str) -> bool {
    name.contains('*')
}

/// Returns whether `path`, below the configuration folder and with `/`, is one of those that a pattern means. Tests of
/// rules are no rules.
#[must_use]
pub fn is_meant(pattern: &str, path: &str) -> bool {
    // Only the star is special.
    let escaped: String = pattern.chars().flat_map(escape).collect();
    let glob = GlobBuilder::new(&escaped).literal_separator(true).backslash_escape(true).build();
    let hidden = path.split('/').any(|part| part.starts_with('.'));
    let test = path.ends_with("_test.rego");
    !hidden && !test && glob.is_ok_and(|glob| glob.compile_matcher().is_match(path))
}

fn escape(c: char) -> impl Iterator<Item = char> {
    let special = matches!(c, '?' | '[' | ']' | '{' | '}' | ',' | '!');
    special.then_some('\\').into_iter().chain([c])
}

/// Reads the `rego` of one document into its workspace.
pub(super) fn lower(
    field: Option<&Field<Vec<Spanned<RegoPath>>>>,
    sources: &SourceMap,
    builder: &mut Builder,
    reader: &mut Reader<'_>,
) {
    let Some(field) = field else { return };
    builder.origins.note(Address::of(&["rego"]), reader.origin(field.key));
    for path in &field.value {
        let name = path.value.0.as_str();
        let meant: Vec<(FileId, &SourceFile)> = if is_pattern(name) {
            sources.all_beside().filter(|(_, file)| is_meant(name, file.name())).collect()
        } else {
            sources.beside(name).into_iter().collect()
        };
        if meant.is_empty() {
            let (message, help) = match is_pattern(name) {
                true => (format!("`{name}` matches no file in the configuration folder"), None),
                false => sources.absent(name),
            };
            let help = help.unwrap_or(
                "correct the path, or remove it; a rule that is not found would be no rule",
            );
            let diagnostic = reader.error(Code::RegoFile, path.span, message).help(help);
            reader.report(diagnostic);
        }
        for (file, source) in meant {
            if is_sound((file, source), reader) {
                let (path, text) = (source.name().to_owned(), source.text().to_owned());
                builder.policy.rego.add(RegoFile { path, text });
            }
        }
    }
}

/// Returns whether a file is text and, where it is data, a JSON object. What is wrong with it is reported in it.
fn is_sound((file, source): (FileId, &SourceFile), reader: &mut Reader<'_>) -> bool {
    let at = |start: usize| {
        let start = source.floor(start);
        Origin { file, span: Span::new(start, source.floor(start + 1).max(start)) }
    };
    if let Some(broken) = source.broken_at() {
        let diagnostic = Diagnostic::at(Code::NotUtf8, at(broken), "the file is not UTF-8 text");
        reader.report(diagnostic.help("save the file as UTF-8"));
        return false;
    }
    if source.name().ends_with(".rego") {
        return true;
    }
    let wrong = match serde_json::from_str::<Json>(source.text()) {
        Ok(Json::Object(_)) => return true,
        Ok(_) => Diagnostic::at(Code::InvalidRego, at(0), "the data is no JSON object")
            .help("write an object: what is under a key `guests` is `data.guests` to the rules"),
        Err(error) => {
            let line = source.line_span(error.line().saturating_sub(1));
            let place = (line.start + error.column().saturating_sub(1)).min(line.end);
            // The place is told by us, in characters.
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            Diagnostic::at(Code::InvalidRego, at(place), format!("the data is no JSON: {what}"))
        }
    };
    reader.report(wrong);
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_a_segment_and_tests_are_no_rules() {
        for (pattern, path, wanted) in [
            ("policies/*.rego", "policies/guests.rego", true),
            ("policies/*.rego", "policies/deep/guests.rego", false),
            ("policies/**/*.rego", "policies/deep/guests.rego", true),
            ("policies/*.rego", "policies/guests_test.rego", false),
            ("policies/*.rego", "policies/.guests.rego", false),
            ("policies/*.rego", "policies/guests.json", false),
            ("policies/g[u]*.rego", "policies/guests.rego", false),
            ("policies/g[u]*.rego", "policies/g[u]ests.rego", true),
        ] {
            assert_eq!(is_meant(pattern, path), wanted, "{pattern} {path}");
        }
    }
}
