//! The contract, against the embedded control plane of a platform.

use scopeform::apply::Adapter as _;
use scopeform::model::Effect;
use scopeform::platform::provider::{ProviderError, Read as _, Write as _};
use serde_json::json;

use super::{Platform, Start, client};

async fn read<P: Platform>(client: &P::Client) -> P::Snapshot {
    client.read().await.unwrap().snapshot
}

fn admin<P: Platform>(plane: &P) -> P::Client {
    client(plane, &plane.admin(), "acme")
}

fn version<P: Platform>(snapshot: &P::Snapshot, operation: &P::Operation) -> String {
    P::Adapter::revision(operation, snapshot)
}

/// A plane, what is live there, the first write, what that does, and the version it needs.
struct Ready<P: Platform> {
    plane: P,
    client: P::Client,
    before: P::Snapshot,
    operation: P::Operation,
    effect: Effect,
    version: String,
}

impl<P: Platform> Ready<P> {
    async fn start() -> Self {
        let plane = P::start(Start::default()).await;
        let client = admin(&plane);
        let before = read::<P>(&client).await;
        let operation = P::write(0, &before).unwrap();
        let effect = P::predict(&before, &operation).1;
        assert!(!effect.scopes.is_empty(), "the first write moves scopes");
        let version = version::<P>(&before, &operation);
        Self { plane, client, before, operation, effect, version }
    }

    async fn write(&self, version: &str, effect: &Effect) -> Result<String, ProviderError> {
        self.client.write(&self.operation, version, effect).await.map(|written| written.revision)
    }

    #[track_caller]
    fn unchanged(&self, now: &P::Snapshot) {
        assert_eq!(*now, self.before, "nothing has changed, not even a version");
    }
}

pub(super) async fn two_reads_without_a_write_between_are_equal<P: Platform>() {
    let plane = P::start(Start::default()).await;
    let (one, two) = (admin(&plane).read().await.unwrap(), admin(&plane).read().await.unwrap());
    assert_eq!(one, two, "what was read and what it took");
}

pub(super) async fn every_page_is_read_once<P: Platform>() {
    let small = P::start(Start::default()).await;
    let small = admin(&small).read().await.unwrap();
    let few = P::users(&small.snapshot);
    // Exactly full pages, one item more, and several pages.
    for total in [P::PAGE, P::PAGE + 1, 2 * P::PAGE + 2] {
        let plane = P::start(Start { more_users: total - few, ..Start::default() }).await;
        let reading = admin(&plane).read().await.unwrap();
        assert_eq!(P::users(&reading.snapshot), total);
        let pages = total.div_ceil(P::PAGE);
        assert_eq!(reading.calls as usize, small.calls as usize + pages - 1, "{total} users");
    }
}

pub(super) async fn a_confirmed_write_does_what_was_predicted_and_nothing_else<P: Platform>() {
    let plane = P::start(Start::default()).await;
    let client = admin(&plane);
    let mut before = read::<P>(&client).await;
    let mut n = 0;
    while let Some(operation) = P::write(n, &before) {
        let (expected, effect) = P::predict(&before, &operation);
        let written = client
            .write(&operation, &version::<P>(&before, &operation), &effect)
            .await
            .unwrap_or_else(|error| panic!("{operation}: {error}"));
        assert_eq!(written.scopes, effect.scopes, "{operation}");
        assert_eq!(written.accepts, effect.accepts, "{operation}");
        assert_eq!(written.re_resolved, P::reached(&expected, &operation), "{operation}");
        let after = read::<P>(&client).await;
        assert_eq!(P::predictable(&after), P::predictable(&expected), "{operation}");
        if let Some(version) = P::answered(&after, &operation) {
            assert_eq!(written.revision, version, "{operation}: for the next write");
            assert_ne!(written.revision, self::version::<P>(&before, &operation), "{operation}");
        }
        before = after;
        n += 1;
    }
    assert!(n >= 5, "only {n} kinds of writes");
}

pub(super) async fn a_stale_version_is_a_conflict_and_changes_nothing<P: Platform>() {
    let ready = Ready::<P>::start().await;
    for stale in ["\"stale\"", "\"\"", "*", &format!("W/{}", ready.version)] {
        let error = ready.write(stale, &ready.effect).await.unwrap_err();
        let refused = matches!(error, ProviderError::PreconditionFailed { .. })
            || matches!(error, ProviderError::Refused { status: 428, .. });
        assert!(refused, "{stale}: {error}");
        assert!(!error.is_unknown() && !error.is_access());
        ready.unchanged(&read::<P>(&ready.client).await);
    }
    ready.write(&ready.version, &ready.effect).await.unwrap();
    // The version that was right before the write is stale after it.
    let after = read::<P>(&ready.client).await;
    let error = ready.write(&ready.version, &Effect::default()).await.unwrap_err();
    assert!(matches!(error, ProviderError::PreconditionFailed { .. }), "{error}");
    assert_eq!(read::<P>(&ready.client).await, after);
}

pub(super) async fn of_two_writes_on_one_version_exactly_one_happens<P: Platform>() {
    let ready = Ready::<P>::start().await;
    let one = ready.write(&ready.version, &ready.effect);
    let two = ready.write(&ready.version, &ready.effect);
    let (one, two) = tokio::join!(one, two);
    let (done, refused): (Vec<_>, Vec<_>) = [one, two].into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 1), "{refused:?}");
    let error = refused.into_iter().next().unwrap().unwrap_err();
    assert!(matches!(error, ProviderError::PreconditionFailed { .. }), "{error}");
}

pub(super) async fn a_write_needs_a_version<P: Platform>() {
    let ready = Ready::<P>::start().await;
    let request = P::request(&ready.before);
    assert_eq!(ready.plane.send(&request, None).await, 428);
    assert_eq!(ready.plane.send(&request, Some("\"other\"")).await, 412);
    ready.unchanged(&read::<P>(&ready.client).await);
    assert_eq!(ready.plane.send(&request, Some(&ready.version)).await, 200);
    let expected = P::predict(&ready.before, &ready.operation).0;
    let after = read::<P>(&ready.client).await;
    assert_eq!(P::predictable(&after), P::predictable(&expected));
}

pub(super) async fn a_write_without_the_exact_confirmation_is_refused_with_it<P: Platform>() {
    let ready = Ready::<P>::start().await;
    let mut more = ready.effect.clone();
    more.scopes.add.insert("Never.Asked.For".try_into().unwrap());
    let mut less = ready.effect.clone();
    let one = less.scopes.add.iter().chain(less.scopes.remove.iter()).next().cloned().unwrap();
    less.scopes.add = less.scopes.add.iter().filter(|scope| **scope != one).cloned().collect();
    less.scopes.remove =
        less.scopes.remove.iter().filter(|scope| **scope != one).cloned().collect();
    let mut reversed = ready.effect.clone();
    std::mem::swap(&mut reversed.scopes.add, &mut reversed.scopes.remove);
    for wrong in [Effect::default(), more, less, reversed] {
        let error = ready.write(&ready.version, &wrong).await.unwrap_err();
        assert!(!error.is_unknown());
        let ProviderError::ConfirmationRequired { delta, accept_missing, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(delta, ready.effect.scopes, "the answer says what would be right");
        assert!(accept_missing.is_empty());
        ready.unchanged(&read::<P>(&ready.client).await);
    }
    ready.write(&ready.version, &ready.effect).await.unwrap();
}

pub(super) async fn callers_are_told_apart<P: Platform>() {
    let ready = Ready::<P>::start().await;
    let plane = &ready.plane;
    let (reader, member) = (plane.reader().await, plane.member().await);
    let with = |token: &str| client(plane, token, "acme");
    let write = |token: &str| {
        let client = with(token);
        let (operation, version) = (ready.operation.clone(), ready.version.clone());
        let effect = ready.effect.clone();
        async move { client.write(&operation, &version, &effect).await.map(drop).unwrap_err() }
    };
    for (token, reads, writes) in
        [("wr0ng-t0ken", "Unauthorized", "Unauthorized"), (&member, "Forbidden", "Forbidden")]
    {
        let read = with(token).read().await.map(drop).unwrap_err();
        for (error, expected) in [(read, reads), (write(token).await, writes)] {
            assert!(format!("{error:?}").starts_with(expected), "{error:?}");
            assert!(error.is_access() && !error.is_unknown());
            assert!(!error.to_string().contains(token), "{error}");
        }
    }
    assert_eq!(read::<P>(&with(&reader)).await, ready.before, "a reader sees everything");
    let error = write(&reader).await;
    assert!(matches!(error, ProviderError::Forbidden { .. }), "{error}");
    ready.unchanged(&read::<P>(&ready.client).await);
}

pub(super) async fn what_is_not_there_is_not_found<P: Platform>() {
    let ready = Ready::<P>::start().await;
    let elsewhere = client(&ready.plane, &ready.plane.admin(), "initech");
    let error = elsewhere.read().await.map(drop).unwrap_err();
    let ProviderError::NotFound { path, .. } = &error else { panic!("{error}") };
    assert!(path.contains("/initech/"), "{path}");
    let operation = P::to_nothing();
    let nothing = Effect::default();
    let error = ready.client.write(&operation, &ready.version, &nothing).await.unwrap_err();
    assert!(matches!(error, ProviderError::NotFound { .. }), "{error}");
    assert!(!error.is_unknown());
    ready.unchanged(&read::<P>(&ready.client).await);
}

pub(super) async fn a_rate_limit_comes_with_how_long_to_wait<P: Platform>() {
    let plane = P::start(Start { rate_limit: Some(3), ..Start::default() }).await;
    // Reading a workspace takes more requests than that.
    let error = admin(&plane).read().await.map(drop).unwrap_err();
    let ProviderError::RateLimited { retry_after: Some(wait) } = error else { panic!("{error}") };
    assert!((1..=60).contains(&wait.as_secs()), "{wait:?}");
}

pub(super) async fn a_body_over_the_limit_is_refused<P: Platform>() {
    let ready = Ready::<P>::start().await;
    let mut request = P::request(&ready.before);
    request.body["padding"] = json!("x".repeat(1024 * 1024));
    assert_eq!(ready.plane.send(&request, Some(&ready.version)).await, 413);
    ready.unchanged(&read::<P>(&ready.client).await);
}

pub(super) async fn the_audit_log_has_every_write_and_no_refusal<P: Platform>() {
    let plane = P::start(Start::default()).await;
    let client = admin(&plane);
    let start = plane.audit().await.len();
    let mut expected = Vec::new();
    let mut before = read::<P>(&client).await;
    while let Some(operation) = P::write(expected.len(), &before) {
        let (effect, version) =
            (P::predict(&before, &operation).1, version::<P>(&before, &operation));
        client.write(&operation, "\"stale\"", &effect).await.unwrap_err();
        if !effect.scopes.is_empty() {
            client.write(&operation, &version, &Effect::default()).await.unwrap_err();
        }
        client.write(&operation, &version, &effect).await.unwrap();
        expected.push(P::address(&operation));
        before = read::<P>(&client).await;
        assert_eq!(plane.audit().await[start..], expected, "{operation}");
    }
}
