//! The attack suite: each folder of `fixtures/hostile/trust` is an attack that a device refuses.
//!
//! The files are test vectors for any device, not only for ours; `README.md` beside them says how to
//! replay one. Here they are read, replayed against the `trust` crate without a single allocation,
//! and compared with the stories that wrote them. A case without its one defect must be accepted,
//! so that none is refused for another reason. Read [`scene`] first, then [`replay`].
#![expect(
    clippy::unwrap_used,
    reason = "a test's story helpers stop where the story breaks"
)]

mod files;
#[path = "../it/packed.rs"]
mod packed;
#[path = "../it/people.rs"]
#[expect(dead_code, reason = "the cast is shared with the other tests")]
mod people;
mod replay;
mod scene;
#[path = "../it/sequel.rs"]
mod sequel;
mod stories;
mod story;

use files::Case;
use mainstay_trust::Refusal;
use std::collections::BTreeSet;
use std::hint::black_box;

/// The least number of cases; a folder that vanishes is noticed.
const CASES_MIN: usize = 160;

#[test]
fn every_attack_is_refused_for_its_reason() {
    let cases = files::cases();
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
    for case in cases {
        let told = replay::replay(&case.documents, &case.device);
        let id = told.expect_err(&case.name).id();
        assert_eq!(id, case.told.expected, "{}: {}", case.name, case.told.why);
    }
}

#[test]
fn without_its_defect_each_is_accepted() {
    for Case { name, repaired, .. } in files::cases() {
        let (documents, device) = repaired;
        assert_eq!(replay::replay(&documents, &device), Ok(()), "{name}");
    }
}

/// The whole judgement, from the pinned root to the image, needs no memory but the stack.
#[test]
fn no_case_allocates() {
    let counted = allocation_counter::measure(|| drop(black_box(Box::new(1))));
    assert_eq!(counted.count_total, 1, "allocations are counted");
    for case in files::cases() {
        let counted = allocation_counter::measure(|| {
            let _ = replay::replay(&case.documents, &case.device);
            let (documents, device) = &case.repaired;
            let _ = replay::replay(documents, device);
        });
        assert_eq!(counted.count_total, 0, "{}", case.name);
    }
}

/// To write the folders anew after a deliberate change, run this with `MAINSTAY_WRITE_GOLDEN=1`, and
/// look at the difference.
#[test]
fn the_folders_hold_what_the_stories_tell() {
    let stories = stories::all();
    if std::env::var_os("MAINSTAY_WRITE_GOLDEN").is_some() {
        stories.iter().for_each(files::write);
    }
    let told: BTreeSet<String> = stories
        .iter()
        .map(|story| story.folder.to_owned())
        .collect();
    assert_eq!(told.len(), stories.len(), "two stories share a folder");
    assert_eq!(files::folders(), told);
    stories.iter().for_each(files::compare);
}

/// Reasons that no attack of the suite ends in, each with why.
const WITHOUT_CASE: &[(&str, &str)] = &[(
    "trust.algorithm-unsupported",
    "it depends on the library that a device was built with; tests/it/keys.rs has it",
)];

#[test]
fn every_reason_has_an_attack() {
    let cases = files::cases();
    let seen: BTreeSet<&str> = cases.iter().map(|c| c.told.expected.as_str()).collect();
    for refusal in Refusal::ALL {
        let left_out = WITHOUT_CASE.iter().any(|(id, _)| *id == refusal.id());
        assert_ne!(seen.contains(refusal.id()), left_out, "{}", refusal.id());
    }
}
