//! Both sides of an integration, as a plan keeps them for its report.

use scopeform::model::Address;
use scopeform::platform::odeus::compare::{Comparison, compare};
use scopeform::platform::odeus::state::Client;
use serde_json::{Value, json};

use crate::large;

/// Both sides where the client goes from one to the other, and what a plan file keeps of whether there is one.
fn kept(from: &Client, to: &Client) -> (Comparison, Option<Value>) {
    let snapshot = large::snapshot(4, 1, 0);
    let (key, live) = snapshot.integrations.first_key_value().unwrap();
    let (mut before, mut after) = (live.state.clone(), live.state.clone());
    before.client = from.clone();
    after.client = to.clone();
    let sides = compare(&Address::of(&[key.as_str()]), &live.facts, &before, &after);
    let written = serde_json::to_value(&sides).unwrap();
    let read: Comparison = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(read, sides);
    (read, written.get("clientless").cloned())
}

#[test]
fn whether_there_is_a_client_is_a_fact_and_not_a_sentence() {
    for (from, to, has, said) in [
        (Client::Managed, Client::Managed, (true, true), None),
        (Client::Unconfigured, Client::Managed, (false, true), Some((true, Some(false)))),
        (Client::Managed, Client::Unconfigured, (true, false), Some((false, Some(true)))),
        (Client::Unconfigured, Client::Unconfigured, (false, false), Some((true, None))),
    ] {
        let (read, written) = kept(&from, &to);
        assert_eq!(read.has_client(), has, "{from:?} {to:?}");
        let said = said.map(|(before, after)| match after {
            Some(after) => json!({ "before": before, "after": after }),
            None => json!({ "before": before }),
        });
        assert_eq!(written, said, "{from:?} {to:?}");
    }
}
