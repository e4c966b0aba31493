//! What a failure looks like to whoever must understand it.

use std::fmt::Write as _;

use mainstay_device::fake::Operation;
use mainstay_device::{Paper, Place, Slot};

use crate::faults::Faults;
use crate::run::{Failure, Start};
use crate::set::Set;

/// Operations that are told before and after each cut.
const AROUND: u64 = 6;

/// A failure, the operations around its cuts, and how to see it again.
#[must_use]
pub fn failure(start: &Start<'_>, faults: &Faults, failure: &Failure) -> String {
    let broken = &failure.broken;
    let options = start.set.options();
    let mut text = format!("BROKEN {}: {}\n", broken.invariant, broken.found);
    let mut last = None;
    for operation in &failure.story {
        if !is_near(faults, operation.index) {
            continue;
        }
        if last.is_some_and(|last| last + 1 != operation.index) {
            text.push_str("    ...\n");
        }
        last = Some(operation.index);
        line(&mut text, start.set, faults, operation);
    }
    let _ = write!(text, "  run it again: cargo xtask sweep {options} {faults}");
    text
}

fn is_near(faults: &Faults, index: u64) -> bool {
    let marks = faults.cuts.iter().map(|(at, _)| *at);
    let mut marks = marks.chain(faults.silent.map(|(at, _)| at));
    marks.any(|at| index.abs_diff(at) <= AROUND)
}

fn line(text: &mut String, set: &Set, faults: &Faults, operation: &Operation) {
    let region = region(set, operation.address);
    let _ = write!(text, "    {operation} {region}");
    for (at, cut) in &faults.cuts {
        if *at == operation.index {
            let _ = write!(text, "  <- cut: {cut:?}");
        }
    }
    if let Some((_, fault)) = faults.silent.filter(|(at, _)| *at == operation.index) {
        let _ = write!(text, "  <- silent: {fault:?}");
    }
    text.push('\n');
}

/// What lies at an address.
fn region(set: &Set, address: u32) -> &'static str {
    let layout = &set.layout;
    let mut starts = vec![
        (layout.journal(0), "journal, copy 0"),
        (layout.journal(1), "journal, copy 1"),
        (layout.journal(2), "journal, copy 2"),
        (layout.paper(Paper::Root, 0), "root, copy 0"),
        (layout.paper(Paper::Root, 1), "root, copy 1"),
        (layout.paper(Paper::Revocations, 0), "revocations, copy 0"),
        (layout.paper(Paper::Revocations, 1), "revocations, copy 1"),
        (set.papers_end(), "swap log and scratch"),
        (layout.head(Slot::A), "head of slot A"),
        (layout.head(Slot::B), "head of slot B"),
        (layout.image(Place::First), "image, first place"),
        (layout.image(Place::Second), "image, second place"),
    ];
    // Where a region is missing two begin at one address, and the later name holds.
    starts.sort_by_key(|(start, _)| *start);
    let before = starts.iter().rev().find(|(start, _)| *start <= address);
    before.map_or("?", |(_, name)| name)
}
