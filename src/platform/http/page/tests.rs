use proptest::prelude::*;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(30);

/// A day of 2025: times that look like those of a clock.
const fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(1_750_000_000_000 + milliseconds)
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What the next run reads of what this one wrote.
fn kept(page: &Page) -> Page {
    let (kept, damaged) = Page::read(page.text().as_bytes());
    assert_eq!((&kept, damaged), (page, 0));
    kept
}

#[test]
fn what_one_run_took_the_next_one_lacks() {
    let mut first = Page::default();
    let one = first.take(2, LIMIT, at(0)).unwrap();
    first.over(one, at(100));
    first.take(2, LIMIT, at(200)).unwrap();
    let mut second = kept(&first);
    // One is over and one in flight: the first place is free a minute after its request was over.
    assert_eq!(second.take(2, LIMIT, at(300)), Err(ms(100) + WINDOW - ms(300)));
    assert!(second.take(2, LIMIT, at(100) + WINDOW).is_ok());
    // A run that may send more finds more room, and one that may send less finds less.
    assert!(kept(&second).take(3, LIMIT, at(60_300)).is_ok());
    assert!(kept(&second).take(1, LIMIT, at(60_300)).is_err());
}

#[test]
fn a_place_that_nobody_gives_back_ends_by_itself() {
    let mut page = Page::default();
    page.take(1, LIMIT, at(0)).unwrap();
    let mut next = kept(&page);
    // As long as it may be in flight, it may be over at any moment, and counts a minute longer.
    assert_eq!(next.take(1, LIMIT, at(10_000)), Err(WINDOW));
    assert_eq!(next.take(1, LIMIT, at(85_000)), Err(ms(5_100)));
    assert!(next.take(1, LIMIT, at(90_100)).is_ok());
    assert_eq!(next.text().lines().count(), 1, "what is over goes");
}

#[test]
fn a_clock_that_is_set_back_holds_nobody_up_for_longer_than_a_request_counts() {
    let hour = 3_600_000;
    let mut page = Page::default();
    let over = page.take(2, LIMIT, at(hour)).unwrap();
    page.over(over, at(hour));
    page.take(2, LIMIT, at(hour)).unwrap();
    let mut next = kept(&page);
    assert_eq!(next.take(2, LIMIT, at(0)), Err(WINDOW));
    // The wait is kept with the page, so asking again does not begin it anew.
    let mut next = kept(&next);
    assert!(next.take(2, LIMIT, at(0) + WINDOW).is_ok());
    assert!(kept(&next).take(2, LIMIT, at(1) + WINDOW).is_err(), "one is still in flight");
    assert!(kept(&next).take(2, LIMIT, at(90_100)).is_ok());
}

#[test]
fn a_request_that_is_over_counts_even_where_its_line_has_gone() {
    let mut page = Page::default();
    let entry = page.take(1, LIMIT, at(0)).unwrap();
    let mut cleared = Page::default();
    cleared.over(entry, at(1_000));
    assert_eq!(cleared.take(1, LIMIT, at(1_000)), Err(WINDOW));
}

#[test]
fn what_nobody_wrote_does_not_count() {
    let good = "0001750000000000 0001750000060100\n";
    let (page, damaged) = Page::read(good.as_bytes());
    assert_eq!((page.text().as_str(), damaged), (good, 0));
    assert_eq!(Page::read(b""), (Page::default(), 0));
    for bad in [
        "\n",
        "0001750000000000 0001750000060100",
        "1750000000000 1750000060100\n",
        "0001750000060100 0001750000000000\n",
        "0001750000000000 0001750099999999\n",
        "+001750000000000 0001750000060100\n",
        "0001750000000000 0001750000060100 \n",
        "0001750000000000\t0001750000060100\n",
        "0001750000000000 0001750000060100\r\n",
    ] {
        assert_eq!(Page::read(bad.as_bytes()), (Page::default(), 1), "{bad:?}");
        let (page, damaged) = Page::read(format!("{good}{bad}").as_bytes());
        assert_eq!((page.text().as_str(), damaged), (good, 1), "{bad:?}");
    }
    let (page, damaged) = Page::read(b"\xff\xfe\n\0\0\0\0");
    assert_eq!((page, damaged), (Page::default(), 2));
}

#[test]
fn a_page_takes_no_more_than_it_may() {
    let line = "0001750000000000 0001750000060100\n";
    assert_eq!(line.len(), LINE);
    let (mut full, damaged) = Page::read(line.repeat(MOST).as_bytes());
    assert_eq!(damaged, 0);
    assert!(full.take(usize::MAX, LIMIT, at(0)).is_err());
    let (mut other, _) = Page::read(line.as_bytes());
    let entry = other.take(2, LIMIT, at(5)).unwrap();
    full.over(entry, at(6));
    assert_eq!(full.text().len(), LARGEST);
}

/// A request: of which run, how long after the one before somebody wants it, how long it travels, how long until it is
/// over, and whether its run is killed meanwhile.
type Want = (usize, u64, u64, u64, bool);

/// When a request arrived, and which budget its run has.
#[derive(Debug, Clone, Copy)]
struct Went {
    most: usize,
    sent: Duration,
    arrived: Duration,
    over: Duration,
}

/// Plays a day of several runs with one file: everybody who was told to wait asks again exactly then.
fn play(budgets: &[usize], wants: &[Want]) -> Vec<Went> {
    let mut file = String::new();
    let mut due: Vec<(Duration, usize)> = Vec::new();
    let mut later = Duration::ZERO;
    for (n, want) in wants.iter().enumerate() {
        later += ms(want.1);
        due.push((at(0) + later, n));
    }
    let mut flying: Vec<(Duration, Entry)> = Vec::new();
    let mut went = Vec::new();
    while let Some(next) = (0..due.len()).min_by_key(|n| due[*n]) {
        let (now, n) = due[next];
        let (mut page, damaged) = Page::read(file.as_bytes());
        assert_eq!(damaged, 0);
        flying.sort_by_key(|(over, _)| *over);
        while flying.first().is_some_and(|(over, _)| *over <= now) {
            let (over, entry) = flying.remove(0);
            page.over(entry, over);
        }
        let (run, _, travels, answers, killed) = wants[n];
        let most = budgets[run % budgets.len()];
        let taken = page.take(most, LIMIT, now);
        file = page.text();
        match taken {
            Err(wait) => {
                assert!(wait > Duration::ZERO && wait <= WINDOW);
                due[next].0 = now + wait;
            }
            Ok(entry) => {
                due.remove(next);
                let arrived = now + ms(travels);
                let over = arrived + ms(answers);
                if !killed {
                    flying.push((over, entry));
                }
                went.push(Went { most, sent: now, arrived, over });
            }
        }
    }
    let largest = budgets.iter().max().copied().unwrap_or_default();
    assert!(file.lines().count() <= largest, "{file}");
    went
}

proptest! {
    /// The model is the platform's: it counts what arrives, whoever sent it.
    #[test]
    fn runs_that_share_a_book_never_send_more_than_the_budget_in_any_minute(
        most in 1_usize..8,
        runs in 1_usize..4,
        wants in proptest::collection::vec(
            (0_usize..4, 0_u64..30_000, 0_u64..15_000, 0_u64..15_000, any::<bool>()),
            1..60,
        ),
    ) {
        let went = play(&vec![most; runs], &wants);
        prop_assert_eq!(went.len(), wants.len());
        for field in [|w: &Went| w.sent, |w: &Went| w.arrived, |w: &Went| w.over] {
            let mut times: Vec<Duration> = went.iter().map(field).collect();
            times.sort();
            for window in times.windows(most + 1) {
                prop_assert!(window[most] - window[0] >= MINUTE, "{window:?}");
            }
        }
    }

    /// Whoever has the smaller budget sends nothing while the others have taken as much.
    #[test]
    fn a_run_respects_what_runs_with_another_budget_sent(
        budgets in proptest::collection::vec(1_usize..8, 2..4),
        wants in proptest::collection::vec(
            (0_usize..4, 0_u64..30_000, 0_u64..15_000, 0_u64..15_000, any::<bool>()),
            1..60,
        ),
    ) {
        let went = play(&budgets, &wants);
        for (n, one) in went.iter().enumerate() {
            let before = went[..n].iter().filter(|other| other.over + MINUTE > one.sent).count();
            prop_assert!(before < one.most, "{one:?} after {before}");
        }
    }

    #[test]
    fn whatever_is_in_the_file_it_is_read_and_holds_nobody_up_for_ever(
        mut lines in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                (0_u64..9_999_999_999_999_999, 0_u64..90_000_000)
                    .prop_map(|(since, long)| format!("{since:016} {:016}\n", since + long).into_bytes()),
            ],
            0..20,
        ),
        most in 1_usize..8,
    ) {
        lines.push(Vec::new());
        let (mut page, _) = Page::read(&lines.concat());
        let mut now = at(0);
        let mut asked = 0;
        while let Err(wait) = page.take(most, LIMIT, now) {
            now += wait;
            asked += 1;
            prop_assert!(asked < 3_000, "{}", page.text());
        }
        prop_assert!(now <= at(0) + LONGEST + WINDOW);
    }
}
