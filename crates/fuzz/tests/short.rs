//! The short form of the campaigns: every property, on the seeds and on some thousand inputs near them.
//!
//! The inputs are the same in every run and on every machine, so a failure here is never a matter of
//! luck. `cargo xtask fuzz` searches on, guided by coverage.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mainstay_fuzz::mutator::Mutator;
use mainstay_fuzz::{Fixtures, TARGETS, Target};

/// Inputs for each target. Signature checks without optimisation are what takes the time.
const INPUTS: usize = 3000;

/// Fewer inputs for those that check several signatures, or hash for long, whatever they are given.
const SLOW: &[(&str, usize)] = &[
    ("bundle_check", 500),
    ("lms", 500),
    ("papers", 200),
    ("signature", 500),
    ("statement", 1000),
];

#[test]
fn every_property_holds_of_the_seeds_and_near_them() {
    let fixtures = Fixtures::load();
    for target in TARGETS {
        let seeds = (target.seeds)(&fixtures);
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        seeds.iter().for_each(|seed| hold(target, seed));
        let mut mutator = Mutator::new(seeds, target.bytes_max);
        (0..inputs(target)).for_each(|_| hold(target, &mutator.input()));
    }
}

fn inputs(target: &Target) -> usize {
    let slow = SLOW.iter().find(|(name, _)| *name == target.name);
    slow.map_or(INPUTS, |(_, inputs)| *inputs)
}

fn hold(target: &Target, bytes: &[u8]) {
    let outcome = catch_unwind(AssertUnwindSafe(|| (target.check)(bytes)));
    assert!(
        outcome.is_ok(),
        "{} doesn't hold of {bytes:02x?}",
        target.name
    );
}

#[test]
fn the_mutator_reaches_what_is_near_and_in_the_same_way_each_time() {
    let first_that_is_no_text = || {
        let mut mutator = Mutator::new(vec![b"bytes=0-9".to_vec()], 64);
        (0..INPUTS).find(|_| std::str::from_utf8(&mutator.input()).is_err())
    };
    let place = first_that_is_no_text();
    assert!(
        place.is_some(),
        "{INPUTS} inputs, and all of them were text"
    );
    assert_eq!(first_that_is_no_text(), place);
}

#[test]
fn names_are_unique_and_each_has_a_program_for_libfuzzer() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/fuzz_targets");
    let mut programs: Vec<String> = std::fs::read_dir(folder)
        .expect("the programs' folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    programs.sort();
    let mut expected: Vec<String> = TARGETS.iter().map(|t| format!("{}.rs", t.name)).collect();
    expected.sort();
    assert_eq!(programs, expected);
}
