//! What widens is said at the line that causes it, so that a reviewer of a changed file sees it there.

use scopeform::plan::{Finding, Plan, Severity};

use super::harness::{QUIET, found, plan, world};

fn said(made: &Plan) -> Vec<(Severity, String, String)> {
    let own = found(made, "privilege-widens").into_iter();
    let mut all: Vec<_> = own
        .map(|Finding { severity, address, message, .. }| {
            (*severity, address.to_string(), message.clone())
        })
        .collect();
    all.sort_by(|one, other| one.1.cmp(&other.1));
    all
}

#[test]
fn each_line_says_what_it_causes() {
    use Severity::{Note, Warning};
    let live = world(
        "actions: nobody\nintegrations:\n  sharepoint: {access: {groups: [sales]}, \
         oauth: {mode: fixed, client: {id: own}, scopes: [offline_access, User.Read, Files.Read.All, Sites.Read.All]}, \
         actions: {get_page: enabled, get_list: {groups: [content-team]}}}\n",
    );
    let list = "[offline_access, User.Read, Files.Read.All, Sites.Read.All, Sites.Manage.All, Group.Read.All]";
    let fixed = |rest: &str| {
        format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: {list}}}{rest}}}}}"
        )
    };
    // A list asks; the line of an action that is turned on says for whom, and not the scopes of the list again.
    let made = plan(&fixed(", actions: {create_list: enabled, get_list: enabled}"), &live);
    let all = said(&made);
    let places: Vec<(Severity, &str)> = all.iter().map(|(s, at, _)| (*s, at.as_str())).collect();
    assert_eq!(
        places,
        [
            (Note, "sharepoint/actions/create_list"),
            (Note, "sharepoint/actions/get_list"),
            (Warning, "sharepoint/oauth/scopes"),
        ]
    );
    assert_eq!(all[0].2, "turns on `create_list` for group sales");
    assert!(all[1].2.starts_with("opens `get_list` to "), "{all:?}");
    assert!(
        all[2].2.starts_with(
            "asks everybody who connects for 2 scopes anew: Group.Read.All (admin consent"
        ) && all[2].2.ends_with(", Sites.Manage.All"),
        "{all:?}"
    );
    // The integration's own gate is a line of its own, whatever its actions do.
    let opened = "integrations: {sharepoint: {access: everyone}}";
    let all = said(&plan(opened, &live));
    let [(Note, at, message)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(at, "sharepoint/access");
    assert!(message.starts_with("opens ") && message.contains("`get_page`"), "{message}");
    // Another client is said where it is written, with its list where the list is.
    let other = fixed("").replace("id: own", "id: other").replace(list, "recommended");
    let all = said(&plan(&other, &live));
    assert!(
        all.iter().any(|(_, at, message)| at == "sharepoint/oauth"
            && message == "a new OAuth client gets what people agree to"),
        "{all:?}"
    );
}

#[test]
fn a_pattern_is_one_line_and_many_lines_are_said_together() {
    let pattern = "integrations: {sharepoint: {actions: {\"get_*\": enabled}}}";
    let all = said(&plan(pattern, &QUIET));
    assert!(all.iter().all(|(_, at, _)| at == "sharepoint/actions/get_*"), "{all:?}");
    assert_eq!(all.len(), 1);
    let on = |keys: &[&str]| {
        let keys: Vec<String> = keys.iter().map(|key| format!("{key}: enabled")).collect();
        format!("integrations: {{sharepoint: {{actions: {{{}}}}}}}", keys.join(", "))
    };
    let known: Vec<&str> = QUIET.integrations["sharepoint"]
        .facts
        .actions
        .values()
        .filter(|action| !action.native && action.required_scopes.to_string() == "Sites.Read.All")
        .map(|action| action.key.as_str())
        .collect();
    assert!(known.len() > 6, "{known:?}");
    assert_eq!(said(&plan(&on(&known[..5]), &QUIET)).len(), 5);
    let all = said(&plan(&on(&known[..6]), &QUIET));
    let [(Severity::Note, at, message)] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(at, "sharepoint/actions");
    assert!(message.starts_with("6 lines together: turns on `"), "{message}");
}
