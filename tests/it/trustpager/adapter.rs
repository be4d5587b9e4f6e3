//! What apply refuses as stale, what it skips by name, and what it lets pass (SEMANTICS section 4).

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Waker};

use scopeform::apply::{self, Adapter as _, Options, Settled, Silent};
use scopeform::model::Effect;
use scopeform::plan::Plan;
use scopeform::platform;
use scopeform::platform::provider::{ProviderError, Read, Reading, Write, Written};
use scopeform::platform::trustpager::adapter::Trustpager;
use scopeform::platform::trustpager::course::Resource;
use scopeform::platform::trustpager::desired::DesiredKey;
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::state::{KeyGrants, Snapshot};
use scopeform::seal::{ApprovedPlan, Consent, SealedPlan};

use super::fixture::{
    ADMIN, Bench, CLIENT, MEMBER, TODAY, VIEWER, holders, list, tiers, token_id, verbs,
};

fn stale(plan: &Plan, snapshot: &Snapshot) -> Vec<String> {
    let found = Trustpager::stale(&plan.bound, snapshot, TODAY);
    found.iter().map(|s| format!("{}: {} -> {}", s.address, s.planned, s.live)).collect()
}

fn skips(plan: &Plan, snapshot: &Snapshot) -> Vec<String> {
    let own = plan.bound.operations.iter().filter_map(|p| Trustpager::operation(&p.operation));
    own.filter_map(|operation| Trustpager::not_needed(operation, snapshot, TODAY)).collect()
}

/// Revokes an idle token, one of a group's outsider, and saves.
fn bench() -> Bench {
    Bench::new()
        .token("a1", ADMIN, 90)
        .token("m1", MEMBER, 0)
        .token("v1", VIEWER, 0)
        .wants(&[("email", "send_automatically")])
        .with(|wish| {
            wish.tokens.holders = holders(&[ADMIN], &["sales"]);
            wish.tokens.max_idle_days = Some(30);
        })
}

#[test]
fn what_decided_and_moved_is_stale() {
    let bench = bench();
    let plan = bench.plan();
    assert_eq!(plan.bound.operations.len(), 3);
    assert_eq!(stale(&plan, &bench.snapshot), Vec::<String>::new());

    let moved = bench.clone().has(&[("deals", "read")]);
    // What moved is named, not the whole list of which it is a part.
    assert_eq!(
        stale(&plan, &moved.snapshot),
        [r#"oauth_clients/Claude Connection/resources/deals: "delete_with_approval" -> "read""#]
    );
    let mut verb = bench.clone();
    verb.live().access.verbs = verbs(&[("calls", &["initiate"]), ("forms", &["send"])]);
    verb.live().access.tiers.remove("sms");
    assert_eq!(
        stale(&plan, &verb.snapshot),
        [
            r#"oauth_clients/Claude Connection/resources/sms: "send_with_approval" -> null"#,
            r#"oauth_clients/Claude Connection/verbs/automations: ["trigger"] -> null"#,
            r#"oauth_clients/Claude Connection/verbs/forms: null -> ["send"]"#,
        ]
    );

    let mut gone = bench.clone();
    gone.snapshot.clients.clear();
    assert_eq!(
        stale(&plan, &gone.snapshot),
        ["oauth_clients/Claude Connection: a registered client -> the client is gone"]
    );

    let mut joined = bench.clone();
    let sales = joined.snapshot.groups.get_mut("sales").unwrap();
    sales.insert(VIEWER.try_into().unwrap());
    assert_eq!(
        stale(&plan, &joined.snapshot),
        ["directory/groups/sales: mia@acme.example -> mia@acme.example vic@acme.example"]
    );
    let mut dissolved = bench;
    dissolved.snapshot.groups.remove("sales");
    assert_eq!(
        stale(&plan, &dissolved.snapshot),
        ["directory/groups/sales: mia@acme.example -> gone"]
    );
}

#[test]
fn what_merely_moved_is_not_stale() {
    let bench = bench();
    let plan = bench.plan();
    let mut moved = bench.clone().token("new", VIEWER, 0).queued("m1", "email", "send");
    moved.add_client("Zapier", list(&[("contacts", "read")]));
    moved.snapshot.users.insert(MEMBER.try_into().unwrap(), "owner".try_into().unwrap());
    moved.snapshot.groups.get_mut("nobody").unwrap().insert(ADMIN.try_into().unwrap());
    moved.snapshot.clients.get_mut(CLIENT).unwrap().revision = "r9".to_owned();
    for token in moved.live().tokens.values_mut() {
        token.requests += 1;
    }
    assert_eq!(stale(&plan, &moved.snapshot), Vec::<String>::new());
    assert_eq!(skips(&plan, &moved.snapshot), Vec::<String>::new());
}

#[test]
fn a_token_that_was_used_or_ended_is_skipped_by_name() {
    let bench = bench();
    let plan = bench.plan();
    let mut used = bench.clone();
    used.live().tokens.get_mut("a1").unwrap().last_used = Some(TODAY);
    assert_eq!(stale(&plan, &used.snapshot), Vec::<String>::new());
    assert_eq!(skips(&plan, &used.snapshot), ["ana@acme.example has used the token since"]);
    // Still more than the days said: still idle.
    let mut hardly = bench.clone();
    hardly.live().tokens.get_mut("a1").unwrap().last_used =
        super::fixture::token("x", ADMIN, 31).last_used;
    assert!(skips(&plan, &hardly.snapshot).is_empty());
    hardly.live().tokens.get_mut("a1").unwrap().last_used =
        super::fixture::token("x", ADMIN, 30).last_used;
    assert_eq!(skips(&plan, &hardly.snapshot).len(), 1);

    let mut ended = bench.clone();
    ended.live().tokens.remove("v1");
    assert_eq!(stale(&plan, &ended.snapshot), Vec::<String>::new());
    assert_eq!(skips(&plan, &ended.snapshot), ["the token has ended already"]);

    // Using it does not make somebody a holder.
    let mut busy = bench.clone();
    busy.live().tokens.get_mut("v1").unwrap().last_used = Some(TODAY);
    assert!(skips(&plan, &busy.snapshot).is_empty());

    // What was skipped is no difference afterwards; what was not is.
    let done = bench.applied(&plan).snapshot;
    let differences = |before: &Snapshot, after: &Snapshot| {
        let found = Trustpager::differences(&plan.bound, &BTreeSet::new(), before, after, TODAY);
        found.iter().map(|difference| difference.address.to_string()).collect::<Vec<_>>()
    };
    assert!(differences(&bench.snapshot, &done).is_empty());
    let mut kept = done.clone();
    let token = used.snapshot.clients[CLIENT].state.tokens["a1"].clone();
    kept.clients.get_mut(CLIENT).unwrap().state.tokens.insert(token_id("a1"), token);
    assert!(differences(&used.snapshot, &kept).is_empty());
    assert_eq!(differences(&bench.snapshot, &kept), ["oauth_clients/Claude Connection/tokens/a1"]);
    assert_eq!(
        differences(&bench.snapshot, &bench.snapshot),
        [
            "oauth_clients/Claude Connection/tokens/a1",
            "oauth_clients/Claude Connection/tokens/v1",
            "oauth_clients/Claude Connection/resources/email"
        ]
    );
}

fn custom(tier: &str) -> DesiredKey {
    DesiredKey::Custom {
        resources: tiers(&[("contacts", tier)]),
        verbs: verbs(&[]),
        deliver: Some("key".to_owned()),
    }
}

#[test]
fn keys_are_stale_when_they_moved() {
    let grants = |tier: &str| KeyGrants::Custom(list(&[("contacts", tier)]));
    let bench = Bench::new().key("nightly", grants("read"));
    let plan = bench.clone().wants_key("nightly", custom("write_automatically")).plan();
    assert!(stale(&plan, &bench.snapshot).is_empty());
    assert_eq!(stale(&plan, &bench.clone().key("nightly", grants("no_access")).snapshot).len(), 1);
    assert_eq!(stale(&plan, &Bench::new().snapshot).len(), 1);

    let create = Bench::new().wants_key("nightly", custom("read")).plan();
    assert!(stale(&create, &Bench::new().snapshot).is_empty());
    assert_eq!(stale(&create, &bench.snapshot).len(), 1);

    let reason = "unused".to_owned();
    let revoke = bench.clone().wants_key("nightly", DesiredKey::Revoked { reason }).plan();
    assert!(stale(&revoke, &bench.snapshot).is_empty());
    assert!(stale(&revoke, &Bench::new().snapshot).is_empty());
    assert_eq!(skips(&revoke, &Bench::new().snapshot), ["the key has ended already"]);
}

/// A key is held against both of its ends, and what has ended is nobody's for certain.
#[test]
fn a_plan_that_was_applied_in_part_takes_its_own_writes_for_nobody_elses() {
    let grants = |all: &[(&str, &str)]| KeyGrants::Custom(list(all));
    let key = |all| DesiredKey::Custom {
        resources: tiers(all),
        verbs: verbs(&[]),
        deliver: Some("key".to_owned()),
    };
    let told = |plan: &Plan, snapshot: &Snapshot| {
        let found = Trustpager::resumed(&plan.bound, snapshot, TODAY).unwrap_err();
        let lines = found.moved.iter().flat_map(scopeform::render::report::stale);
        (found.done, found.at_least, lines.collect::<Vec<_>>())
    };
    let before = [("contacts", "read"), ("email", "read")];
    let bench = Bench::new().key("nightly", grants(&before));
    let plan = bench.clone().wants_key("nightly", key(&[("contacts", "read")])).plan();
    assert_eq!(plan.bound.operations.len(), 1);
    let now = |all| bench.clone().key("nightly", grants(all)).snapshot;
    // Done, and somebody has given it more.
    let line = "api_keys/nightly/resources/deals: the plan left (none), live is read";
    let more = now(&[("contacts", "read"), ("deals", "read")]);
    assert_eq!(told(&plan, &more), (1, false, vec![line.to_owned()]));
    // Not done, and somebody has given it more.
    let line = "api_keys/nightly/resources/deals: planned on (none), live is read";
    let more = now(&[("contacts", "read"), ("deals", "read"), ("email", "read")]);
    assert_eq!(told(&plan, &more), (0, false, vec![line.to_owned()]));
    // Just what it writes is otherwise: nothing shows that it was ever applied.
    let (done, at_least, lines) =
        told(&plan, &now(&[("contacts", "read"), ("email", "send_automatically")]));
    assert_eq!((done, at_least), (0, true), "{lines:?}");
    assert!(lines[0].contains("resources/email: planned on read, live is "), "{lines:?}");

    // Tokens that have ended may have been ended by anybody.
    let bench = self::bench().key("nightly", grants(&before));
    let bench = bench.wants_key("nightly", key(&[("contacts", "read")]));
    let plan = bench.plan();
    let mut after = bench.applied(&plan);
    after.live().access.tiers.insert("deals".try_into().unwrap(), "read".try_into().unwrap());
    let (done, at_least, lines) = told(&plan, &after.snapshot);
    assert_eq!((done, at_least), (2, true), "{lines:?}");
    assert!(lines[0].contains("/resources/deals: the plan left "), "{lines:?}");
    assert_eq!(lines.len(), 1, "{lines:?}");
    // Where something was done for certain, what may be either was done as well.
    let mut after = bench.applied(&plan);
    let either = now(&[("contacts", "read"), ("email", "send_automatically")]);
    after.snapshot.keys = either.keys;
    let (_, at_least, lines) = told(&plan, &after.snapshot);
    assert!(at_least, "{lines:?}");
    let line = "api_keys/nightly/resources/email: the plan left (none), live is send_automatically";
    assert_eq!(lines, [line]);
}

#[test]
fn an_unanswered_write_is_settled_by_reading() {
    let bench = bench().wants_key("nightly", custom("read"));
    let plan = bench.plan();
    let after = bench.applied(&plan).snapshot;
    assert_eq!(plan.bound.operations.len(), 4);
    for planned in &plan.bound.operations {
        let platform::Operation::Trustpager(operation) = &planned.operation else { panic!() };
        assert_eq!(Trustpager::settle(operation, &bench.snapshot), Settled::NotDone, "{operation}");
        match Trustpager::settle(operation, &after) {
            Settled::Done => assert!(!operation.to_string().starts_with("create")),
            Settled::Lost(why) => assert!(why.contains("its value was lost"), "{why}"),
            Settled::NotDone => panic!("{operation}"),
        }
    }
}

#[test]
fn a_list_stored_under_the_other_names_is_the_same_list() {
    // Case 64: the platform renamed a resource between plan and apply, or between write and read.
    let bench = Bench::new().wants(&[("contacts", "read")]);
    let plan = bench.plan();
    let renamed = |mut bench: Bench| {
        let tier = bench.live().access.tiers.remove("customers").unwrap();
        bench.live().access.tiers.insert("companies".try_into().unwrap(), tier);
        bench.snapshot
    };
    assert_eq!(stale(&plan, &renamed(bench.clone())), Vec::<String>::new());
    let after = renamed(bench.applied(&plan));
    let platform::Operation::Trustpager(save) = &plan.bound.operations[0].operation else {
        panic!()
    };
    assert_eq!(Trustpager::settle(save, &after), Settled::Done);
    assert!(
        Trustpager::differences(&plan.bound, &BTreeSet::new(), &bench.snapshot, &after, TODAY)
            .is_empty()
    );
}

/// Half of a plan was applied, the platform still stores a resource under its earlier name, and something else has moved:
/// that alone is told.
#[test]
fn an_earlier_name_is_no_difference_where_something_else_has_moved() {
    let grants = |all: &[(&str, &str)]| KeyGrants::Custom(list(all));
    let wish = DesiredKey::Custom {
        resources: tiers(&[("contacts", "read"), ("companies", "read")]),
        verbs: verbs(&[]),
        deliver: Some("key".to_owned()),
    };
    let before = [("contacts", "read"), ("companies", "read"), ("email", "read")];
    let bench = bench().key("nightly", grants(&before)).wants_key("nightly", wish);
    let plan = bench.plan();
    assert_eq!(plan.bound.operations.len(), 4);
    let earlier = |mut bench: Bench| {
        let tier = bench.live().access.tiers.remove("customers").unwrap();
        bench.live().access.tiers.insert("companies".try_into().unwrap(), tier);
        bench
    };
    // The tokens have ended and the ceiling is saved; the key was written too.
    let half = earlier(bench.applied(&plan))
        .key("nightly", grants(&[("contacts", "read"), ("companies", "read")]));
    let moved = half
        .clone()
        .has(&[("deals", "read")])
        .key("nightly", grants(&[("contacts", "read"), ("companies", "read"), ("deals", "read")]));

    let found = Trustpager::resumed(&plan.bound, &moved.snapshot, TODAY).unwrap_err();
    let lines: Vec<String> =
        found.moved.iter().flat_map(scopeform::render::report::stale).collect();
    assert_eq!(
        lines,
        [
            "api_keys/nightly/resources/deals: the plan left (none), live is read",
            "oauth_clients/Claude Connection/resources/deals: the plan left delete_with_approval, live is read",
        ]
    );
    assert_eq!(found.done, 2);

    let differences = |done: &[usize], before: &Bench, after: &Bench| {
        let done = done.iter().copied().collect();
        let (before, after) = (&before.snapshot, &after.snapshot);
        let found = Trustpager::differences(&plan.bound, &done, before, after, TODAY);
        let mut found: Vec<String> = found.iter().map(|one| one.address.to_string()).collect();
        found.sort();
        found
    };
    let deals =
        ["api_keys/nightly/resources/deals", "oauth_clients/Claude Connection/resources/deals"];
    assert_eq!(differences(&[], &bench, &moved), deals);
    // What was done before this run stays as it was found then, under whichever name.
    let places: Vec<usize> = (0..4).collect();
    let present = bench
        .applied(&plan)
        .has(&[("deals", "read")])
        .key("nightly", grants(&[("contacts", "read"), ("customers", "read"), ("deals", "read")]));
    assert_eq!(differences(&places, &half, &present), deals);
}

/// A platform in memory that answers at once.
struct AtOnce {
    snapshot: Snapshot,
    writes: AtomicU32,
}

impl Read for AtOnce {
    type Snapshot = Snapshot;

    async fn read(&self) -> Result<Reading<Snapshot>, ProviderError> {
        Ok(Reading { snapshot: self.snapshot.clone(), calls: 1 })
    }

    fn sent(&self) -> u32 {
        self.writes.load(Ordering::Relaxed)
    }
}

impl Write for AtOnce {
    type Operation = Operation;
    type Resource = Resource;

    async fn write(
        &self,
        _: &Operation,
        _: &str,
        expected: &Effect,
    ) -> Result<Written<Resource>, ProviderError> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(Written {
            scopes: expected.scopes.clone(),
            accepts: expected.accepts.clone(),
            re_resolved: None,
            revision: "r2".to_owned(),
            // Nothing of what was asked for, so each unit ends with its first write.
            resource: Resource::Key(None),
        })
    }
}

/// Comparing a long plan takes a while, and a signal that comes meanwhile is looked at before the first write.
#[test]
fn whoever_wants_a_run_stopped_is_asked_between_comparing_and_writing() {
    let bench = bench();
    let approved =
        ApprovedPlan::new(SealedPlan::seal(bench.plan()), Consent::Flag, Vec::new()).unwrap();
    let live = AtOnce { snapshot: bench.snapshot, writes: AtomicU32::new(0) };
    let interrupted = AtomicBool::new(false);
    let options = Options { today: TODAY, parallelism: 1, interrupted: &interrupted };
    let run = apply::run::<Trustpager, _>(&approved, &live, options, &Silent);
    let mut run = pin!(run);
    let mut context = Context::from_waker(Waker::noop());
    assert!(run.as_mut().poll(&mut context).is_pending());
    assert_eq!(live.sent(), 0);
    assert!(run.as_mut().poll(&mut context).is_ready());
    assert!(live.sent() > 0);
}
