//! The same on TrustPager: tiers, verbs and tokens instead of scopes and actions.

use super::pages;
use crate::trustpager::fixture::{Bench, CLIENT, MEMBER, client_name, tiers, verbs};

/// A client whose tiers and verbs move as the files say.
fn bench(resources: &[(&str, &str)], extra: &[(&str, &[&str])]) -> Bench {
    let mut bench = Bench::new().token("t1", MEMBER, 1);
    let wish = bench.desired.clients.get_mut(&client_name(CLIENT)).unwrap();
    wish.resources = tiers(resources);
    wish.verbs = verbs(extra);
    bench
}

#[test]
fn a_verb_is_counted_as_a_verb() {
    let has =
        [("calls", "send_with_approval"), ("contacts", "write_with_approval"), ("email", "read")];
    let live = |verbs_now: &[&str]| {
        let mut bench = bench(
            &[("contacts", "delete_with_approval"), ("email", "no_access")],
            &[("calls", &[])],
        )
        .has(&has);
        bench.live().access.verbs = verbs(&[("calls", verbs_now)]);
        bench
    };
    let shown = pages(&live(&["initiate"]).plan());
    shown.say("Privilege: 1 tier wider (on ");
    shown.say("), 1 tier narrower, 1 verb removed.");
    // The operations do not count in a third way.
    shown.never_say("moves 3 resources");
    assert!(shown.html.contains("<b>▼ 2</b> rights narrower"), "{}", shown.html);

    // And back: nobody's tier widens.
    let mut back = bench(&[], &[("calls", &["initiate"])]).has(&has);
    back.live().access.verbs = verbs(&[("calls", &[])]);
    let made = back.plan();
    pages(&made).say("Privilege: 1 verb added.");
    let said: Vec<_> = made.findings().filter(|f| f.code == "tier-widens").collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].message.contains("the tier stays"), "{said:?}");
}

#[test]
fn a_tier_and_the_verb_beside_it_are_counted_apart() {
    let made = bench(&[("calls", "read")], &[("calls", &["initiate"])]);
    let mut made = made.has(&[("calls", "send_with_approval")]);
    made.live().access.verbs = verbs(&[("calls", &[])]);
    let made = made.plan();
    let [_] = made.bound.privilege.changes.as_slice() else { panic!("{made:?}") };
    pages(&made).say("Privilege: 1 tier narrower, 1 verb added.");
}
