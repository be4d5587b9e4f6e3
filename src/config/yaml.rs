//! YAML text to a tree of nodes, each with its exact place. Only this file and those below it name `serde_saphyr`.
//!
//! Reads the events of the parser under serde-saphyr rather than its serde layer: only events tell plain from quoted
//! text (so that `no` is noticed and `"no"` is left alone), give the whole extent of lists and mappings (so that a secret
//! in one can be kept out of what is printed), and let every wrong value of a file be reported in one run. The budgets
//! are small and stated here, so that a hostile file fails at once.

mod mistake;

use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span as YamlSpan, Tag};

use self::mistake::{Mistake, mistake, too_deep};
use super::redact::{
    is_live_value, is_secret_word, redact_all, redact_comments, redact_lines, redact_secrets,
};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::source::{FileId, Origin, SourceFile, Span, Spanned};

/// The largest file that is read.
pub(super) const MAX_BYTES: usize = 5_000_000;
/// The deepest nesting that is read, aliases included.
pub(super) const MAX_DEPTH: usize = 32;
/// How many nodes the aliases of one file may add in total.
pub(super) const MAX_ALIASED_NODES: usize = 10_000;

/// One value of a document.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Its whole extent; for an alias, the alias.
    pub span: Span,
    /// Where its text stands; for an alias, behind the anchor.
    pub defined: Span,
    /// What it is.
    pub value: Value,
}

/// The shapes of a value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text as written; `plain` when it stands without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    Seq(Vec<Node>),
    /// A mapping in the order of the file. Keys are unique.
    Map(Vec<(Spanned<String>, Node)>),
}

impl Node {
    /// Returns how the value is called in messages.
    pub(super) fn noun(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar { .. } => "text",
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// Returns the value under a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }

    /// Returns the range to underline: text as a whole, of a list or mapping the beginning.
    pub(super) fn mark(&self) -> Span {
        match &self.value {
            Value::Null | Value::Scalar { .. } => self.span,
            Value::Map(entries) => entries.first().map_or(self.span, |(key, _)| key.span),
            Value::Seq(items) => match items.first() {
                Some(item) if self.span.start == item.span.start => item.mark(),
                _ => Span::new(self.span.start, self.span.end.min(self.span.start + 1)),
            },
        }
    }
}

/// Returns whether an unquoted word is a boolean to YAML 1.1 readers and text to YAML 1.2 readers.
pub(super) fn is_old_boolean(text: &str) -> bool {
    ["yes", "no", "on", "off"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns the first key of a document without judging anything else, to tell worlds and catalogues from configuration.
pub(super) fn first_entry(text: &str) -> Option<(String, Option<String>)> {
    let mut key = None;
    for event in Parser::new_from_str_with_options(text, options()) {
        match event.ok()?.0 {
            Event::Scalar(text, ..) => match key.take() {
                None => key = Some(text.into_owned()),
                Some(key) => return Some((key, Some(text.into_owned()))),
            },
            Event::SequenceStart(..) | Event::Alias(_) => break,
            Event::MappingStart(..) if key.is_some() => break,
            _ => {}
        }
    }
    key.map(|key| (key, None))
}

/// Returns the keys of the mapping that a document begins with, as far as it can be read: what comes after a mistake, or
/// after the end of a text that was cut, is not there.
pub(super) fn first_keys(text: &str) -> Vec<String> {
    let (mut keys, mut depth, mut is_key) = (Vec::new(), 0_usize, true);
    for event in Parser::new_from_str_with_options(text, options()) {
        let Ok((event, _)) = event else { break };
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                if depth == 1 {
                    // Whatever it is, what follows it is a key again.
                    is_key = true;
                }
                depth += 1;
            }
            Event::MappingEnd | Event::SequenceEnd => depth = depth.saturating_sub(1),
            Event::Scalar(text, ..) if depth == 1 => {
                if is_key {
                    keys.push(text.into_owned());
                }
                is_key = !is_key;
            }
            Event::Alias(_) if depth == 1 => is_key = true,
            // One text alone is no mapping.
            Event::Scalar(..) | Event::Alias(_) if depth == 0 => break,
            Event::DocumentEnd => break,
            _ => {}
        }
    }
    keys
}

/// Returns whether a text may stand as a key without quotes: readers of YAML take it for that text and nothing else.
pub(super) fn is_plain_key(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '@' | '.' | '_' | '-');
    let told = ["null", "true", "false", "y", "n"].iter().any(|w| text.eq_ignore_ascii_case(w));
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(word);
    safe && !told && !is_old_boolean(text) && first_keys(&format!("{text}: 0")) == [text]
}

fn options() -> Options {
    let mut options = Options::default();
    options.flow_nesting_limit = 2 * MAX_DEPTH;
    options.block_nesting_limit = 2 * MAX_DEPTH;
    options
}

/// Reads one document. `None` when the file has no structure; then the reason is among the diagnostics.
pub(super) fn parse(file: FileId, source: &SourceFile, out: &mut Diagnostics) -> Option<Node> {
    let text = source.text();
    if let Some(at) = source.broken_at() {
        let at = Origin { file, span: Span::new(at, source.floor(at + 3).max(at)) };
        out.push(
            Diagnostic::at(Code::NotUtf8, at, "the file is not UTF-8 text")
                .label("the first byte that is not UTF-8")
                .help("save the file as UTF-8"),
        );
        return None;
    }
    let top = Origin { file, span: Span::START };
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes, the limit is {MAX_BYTES}", text.len());
        out.push(
            Diagnostic::at(Code::TooLarge, top, message)
                .help("split it: several files may describe the same workspace"),
        );
        return None;
    }
    redact_comments(source, file, out);
    let parser = Parser::new_from_str_with_options(text, options());
    let mut builder = Builder { file, source, parser, anchors: BTreeMap::new(), aliased: 0, out };
    match builder.document() {
        Ok(Some(node)) => {
            redact_secrets(&node, file, out);
            Some(node)
        }
        Ok(None) => {
            out.push(
                Diagnostic::at(Code::EmptyFile, top, "the file is empty")
                    .help("delete it, or begin with `version: 1`, `platform` and `workspace`"),
            );
            None
        }
        Err(Stopped(diagnostic)) => {
            redact_lines(source, file, out);
            out.push(*diagnostic);
            None
        }
    }
}

/// The file has no structure from here on.
struct Stopped(Box<Diagnostic>);

struct Builder<'a, 'text> {
    file: FileId,
    source: &'a SourceFile,
    parser: Parser<'text, serde_saphyr::granit_parser::StrInput<'text>>,
    anchors: BTreeMap<usize, (Node, Measure)>,
    aliased: usize,
    out: &'a mut Diagnostics,
}

/// How large a node is, for the budgets.
#[derive(Clone, Copy)]
struct Measure {
    nodes: usize,
    depth: usize,
}

impl<'text> Builder<'_, 'text> {
    fn stop(&self, code: Code, span: Span, message: impl Into<String>, help: &str) -> Stopped {
        let at = Origin { file: self.file, span };
        Stopped(Box::new(Diagnostic::at(code, at, message).help(help)))
    }

    fn stopped(&self, Mistake { code, span, message, help }: Mistake) -> Stopped {
        self.stop(code, span, message, help)
    }

    fn span(&self, span: &YamlSpan) -> Span {
        let range = span.byte_range().unwrap_or(0..0);
        let start = self.source.floor(range.start);
        Span::new(start, self.source.floor(range.end).max(start))
    }

    /// Leaves out white space at the end, which the parser counts to block values.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.source.text().get(span.range()).unwrap_or_default();
        Span::new(span.start, span.start + text.trim_end().len())
    }

    fn next(&mut self) -> Result<Option<(Event<'text>, Span)>, Stopped> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => Ok(Some((event, self.span(&span)))),
            Some(Err(error)) => Err(self.stopped(mistake(&error, self.source))),
        }
    }

    fn document(&mut self) -> Result<Option<Node>, Stopped> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.stop(
                        Code::SeveralDocuments,
                        Span::new(span.start, span.end.min(span.start + 3)),
                        "a second document begins here",
                        "move it to a file of its own",
                    ));
                }
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd => {}
                other => root = Some(self.node(other, span, 0)?.0),
            }
        }
        Ok(root.filter(|node| !matches!(node.value, Value::Null)))
    }

    fn node(
        &mut self,
        event: Event<'text>,
        span: Span,
        depth: usize,
    ) -> Result<(Node, Measure), Stopped> {
        if depth >= MAX_DEPTH {
            return Err(self.stopped(too_deep(Span::new(span.start, span.end.min(span.start + 1)))));
        }
        let (node, measure, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), span)?;
                let plain = style == ScalarStyle::Plain;
                let span = self.trimmed(span);
                let null = plain && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                let value = if null {
                    Value::Null
                } else {
                    Value::Scalar { text: text.into_owned(), plain }
                };
                (Node { span, defined: span, value }, Measure { nodes: 1, depth: 0 }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span)?;
                let (node, measure) = self.sequence(span, depth)?;
                (node, measure, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), span)?;
                let (node, measure) = self.mapping(span, depth)?;
                (node, measure, anchor)
            }
            Event::Alias(id) => return self.alias(id, span, depth),
            _ => {
                let message = "the file is not YAML: a value is missing";
                return Err(self.stop(Code::YamlSyntax, span, message, "add the value"));
            }
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), measure));
        }
        Ok((node, measure))
    }

    fn alias(&mut self, id: usize, span: Span, depth: usize) -> Result<(Node, Measure), Stopped> {
        let Some((node, measure)) = self.anchors.get(&id) else {
            return Err(self.stop(
                Code::AliasBomb,
                span,
                "the alias stands inside the value that it repeats",
                "write the value out",
            ));
        };
        let measure = *measure;
        self.aliased += measure.nodes;
        if self.aliased > MAX_ALIASED_NODES {
            return Err(self.stop(
                Code::AliasBomb,
                span,
                format!("the aliases of this file expand to more than {MAX_ALIASED_NODES} values"),
                "write the values out, or use globs",
            ));
        }
        if depth + measure.depth >= MAX_DEPTH {
            return Err(self.stopped(too_deep(span)));
        }
        Ok((Node { span, defined: node.defined, value: node.value.clone() }, measure))
    }

    fn sequence(&mut self, start: Span, depth: usize) -> Result<(Node, Measure), Stopped> {
        let mut items = Vec::new();
        let mut total = Measure { nodes: 1, depth: 0 };
        let mut end = start.end;
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                end = self.trimmed(Span::new(start.start, span.end)).end;
                break;
            }
            let (node, measure) = self.node(event, span, depth + 1)?;
            total = total.around(measure);
            items.push(node);
        }
        let span = Span::new(start.start, end);
        Ok((Node { span, defined: span, value: Value::Seq(items) }, total))
    }

    fn mapping(&mut self, start: Span, depth: usize) -> Result<(Node, Measure), Stopped> {
        let mut entries: Vec<(Spanned<String>, Node)> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let mut total = Measure { nodes: 1, depth: 0 };
        let mut end = start.end;
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                end = self.trimmed(Span::new(start.start, span.end)).end;
                break;
            }
            let key = self.key(event, span)?;
            let Some((event, span)) = self.next()? else { break };
            let (node, measure) = self.node(event, span, depth + 1)?;
            total = total.around(measure);
            if let Some(first) = seen.get(&key.value) {
                let at = Origin { file: self.file, span: key.span };
                let earlier = Origin { file: self.file, span: *first };
                // What is dropped here is not looked at again, and its line is printed.
                redact_secrets(&node, self.file, self.out);
                let message = if is_live_value(&key.value) {
                    self.out.redact(at);
                    self.out.redact(earlier);
                    "one key stands twice in one mapping".to_owned()
                } else {
                    format!("key `{}` stands twice in one mapping", key.value)
                };
                self.out.push(
                    Diagnostic::at(Code::DuplicateKey, at, message)
                        .label("again here")
                        .related(earlier, "first here")
                        .help("keep one of the two"),
                );
                if is_secret_word(&key.value) {
                    redact_all(&node, self.file, self.out);
                }
                continue;
            }
            seen.insert(key.value.clone(), key.span);
            entries.push((key, node));
        }
        let span = Span::new(start.start, end);
        Ok((Node { span, defined: span, value: Value::Map(entries) }, total))
    }

    fn key(&mut self, event: Event<'text>, span: Span) -> Result<Spanned<String>, Stopped> {
        let Event::Scalar(text, style, _, tag) = event else {
            return Err(self.stop(
                Code::YamlSyntax,
                Span::new(span.start, span.end.min(span.start + 1)),
                "a key must be text",
                "write `key: value` with a plain or quoted key",
            ));
        };
        self.check_tag(tag.as_deref(), span)?;
        if style == ScalarStyle::Plain {
            if text == "<<" {
                return Err(self.stop(
                    Code::MergeKey,
                    span,
                    "merge keys are not supported",
                    "write the keys out, or repeat a whole value with an alias",
                ));
            }
            if is_old_boolean(&text) {
                let at = Origin { file: self.file, span };
                let message = format!("key `{text}` is a boolean to some YAML readers");
                self.out.push(
                    Diagnostic::at(Code::YamlBoolean, at, message)
                        .help(format!("quote it: `\"{text}\"`")),
                );
            }
        }
        Ok(Spanned::new(text.into_owned(), span))
    }

    fn check_tag(&self, tag: Option<&Tag>, span: Span) -> Result<(), Stopped> {
        match tag {
            None => Ok(()),
            Some(_) => Err(self.stop(
                Code::YamlTag,
                Span::new(span.start, span.end.min(span.start + 1)),
                "a YAML tag stands before this value",
                "remove the word that begins with `!`",
            )),
        }
    }
}

impl Measure {
    fn around(self, inner: Self) -> Self {
        Self { nodes: self.nodes + inner.nodes, depth: self.depth.max(inner.depth + 1) }
    }
}

#[cfg(test)]
mod tests;
