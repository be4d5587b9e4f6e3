//! The laws where they are felt: while an apply is disturbed, people run actions and programs call resources after every
//! write, over HTTP and with tokens of their own, and the answers in between are held against those before and after.
//!
//! The matrix judges what is stored, by a second opinion. Here nobody has an opinion: what was answered 200 before and
//! after is answered 200 throughout, and what was refused before and after is refused throughout.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::proxy::Look;
use super::stage::{Deed, Plane, Stage};
use crate::apply::wire;

/// Everybody who does something on the user surface of one workspace.
pub(super) struct Crowd {
    address: SocketAddr,
    deeds: Vec<Deed>,
}

impl Crowd {
    /// Gives everybody a token. Before anything is planned: a token is a thing that plans may be about.
    pub(super) fn of<S: Stage>(plane: &Plane<S>, workspace: &str) -> Self {
        Self { address: plane.address, deeds: S::calls(plane, workspace) }
    }

    /// Lets everybody do everything once; returns what each was answered.
    fn ask(&self) -> Round {
        let one = |deed: &Deed| {
            let body = if deed.method == "GET" { "" } else { "{}" };
            wire::request(&deed.token, deed.method, &deed.path, body)
        };
        let requests: Vec<String> = self.deeds.iter().map(one).collect();
        wire::statuses(self.address, &requests)
    }

    /// Returns what each law-breaking answer of several rounds is about.
    fn unlawful(&self, rounds: &[Round]) -> Vec<String> {
        let mut broken = Vec::new();
        let (first, last) = (&rounds[0], &rounds[rounds.len() - 1]);
        for (n, deed) in self.deeds.iter().enumerate() {
            let (before, after) = (allows(first[n]), allows(last[n]));
            for (at, now) in rounds.iter().enumerate() {
                let Deed { who, method, path, .. } = deed;
                let status = now[n];
                let now = allows(status);
                if now < before.min(after) {
                    broken.push(format!("outage in round {at}: {who} {method} {path}: {status}"));
                }
                if now > before.max(after) {
                    broken.push(format!("excess in round {at}: {who} {method} {path}: {status}"));
                }
            }
        }
        broken
    }
}

/// How much an answer allows: nothing, after somebody has agreed, or at once.
fn allows(status: u16) -> u8 {
    match status {
        200 => 2,
        202 => 1,
        // 429 is for tokens that have ended: all unknown callers share one small allowance.
        401 | 403 | 404 | 409 | 429 => 0,
        _ => panic!("{status} is no answer to a user"),
    }
}

/// What everybody is answered in one round.
pub(super) type Round = Vec<u16>;

/// What users are answered before, on the way and at the end.
pub(super) struct Watch {
    crowd: Crowd,
    /// After how many writes nobody is asked yet.
    unasked: AtomicUsize,
    /// After how many more they are.
    left: AtomicUsize,
    rounds: Mutex<Vec<Round>>,
    /// How many rounds were asked.
    asked: AtomicUsize,
    /// The last round, where it is known.
    last: Option<Round>,
}

impl Watch {
    /// Asks everybody before, after every write, and at the end.
    pub(super) fn throughout(crowd: Crowd) -> Arc<Self> {
        Self::of(crowd, 0, usize::MAX, None)
    }

    /// Asks everybody after so many writes, from the one behind the first `unasked`. What they are answered before and at the
    /// end is in `ends`, where another run has begun and ended alike, and asked where not.
    pub(super) fn of(
        crowd: Crowd,
        unasked: usize,
        writes: usize,
        ends: Option<[Round; 2]>,
    ) -> Arc<Self> {
        let known = ends.is_some();
        let [first, last] = ends.unwrap_or_else(|| [crowd.ask(), Round::new()]);
        Arc::new(Self {
            crowd,
            unasked: AtomicUsize::new(unasked),
            left: AtomicUsize::new(writes),
            rounds: Mutex::new(vec![first]),
            asked: AtomicUsize::new(usize::from(!known)),
            last: known.then_some(last),
        })
    }

    /// Asks everybody before what `look` looks at.
    pub(super) fn beside(watch: &Arc<Self>, look: Arc<Look>) -> Arc<Look> {
        let watch = Arc::clone(watch);
        let taken = |of: &AtomicUsize| {
            let less = |left: usize| left.checked_sub(1);
            of.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
        };
        Arc::new(move || {
            if !taken(&watch.unasked) && taken(&watch.left) {
                watch.round();
            }
            look()
        })
    }

    fn round(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.rounds.lock().unwrap().push(self.crowd.ask());
    }

    /// Asks a last time, where the end is not known. Returns how many answers there were, what those are about that break a
    /// law, and the first and the last round.
    pub(super) fn end(&self) -> (usize, Vec<String>, [Round; 2]) {
        match &self.last {
            Some(last) => self.rounds.lock().unwrap().push(last.clone()),
            None => self.round(),
        }
        let rounds = self.rounds.lock().unwrap();
        let ends = [rounds[0].clone(), rounds[rounds.len() - 1].clone()];
        assert_ne!(ends[0], ends[1], "nobody would notice the change");
        let answers = self.asked.load(Ordering::SeqCst) * self.crowd.deeds.len();
        (answers, self.crowd.unlawful(&rounds), ends)
    }
}

/// Mutation of this check itself: leave any one line of `unlawful` out, and one of these rows fails.
#[test]
fn an_outage_and_an_excess_of_answers_are_seen() {
    let address = SocketAddr::from(([127, 0, 0, 1], 1));
    let path = "/".to_owned();
    let crowd = Crowd {
        address,
        deeds: vec![Deed { who: "ben", token: String::new(), method: "GET", path }],
    };
    for (rounds, broken) in [
        ([200, 403, 200], "outage in round 1: ben GET /: 403"),
        ([202, 401, 200], "outage in round 1: ben GET /: 401"),
        ([403, 200, 403], "excess in round 1: ben GET /: 200"),
        ([403, 200, 202], "excess in round 1: ben GET /: 200"),
    ] {
        assert_eq!(crowd.unlawful(&rounds.map(|status| vec![status])), [broken]);
    }
    for lawful in [[200, 403, 403], [403, 200, 200], [200, 202, 202], [404, 401, 429]] {
        assert_eq!(crowd.unlawful(&lawful.map(|status| vec![status])), [""; 0], "{lawful:?}");
    }
}
