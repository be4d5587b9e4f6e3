//! A provider is no judge: what a platform says that a write did comes back as it was said, and apply holds it against the
//! plan.

use std::sync::Arc;

use scopeform::apply::{Adapter as _, Course as _};
use scopeform::model::{Scope, ScopeSet};
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::provider::{Read as _, Write as _};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::odeus::Odeus;
use super::trustpager::Trustpager;
use super::{Platform, Start};
use crate::apply::proxy::{Do, Proxy};

/// What no write asks for.
const LIE: &str = "never.asked.for";

fn lie(answer: &mut Value) {
    let effect = &mut answer["effect"];
    for list in ["/scopes/add", "/scopes/remove", "/accepts"] {
        if let Some(list) = effect.pointer_mut(list).and_then(Value::as_array_mut) {
            list.push(json!(LIE));
        }
    }
}

/// Every kind of write, through a proxy that lies about what it did.
async fn comes_back_as_it_is<P: Platform>(accepts: bool) {
    let plane = P::start(Start::default()).await;
    let to = plane.endpoint().strip_prefix("http://").unwrap().parse().unwrap();
    let proxy =
        Proxy::start(to, |request, _| if request.is_write() { Do::Change(lie) } else { Do::Pass });
    let token = SecretString::from(plane.admin());
    let http = Http::new(&proxy.url(), token, HttpOptions::default()).unwrap();
    let client = P::client(Arc::new(http), "acme", plane.folder());
    let with_lie = |scopes: &ScopeSet| {
        let mut said = scopes.clone();
        said.insert(Scope::try_from(LIE).unwrap());
        said
    };
    let mut n = 0;
    loop {
        let before = client.read().await.unwrap().snapshot;
        let Some(operation) = P::write(n, &before) else { break };
        let effect = P::predict(&before, &operation).1;
        let revision = P::Adapter::revision(&operation, &before);
        let written = client.write(&operation, &revision, &effect).await.unwrap();
        assert_eq!(written.scopes.add, with_lie(&effect.scopes.add), "{operation}");
        assert_eq!(written.scopes.remove, with_lie(&effect.scopes.remove), "{operation}");
        let said = if accepts { with_lie(&effect.accepts) } else { ScopeSet::new() };
        assert_eq!(written.accepts, said, "{operation}");
        // What it says of the thing itself is what the machine makes of it, whatever it says of the effect.
        let mut course = <P::Adapter as scopeform::apply::Adapter>::Course::of(&operation, &before)
            .expect("what is written to is there");
        course.go(&operation).unwrap();
        assert_eq!(course.answered(&written.resource), [], "{operation}");
        n += 1;
    }
    assert!(n >= 5, "only {n} kinds of writes");
}

/// Mutation (tests/mutations): `believe-the-plan`.
#[tokio::test]
async fn an_answer_with_another_effect_comes_back_as_it_is_on_odeus() {
    comes_back_as_it_is::<Odeus>(true).await;
}

/// Mutation (tests/mutations): `believe-the-plan`.
#[tokio::test]
async fn an_answer_with_another_effect_comes_back_as_it_is_on_trustpager() {
    comes_back_as_it_is::<Trustpager>(false).await;
}
