//! The same pure work on many independent things, spread over the processor's cores.
//!
//! Only time depends on how many cores there are: results come back in the order of the things, so a plan's bytes are
//! the same on any machine.

use std::num::NonZero;
use std::thread;

/// Fewer things than this are not worth a thread.
const WORTH_A_THREAD: usize = 32;

/// Returns `work` of every one of `things`, in their order.
pub(crate) fn spread<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = cores.min(things.len() / WORTH_A_THREAD);
    if parts < 2 {
        return things.into_iter().map(work).collect();
    }
    let size = things.len().div_ceil(parts);
    let mut rest = things;
    let mut chunks = Vec::with_capacity(parts);
    while rest.len() > size {
        let tail = rest.split_off(size);
        chunks.push(std::mem::replace(&mut rest, tail));
    }
    let work = &work;
    thread::scope(|scope| {
        let others: Vec<_> = chunks
            .into_iter()
            .map(|chunk| scope.spawn(move || chunk.into_iter().map(work).collect::<Vec<R>>()))
            .collect();
        let last: Vec<R> = rest.into_iter().map(work).collect();
        let mut results = Vec::new();
        for other in others {
            match other.join() {
                Ok(part) => results.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results.extend(last);
        results
    })
}

#[cfg(test)]
mod tests {
    use super::{WORTH_A_THREAD, spread};

    #[test]
    fn results_come_in_the_order_of_the_things_however_many_there_are() {
        for many in [0, 1, WORTH_A_THREAD * 2, WORTH_A_THREAD * 7 + 3] {
            let doubled = spread((0..many).collect(), |n| n * 2);
            assert_eq!(doubled, (0..many).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
