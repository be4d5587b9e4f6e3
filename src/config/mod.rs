//! YAML text to what is wanted; the only place that knows YAML.
//!
//! ```text
//! bytes -> yaml (tree with places) -> shape, raw (typed document) -> lower -> Config + Origins
//! ```
//!
//! Everything that is wrong with all files is reported in one run. Names that only the live catalogue knows are checked
//! by the planner, which finds their lines through [`Origins`] and [`diagnose`].

mod access;
mod approvals;
pub mod catalog;
mod example;
mod labels;
mod leaf;
mod lower;
mod placeholder;
mod places;
mod policy;
mod raw;
mod redact;
mod rego;
mod schema;
mod shape;
pub mod trustpager;
pub mod world;
mod yaml;

use std::collections::BTreeMap;

pub use approvals::beside;
pub use catalog::bundled_catalog;
pub use leaf::Endpoint;
pub use rego::{is_meant, is_pattern};
pub use schema::config_schema;
pub use trustpager::catalog::bundled_trustpager_catalog;

use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::model::{Address, WorkspaceId, nearest};
use crate::plan::policy::{self as plan_policy, Policy};
use crate::plan::{Labels, Rule, Severity};
use crate::platform::{self, Kind, remarks};
use crate::source::{FileId, Origin, Origins, SourceFile, SourceMap, Span, Spanned};
use leaf::FindingCode;
use lower::Builder;
use raw::{RawHeader, RawOdeus};
use shape::Reader;
use trustpager::RawTrustpager;
use yaml::{Node, Value};

/// What the files ask for in one workspace, and where they say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which tenant.
    pub workspace: WorkspaceId,
    /// Where its platform answers.
    pub endpoint: Endpoint,
    /// Where a file says so. Where none does, the control plane inside this program is meant.
    pub endpoint_at: Option<Origin>,
    /// What is wanted.
    pub desired: Desired,
    /// The organisation's rules about plans.
    pub policy: Policy,
    /// What the files say about integrations, clients and keys for people and Rego rules to read.
    pub labels: Labels,
    /// Where each declared address stands.
    pub origins: Origins,
}

/// What is wanted, by platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desired {
    /// On Odeus.
    Odeus(platform::odeus::desired::Desired),
    /// On TrustPager.
    Trustpager(platform::trustpager::desired::Desired),
}

impl Desired {
    /// Returns the platform that is meant.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Odeus(_) => Kind::Odeus,
            Self::Trustpager(_) => Kind::Trustpager,
        }
    }
}

/// What a YAML file of a configuration folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// Part of the configuration, or meant to be.
    Config,
    /// A world for the embedded control plane: `kind: world` comes first.
    World,
    /// A catalogue: `kind: catalog` comes first.
    Catalog,
    /// A saved plan: `scopeform_plan` comes first.
    Plan,
}

/// Tells worlds, catalogues and saved plans from configuration by the first key, whatever else is wrong with the file.
#[must_use]
pub fn classify(bytes: &[u8]) -> FileKind {
    // The first entry stands at the top; a hostile file is not read further than that.
    let text = String::from_utf8_lossy(head(bytes));
    match yaml::first_entry(&text) {
        Some((key, Some(value))) if key == "kind" && value == "world" => FileKind::World,
        Some((key, Some(value))) if key == "kind" && value == "catalog" => FileKind::Catalog,
        Some((key, _)) if key == "scopeform_plan" => FileKind::Plan,
        _ => FileKind::Config,
    }
}

/// Returns the workspace that a file declares a part of; `None` where it is no configuration.
#[must_use]
pub fn declared_workspace(bytes: &[u8]) -> Option<String> {
    let mut sources = SourceMap::new();
    sources.add("", bytes);
    let (file, source) = sources.iter().next()?;
    let text = source.text();
    // Other people's YAML is not worth parsing.
    if !text.contains("workspace") || !text.contains("platform") {
        return None;
    }
    let node = yaml::parse(file, source, &mut Diagnostics::new())?;
    node.get("platform")?;
    match &node.get("workspace")?.value {
        Value::Scalar { text, .. } => Some(text.clone()),
        Value::Null | Value::Seq(_) | Value::Map(_) => None,
    }
}

/// Returns the keys of the rules about plans that a file of `workspace` declares, such as `approvals`; of any workspace where
/// that is `None`. What cannot be read as YAML is taken at its words: a mistake in a file ends no rule.
#[must_use]
pub fn declared_rules(bytes: &[u8], workspace: Option<&str>) -> Vec<&'static str> {
    let mut sources = SourceMap::new();
    sources.add("", bytes);
    let Some((file, source)) = sources.iter().next() else { return Vec::new() };
    let Some(node) = yaml::parse(file, source, &mut Diagnostics::new()) else {
        let text = source.text();
        return rule_keys().filter(|rule| text.contains(&format!("{rule}:"))).collect();
    };
    let own = node.get("workspace").map(|own| &own.value);
    let other = match (own, workspace) {
        (Some(Value::Scalar { text, .. }), Some(workspace)) => text != workspace,
        _ => false,
    };
    rule_keys().filter(|rule| !other && node.get(rule).is_some()).collect()
}

/// Iterates the keys of the header that are rules about plans: all but those that say what is meant.
fn rule_keys() -> impl Iterator<Item = &'static str> {
    let says_what = ["version", "platform", "workspace", "endpoint"];
    RawHeader::KEYS.iter().copied().filter(move |key| !says_what.contains(key))
}

/// Returns whether a file that stands apart is a part of the configuration of `workspace`. One that cannot be read as YAML and
/// begins like a part is taken for one of every workspace.
#[must_use]
pub fn is_part_of(bytes: &[u8], workspace: &str) -> bool {
    classify(bytes) == FileKind::Config
        && match declared_workspace(bytes) {
            Some(own) => own == workspace,
            None => reads_as_part(bytes),
        }
}

/// Returns the keys of the rules about plans that a file which stands apart declares for `workspace`. Unlike what stands
/// beside a file that is named, it may be anybody's: only a part of the configuration counts.
#[must_use]
pub fn rules_for(bytes: &[u8], workspace: &str) -> Vec<&'static str> {
    match is_part_of(bytes, workspace) {
        true => declared_rules(bytes, Some(workspace)),
        false => Vec::new(),
    }
}

/// How much of a file says what it is, in bytes.
pub const HEAD: usize = 65_536;

/// Returns whether a name may stand as a key of a YAML mapping without quotes: every reader takes it for itself.
#[must_use]
pub fn is_plain_key(name: &str) -> bool {
    yaml::is_plain_key(name)
}

/// Returns whether a file would be a part of a configuration folder if its name ended in `.yaml`. Its first [`HEAD`] bytes
/// are enough.
#[must_use]
pub fn reads_as_part(bytes: &[u8]) -> bool {
    match classify(bytes) {
        FileKind::World | FileKind::Catalog => return true,
        FileKind::Plan => return false,
        FileKind::Config => {}
    }
    // A plan or a report as JSON names platform and workspace too, and a version of its own form.
    let text = String::from_utf8_lossy(head(bytes));
    let header = ["version", "platform", "workspace"];
    // Other people's files are not worth parsing.
    if !header.into_iter().all(|key| text.contains(key)) {
        return false;
    }
    let keys = yaml::first_keys(&text);
    header.into_iter().all(|key| keys.iter().any(|own| own == key))
}

fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..HEAD).unwrap_or(bytes)
}

/// Reads every configuration file of `sources` and returns one [`Config`] per workspace, in name order. Files that they
/// name ([`beside`]) are expected beside them in `sources`.
///
/// No configuration is returned when anything is wrong: a wish that was dropped must not be planned without.
#[must_use]
pub fn load(sources: &SourceMap) -> (Vec<Config>, Diagnostics) {
    let mut out = Diagnostics::new();
    let mut workspaces: BTreeMap<WorkspaceId, Builder> = BTreeMap::new();
    for (file, source) in sources.iter() {
        load_file((file, source), sources, &mut workspaces, &mut out);
    }
    if out.has_errors() {
        return (Vec::new(), out);
    }
    let configs = workspaces.into_iter().map(|(workspace, builder)| Config {
        workspace,
        endpoint_at: builder.endpoint.as_ref().map(|(_, at)| *at),
        endpoint: builder.endpoint.map_or(Endpoint::Embedded, |(endpoint, _)| endpoint),
        desired: match builder.platform.0 {
            Kind::Odeus => Desired::Odeus(builder.odeus),
            Kind::Trustpager => Desired::Trustpager(builder.trustpager),
        },
        policy: builder.policy,
        labels: builder.labels,
        origins: builder.origins,
    });
    (configs.collect(), out)
}

/// Returns a diagnostic about something that the files declare, at its line or the nearest line above it.
#[must_use]
pub fn diagnose(
    origins: &Origins,
    address: &Address,
    code: Code,
    message: impl Into<String>,
    help: Option<String>,
) -> Diagnostic {
    let mut diagnostic = match origins.get(address) {
        Some(origin) => Diagnostic::at(code, origin, message),
        None => Diagnostic::nowhere(code, message),
    };
    diagnostic.help = help;
    diagnostic
}

type Entries = Vec<(Spanned<String>, Node)>;

/// Returns the entries of the document.
fn root(file: FileId, source: &SourceFile, out: &mut Diagnostics) -> Option<(Entries, Span)> {
    let node = yaml::parse(file, source, out)?;
    match node.value {
        Value::Map(entries) => {
            let at = entries.first().map_or(Span::START, |(key, _)| key.span);
            Some((entries, at))
        }
        Value::Null | Value::Scalar { .. } | Value::Seq(_) => {
            let mut reader = Reader { file, out };
            let help = "begin with `version: 1`, `platform` and `workspace`".to_owned();
            reader.wrong_type(&node, node.mark(), "a mapping", help);
            None
        }
    }
}

fn load_file(
    (file, source): (FileId, &SourceFile),
    sources: &SourceMap,
    workspaces: &mut BTreeMap<WorkspaceId, Builder>,
    out: &mut Diagnostics,
) {
    let Some((entries, at)) = root(file, source, out) else { return };
    let mut reader = Reader { file, out };
    let in_header =
        |(key, _): &(Spanned<String>, Node)| RawHeader::KEYS.contains(&key.value.as_str());
    let (header, mut body): (Entries, Entries) = entries.into_iter().partition(in_header);
    if !header.iter().any(|(key, _)| matches!(key.value.as_str(), "version" | "platform")) {
        let message = "the file is neither configuration nor a world nor a catalogue";
        let help = "begin with `version: 1`, `platform` and `workspace`, or with `kind: world` or \
            `kind: catalog`, or move the file elsewhere";
        let diagnostic = reader.error(Code::MissingKey, at, message).help(help);
        return reader.report(diagnostic);
    }
    let header = RawHeader::read_entries(&header, at, &mut reader);
    let Some(platform) = &header.platform else { return };
    let place = (platform.value.value, reader.origin(platform.at));

    let body_keys = match platform.value.value {
        Kind::Odeus => RawOdeus::KEYS,
        Kind::Trustpager => RawTrustpager::KEYS,
    };
    let known: Vec<&str> = RawHeader::KEYS.iter().chain(body_keys).copied().collect();
    body.retain(|(key, value)| {
        let legal = body_keys.contains(&key.value.as_str());
        if !legal {
            reader.unknown_key(key, value, &known);
        }
        legal
    });

    // Without a workspace the rest is still worth reading for what is wrong with it.
    let mut scratch = None;
    let builder = match &header.workspace {
        Some(workspace) => {
            let id = workspace.value.value.clone();
            workspaces.entry(id.clone()).or_insert_with(|| Builder::new(id, place))
        }
        None => match WorkspaceId::try_from("unknown") {
            Ok(id) => scratch.insert(Builder::new(id, place)),
            Err(_) => return,
        },
    };
    merge_header(&header, place, builder, &mut reader);
    approvals::lower(&header, place.0, sources, builder, &mut reader);
    rego::lower(header.rego.as_ref(), sources, builder, &mut reader);
    match place.0 {
        Kind::Odeus => {
            let raw = RawOdeus::read_entries(&body, at, &mut reader);
            builder.odeus(raw, &mut reader);
        }
        Kind::Trustpager => {
            let raw = RawTrustpager::read_entries(&body, at, &mut reader);
            builder.trustpager(raw, &mut reader);
        }
    }
}

/// Compares the header with what earlier files of the workspace said.
fn merge_header(
    header: &RawHeader,
    platform: (Kind, Origin),
    builder: &mut Builder,
    reader: &mut Reader<'_>,
) {
    let RawHeader {
        written: _,
        version: _,
        platform: _,
        workspace,
        endpoint,
        findings,
        protect,
        limits,
        approvals: _,
        rego: _,
    } = header;
    if let Some(field) = workspace {
        builder.origins.note(Address::workspace(), reader.origin(field.at));
    }
    let differ = |reader: &mut Reader<'_>, what: &str, here: Span, first: Origin| {
        let message = format!("two files give this workspace a different {what}");
        let diagnostic = reader
            .error(Code::HeaderMismatch, here, message)
            .label("here")
            .related(first, "and here")
            .help("make them agree, or say it in one file only");
        reader.report(diagnostic);
    };
    if builder.platform.0 != platform.0 {
        differ(reader, "platform", platform.1.span, builder.platform.1);
    }
    if let Some(field) = endpoint {
        match &builder.endpoint {
            Some((known, first)) if *known != field.value.value => {
                differ(reader, "endpoint", field.at, *first);
            }
            Some(_) => {}
            None => {
                builder.endpoint = Some((field.value.value.clone(), reader.origin(field.at)));
            }
        }
    }
    if let Some(field) = protect {
        builder.protect(&field.value, platform.0, reader);
    }
    if let Some(field) = limits {
        builder.limits(field, platform.0, reader);
    }
    for (code, field) in findings.iter().flat_map(|field| &field.value.0) {
        let address = Address::of(&["findings", code.value.0.as_str()]);
        builder.declare(&address, code.span, reader);
        check_severity(platform.0, code, &field.value, reader);
        builder.policy.raised.insert(code.value.0.clone(), field.value.value);
    }
}

/// Checks that the finding exists and that its severity is not lowered.
fn check_severity(
    platform: Kind,
    code: &Spanned<FindingCode>,
    wanted: &Spanned<Severity>,
    reader: &mut Reader<'_>,
) {
    let own: Vec<&Rule> = match platform {
        Kind::Odeus => platform::odeus::findings::rules().collect(),
        Kind::Trustpager => platform::trustpager::findings::rules().collect(),
    };
    let odd = remarks::rules(Some(platform)).chain(remarks::rules(None));
    let rules: Vec<&Rule> = own.into_iter().chain(plan_policy::rules()).chain(odd).collect();
    let name = code.value.0.as_str();
    let Some(rule) = rules.iter().find(|rule| rule.code == name) else {
        let known: Vec<&str> = rules.iter().map(|rule| rule.code).collect();
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`scopeform explain` lists every code".to_owned(),
        };
        let message = format!("there is no finding `{name}`");
        let diagnostic = reader.error(Code::UnknownFinding, code.span, message).help(help);
        return reader.report(diagnostic);
    };
    if wanted.value > rule.severity {
        let (asked, own) = (wanted.value.name(), rule.severity.name());
        let message = format!("`{name}` is a {own} by itself and cannot be lowered to {asked}");
        let help = match rule.severity {
            Severity::Blocker => "remove the line".to_owned(),
            Severity::Warning | Severity::Note => {
                format!("remove the line, or raise the finding above {own}")
            }
        };
        let diagnostic = reader.error(Code::SeverityLowered, wanted.span, message).help(help);
        reader.report(diagnostic);
    }
}
