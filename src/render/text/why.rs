//! Why a right moves: one sentence, the same in text, Markdown and HTML.

use std::collections::{BTreeMap, BTreeSet};

use super::super::outline::Outline;
use super::super::table::names_by;
use super::below;
use crate::model::{Address, Cause, CauseKind, Direction, PrivilegeChange, Right};

/// How the names in a sentence are shown: how many of a list, and what makes each harmless in the format.
#[derive(Clone, Copy)]
pub(in crate::render) struct Shown<'s> {
    pub(in crate::render) most: usize,
    pub(in crate::render) show: &'s dyn Fn(&str) -> String,
}

/// Returns `because create_list and get_page are turned on; native search_files needs it`.
pub(in crate::render) fn why(
    outline: &Outline<'_>,
    unit: &Address,
    change: &PrivilegeChange,
    shown: Shown<'_>,
) -> String {
    let mut by_kind: BTreeMap<CauseKind, Vec<&Cause>> = BTreeMap::new();
    for cause in &change.causes {
        by_kind.entry(cause.kind).or_default().push(cause);
    }
    let mut because = Vec::new();
    let mut although = Vec::new();
    for (kind, causes) in &by_kind {
        let addresses: Vec<&Address> =
            causes.iter().filter_map(|cause| cause.address.as_ref()).collect();
        let own = match &change.right {
            Right::Use { address, .. } => Some(address),
            _ => None,
        };
        // Scopes are named where the action stops for want of them; what is off runs for admins alone.
        let of_scopes = *kind == CauseKind::NeededScope;
        let named = !of_scopes || own.is_some_and(|own| outline.stops(own));
        let names = match own {
            Some(own) if addresses.iter().all(|address| *address == own) => "it".to_owned(),
            _ if !named => String::new(),
            _ if of_scopes => {
                let scopes = addresses.iter().map(|address| (shown.show)(scope_of(address, unit)));
                scopes.collect::<Vec<_>>().join(" ")
            }
            _ => names_by(addresses.iter().map(|a| below(a, unit)), shown.most, shown.show),
        };
        let subject = Subject { names: &names, many: addresses.len() > 1 };
        match reason(*kind, change.direction, subject) {
            Reason::Because(text) => because.push(text),
            Reason::Although(text) => although.push(text),
        }
    }
    let mut text = String::new();
    for (list, word) in [(because, "because"), (although, "although")] {
        if !list.is_empty() {
            let comma = if text.is_empty() { "" } else { ", " };
            text.push_str(&format!("{comma}{word} {}", list.join("; ")));
        }
    }
    text
}

/// Returns why the same right moves in several units: with its names where they are the same in all, else the kinds of
/// reasons alone.
pub(in crate::render) fn why_of_all(
    outline: &Outline<'_>,
    changes: &[&PrivilegeChange],
    shown: Shown<'_>,
) -> String {
    let Some(first) = changes.first() else { return String::new() };
    let all = Shown { most: usize::MAX - 1, ..shown };
    let mut each = changes.iter().map(|change| why(outline, &change.unit, change, all));
    let meant = each.next();
    if each.all(|other| Some(other) == meant) {
        return why(outline, &first.unit, first, shown);
    }
    let kinds: BTreeSet<CauseKind> =
        changes.iter().flat_map(|change| &change.causes).map(|cause| cause.kind).collect();
    let causes = kinds.into_iter().map(|kind| Cause { kind, address: None }).collect();
    why(outline, &first.unit, &PrivilegeChange { causes, ..(*first).clone() }, shown)
}

/// Returns the scope that an address below `oauth/scopes` ends with.
fn scope_of<'a>(address: &'a Address, unit: &Address) -> &'a str {
    let path = below(address, unit);
    path.strip_prefix("oauth/scopes/").unwrap_or(path)
}

/// A reason for a move, or one that speaks against it.
enum Reason {
    Because(String),
    Although(String),
}

#[derive(Clone, Copy)]
struct Subject<'a> {
    names: &'a str,
    many: bool,
}

fn reason(kind: CauseKind, direction: Direction, subject: Subject<'_>) -> Reason {
    let Subject { names, many } = subject;
    // An action of which its own line speaks.
    let whose = if names == "it" { "its" } else { "an action's" };
    let lacked = if names.is_empty() { "scopes" } else { names };
    let native =
        if names.is_empty() { "a native action".to_owned() } else { format!("native {names}") };
    let names = if names.is_empty() { "an action" } else { names };
    let (is, needs) = if many { ("are", "need") } else { ("is", "needs") };
    let text = match (kind, direction) {
        (CauseKind::Action, Direction::Widening) => format!("{names} {is} turned on"),
        (CauseKind::Action, Direction::Narrowing) => format!("{names} {is} turned off"),
        (CauseKind::Shared, Direction::Widening) => {
            format!("{names} {is} shared with more people")
        }
        (CauseKind::Shared, Direction::Narrowing) => {
            format!("{names} {is} shared with fewer people")
        }
        (CauseKind::IntegrationAccess, Direction::Widening) => {
            "the integration is opened to more people".to_owned()
        }
        (CauseKind::IntegrationAccess, Direction::Narrowing) => {
            "the integration is open to fewer people".to_owned()
        }
        (CauseKind::Client, Direction::Widening) => {
            "the integration has an OAuth client now".to_owned()
        }
        (CauseKind::Client, Direction::Narrowing) => {
            "the integration has no OAuth client any more".to_owned()
        }
        (CauseKind::AcceptedMissing, _) => format!("{whose} missing scopes are accepted"),
        (CauseKind::NeededScope, Direction::Widening) => {
            "all its scopes are requested now".to_owned()
        }
        (CauseKind::NeededScope, Direction::Narrowing) => format!("it lacks {lacked}"),
        (CauseKind::LiveAction, Direction::Widening) => format!("{names}, already on, {needs} it"),
        (CauseKind::LiveAction, Direction::Narrowing) => {
            return Reason::Although(format!("{names} {is} still on"));
        }
        (CauseKind::NativeAction, Direction::Widening) => format!("{native} {needs} it"),
        (CauseKind::NativeAction, Direction::Narrowing) => {
            return Reason::Although(format!("{native} {needs} it"));
        }
        (CauseKind::BaseScope, Direction::Widening) => "every connection requests it".to_owned(),
        (CauseKind::BaseScope, Direction::Narrowing) => {
            return Reason::Although("every connection needs it".to_owned());
        }
        (CauseKind::FixedList, Direction::Widening) => "the fixed list names it".to_owned(),
        (CauseKind::FixedList, Direction::Narrowing) => {
            "the fixed list does not name it".to_owned()
        }
        (CauseKind::CatalogChange, _) => {
            let names = if names == "an action" { "the catalogue" } else { names };
            format!("the vendor changed {names}")
        }
        (CauseKind::Declared, _) => "the files say so".to_owned(),
        (CauseKind::NoLongerNeeded, _) => {
            "no enabled or shared action needs it any more".to_owned()
        }
    };
    Reason::Because(text)
}
