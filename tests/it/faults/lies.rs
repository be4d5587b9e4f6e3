//! A platform that does more than it is asked to, and somebody who writes while an answer is lost: noticed by the real
//! program in the unit that was written, wherever in it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::odeus::Odeus;
use super::stage::{Plane, Runner, Stage, yaml};
use super::trustpager::Trustpager;
use crate::apply::proxy::{Do, Proxy, gate};
use crate::apply::wire::{self, Request};
use crate::cli::harness::Lab;

const SERIAL: &str = "apply --auto-approve --parallelism 1 --json";
const WORKSPACE: &str = "acme-0";

/// The unit of a platform that lies about it, and how an answer shows it.
pub(super) trait Liar: Stage {
    const UNIT: &'static str;
    /// The field of an answer that holds the unit.
    const FIELD: &'static str;

    /// The unit as it is.
    fn unit(plane: &Plane<Self>) -> Value
    where
        Self: Sized;
}

impl Liar for Odeus {
    const UNIT: &'static str = "notes";
    const FIELD: &'static str = "integration";

    fn unit(plane: &Plane<Self>) -> Value {
        plane.admin(WORKSPACE, ("GET", "integrations/notes"), None, None).1
    }
}

impl Liar for Trustpager {
    const UNIT: &'static str = "oauth_clients/Claude Connection";
    const FIELD: &'static str = "client";

    fn unit(plane: &Plane<Self>) -> Value {
        let seen = plane.look(WORKSPACE);
        let mut clients = seen["oauth-clients"].as_array().unwrap().iter();
        clients.find(|item| item["name"] == "Claude Connection").unwrap().clone()
    }
}

/// What happens behind the plan's back.
type Deed<S> = fn(&Plane<S>);

/// Switches an action of `notes` for some people, confirming whatever that does.
fn share(plane: &Plane<Odeus>, action: &str, access: &Value) {
    let tag = Odeus::unit(plane)["etag"].as_str().unwrap().to_owned();
    let path = format!("integrations/notes/actions/{action}/access");
    let put = |body: &Value| plane.admin(WORKSPACE, ("PUT", &path), Some(&tag), Some(body));
    let (mut status, mut answer) = put(&json!({ "access": access }));
    if status == 409 {
        let confirm = &answer["error"]["confirmation"];
        (status, answer) = put(&json!({ "access": access, "confirm": confirm }));
    }
    assert_eq!(status, 200, "{answer}");
}

/// An action that no line of the files names.
fn print_note(plane: &Plane<Odeus>) {
    share(plane, "print_note", &json!({ "only": [{ "user": "eva@acme.example" }] }));
}

/// An action that a later write of the plan is about.
pub(super) fn write_note(plane: &Plane<Odeus>) {
    share(plane, "write_note", &json!({ "only": [{ "user": "ana@acme.example" }] }));
}

/// A tier that no line of the files names.
fn tasks(plane: &Plane<Trustpager>) {
    Trustpager::foreign(plane, WORKSPACE);
}

/// The token of somebody who stays a holder.
fn vera(plane: &Plane<Trustpager>) {
    let now = Trustpager::unit(plane);
    let tokens = now["state"]["tokens"].as_object().unwrap();
    let (id, _) = tokens.iter().find(|(_, token)| token["user"] == "vera@acme.example").unwrap();
    let path = format!("oauth-clients/Claude%20Connection/tokens/{id}/revoke");
    let tag = now["etag"].as_str();
    let (status, answer) = plane.admin(WORKSPACE, ("POST", &path), tag, Some(&json!({})));
    assert_eq!(status, 200, "{answer}");
}

/// What becomes of the answer to the write behind which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It shows what is there now.
    Shows,
    /// It is what it was.
    Hides,
    /// It is a 500.
    Fails,
    /// The connection ends without one.
    IsLost,
}

/// Where in its unit a write stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    First,
    Last,
}

/// How a run came out.
struct Told {
    report: Value,
    /// The operations of the unit.
    own: Vec<Value>,
}

impl Told {
    fn outcomes(&self) -> Vec<&str> {
        self.own.iter().map(|step| step["outcome"].as_str().unwrap()).collect()
    }

    /// What differs at the end below an address.
    fn differs(&self, below: &str) -> Vec<&Value> {
        let all = self.report["differences"].as_array().unwrap().iter();
        all.filter(|one| one["address"].as_str().unwrap().starts_with(below)).collect()
    }
}

/// Applies while `deed` happens right after one write to the unit.
fn behind<S: Liar>(plane: &Plane<S>, at: At, answer: Answer, deed: Deed<S>, code: i32) -> Told {
    let url = format!("http://{}", plane.address);
    let (plan, _) = Runner::new(plane, WORKSPACE).plan(&url);
    let units = || plan.bound.operations.iter().map(|planned| planned.unit.as_str());
    let count = units().filter(|unit| *unit == S::UNIT).count();
    assert!(count > 1, "a write and one after it");
    let first = units().position(|unit| unit == S::UNIT).unwrap();
    let wanted = first + if at == At::First { 0 } else { count - 1 };

    let (gate, keeper) = gate();
    let (address, token) = (plane.address, plane.token.clone());
    let proxy = Proxy::start(address, move |request, writes| {
        if !request.is_write() || writes != wanted {
            return Do::Pass;
        }
        let honest = request.send(address).unwrap();
        if !gate.wait() {
            return Do::Drop;
        }
        match answer {
            Answer::Shows => Do::Raw(shown::<S>(request, &honest, (address, &token))),
            Answer::Hides => Do::Raw(honest),
            Answer::Fails => Do::Answer(500, "{}".to_owned()),
            Answer::IsLost => Do::Drop,
        }
    });
    let lab = Lab::with(&yaml::<S>(WORKSPACE, &proxy.url()));
    let running = lab.run(SERIAL).env("SCOPEFORM_TOKEN", &plane.token).begin();
    keeper.arrived();
    deed(plane);
    keeper.release();
    let report = running.done().exits(code).json();
    let steps = report["operations"].as_array().unwrap().iter();
    let own = steps.filter(|step| step["unit"] == S::UNIT).cloned().collect();
    Told { report, own }
}

/// An answer that says of the unit what is there now, version token included.
fn shown<S: Liar>(
    request: &Request,
    honest: &[u8],
    (address, token): (std::net::SocketAddr, &str),
) -> Vec<u8> {
    let (status, _, body) = wire::split(honest);
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    let base = request.path.split('/').take(5).collect::<Vec<_>>().join("/");
    let path = format!("{base}/{}?limit=100", S::COLLECTIONS[0]);
    let (_, page) = wire::call(address, token, "GET", &path, None, None);
    let same = |item: &&Value| {
        let named = |item: &Value| (item["name"].clone(), item["facts"]["key"].clone());
        named(item) == named(&body[S::FIELD])
    };
    let now = page["items"].as_array().unwrap().iter().find(same).unwrap().clone();
    let tag = format!("etag: {}\r\n", now["etag"].as_str().unwrap());
    body[S::FIELD] = now;
    wire::answer(status, "application/json", &tag, body.to_string().as_bytes())
}

/// The answer of the first write shows something that no operation asked for: the unit stops there, and what is not as it
/// should be is named with what was expected and what was found.
fn in_its_answer<S: Liar>(rows: &[(Deed<S>, &str, &str)]) {
    for (deed, address, words) in rows {
        let plane = Plane::<S>::start(1);
        let told = behind(&plane, At::First, Answer::Shows, *deed, 6);
        let outcomes = told.outcomes();
        assert_eq!(outcomes[0], "diverged", "{}", told.report);
        assert!(outcomes[1..].iter().all(|word| *word == "skipped"), "{}", told.report);
        let detail = told.own[0]["detail"].as_str().unwrap();
        assert!(detail.contains(address) && detail.contains(words), "{detail}");
        // It is no lie: the end shows the same.
        assert_eq!(told.differs(address).len(), 1, "{}", told.report);
        assert_eq!(told.report["complete"], false);
    }
}

/// Mutation (tests/mutations): `half-an-answer`.
#[test]
fn a_write_that_does_more_is_noticed_in_its_answer_on_odeus() {
    let words = "expected nobody, found {\"users\":[\"eva@acme.example\"]}";
    in_its_answer::<Odeus>(&[(print_note, "notes/actions/print_note", words)]);
}

/// Mutation (tests/mutations): `half-an-answer`.
#[test]
fn a_write_that_does_more_is_noticed_in_its_answer_on_trustpager() {
    in_its_answer::<Trustpager>(&[
        (tasks, "oauth_clients/Claude Connection/resources/tasks", "found no_access"),
        (vera, "oauth_clients/Claude Connection/tokens/", ", found nothing"),
    ]);
}

/// The same behind the last write, whose answer hides it: every write is done, and the end is not as planned.
fn at_the_end<S: Liar>(rows: &[(Deed<S>, &str)]) {
    for (deed, address) in rows {
        let plane = Plane::<S>::start(1);
        let told = behind(&plane, At::Last, Answer::Hides, *deed, 6);
        assert!(told.outcomes().iter().all(|word| *word == "applied"), "{}", told.report);
        assert_eq!(told.report["complete"], false, "{}", told.report);
        assert_eq!(told.differs(address).len(), 1, "{}", told.report);
        assert_eq!(told.report["differences"].as_array().unwrap().len(), 1, "{}", told.report);
    }
}

/// Mutation (tests/mutations): `beside-the-plan`.
#[test]
fn what_an_answer_hides_is_noticed_at_the_end_on_odeus() {
    at_the_end::<Odeus>(&[(print_note, "notes/actions/print_note")]);
}

/// Mutation (tests/mutations): `beside-the-plan`.
#[test]
fn what_an_answer_hides_is_noticed_at_the_end_on_trustpager() {
    at_the_end::<Trustpager>(&[
        (tasks, "oauth_clients/Claude Connection/resources/tasks"),
        (vera, "oauth_clients/Claude Connection/tokens/"),
    ]);
}

/// A write whose answer is lost is settled by reading, which shows somebody else's too: what the version token of that
/// reading stands for is not written over.
fn not_written_over<S: Liar>(rows: &[(Deed<S>, &str)]) {
    for (deed, address) in rows {
        for answer in [Answer::Fails, Answer::IsLost] {
            let plane = Plane::<S>::start(1);
            let told = behind(&plane, At::First, answer, *deed, 6);
            let outcomes = told.outcomes();
            let context = format!("{answer:?}: {}", told.report);
            assert_eq!(outcomes[..2], ["applied_unanswered", "conflict"], "{context}");
            assert!(outcomes[2..].iter().all(|word| *word == "skipped"), "{context}");
            let detail = told.own[1]["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("{address}: expected ")), "{context}");
            // Ours and theirs, and nothing after that: what they wrote is there.
            let now = S::unit(&plane);
            let ours = plane.audit(WORKSPACE);
            let own = |entry: &&Value| entry["entity_id"].as_str().unwrap().starts_with(S::UNIT);
            assert_eq!(ours.iter().filter(own).count(), 2, "{context}: {now}");
        }
    }
}

/// Mutation (tests/mutations): `written-over`.
#[test]
fn what_somebody_writes_while_an_answer_is_lost_is_not_written_over_on_odeus() {
    not_written_over::<Odeus>(&[
        (write_note, "notes/actions/write_note"),
        (print_note, "notes/actions/print_note"),
    ]);
}

/// Mutation (tests/mutations): `written-over`.
#[test]
fn what_somebody_writes_while_an_answer_is_lost_is_not_written_over_on_trustpager() {
    not_written_over::<Trustpager>(&[(tasks, "oauth_clients/Claude Connection/resources/tasks")]);
}

/// The vendor publishes and somebody leaves with whom something was shared that the files do not name.
fn of_itself_on_odeus(plane: &Plane<Odeus>) {
    let mut facts = Odeus::unit(plane)["facts"].clone();
    facts["actions"]["scan_note"] = json!({
        "key": "scan_note", "name": "Scan note", "required_scopes": ["notes.read"], "native": false,
    });
    let path = "/odeus/v1/catalog/notes";
    let (status, answer) =
        wire::call(plane.address, &plane.vendor, "PUT", path, None, Some(&facts));
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = plane.admin(WORKSPACE, ("DELETE", "users/eva@acme.example"), None, None);
    assert_eq!(status, 200, "{answer}");
    let actions = &Odeus::unit(plane)["state"]["actions"];
    assert!(actions["scan_note"].is_object(), "{actions}");
    assert_eq!(actions["print_note"]["access"], "nobody", "{actions}");
}

/// Somebody authorises the client, and somebody leaves, whose token ends.
fn of_itself_on_trustpager(plane: &Plane<Trustpager>) {
    let olga = json!({ "user": "olga@acme.example" });
    let (status, session) = plane.admin(WORKSPACE, ("POST", "sessions"), None, Some(&olga));
    assert_eq!(status, 201, "{session}");
    let base = Trustpager::BASE;
    let path = format!("{base}{WORKSPACE}/oauth-clients/Claude%20Connection/authorize");
    let session = session["token"].as_str().unwrap();
    let (status, issued) = wire::call(plane.address, session, "POST", &path, None, None);
    assert_eq!(status, 201, "{issued}");
    let (_, users) = plane.admin(WORKSPACE, ("GET", "users?limit=100"), None, None);
    let mut users = users["items"].as_array().unwrap().iter();
    let vera = users.find(|item| item["user"] == "vera@acme.example").unwrap();
    let gone = ("DELETE", "users/vera@acme.example");
    let (status, answer) = plane.admin(WORKSPACE, gone, vera["etag"].as_str(), None);
    assert_eq!(status, 200, "{answer}");
    let tokens = &Trustpager::unit(plane)["state"]["tokens"];
    assert_eq!(tokens.as_object().unwrap().len(), 2, "{tokens}");
}

/// Mutation `by-itself` makes it fail. At the end the vendor's publications and people who leave count as differences.
#[test]
fn what_moves_by_itself_is_no_difference_on_odeus() {
    let plane = Plane::<Odeus>::start(1);
    print_note(&plane);
    let told = behind(&plane, At::Last, Answer::Hides, of_itself_on_odeus, 0);
    assert_eq!(told.report["complete"], true, "{}", told.report);
}

/// Mutation `by-itself` makes it fail. At the end the tokens of users who authorise or leave count as differences.
#[test]
fn what_moves_by_itself_is_no_difference_on_trustpager() {
    let plane = Plane::<Trustpager>::start(1);
    // Planning again fails, since the files name somebody as a holder who has left; the run itself is as planned.
    let told = behind(&plane, At::Last, Answer::Hides, of_itself_on_trustpager, 1);
    assert_eq!(told.report["complete"], true, "{}", told.report);
}

/// The platform asks for another confirmation than the plan's. Somebody has to agree to that, and nobody here does: the write
/// is not sent again, and nothing comes after it.
fn never_confirmed<S: Stage>() {
    let plane = Plane::<S>::start(1);
    let refused: Arc<Mutex<Option<String>>> = Arc::default();
    let noted = Arc::clone(&refused);
    let proxy = Proxy::start(plane.address, move |request, _| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let mut asked = body["confirm"].clone();
        let mut noted = noted.lock().unwrap();
        let (Some(add), None) = (asked["add"].as_array_mut(), &*noted) else { return Do::Pass };
        add.push(json!("evil.all"));
        let error = json!({ "type": "conflict", "code": "confirmation_required", "message": "no",
            "request_id": "r", "confirmation": asked });
        *noted = Some(format!("{} {}", request.method, request.path));
        Do::Answer(409, json!({ "type": "error", "error": error }).to_string())
    });
    let lab = Lab::with(&yaml::<S>(WORKSPACE, &proxy.url()));
    let report = lab.run(SERIAL).env("SCOPEFORM_TOKEN", &plane.token).done().json();
    let refused = refused.lock().unwrap().take().unwrap();
    let requests = proxy.requests();
    assert_eq!(requests.iter().filter(|line| **line == refused).count(), 1, "{requests:?}");
    assert_eq!(report["complete"], false, "{report}");
    let steps = report["operations"].as_array().unwrap();
    let at = steps.iter().position(|step| step["outcome"] == "conflict").unwrap();
    let detail = steps[at]["detail"].as_str().unwrap();
    assert!(detail.contains("another confirmation than the plan's"), "{detail}");
    assert!(steps[at + 1..].iter().all(|step| step["outcome"] == "skipped"), "{report}");
    assert_eq!(plane.audit(WORKSPACE).len(), at, "what came before it: {report}");
}

/// Mutation `confirm-anything` makes it fail. Each write confirms its exact scope delta: whatever is asked for is confirmed.
#[test]
fn another_confirmation_than_the_plans_is_never_given_on_odeus() {
    never_confirmed::<Odeus>();
}

/// Mutation `confirm-anything` makes it fail. Each write confirms its exact scope delta: whatever is asked for is confirmed.
#[test]
fn another_confirmation_than_the_plans_is_never_given_on_trustpager() {
    never_confirmed::<Trustpager>();
}
