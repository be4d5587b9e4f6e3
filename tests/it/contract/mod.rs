//! What every provider keeps, whatever the platform: one suite, run on each.
//!
//! A platform gets it by implementing [`Platform`] and adding a line to `contract!` at the end. What a platform promises
//! beyond that is tested beside its control plane (`control_plane`, `trustpager_plane`).

mod behaviour;
mod faults;
mod lies;
mod odeus;
mod rogue;
mod trustpager;

use std::fmt::{Debug, Display};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use scopeform::apply::Adapter;
use scopeform::model::Effect;
use scopeform::platform::http::{Http, HttpOptions};
use scopeform::platform::provider::{Read, Write};
use secrecy::SecretString;
use serde_json::Value;

/// How a control plane is started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Start {
    /// So many users more than the few that the workspace has anyway.
    pub(crate) more_users: usize,
    /// Requests per minute and token.
    pub(crate) rate_limit: Option<u32>,
}

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Value,
}

/// What the contract needs to know of a platform: a running control plane with a small workspace `acme`, and what is
/// written there.
pub(crate) trait Platform: Sized {
    type Snapshot: Clone + PartialEq + Debug;
    type Operation: Clone + Display;
    type Resource: Debug;
    type Client: Read<Snapshot = Self::Snapshot>
        + Write<Operation = Self::Operation, Resource = Self::Resource>;
    type Adapter: Adapter<Snapshot = Self::Snapshot, Operation = Self::Operation, Resource = Self::Resource>;

    /// How many items a page holds when the client reads.
    const PAGE: usize;

    async fn start(with: Start) -> Self;
    fn endpoint(&self) -> String;
    /// Where delivered files go.
    fn folder(&self) -> &Path;
    /// A token that may read and write everything.
    fn admin(&self) -> String;
    /// A token that may read everything and write nothing.
    async fn reader(&self) -> String;
    /// A token of somebody who is no admin.
    async fn member(&self) -> String;
    /// Sends a request as the admin and returns the status.
    async fn send(&self, request: &Request, if_match: Option<&str>) -> u16;
    /// What the audit log says was written to, oldest first.
    async fn audit(&self) -> Vec<String>;

    fn client(http: Arc<Http>, workspace: &str, folder: &Path) -> Self::Client;
    fn users(snapshot: &Self::Snapshot) -> usize;

    /// The n-th of a chain of writes, each possible after those before it; every kind that the platform has is among
    /// them. The first moves scopes.
    fn write(n: usize, snapshot: &Self::Snapshot) -> Option<Self::Operation>;
    /// What the first write is over the wire, confirmed.
    fn request(snapshot: &Self::Snapshot) -> Request;
    /// A write to something that is not there.
    fn to_nothing() -> Self::Operation;
    /// The address of the field that is written.
    fn address(operation: &Self::Operation) -> String;
    /// The workspace after a write and what the write does, as planning predicts them.
    fn predict(snapshot: &Self::Snapshot, operation: &Self::Operation) -> (Self::Snapshot, Effect);
    /// The snapshot without what only the platform can know: version tokens, random names.
    fn predictable(snapshot: &Self::Snapshot) -> Self::Snapshot;
    /// The version token that a write must have answered, by a later read; `None` where nothing is left to write to.
    fn answered(snapshot: &Self::Snapshot, operation: &Self::Operation) -> Option<String>;

    /// How many active tokens a write reaches at once, where the platform counts them.
    fn reached(snapshot: &Self::Snapshot, operation: &Self::Operation) -> Option<u64>;

    /// What a server answers to the request that comes first when a workspace is read, by the end of its path.
    fn first_answer() -> (&'static str, String);
    /// Well-formed first answers that are wrong, and what the error says of each.
    fn wrong_first_answers() -> Vec<(String, &'static str)>;
    /// One item of the collection of users.
    fn user_item(name: &str) -> String;
}

/// A client of `workspace` that gives up at once instead of waiting for a rate limit to pass.
pub(crate) fn client<P: Platform>(plane: &P, token: &str, workspace: &str) -> P::Client {
    let options = HttpOptions { deadline: Duration::ZERO, ..HttpOptions::default() };
    let http = Http::new(&plane.endpoint(), SecretString::from(token.to_owned()), options).unwrap();
    P::client(Arc::new(http), workspace, plane.folder())
}

/// Runs every test of the contract on every platform. A test that is not named here is unused code, and so an error.
macro_rules! contract {
    ($($name:ident: $platform:ty;)*) => {
        $(mod $name {
            use super::{behaviour, faults};
            contract!(@ $platform; behaviour:
                two_reads_without_a_write_between_are_equal
                every_page_is_read_once
                a_confirmed_write_does_what_was_predicted_and_nothing_else
                a_stale_version_is_a_conflict_and_changes_nothing
                of_two_writes_on_one_version_exactly_one_happens
                a_write_needs_a_version
                a_write_without_the_exact_confirmation_is_refused_with_it
                callers_are_told_apart
                what_is_not_there_is_not_found
                a_rate_limit_comes_with_how_long_to_wait
                a_body_over_the_limit_is_refused
                the_audit_log_has_every_write_and_no_refusal
            );
            contract!(@ $platform; faults:
                an_answer_that_is_no_answer_of_ours_is_a_protocol_error
                statuses_become_their_errors
                reads_are_repeated_and_writes_are_not
                a_refused_rate_is_waited_for_also_by_writes
                pages_are_followed_and_each_is_asked_for_once
                pages_without_an_end_are_noticed
                nobody_there_is_unreachable_and_nothing_was_sent
            );
        })*
    };
    (@ $platform:ty; $of:ident: $($test:ident)*) => {
        $(#[tokio::test]
        async fn $test() {
            $of::$test::<$platform>().await;
        })*
    };
}

contract! {
    on_odeus: crate::contract::odeus::Odeus;
    on_trustpager: crate::contract::trustpager::Trustpager;
}
