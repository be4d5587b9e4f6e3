//! A toy platform: things that reach some letters, and scopes by name.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::search::CONFLICTING;
use super::*;
use crate::model::{Address, Effect, Scope, ScopeDelta};
use crate::plan::laws::Moved;

/// Who a thing reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Letters(BTreeSet<char>);

impl Reach for Letters {
    fn nothing() -> Self {
        Self(BTreeSet::new())
    }

    fn within(&self, other: &Self) -> bool {
        self.0.is_subset(&other.0)
    }

    fn meet(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    fn join(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Op {
    /// The gate that everybody passes.
    Gate(&'static str),
    /// One thing's own gate.
    Own(&'static str, &'static str),
    /// The thing is there no more.
    End(&'static str),
    Add(&'static str),
    Drop(&'static str),
    /// Refused unless this scope is there.
    Needs(&'static str),
}

/// A thing reaches whom both gates let through.
#[derive(Debug, Clone, Default)]
struct Toy {
    gate: &'static str,
    own: BTreeMap<&'static str, &'static str>,
    scopes: BTreeSet<&'static str>,
    locked: BTreeSet<&'static str>,
    /// Steps that this machine and its copies were asked to make.
    asked: Rc<Cell<usize>>,
}

impl Toy {
    fn new(gate: &'static str, own: &[(&'static str, &'static str)]) -> Self {
        Self { gate, own: own.iter().copied().collect(), ..Self::default() }
    }

    fn with_scopes(scopes: &[&'static str], locked: &[&'static str]) -> Self {
        let (scopes, locked) = (scopes.iter().copied(), locked.iter().copied());
        Self { scopes: scopes.collect(), locked: locked.collect(), ..Self::default() }
    }

    fn reach(&self) -> BTreeMap<Address, Letters> {
        let through = |own: &str| own.chars().filter(|c| self.gate.contains(*c)).collect();
        let own = self.own.iter();
        own.map(|(name, own)| (Address::of(&[name]), Letters(through(own)))).collect()
    }

    fn scopes(&self) -> ScopeSet {
        self.scopes.iter().map(|text| Scope::try_from(*text).unwrap()).collect()
    }
}

impl Machine for Toy {
    type Operation = Op;
    type Reach = Letters;
    type Rejected = String;

    fn step(&mut self, operation: &Op) -> Result<Step<Letters>, String> {
        self.asked.set(self.asked.get() + 1);
        let (reach, scopes) = (self.reach(), self.scopes());
        match operation {
            Op::Gate(gate) => self.gate = gate,
            Op::Own(name, own) => {
                self.own.insert(name, own);
            }
            Op::End(name) => {
                self.own.remove(name);
            }
            Op::Add(scope) => {
                self.scopes.insert(scope);
            }
            Op::Drop(scope) => {
                self.scopes.remove(scope);
            }
            Op::Needs(scope) if !self.scopes.contains(scope) => {
                return Err(format!("{scope} is not there"));
            }
            Op::Needs(_) => {}
        }
        let now = self.reach();
        let addresses: BTreeSet<&Address> = reach.keys().chain(now.keys()).collect();
        let moved = addresses.into_iter().filter_map(|address| {
            let of = |all: &BTreeMap<Address, Letters>| {
                all.get(address).cloned().unwrap_or_else(Letters::nothing)
            };
            let (before, after) = (of(&reach), of(&now));
            (before != after).then(|| Moved { address: address.clone(), before, after })
        });
        let delta = ScopeDelta::between(&scopes, &self.scopes());
        let locked = |scope: &&Scope| self.locked.contains(scope.as_str());
        Ok(Step {
            moved: moved.collect(),
            locked_dropped: delta.remove.iter().filter(locked).cloned().collect(),
            effect: Effect { scopes: delta, ..Effect::default() },
        })
    }

    fn field(&self, operation: &Op) -> Address {
        match operation {
            Op::Gate(_) => Address::of(&["gate"]),
            Op::Own(name, _) | Op::End(name) => Address::of(&["own", name]),
            Op::Add(scope) | Op::Drop(scope) => Address::of(&["scope", scope]),
            Op::Needs(scope) => Address::of(&["needs", scope]),
        }
    }

    fn before(&self, _: &Self::Operation) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn facts(&self) -> Facts<Letters> {
        Facts { scopes: self.scopes(), reach: self.reach() }
    }
}

fn taken(ordered: &Ordered<Toy>) -> Vec<Op> {
    ordered.steps.iter().map(|taken| taken.operation.clone()).collect()
}

use super::super::laws::Facts;
use crate::model::ScopeSet;

#[test]
fn the_first_lawful_order_is_taken() {
    // The gate widens, the thing narrows: narrowing first lets nobody in meanwhile.
    let start = Toy::new("a", &[("x", "ab")]);
    let (gate, own) = (Op::Gate("ab"), Op::Own("x", "a"));
    let bad = vec![gate.clone(), own.clone()];
    let good = vec![own, gate];
    let ordered = order(&start, &[bad.clone(), good.clone()], Tolerance::Nothing).unwrap();
    assert_eq!(taken(&ordered), good);
    assert!(ordered.window.is_empty());
    // Not among the proposals: found by search, as the set is small.
    let ordered = order(&start, &[bad], Tolerance::Nothing).unwrap();
    assert_eq!(taken(&ordered), good);
    assert!(ordered.window.is_empty());
    assert_eq!(ordered.end.gate, "ab");
}

#[test]
fn two_lawful_orders_are_taken_in_the_order_proposed() {
    let start = Toy::new("ab", &[("x", "a"), ("y", "a")]);
    let (x, y) = (Op::Own("x", "ab"), Op::Own("y", "ab"));
    let orders = [vec![y.clone(), x.clone()], vec![x, y]];
    let ordered = order(&start, &orders, Tolerance::Nothing).unwrap();
    assert_eq!(taken(&ordered), orders[0]);
}

#[test]
fn nothing_to_do_is_lawful() {
    let start = Toy::new("a", &[("x", "a")]);
    for orders in [&[][..], &[Vec::new()][..]] {
        let ordered = order(&start, orders, Tolerance::Nothing).unwrap();
        assert!(ordered.steps.is_empty() && ordered.window.is_empty() && ordered.tolerated);
    }
}

/// Both lists trade a letter: whichever moves first, somebody gets through who does neither before nor after.
fn swap() -> (Toy, Vec<Vec<Op>>) {
    let (gate, own) = (Op::Gate("ac"), Op::Own("x", "ab"));
    (Toy::new("ab", &[("x", "ac")]), vec![vec![gate.clone(), own.clone()], vec![own, gate]])
}

#[test]
fn a_genuine_swap_names_its_window_and_tolerance_decides() {
    let (start, orders) = swap();
    let x = Address::of(&["x"]);
    for (tolerance, tolerated) in
        [(Tolerance::Nothing, false), (Tolerance::Outage, false), (Tolerance::Excess, true)]
    {
        let ordered = order(&start, &orders, tolerance).unwrap();
        assert_eq!(ordered.window, [Violation::ExcessUse(x.clone())], "{tolerance:?}");
        assert_eq!(ordered.tolerated, tolerated, "{tolerance:?}");
    }
}

#[test]
fn among_windows_the_tolerated_one_is_taken() {
    // A list that loses and gains: widening first is an excess of a scope, dropping first is churn.
    let start = Toy::with_scopes(&["s"], &[]);
    let churn = vec![Op::Drop("s"), Op::Add("s")];
    let excess = vec![Op::Add("t"), Op::Drop("t")];
    let scope = |text| Scope::try_from(text).unwrap();
    let orders = [churn.clone(), excess.clone()];
    for (tolerance, taken_order, window) in [
        (Tolerance::Outage, &churn, Violation::Churn(scope("s"))),
        (Tolerance::Excess, &excess, Violation::ExcessScope(scope("t"))),
    ] {
        let ordered = order(&start, &orders, tolerance).unwrap();
        assert_eq!(ordered.window, [window], "{tolerance:?}");
        assert!(ordered.tolerated);
        // Permutations of the first that stay lawful are taken before any window is.
        assert_eq!(&taken(&ordered), taken_order);
    }
}

#[test]
fn a_locked_scope_is_never_tolerated() {
    let start = Toy::with_scopes(&["n"], &["n"]);
    for tolerance in [Tolerance::Nothing, Tolerance::Outage, Tolerance::Excess] {
        let ordered = order(&start, &[vec![Op::Drop("n")]], tolerance).unwrap();
        assert_eq!(ordered.window, [Violation::LockedScope(Scope::try_from("n").unwrap())]);
        assert!(!ordered.tolerated, "{tolerance:?}");
    }
}

#[test]
fn outage_is_found_and_named() {
    // The thing moves from one letter to another through nobody, although `a` has it before and after.
    let start = Toy::new("ab", &[("x", "a")]);
    let ordered =
        order(&start, &[vec![Op::Own("x", ""), Op::Own("x", "ab")]], Tolerance::Outage).unwrap();
    // The search finds no other end: turned round, the thing ends at nobody.
    assert_eq!(ordered.window, [Violation::Outage(Address::of(&["x"]))]);
    assert!(ordered.tolerated);
}

#[test]
fn what_ends_does_not_reach_further_first() {
    // The gate opens to `b` for `y`; `x` ends, and until then what opens the gate opens `x` too.
    let start = Toy::new("a", &[("x", "ab"), ("y", "ab")]);
    let (gate, end) = (Op::Gate("ab"), Op::End("x"));
    let (bad, good) = ([gate.clone(), end.clone()], vec![end, gate]);
    let window = as_given(&start, &bad).unwrap().window;
    assert_eq!(window, [Violation::ExcessUse(Address::of(&["x"]))]);
    assert_eq!(as_given(&start, &good).unwrap().window, []);
    let ordered = order(&start, &[bad.to_vec()], Tolerance::Nothing).unwrap();
    assert_eq!((taken(&ordered), ordered.window), (good, vec![]));
}

#[test]
fn what_begins_does_not_reach_further_first() {
    let start = Toy::new("ab", &[]);
    let window = as_given(&start, &[Op::Own("x", "ab"), Op::Own("x", "a")]).unwrap().window;
    assert_eq!(window, [Violation::ExcessUse(Address::of(&["x"]))]);
    // What neither is nor will be there is open to nobody in between, and misses nothing when it goes.
    let window = as_given(&start, &[Op::Own("x", "a"), Op::End("x")]).unwrap().window;
    assert_eq!(window, [Violation::ExcessUse(Address::of(&["x"]))]);
    let began = [Op::Own("x", ""), Op::Own("x", "a"), Op::Own("x", "ab")];
    assert_eq!(as_given(&start, &began).unwrap().window, []);
}

#[test]
fn a_refusal_counts_only_when_every_order_is_refused() {
    let start = Toy::with_scopes(&[], &[]);
    let refused = vec![Op::Needs("s"), Op::Add("s")];
    let fine = vec![Op::Add("s"), Op::Needs("s")];
    let ordered = order(&start, &[refused.clone(), fine.clone()], Tolerance::Nothing).unwrap();
    assert_eq!(taken(&ordered), fine);
    let error = order(&start, &[refused, vec![Op::Needs("t")]], Tolerance::Nothing).err();
    assert_eq!(error.as_deref(), Some("s is not there"), "the first refusal is told");
}

const NAMES: [&str; 13] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"];

/// Names that live as long as the tests do.
fn many(most: usize) -> Vec<&'static str> {
    (0..most).map(|n| &*format!("y{n}").leak()).collect()
}

/// The gate widens while so many things narrow to what it was: it must go last, and is proposed first.
fn gate_too_early(things: usize, others: &[&'static str]) -> (Toy, Vec<Op>) {
    let things = &NAMES[..things];
    let own: Vec<(&str, &str)> =
        things.iter().map(|x| (*x, "ab")).chain(others.iter().map(|y| (*y, ""))).collect();
    let mut bad = vec![Op::Gate("ab")];
    bad.extend(things.iter().map(|x| Op::Own(x, "a")));
    bad.extend(others.iter().map(|y| Op::Own(y, "a")));
    (Toy::new("a", &own), bad)
}

#[test]
fn an_order_that_only_the_search_finds_is_found_among_more_than_seven_conflicting_writes() {
    for things in [8, CONFLICTING - 1] {
        let (start, bad) = gate_too_early(things, &[]);
        let ordered = order(&start, std::slice::from_ref(&bad), Tolerance::Nothing).unwrap();
        assert!(ordered.window.is_empty(), "{things}: {:?}", ordered.window);
        let mut good = bad.clone();
        good.rotate_left(1);
        assert_eq!(taken(&ordered), good);
        // Two folds of the whole, and the search itself.
        assert!(start.asked.get() < 2_000, "{things} took {} steps", start.asked.get());
    }
}

#[test]
fn only_what_conflicts_changes_places_in_a_unit_of_two_hundred() {
    let others = many(190);
    let (start, bad) = gate_too_early(9, &others);
    let ordered = order(&start, std::slice::from_ref(&bad), Tolerance::Nothing).unwrap();
    assert!(ordered.window.is_empty(), "{:?}", ordered.window);
    let mut good = bad[1..10].to_vec();
    good.push(bad[0].clone());
    good.extend_from_slice(&bad[10..]);
    assert_eq!(taken(&ordered), good);
    assert!(start.asked.get() < 4 * bad.len(), "{} steps", start.asked.get());
}

#[test]
fn a_genuine_swap_in_a_unit_of_two_hundred_is_named_and_not_called_unsearched() {
    let others = many(198);
    let (gate, own) = (Op::Gate("ac"), Op::Own("x", "ab"));
    let mut things = vec![("x", "ac")];
    things.extend(others.iter().map(|y| (*y, "")));
    let start = Toy::new("ab", &things);
    let rest: Vec<Op> = others.iter().map(|y| Op::Own(y, "a")).collect();
    let orders = [
        [std::slice::from_ref(&gate), &rest[..], std::slice::from_ref(&own)].concat(),
        [&rest[..], &[own.clone(), gate.clone()]].concat(),
    ];
    let ordered = order(&start, &orders, Tolerance::Nothing).unwrap();
    assert_eq!(ordered.window, [Violation::ExcessUse(Address::of(&["x"]))]);
    assert!(!ordered.tolerated && ordered.unsearched.is_none());
    assert_eq!(taken(&ordered), orders[0], "the first of equal windows");
    assert!(start.asked.get() < 4 * 200, "{} steps", start.asked.get());
}

#[test]
fn a_lawful_order_costs_one_step_for_each_write() {
    let others = many(5_000);
    let things: Vec<(&str, &str)> = others.iter().map(|y| (*y, "")).collect();
    // One thing at a time, so that the toy is as fast as its steps are many.
    let orders: Vec<Vec<Op>> =
        vec![others.iter().map(|_| Op::Own("y0", "a")).collect(), vec![Op::Gate("b")]];
    let start = Toy::new("a", &things[..1]);
    let ordered = order(&start, &orders, Tolerance::Nothing).unwrap();
    assert_eq!((ordered.steps.len(), start.asked.get()), (5_000, 5_000));
}

#[test]
fn more_conflicting_writes_than_are_searched_block_and_say_so() {
    let (start, bad) = gate_too_early(CONFLICTING, &[]);
    let ordered = order(&start, &[bad], Tolerance::Nothing).unwrap();
    assert!(!ordered.window.is_empty() && !ordered.tolerated);
    assert_eq!(ordered.unsearched, Some(CONFLICTING + 1));
}

#[test]
fn what_the_search_meets_on_its_way_joins_the_conflict() {
    // `x` alone is in the window. Turned round it waits for the gate, and the gate may only open once `z` has narrowed,
    // which stands last and is innocent where it stands.
    let start = Toy::new("a", &[("x", "ab"), ("z", "a")]);
    let bad = vec![Op::Own("z", "ab"), Op::Gate("ab"), Op::Own("x", "a"), Op::Own("z", "a")];
    let ordered = order(&start, std::slice::from_ref(&bad), Tolerance::Nothing).unwrap();
    // `z` ends as it began, and is open to `b` only while the gate keeps `b` out.
    assert!(ordered.window.is_empty(), "{:?}", ordered.window);
    let place = |op: &Op| taken(&ordered).iter().position(|taken| taken == op).unwrap();
    assert!(place(&bad[2]) < place(&bad[1]) && place(&bad[3]) < place(&bad[1]));
    assert!(place(&bad[0]) < place(&bad[3]), "two writes of one field never change places");
}
