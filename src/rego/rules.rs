//! The rules of the files that plans are held against, and what is wrong with the files as far as their text tells.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regorus::Engine;
use regorus::unstable::{Expr, Module, Rule, RuleHead};

use super::calls::{Call, Function, calls, fault, recursive, resolve};
use super::engine::{engine, mistake};
use super::{Mistake, RegoFile, nesting};

/// The files, read.
#[derive(Debug)]
pub(super) struct Rules<'f> {
    pub(super) files: Vec<File<'f>>,
}

/// One file, read.
#[derive(Debug)]
pub(super) struct File<'f> {
    pub(super) path: &'f str,
    pub(super) text: &'f str,
    /// Whether it is Rego v0.
    pub(super) v0: bool,
    /// Its package: `data.main`.
    pub(super) package: String,
    /// Where functions are called by an import's name, and their whole path.
    pub(super) imported: Vec<(Range<usize>, String)>,
    /// Its definitions of rules that plans are held against.
    pub(super) definitions: Vec<Definition>,
}

/// One definition of a rule.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// `deny`, `warn_soon`.
    pub(super) name: String,
    /// The line, from 1.
    pub(super) line: u32,
    /// Its text, in bytes of the file.
    pub(super) text: Range<usize>,
}

/// What a rule is for, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Deny,
    Warn,
    Except,
}

/// Returns what a rule is for, as conftest tells it by the name: `^(deny|violation|warn|exception)(_[a-zA-Z0-9]+)*$`.
pub(super) fn purpose(name: &str) -> Option<Purpose> {
    let mut parts = name.split('_');
    let purpose = match parts.next()? {
        "deny" | "violation" => Purpose::Deny,
        "warn" => Purpose::Warn,
        "exception" if name == "exception" => Purpose::Except,
        _ => return None,
    };
    let legal =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    parts.all(legal).then_some(purpose)
}

impl<'f> Rules<'f> {
    /// Reads the files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) fn read(modules: &'f [RegoFile]) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut files = Vec::new();
        let mut parsed = Vec::new();
        for RegoFile { path, text } in modules {
            match parse(path, text) {
                Ok((engine, v0)) => parsed.push((path, text, engine, v0)),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let mut all = Vec::new();
        let mut pending = Vec::new();
        for (path, text, mut engine, v0) in parsed {
            let Some(module) = engine.get_modules().first().cloned() else { continue };
            let package = format!("data.{}", module.package.refr.span().text());
            let definitions = definitions(path, &module, &mut mistakes);
            let imports = imports(&module);
            let calls = calls(path, text);
            let mut functions = functions(path, &package, &imports, &module, &calls);
            all.append(&mut functions);
            let imported = imported(&package, &imports, &calls);
            pending.push((path, package.clone(), imports, calls));
            files.push(File { path, text, v0, package, imported, definitions });
        }
        // A function may stand in another file.
        if mistakes.is_empty() {
            let known: BTreeSet<&str> = all.iter().map(|one| one.path.as_str()).collect();
            for (path, package, imports, calls) in &pending {
                for call in calls {
                    let here = known.contains(resolve(&call.name, package, imports).as_str());
                    mistakes.extend(fault(call, path, here));
                }
            }
            mistakes.extend(recursive(&all));
        }
        let asks = files.iter().flat_map(|file| &file.definitions);
        if mistakes.is_empty()
            && !files.is_empty()
            && !asks.clone().any(|one| purpose(&one.name) != Some(Purpose::Except))
        {
            let path = files.first().map_or("", |file| file.path);
            mistakes.push(Mistake {
                path: path.to_owned(),
                line: 1,
                column: 1,
                message: "no file has a rule `deny`, `violation` or `warn`, so none says anything"
                    .to_owned(),
                help: "write `deny contains msg if { ... }`, or take the files out".to_owned(),
            });
        }
        if mistakes.is_empty() {
            return Ok(Self { files });
        }
        mistakes.sort();
        mistakes.dedup();
        Err(mistakes)
    }

    /// Returns the packages with rules that plans are held against.
    pub(super) fn packages(&self) -> BTreeSet<&str> {
        let asked = self.files.iter().filter(|file| !file.definitions.is_empty());
        asked.map(|file| file.package.as_str()).collect()
    }

    /// Returns the definitions of a package, by rule, each with its file.
    pub(super) fn of(&self, package: &str) -> BTreeMap<&str, Vec<(usize, &Definition)>> {
        let mut rules: BTreeMap<&str, Vec<(usize, &Definition)>> = BTreeMap::new();
        for (at, file) in self.files.iter().enumerate().filter(|(_, f)| f.package == package) {
            for definition in &file.definitions {
                rules.entry(&definition.name).or_default().push((at, definition));
            }
        }
        rules
    }
}

/// Reads a file as Rego v1, else as Rego v0. A file of v1 with a mistake in it never passes for one of v0: there, its
/// heads mean something else, so a file of v0 is only believed when every rule that counts has its message in brackets.
fn parse(path: &str, text: &str) -> Result<(Engine, bool), Mistake> {
    if let Some(mistake) = nesting::fault(path, text) {
        return Err(mistake);
    }
    let mut v1 = engine(false);
    let Err(error) = v1.add_policy(path.to_owned(), text.to_owned()) else {
        return Ok((v1, false));
    };
    let mut v0 = engine(true);
    let is_v0 = v0.add_policy(path.to_owned(), text.to_owned()).is_ok()
        && v0
            .get_modules()
            .first()
            .is_some_and(|module| module.policy.iter().all(|rule| is_old(text, rule)));
    if is_v0 { Ok((v0, true)) } else { Err(mistake(path, &error)) }
}

/// Returns whether a rule is one of Rego v0 for certain.
fn is_old(text: &str, rule: &Rule) -> bool {
    let Rule::Spec { head, .. } = rule else { return true };
    let refr = match head {
        RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. } => {
            refr
        }
    };
    let name = first_name(refr);
    if matches!(name, "if" | "contains" | "in" | "every" | "some") {
        return false;
    }
    let end = refr.span().end as usize;
    let bracket = text.get(end..).is_some_and(|rest| rest.trim_start().starts_with('['))
        || refr.span().text().contains('[');
    purpose(name).is_none() || bracket
}

/// Returns the first name of a reference.
fn first_name(expr: &Expr) -> &str {
    let text = expr.span().text();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn definitions(path: &str, module: &Module, mistakes: &mut Vec<Mistake>) -> Vec<Definition> {
    let mut found = Vec::new();
    for rule in &module.policy {
        let Rule::Spec { span, head, .. } = rule.as_ref() else { continue };
        let (refr, no_message) = match head {
            // A function is only called by rules.
            RuleHead::Func { .. } => continue,
            RuleHead::Set { refr, key, .. } => (refr, key.is_none()),
            RuleHead::Compr { refr, assign, .. } => (refr, assign.is_none()),
        };
        let name = first_name(refr);
        if purpose(name).is_none() {
            continue;
        }
        let whole = refr.span().text() == name;
        if no_message || !whole {
            mistakes.push(Mistake {
                path: path.to_owned(),
                line: span.line as usize,
                column: span.col as usize,
                message: format!("`{name}` is no set of messages here, so it could not say anything"),
                help: format!("write `{name} contains msg if {{ ... }}`; give another name to what is no rule about plans"),
            });
            continue;
        }
        found.push(Definition {
            name: name.to_owned(),
            line: span.line,
            text: span.start as usize..span.end as usize,
        });
    }
    found
}

/// Returns what the imports of a file are called in it.
fn imports(module: &Module) -> BTreeMap<String, String> {
    let named = module.imports.iter().filter_map(|import| {
        let target = import.refr.span().text();
        let alias = match &import.r#as {
            Some(alias) => alias.text(),
            None => target.rsplit('.').next()?,
        };
        target.starts_with("data.").then(|| (alias.to_owned(), target.to_owned()))
    });
    named.collect()
}

/// Returns the calls that go through an import, each with the whole path of what it means.
fn imported(
    package: &str,
    imports: &BTreeMap<String, String>,
    calls: &[Call],
) -> Vec<(Range<usize>, String)> {
    let through = calls.iter().filter_map(|call| {
        let first = call.name.split('.').next()?;
        let start = call.at.0 as usize;
        imports
            .contains_key(first)
            .then(|| (start..start + call.name.len(), resolve(&call.name, package, imports)))
    });
    through.collect()
}

/// Returns the functions that a file defines. A function with several definitions is there once for each.
fn functions(
    path: &str,
    package: &str,
    imports: &BTreeMap<String, String>,
    module: &Module,
    calls: &[Call],
) -> Vec<Function> {
    let mut found = Vec::new();
    for rule in &module.policy {
        let (span, refr) = match rule.as_ref() {
            Rule::Spec { span, head: RuleHead::Func { refr, .. }, .. } => (span, refr),
            // `default f(x) := 1`
            Rule::Default { span, refr, args, .. } if !args.is_empty() => (span, refr),
            Rule::Spec { .. } | Rule::Default { .. } => continue,
        };
        let name = refr.span().text();
        let head = refr.span().end;
        let inside =
            calls.iter().filter(|call| call.at.0 >= head && call.at.0 < span.end.max(span.start));
        found.push(Function {
            path: format!("{package}.{name}"),
            file: path.to_owned(),
            at: (span.line, span.col),
            calls: inside.map(|call| resolve(&call.name, package, imports)).collect(),
        });
    }
    found
}
