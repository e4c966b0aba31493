//! Waves that a person opens, in a preview.

use super::{fleet, premise, told, told_eagerly};

/// A preview takes it that somebody answers at once.
#[test]
fn a_preview_tells_that_a_person_is_asked_and_is_no_later_for_it() {
    let devices = fleet(500);
    let mut premise = premise(&devices);
    let plain = told(&premise);
    premise.rules.is_promoted_by_person = true;
    let safe = told(&premise);
    let asks: Vec<_> = safe
        .waves
        .iter()
        .map(|wave| wave.asks.as_ref().map(|asked| asked.what.clone()))
        .collect();
    let [Some(canary), Some(second), None] = &asks[..] else {
        panic!("asked after each wave but the last: {asks:?}")
    };
    assert!(canary.starts_with("the canary has passed and rested"));
    assert!(second.starts_with("the 10 % wave has passed and rested"));
    for (before, after) in plain.waves.iter().zip(&safe.waves) {
        let (before, after) = (
            before.starts.expect("it opens"),
            after.starts.expect("it opens"),
        );
        let later_s = after.duration_since(before).as_secs();
        assert!((0..60).contains(&later_s), "{later_s} s");
    }
    assert_eq!(safe, told_eagerly(&premise, u64::MAX));
}
