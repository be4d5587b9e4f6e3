//! The plan as people read it.

use scopeform::plan::Plan;
use scopeform::render::text::{self, Options};

use crate::samples;

fn full(plan: &Plan, options: Options<'_>) -> String {
    let mut text = String::new();
    text::plan(&mut text, plan, samples::DIGEST, options).unwrap();
    text
}

#[test]
fn snapshots() {
    for (name, plan) in [("empty", samples::empty()), ("toggle", samples::toggle()), ("fixed", samples::fixed()), ("hostile", samples::hostile())] {
        insta::assert_snapshot!(name, full(&plan, Options::default()));
    }
}
