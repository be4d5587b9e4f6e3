//! Why a plan moves a right and breaks something: worked out where the states are known, and true for programs too.

use scopeform::plan::Breakage;

use super::harness::{apply_to, plan, publish, scope, world};

#[test]
fn a_claim_that_is_taken_back_in_part_is_nothing_new() {
    let wish = |list: &str| {
        format!(
            "integrations: {{sharepoint: {{oauth: {{mode: fixed, client: {{id: own}}, scopes: \
             [offline_access, User.Read, Files.Read.All, Sites.Read.All{list}]}}, actions: \
             {{create_page: {{access: everyone, accept_missing_scopes: \"SEC-150\"}}}}}}}}"
        )
    };
    let mut live = world("actions: nobody\n");
    publish(&mut live, "sharepoint", |facts| {
        let action = facts.actions.get_mut("create_page").unwrap();
        action.required_scopes =
            [scope("Sites.ReadWrite.All"), scope("Group.Read.All")].into_iter().collect();
    });
    let claims = |made: &scopeform::plan::Plan| -> Vec<String> {
        let claims = made.bound.breakage.iter().filter_map(|breakage| match breakage {
            Breakage::Unverified { accepted, reason, .. } => Some(format!("{accepted}: {reason}")),
            _ => None,
        });
        claims.collect()
    };
    let first = plan(&wish(""), &live);
    assert_eq!(claims(&first), ["Group.Read.All Sites.ReadWrite.All: SEC-150"]);
    let live = apply_to(&live, &first);
    // The list gains one of the two: less is believed than before.
    let made = plan(&wish(", Group.Read.All"), &live);
    let live = apply_to(&live, &made);
    let own = &live.integrations["sharepoint"].state.actions["create_page"];
    assert_eq!(own.accepted_missing.to_string(), "Sites.ReadWrite.All");
    assert_eq!(made.bound.breakage, []);
    // It loses it again: more is believed.
    let back = plan(&wish(""), &live);
    assert_eq!(claims(&back), ["Group.Read.All Sites.ReadWrite.All: SEC-150"]);
}
