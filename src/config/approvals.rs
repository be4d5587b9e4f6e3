//! `approvals:`: who must agree to which plans, and the allowed-signers file that says whose key is whose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::lower::Builder;
use super::raw::RawHeader;
use super::rego::RegoPath;
use super::shape::{Field, Leaf, Reader, Refusal, Table, record, words};
use super::trustpager::leaf::Days;
use super::yaml::{self, Value};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, nearest};
use crate::plan::policy::{ApprovalRule, Approvals, Signer, When};
use crate::platform::Kind;
use crate::seal::signers;
use crate::source::{FileId, Origin, SourceMap, Span, Spanned};

/// How long an approval is good for where the files do not say: a week.
const MAX_AGE: u32 = 7;

record! {
    /// Who must agree to which plans. Stands in one file of a workspace.
    RawApprovals {
        /// The allowed-signers file, as `ssh-keygen -Y verify` and git read it: `PRINCIPAL TYPE BASE64` on each line. A path
        /// below the configuration folder.
        req "signers" signers: Spanned<String>,
        /// How long an approval is good for after the day it was given on: `7d` when absent.
        opt "max_age" max_age: Spanned<Days>,
        /// Names for several people, to be used in `of`.
        opt "teams" teams: Table<String, Vec<Spanned<String>>>,
        /// The rules. A plan needs what every rule asks for that it meets.
        req "rules" rules: Vec<RawRule>,
    }
}

record! {
    /// One rule: when a plan does this, so many of these people must approve it.
    RawRule {
        /// What the plan does.
        req "when" when: Spanned<When>,
        /// Who may approve: teams, and principals of the allowed-signers file.
        opt "of" of: Vec<Spanned<String>>,
        /// How many different people must approve: 1 when absent.
        opt "need" need: Spanned<Need>,
    }
}

words!(When, "occasion", {
    "widening" => When::Widening, "Something becomes possible: a scope, more people, a wider tier, a new key.";
    "narrowing" => When::Narrowing, "Something stops being possible.";
    "breakage" => When::Breakage, "Something stops working, or will not work.";
    "admin_consent" => When::AdminConsent, "A scope is requested that only a tenant administrator can grant, or of which no source says that others can.";
    "revocation" => When::Revocation, "Somebody's token, or an API key, ends.";
    "weakening" => When::Weakening, "A rule of the files is taken away or weakened, as `--base` shows: approvals, limits, protections, raised findings, Rego.";
    "any" => When::Any, "Anything changes at all, a rule included.";
} slips {
    "always" => "any"; "all" => "any"; "consent" => "admin_consent"; "revoke" => "revocation";
    "removal" => "revocation"; "widen" => "widening"; "narrow" => "narrowing"; "weaken" => "weakening"; "rules" => "weakening";
});

/// How many people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need(pub u32);

impl Leaf for Need {
    fn parse(text: &str, _plain: bool) -> Result<Self, Refusal> {
        text.parse().map(Self).map_err(|_| {
            let message = format!("`{text}` is not a number of people");
            Refusal::new(Code::InvalidValue, message, "write a whole number, such as `need: 2`")
        })
    }

    fn schema() -> Json {
        json!({ "type": "integer", "minimum": 1 })
    }
}

/// Returns why `path` does not stay below the configuration folder.
pub(super) fn escapes(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':');
    if path.trim().is_empty() {
        Some("the path is empty")
    } else if path.starts_with('/') || drive {
        Some("the path is absolute")
    } else if path.contains('\\') || path.chars().any(char::is_control) {
        Some("the path has a `\\` or a control character")
    } else if path.split('/').any(|part| part == ".." || part == "." || part.is_empty()) {
        Some("the path holds `..`, `.` or `//`")
    } else {
        None
    }
}

/// Returns the paths of files beside the YAML that the configuration names and that it must be read with: below the
/// configuration folder, with `/`. Some are patterns ([`super::is_pattern`]) of several files.
#[must_use]
pub fn beside(sources: &SourceMap) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let names_some = |text: &str| text.contains("approvals") || text.contains("rego");
    for (file, source) in sources.iter().filter(|(_, source)| names_some(source.text())) {
        // What is wrong with the file is said when it is read for good.
        let Some(node) = yaml::parse(file, source, &mut Diagnostics::new()) else { continue };
        let signers = node.get("approvals").and_then(|node| node.get("signers"));
        if let Some(Value::Scalar { text, .. }) = signers.map(|node| &node.value)
            && escapes(text).is_none()
        {
            found.insert(text.clone());
        }
        if let Some(Value::Seq(items)) = node.get("rego").map(|node| &node.value) {
            for item in items {
                if let Value::Scalar { text, .. } = &item.value
                    && RegoPath::parse(text, true).is_ok()
                {
                    found.insert(text.clone());
                }
            }
        }
    }
    found
}

/// Reads the `approvals` of one document into its workspace.
pub(super) fn lower(
    header: &RawHeader,
    kind: Kind,
    sources: &SourceMap,
    builder: &mut Builder,
    reader: &mut Reader<'_>,
) {
    let Some(field) = &header.approvals else { return };
    builder.declare(&Address::of(&["approvals"]), field.key, reader);
    let raw = &field.value;
    let (Some(path), Some(rules)) = (&raw.signers, &raw.rules) else { return };
    let keys = signers_of(path, sources, reader);
    let max_age = raw
        .max_age
        .as_ref()
        .map_or(MAX_AGE, |field| u32::try_from(field.value.value.0).unwrap_or(u32::MAX).min(3650));
    let people = keys.as_ref().map(|keys| -> BTreeSet<&str> {
        keys.iter().flat_map(|signer| &signer.principals).map(String::as_str).collect()
    });
    let names = Names { file: &path.value.value, people, teams: teams(raw, reader), kind };
    names.check_teams(raw, reader);
    let mut lowered: Vec<ApprovalRule> = Vec::new();
    if rules.value.is_empty() {
        meaningless(
            reader,
            rules.key,
            "no rule asks for an approval",
            "add a rule, or remove `approvals`",
        );
    }
    for raw in &rules.value {
        let Some(rule) = names.rule(raw, reader) else { continue };
        if lowered.iter().any(|known| known.when == rule.when && known.of == rule.of) {
            let at = raw.when.as_ref().map_or(Span::START, |field| field.at);
            let message = format!("a rule above asks the same people for {}", rule.when.name());
            meaningless(reader, at, &message, "keep the one with the larger `need`");
        }
        lowered.push(rule);
    }
    let named: BTreeSet<&String> = lowered.iter().flat_map(|rule| &rule.of).collect();
    let mut keys = keys.unwrap_or_default();
    // Somebody else's key that comes or goes is no change of these rules.
    keys.retain(|signer| signer.principals.iter().any(|name| named.contains(name)));
    keys.sort();
    keys.dedup();
    builder.policy.approvals = Some(Approvals {
        max_age,
        signers_file: path.value.value.clone(),
        rules: lowered,
        signers: keys,
    });
}

fn meaningless(reader: &mut Reader<'_>, at: Span, message: &str, help: &str) {
    let diagnostic = reader.error(Code::MeaninglessRule, at, message).help(help);
    reader.report(diagnostic);
}

/// Reads the allowed-signers file; `None` when it cannot be used at all.
fn signers_of(
    path: &Field<Spanned<String>>,
    sources: &SourceMap,
    reader: &mut Reader<'_>,
) -> Option<Vec<Signer>> {
    let name = path.value.value.as_str();
    let fail = |reader: &mut Reader<'_>, message: String, help: &str| {
        let diagnostic = reader.error(Code::SignersFile, path.at, message).help(help);
        reader.report(diagnostic);
        None
    };
    if let Some(why) = escapes(name) {
        let help = "write a path below the configuration folder, such as `allowed_signers`";
        return fail(
            reader,
            format!("{why}: `{name}` cannot be an allowed-signers file here"),
            help,
        );
    }
    let Some((file, source)) = sources.beside(name) else {
        let make = "make it: one line `PRINCIPAL TYPE BASE64` for each key, the last two from its `.pub` file";
        let (why, help) = sources.absent(name);
        return fail(reader, why, help.unwrap_or(make));
    };
    if let Some(at) = source.broken_at() {
        let at = Origin { file, span: Span::new(at, source.floor(at + 3).max(at)) };
        let diagnostic = Diagnostic::at(Code::NotUtf8, at, "the file is not UTF-8 text");
        reader.report(diagnostic.help("save the file as UTF-8"));
        return None;
    }
    let (keys, mistakes) = signers::parse(source.text());
    let at =
        |range: &std::ops::Range<usize>| Origin { file, span: Span::new(range.start, range.end) };
    for (range, mistake) in &mistakes {
        let diagnostic = Diagnostic::at(Code::InvalidSigners, at(range), mistake.to_string());
        reader.report(diagnostic.help(mistake.help()));
    }
    one_person_per_key(&keys, file, reader);
    if keys.is_empty() && mistakes.is_empty() {
        let help = "add a line `PRINCIPAL TYPE BASE64` for each key";
        return fail(reader, format!("`{name}` holds no key"), help);
    }
    // What a broken line would have said is not known, so nobody is called unknown on its account.
    mistakes.is_empty().then(|| keys.into_iter().map(|(_, signer)| signer).collect())
}

/// A key that stands for two people would let one of them be counted twice.
fn one_person_per_key(keys: &[signers::Placed<Signer>], file: FileId, reader: &mut Reader<'_>) {
    let mut seen: BTreeMap<&str, &signers::Placed<Signer>> = BTreeMap::new();
    for placed in keys {
        let (range, signer) = placed;
        let at = Origin { file, span: Span::new(range.start, range.end) };
        let message = if signer.principals.len() > 1 {
            "one key stands for several people"
        } else if let Some((first, known)) = seen.insert(&signer.key, placed)
            && known.principals != signer.principals
        {
            let first = Origin { file, span: Span::new(first.start, first.end) };
            let diagnostic =
                Diagnostic::at(Code::InvalidSigners, at, "the key is another person's too");
            reader.report(
                diagnostic
                    .related(first, "listed here")
                    .help("every person has a key of their own"),
            );
            continue;
        } else {
            continue;
        };
        let diagnostic = Diagnostic::at(Code::InvalidSigners, at, message);
        reader.report(diagnostic.help("name one person on each line: one person counts once"));
    }
}

/// Returns why no plan for a platform meets an occasion, and what to write instead: whoever relies on such a rule has none.
const fn never(when: When, kind: Kind) -> Option<(&'static str, &'static str)> {
    match (kind, when) {
        (Kind::Trustpager, When::Breakage) => Some((
            "what a token loses is refused at once, and that is narrowing",
            "write `narrowing`, and `revocation` for tokens and keys that end",
        )),
        (Kind::Trustpager, When::AdminConsent) => Some((
            "nobody consents to scopes there",
            "write `widening`; rules in Rego and `findings: {tier-widens: blocker}` look at single tiers",
        )),
        (Kind::Odeus | Kind::Trustpager, _) => None,
    }
}

type Teams = BTreeMap<String, BTreeSet<String>>;

fn teams(raw: &RawApprovals, reader: &mut Reader<'_>) -> Teams {
    let mut teams = Teams::new();
    for (name, members) in raw.teams.iter().flat_map(|field| &field.value.0) {
        if members.value.is_empty() {
            let message = format!("team `{}` has no members", name.value);
            meaningless(reader, name.span, &message, "name its members, or remove it");
        }
        let members = members.value.iter().map(|member| member.value.clone());
        teams.insert(name.value.clone(), members.collect());
    }
    teams
}

/// What the names in a rule may mean.
struct Names<'a> {
    file: &'a str,
    /// `None` when the allowed-signers file could not be read as a whole.
    people: Option<BTreeSet<&'a str>>,
    teams: Teams,
    kind: Kind,
}

impl Names<'_> {
    /// Returns whether a person is in the allowed-signers file; an unknown one is reported.
    fn is_person(&self, name: &Spanned<String>, also: &[&str], reader: &mut Reader<'_>) -> bool {
        let Some(people) = &self.people else { return true };
        let text = name.value.as_str();
        if people.contains(text) {
            return true;
        }
        let known: Vec<&str> = people.iter().copied().chain(also.iter().copied()).collect();
        let help = match nearest(text, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "add a line for `{text}` to `{}`, or name one of: {}",
                self.file,
                known.join(", ")
            ),
        };
        let what = if also.is_empty() { "is not in" } else { "is no team and is not in" };
        let message = format!("`{text}` {what} `{}`", self.file);
        let diagnostic = reader.error(Code::UnknownApprover, name.span, message).help(help);
        reader.report(diagnostic);
        false
    }

    fn check_teams(&self, raw: &RawApprovals, reader: &mut Reader<'_>) {
        for (team, members) in raw.teams.iter().flat_map(|field| &field.value.0) {
            for member in &members.value {
                self.is_person(member, &[], reader);
            }
            let person = self.people.as_ref().is_some_and(|p| p.contains(team.value.as_str()));
            if person {
                let message = format!("`{}` is a team and a person", team.value);
                meaningless(reader, team.span, &message, "give the team another name");
            }
        }
    }

    fn rule(&self, raw: &RawRule, reader: &mut Reader<'_>) -> Option<ApprovalRule> {
        let need = raw.need.as_ref().map_or(1, |field| field.value.value.0);
        let when = raw.when.as_ref()?;
        if let Some((why, help)) = never(when.value.value, self.kind) {
            let message =
                format!("no plan for {} meets `{}`: {why}", self.kind, when.value.value.name());
            meaningless(reader, when.at, &message, help);
        }
        if need == 0 {
            let at = raw.need.as_ref().map_or(when.at, |field| field.at);
            let help = "remove the rule: what no rule asks for needs no approval";
            meaningless(reader, at, "a rule that needs nobody does nothing", help);
            return None;
        }
        let Some(list) = &raw.of else {
            if !raw.written.contains(&"of") {
                reader.missing_key(when.key, "of", None, RawRule::KEYS);
            }
            return None;
        };
        if list.value.is_empty() {
            let help = "name teams or people, or remove the rule";
            meaningless(reader, list.key, "a rule that names nobody can never be met", help);
            return None;
        }
        let teams: Vec<&str> = self.teams.keys().map(String::as_str).collect();
        let mut of = BTreeSet::new();
        let mut all_known = self.people.is_some();
        for name in &list.value {
            match self.teams.get(&name.value) {
                Some(members) => of.extend(members.iter().cloned()),
                None if self.is_person(name, &teams, reader) => {
                    of.insert(name.value.clone());
                }
                None => all_known = false,
            }
        }
        if all_known && (need as usize) > of.len() {
            let at = raw.need.as_ref().map_or(list.key, |field| field.at);
            let people = crate::plan::count(of.len(), "person is", "people are");
            let message = format!("{need} must approve and only {people} named");
            let diagnostic = reader
                .error(Code::TooFewApprovers, at, message)
                .help("lower `need`, or name more people in `of`");
            reader.report(diagnostic);
        }
        let named = list.value.iter().map(|name| name.value.clone()).collect();
        Some(ApprovalRule { when: when.value.value, named, of, need })
    }
}
