use proptest::prelude::*;

use super::*;

const FIRST: Duration = Duration::from_millis(200);

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn limited(retry_after: Option<u64>) -> ProviderError {
    ProviderError::RateLimited { retry_after: retry_after.map(Duration::from_secs) }
}

fn server(status: u16, retry_after: Option<u64>) -> ProviderError {
    let retry_after = retry_after.map(Duration::from_secs);
    ProviderError::Server { status, path: "/x".to_owned(), retry_after }
}

fn no_answer() -> ProviderError {
    ProviderError::NoAnswer { path: "/x".to_owned(), reason: String::new(), timed_out: false }
}

fn unreachable() -> ProviderError {
    ProviderError::Unreachable { endpoint: String::new(), reason: String::new() }
}

fn finals() -> Vec<ProviderError> {
    let (path, message) = (|| "/x".to_owned(), String::new);
    vec![
        ProviderError::Unauthorized { message: message() },
        ProviderError::Forbidden { message: message() },
        ProviderError::NotFound { path: path(), message: message() },
        ProviderError::PreconditionFailed { path: path() },
        ProviderError::ConfirmationRequired {
            path: path(),
            delta: Default::default(),
            accept_missing: Default::default(),
        },
        ProviderError::Refused { status: 422, message: message() },
        ProviderError::Protocol { path: path(), expected: String::new(), got: String::new() },
    ]
}

fn failed(error: &ProviderError, repeat: Repeat) -> Failed<'_> {
    Failed { before: 0, repeat, error, reached: true }
}

/// With the smallest and the largest random number, after `before` failures and with a minute left.
fn bounds(error: &ProviderError, repeat: Repeat, before: u32) -> Option<(Duration, Duration)> {
    let failed = Failed { before, ..failed(error, repeat) };
    let at = |random| wait(failed, FIRST, ms(60_000), random);
    Some((at(0)?, at(u64::MAX)?))
}

#[test]
fn what_is_sent_again_and_when() {
    use Repeat::{Read, Write};
    let rows = [
        (limited(None), Read, 0, Some((100, 200))),
        (limited(None), Write, 0, Some((100, 200))),
        (limited(None), Read, 1, Some((200, 400))),
        (limited(None), Read, 3, Some((800, 1_600))),
        (limited(None), Read, 4, Some((1_600, 2_600))),
        (limited(None), Read, 99, Some((2_500, 3_500))),
        (limited(Some(3)), Read, 0, Some((3_000, 3_100))),
        (limited(Some(3)), Write, 0, Some((3_000, 3_100))),
        (limited(Some(3)), Write, 9, Some((3_000, 4_000))),
        (limited(Some(0)), Write, 0, Some((100, 200))),
        (limited(Some(60)), Write, 0, None),
        (server(500, None), Read, 0, Some((100, 200))),
        (server(503, Some(7)), Read, 0, Some((7_000, 7_100))),
        (server(503, Some(7)), Write, 0, None),
        (server(500, None), Write, 0, None),
        (no_answer(), Read, 0, Some((100, 200))),
        (no_answer(), Write, 0, None),
        (unreachable(), Read, 0, Some((100, 200))),
        (unreachable(), Write, 0, Some((100, 200))),
    ];
    for (error, repeat, before, expected) in rows {
        // The largest random number is just below one: round what it gives up to the millisecond.
        let up = |d: Duration| u64::try_from(d.as_nanos().div_ceil(1_000_000)).unwrap();
        let got = bounds(&error, repeat, before).map(|(least, most)| (up(least), up(most)));
        assert_eq!(got, expected, "{repeat:?} after {before}: {error}");
    }
    for error in finals() {
        for repeat in [Read, Write] {
            assert_eq!(wait(failed(&error, repeat), FIRST, ms(60_000), 0), None, "{error}");
        }
    }
}

#[test]
fn an_endpoint_that_never_answered_is_not_waited_for() {
    let error = unreachable();
    for repeat in [Repeat::Read, Repeat::Write] {
        let failed = Failed { reached: false, ..failed(&error, repeat) };
        assert_eq!(wait(failed, FIRST, ms(60_000), 0), None);
    }
}

fn errors() -> impl Strategy<Value = ProviderError> {
    prop_oneof![
        proptest::option::of(0_u64..40).prop_map(limited),
        (500_u16..600, proptest::option::of(0_u64..40)).prop_map(|(s, after)| server(s, after)),
        Just(()).prop_map(|()| no_answer()),
        Just(()).prop_map(|()| unreachable()),
        (0_usize..7).prop_map(|n| finals().swap_remove(n)),
    ]
}

proptest! {
    #[test]
    fn never_before_it_was_asked_never_past_the_end_and_never_far_from_the_pause(
        error in errors(),
        read in any::<bool>(),
        reached in any::<bool>(),
        before in 0_u32..100,
        first in 0_u64..10_000,
        left in 0_u64..60_000,
        random in any::<u64>(),
    ) {
        let repeat = if read { Repeat::Read } else { Repeat::Write };
        let (first, left) = (ms(first), ms(left));
        let failed = Failed { before, repeat, error: &error, reached };
        let Some(waited) = wait(failed, first, left, random) else { return Ok(()) };
        prop_assert!(waited < left);
        let asked = match &error {
            ProviderError::RateLimited { retry_after } => *retry_after,
            ProviderError::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
        .unwrap_or_default();
        prop_assert!(waited >= asked);
        // Doubled one by one, so that the shift is not checked by itself.
        let mut most = first.min(LONGEST);
        for _ in 0..before {
            most = (most * 2).min(LONGEST);
        }
        prop_assert!(waited >= most / 2);
        prop_assert!(waited <= asked.max(most / 2) + (most / 2).min(SPREAD));
        if repeat == Repeat::Write {
            let untouched = matches!(
                &error,
                ProviderError::RateLimited { .. } | ProviderError::Unreachable { .. }
            );
            prop_assert!(untouched, "a write that may have been done is sent again: {error}");
        }
    }

    #[test]
    fn a_repeatable_failure_is_given_up_only_for_lack_of_time(
        after in proptest::option::of(0_u64..40),
        before in 0_u32..100,
        random in any::<u64>(),
    ) {
        let error = limited(after);
        let failed = Failed { before, ..failed(&error, Repeat::Write) };
        // The longest wait is what was asked for or half the longest pause; there is time for both.
        prop_assert!(wait(failed, FIRST, ms(40_001), random).is_some());
    }

    #[test]
    fn calls_that_failed_together_do_not_come_back_together(seeds in proptest::collection::btree_set(any::<u64>(), 20)) {
        let error = limited(Some(2));
        let waits: std::collections::BTreeSet<_> =
            seeds.iter().map(|seed| wait(failed(&error, Repeat::Write), FIRST, ms(60_000), *seed)).collect();
        prop_assert!(waits.len() > 10, "{waits:?}");
    }
}
