//! What the fuzzer runs, on stable and bounded: the seeds, what the fuzzer has found, and some thousands of mutations of
//! them that are the same on every machine. `FUZZ_ROUNDS=20 cargo test --test it fuzz_smoke` goes on for longer.

use std::path::{Path, PathBuf};

#[path = "../../fuzz/src/targets/mod.rs"]
#[expect(unreachable_pub, reason = "the fuzzer's own crate exports them")]
pub(crate) mod targets;

/// Every file below a folder of the repository.
fn below(folder: &str) -> Vec<Vec<u8>> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found.sort();
    found.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Numbers that look random and are not (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }
}

/// Texts that a byte at a time would not find.
const WORDS: &[&str] = &[
    "null",
    "true",
    "no",
    "\"\"",
    "[]",
    "{}",
    "-1",
    "1e999",
    "18446744073709551616",
    "&a ",
    "*a",
    "<<: ",
    "!!str ",
    "---\n",
    "? ",
    "|\n  ",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[2J",
    "\u{0}",
    "\u{1d}",
    "\u{1e}",
    "secret: ",
    "::error::",
];

/// Changes a few places of `seed`, with pieces of `other`.
fn mutate(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(data.len() + 1);
        let end = (at + numbers.below(12)).min(data.len());
        match numbers.below(6) {
            0 => drop(data.drain(at..end)),
            1 => {
                let word = WORDS[numbers.below(WORDS.len())];
                drop(data.splice(at..at, word.bytes()));
            }
            2 => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << numbers.below(8);
                }
            }
            3 => data.truncate(at),
            4 => {
                let piece = data[at..end].to_vec();
                drop(data.splice(at..at, piece));
            }
            _ => {
                let from = numbers.below(other.len() + 1);
                let to = (from + numbers.below(40)).min(other.len());
                drop(data.splice(at..end, other[from..to].iter().copied()));
            }
        }
    }
    data
}

/// Runs a target over its seeds and `count` mutations of those that are not too long for that.
fn run(target: fn(&[u8]), seeds: &[Vec<u8>], count: usize) {
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| target(seed));
    let short: Vec<&Vec<u8>> = seeds.iter().filter(|seed| seed.len() <= 65_536).collect();
    let mut numbers = Numbers(u64::try_from(count).unwrap());
    let rounds = std::env::var("FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let count = count * rounds.unwrap_or(1);
    for n in 0..count {
        let other = short[numbers.below(short.len())];
        target(&mutate(short[n % short.len()], other, &mut numbers));
    }
}

#[test]
fn yaml() {
    let mut seeds = below("tests/fixtures/config");
    seeds.extend(below("fuzz/seeds/yaml"));
    seeds.extend(below("examples"));
    run(targets::yaml, &seeds, 800);
}

#[test]
fn plan_file() {
    run(targets::plan_file, &below("fuzz/seeds/plan_file"), 300);
}

#[test]
fn bodies() {
    run(targets::bodies, &below("fuzz/seeds/bodies"), 3_000);
}

#[test]
fn router() {
    run(targets::router, &below("fuzz/seeds/router"), 500);
}

#[test]
fn answers() {
    run(targets::answers, &below("fuzz/seeds/answers"), 500);
}

#[test]
fn journal() {
    run(targets::journal, &below("fuzz/seeds/journal"), 800);
}

#[test]
fn approvals() {
    run(targets::approvals, &below("fuzz/seeds/approvals"), 800);
}

#[test]
fn snapshot() {
    run(targets::snapshot, &below("fuzz/seeds/snapshot"), 400);
}

#[test]
fn rego() {
    let mut seeds = below("fuzz/seeds/rego");
    seeds.extend(below("policies"));
    run(targets::rego, &seeds, 400);
}
