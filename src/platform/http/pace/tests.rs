use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn pacer(per_minute: u32) -> Pacer {
    Pacer::new(NonZeroU32::new(per_minute).unwrap())
}

/// Lets a request go and returns zero, or how long to wait.
fn ask(pacer: &mut Pacer, now: Duration) -> Duration {
    let wait = pacer.wait(now);
    if wait.is_zero() {
        pacer.begin();
    }
    wait
}

#[test]
fn the_third_of_two_waits_until_the_first_is_a_minute_old() {
    let mut pacer = pacer(2);
    assert_eq!(ask(&mut pacer, ms(0)), ms(0));
    pacer.over(ms(10));
    assert_eq!(ask(&mut pacer, ms(20)), ms(0));
    // One is over, one in flight.
    assert_eq!(ask(&mut pacer, ms(30)), ms(10) + WINDOW - ms(30));
    pacer.over(ms(5_000));
    assert_eq!(ask(&mut pacer, ms(60_000)), ms(110));
    assert_eq!(ask(&mut pacer, ms(60_110)), ms(0));
    assert_eq!(ask(&mut pacer, ms(60_110)), ms(4_990));
}

#[test]
fn requests_in_flight_count() {
    let mut pacer = pacer(1);
    assert_eq!(ask(&mut pacer, ms(0)), ms(0));
    assert_eq!(ask(&mut pacer, ms(100_000)), WINDOW, "it may arrive at any moment");
    pacer.over(ms(100_000));
    assert_eq!(ask(&mut pacer, ms(100_001)), WINDOW - ms(1));
}

/// A request: how long after the one before it somebody wants it, how long it travels, how long until it is over.
type Want = (u64, u64, u64);

/// One request as it went: asked for, sent, arrived, over.
#[derive(Debug, Clone, Copy)]
struct Went {
    asked: Duration,
    sent: Duration,
    arrived: Duration,
    over: Duration,
}

/// Plays a day: everybody who was told to wait asks again exactly then.
fn play(per_minute: u32, wants: &[Want]) -> Vec<Went> {
    let mut pacer = pacer(per_minute);
    let mut due: Vec<(Duration, usize)> = Vec::new();
    let mut at = Duration::ZERO;
    for (n, (later, _, _)) in wants.iter().enumerate() {
        at += ms(*later);
        due.push((at, n));
    }
    let asked: Vec<Duration> = due.iter().map(|(at, _)| *at).collect();
    let mut flying: Vec<Duration> = Vec::new();
    let mut went = Vec::new();
    while let Some(next) = (0..due.len()).min_by_key(|n| due[*n]) {
        let (now, n) = due[next];
        flying.sort();
        while flying.first().is_some_and(|over| *over <= now) {
            pacer.over(flying.remove(0));
        }
        let wait = ask(&mut pacer, now);
        if !wait.is_zero() {
            due[next].0 = now + wait;
            continue;
        }
        due.remove(next);
        let (_, travels, answers) = wants[n];
        let arrived = now + ms(travels);
        let over = arrived + ms(answers);
        flying.push(over);
        went.push(Went { asked: asked[n], sent: now, arrived, over });
    }
    went
}

/// The embedded control plane's limit: a bucket that time refills.
fn refused_by_a_bucket(per_minute: u32, went: &[Went]) -> usize {
    let mut arrivals: Vec<Duration> = went.iter().map(|one| one.arrived).collect();
    arrivals.sort();
    let full = f64::from(per_minute);
    let (mut level, mut at, mut refused) = (full, Duration::ZERO, 0);
    for now in arrivals {
        level = (level + (now - at).as_secs_f64() * full / 60.0).min(full);
        at = now;
        if level >= 1.0 {
            level -= 1.0;
        } else {
            refused += 1;
        }
    }
    refused
}

proptest! {
    #[test]
    fn never_more_than_the_budget_in_any_minute_wherever_it_is_counted(
        per_minute in 1_u32..8,
        wants in proptest::collection::vec((0_u64..30_000, 0_u64..20_000, 0_u64..20_000), 1..60),
    ) {
        let went = play(per_minute, &wants);
        prop_assert_eq!(went.len(), wants.len(), "somebody waits for ever");
        for field in [|w: &Went| w.sent, |w: &Went| w.arrived, |w: &Went| w.over] {
            let mut times: Vec<Duration> = went.iter().map(field).collect();
            times.sort();
            for window in times.windows(per_minute as usize + 1) {
                let (first, last) = (window[0], window[per_minute as usize]);
                prop_assert!(last - first >= MINUTE, "{window:?}");
            }
        }
        prop_assert_eq!(refused_by_a_bucket(per_minute, &went), 0);
    }

    #[test]
    fn nobody_waits_while_the_budget_lasts(
        per_minute in 1_u32..8,
        wants in proptest::collection::vec((0_u64..30_000, 0_u64..5_000, 0_u64..5_000), 1..40),
    ) {
        let went = play(per_minute, &wants);
        for one in went.iter().filter(|one| one.sent > one.asked) {
            // Just before it went, all places were taken: by requests that were out, or over for less than the window.
            let before = one.sent - Duration::from_nanos(1);
            let taken = went
                .iter()
                .filter(|other| other.sent <= before && other.over + WINDOW > before)
                .count();
            prop_assert!(taken >= per_minute as usize, "{one:?} waited for nothing");
        }
    }
}
