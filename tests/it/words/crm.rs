//! The same on TrustPager: tiers, verbs and tokens instead of scopes and actions.

use std::collections::BTreeMap;

use scopeform::model::{Right, TierGrade};

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

/// What is read at once is no message sent at once, although the words for both say that it happens automatically.
#[test]
fn the_gravest_tier_is_the_one_that_opens_the_gravest_thing() {
    let grades = |bench: &Bench| {
        let changes = bench.plan().bound.privilege.changes;
        let tiers = changes.into_iter().map(|change| match change.right {
            Right::Tier(tier) => (tier.address.name().to_owned(), tier.opens),
            other => panic!("{other:?}"),
        });
        tiers.collect::<BTreeMap<_, _>>()
    };
    let has = [("billing", "no_access"), ("contacts", "no_access"), ("email", "read")];
    let wants =
        [("billing", "read"), ("contacts", "write_automatically"), ("email", "send_automatically")];
    let rises = bench(&wants, &[]).has(&has);
    let grade = |name: &str, grade| (name.to_owned(), grade);
    assert_eq!(
        grades(&rises),
        BTreeMap::from([
            grade("billing", Some(TierGrade::Reads)),
            grade("contacts", Some(TierGrade::WritesAutomatically)),
            grade("email", Some(TierGrade::ActsAutomatically)),
        ])
    );
    let shown = pages(&rises.plan());
    for page in [&shown.text, &shown.markdown] {
        let page = page.replace('`', "");
        assert!(page.contains("3 tiers wider (on email, contacts, billing)"), "{page}");
        let rows = ["outbound messages become", "writes become", "no_access -> read"];
        assert!(rows.map(|words| page.find(words).unwrap()).is_sorted(), "{page}");
    }

    // What waits for a person is less grave than what does not, and what closes opens nothing.
    let waits = bench(
        &[
            ("billing", "no_access"),
            ("contacts", "delete_with_approval"),
            ("email", "send_with_approval"),
        ],
        &[],
    );
    let has = [("billing", "read"), ("contacts", "write_automatically"), ("email", "read")];
    assert_eq!(
        grades(&waits.has(&has)),
        BTreeMap::from([
            grade("billing", None),
            grade("contacts", Some(TierGrade::DeletesWithApproval)),
            grade("email", Some(TierGrade::ActsWithApproval)),
        ])
    );
    let ladder = [
        TierGrade::Reads,
        TierGrade::WritesWithApproval,
        TierGrade::DeletesWithApproval,
        TierGrade::ActsWithApproval,
        TierGrade::WritesAutomatically,
        TierGrade::DeletesAutomatically,
        TierGrade::ActsAutomatically,
    ];
    assert!(ladder.is_sorted_by_key(|grade| grade.rank()) && ladder.is_sorted());
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
