//! The plan is held against what callers see: a call by a token is answered 200, 202, 403 or 401 exactly as the plan
//! said before anything was written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use jiff::civil::date;
use scopeform::apply::{self, Options, Silent};
use scopeform::config;
use scopeform::model::WorkspaceId;
use scopeform::plan::Plan;
use scopeform::platform;
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::provider::Read;
use scopeform::platform::trustpager::adapter::Trustpager;
use scopeform::platform::trustpager::catalog::How;
use scopeform::platform::trustpager::client::TrustpagerClient;
use scopeform::platform::trustpager::deliver::Nowhere;
use scopeform::platform::trustpager::name::{Tier, Verb};
use scopeform::platform::trustpager::operation::Operation;
use scopeform::platform::trustpager::planner::{Inputs, plan};
use scopeform::seal::{ApprovedPlan, Consent, SealedPlan};
use scopeform::source::SourceMap;
use secrecy::SecretString;

use super::plane::{ADA, CATALOG, CLAUDE, MAX, OLGA, Plane, VERA};

const WISH: &str = r#"
version: 1
platform: trustpager
workspace: acme
oauth_clients:
  Claude Connection:
    resources: {contacts: write_with_approval, email: send_with_approval, billing: no_access, sms: send_automatically}
    tokens: {holders: {users: [olga@acme.example, ada@acme.example, vera@acme.example]}}
"#;

/// What is tried with every token: each resource with each verb of its ladder.
const CALLS: &[(&str, &[&str])] = &[
    ("contacts", &["read", "write", "delete"]),
    ("email", &["read", "send"]),
    ("billing", &["read"]),
    ("sms", &["read", "send"]),
];

type Seen = BTreeMap<(&'static str, &'static str), u16>;

async fn try_all(plane: &Plane, token: &str) -> Seen {
    let mut seen = Seen::new();
    for (resource, verbs) in CALLS {
        for verb in *verbs {
            seen.insert((resource, verb), plane.act(token, verb, resource).await.status);
        }
    }
    seen
}

/// The tiers that the plan announces for one token, by resource; `None` when it announces that the token ends.
fn announced(plan: &Plan, id: &str, shown: &str) -> Option<BTreeMap<String, String>> {
    for planned in &plan.bound.operations {
        if let platform::Operation::Trustpager(Operation::RevokeToken { token, .. }) =
            &planned.operation
            && token.as_str() == id
        {
            return None;
        }
    }
    let lines = plan.observed.tokens.iter().flat_map(|effect| &effect.changed);
    let lines = lines.filter(|change| change.token == shown).flat_map(|change| &change.what);
    let tiers = lines.filter_map(|line| {
        let (resource, move_) = line.split_once(": ")?;
        let after = move_.split_once(" -> ")?.1.split(',').next()?;
        Some((resource.to_owned(), after.to_owned()))
    });
    Some(tiers.collect())
}

fn status(resource: &str, tier: &str, verb: &str) -> u16 {
    let resource = &CATALOG.resources[resource];
    let grants = CATALOG.grants(resource, &Tier::try_from(tier).unwrap());
    match grants.how(&Verb::try_from(verb).unwrap()) {
        Some(How::Automatic) => 200,
        Some(How::Approval) => 202,
        None => 403,
    }
}

#[tokio::test]
async fn calls_are_answered_exactly_as_the_plan_said() {
    let plane = Plane::start().await;
    let mut holders = Vec::new();
    for who in [OLGA, ADA, MAX, VERA] {
        let (value, token) = plane.authorize(who, CLAUDE).await;
        let text = |field: &str| token[field].as_str().unwrap().to_owned();
        let shown = format!("{}…{}", text("prefix"), text("suffix"));
        let before = try_all(&plane, &value).await;
        holders.push((who, value, text("id"), shown, before));
    }

    let http = Http::new(
        &plane.endpoint(),
        SecretString::from(plane.admin.clone()),
        HttpOptions::default(),
    );
    let workspace = WorkspaceId::try_from("acme").unwrap();
    let client = TrustpagerClient::new(Arc::new(http.unwrap()), workspace, Box::new(Nowhere));
    let mut sources = SourceMap::new();
    sources.add("acme.yaml", WISH.trim_start());
    let (configs, problems) = config::load(&sources);
    assert!(problems.is_empty(), "{problems:?}");
    let config::Desired::Trustpager(desired) = &configs[0].desired else {
        panic!("another platform")
    };
    let reading = client.read().await.unwrap();
    let today = date(2026, 11, 22);
    let inputs = Inputs {
        today,
        endpoint: "test",
        reads: reading.calls,
        sources: Vec::new(),
        only: None,
        both_sides: true,
    };
    let (made, problems) = plan(desired, &reading.snapshot, inputs);
    assert!(problems.is_empty(), "{problems:?}");
    let made = made.unwrap();

    let approved =
        ApprovedPlan::new(SealedPlan::seal(made.clone()), Consent::Flag, Vec::new()).unwrap();
    let interrupted = AtomicBool::new(false);
    let options = Options { today, parallelism: 2, interrupted: &interrupted };
    let (report, _) =
        apply::run::<Trustpager, _>(&approved, &client, options, &Silent).await.unwrap();
    assert!(report.is_complete(), "{report:?}");

    let mut told = 0;
    for (who, value, id, shown, before) in holders {
        let after = try_all(&plane, &value).await;
        match announced(&made, &id, &shown) {
            None => {
                assert_eq!(who, MAX, "only Max is no holder");
                assert!(after.values().all(|status| *status == 401), "{who}: {after:?}");
                told += 1;
            }
            Some(tiers) => {
                for ((resource, verb), seen) in &after {
                    let expected = match tiers.get(*resource) {
                        Some(tier) => {
                            told += 1;
                            status(resource, tier, verb)
                        }
                        // The plan says nothing of it, so nothing may have changed.
                        None => before[&(*resource, *verb)],
                    };
                    assert_eq!(*seen, expected, "{who}: {verb} {resource}, announced {tiers:?}");
                }
            }
        }
    }
    assert!(told > 10, "the plan announced next to nothing: {told}");
}
