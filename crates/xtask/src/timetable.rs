//! Which test binaries wait, which measure, and what is best begun first. [`jobs`] makes of it what `lanes.rs` runs.
//!
//! A binary that no table names works, and comes after those that do, by its name. That is right for most, and never
//! wrong: a table makes a run shorter or steadier, and no test is left out by it.

use anyhow::ensure;

use crate::lanes::{Job, Manner};
use crate::test_binaries::TestBinary;

/// Those that mostly wait, the longest first.
const WAITS: [&str; 6] = [
    "agent it",
    "rig story",
    "cli swupdate",
    "store it",
    "cli backup",
    "cli systemd",
];

/// Those that work for longest, the longest first.
const WORKS: [&str; 7] = [
    "server it",
    "cli it",
    "simulator demonstration",
    "store contract",
    "soak it",
    "device story",
    "rollout lib",
];

/// Those whose devices, leases and people go by the real time, and fail where a processor comes late.
const ALONE: [&str; 5] = [
    "cli replicas",
    "cli fleet_story",
    "cli homes",
    "cli killed_server",
    "server checkin",
];

/// Single tests that measure real time, of binaries that don't: what libtest is told to pick them out. The rest of their
/// binary runs without them.
const APART: [(&str, &str); 2] = [
    ("server it", "storm::"),
    (
        "server it",
        "door::guessing::sixteen_guess_and_every_poll_is_answered",
    ),
];

/// Those that wait so much that at least so many of their tests run at once, however few the processors are. The agent's stories keep
/// one processor busy for a tenth of their time, if two run at once.
const MANY_AT_ONCE: [(&str, usize); 2] = [("agent it", 8), ("cli it", 4)];

/// Tells libtest how many of its tests to run at once.
const THREADS_VARIABLE: &str = "RUST_TEST_THREADS";

/// One job for each binary, and one for each test that is apart.
///
/// # Errors
/// If a table names a binary that there isn't: it was renamed, and would run beside what it can't bear.
pub fn jobs(binaries: &[TestBinary]) -> anyhow::Result<Vec<Job>> {
    let named = WAITS.iter().chain(&WORKS).chain(&ALONE);
    let named = named.chain(APART.iter().map(|(name, _)| name));
    for name in named.chain(MANY_AT_ONCE.iter().map(|(name, _)| name)) {
        let there = binaries.iter().any(|binary| binary.name() == *name);
        ensure!(
            there,
            "crates/xtask/src/timetable.rs names the tests `{name}`, which aren't there"
        );
    }
    let mut sorted: Vec<&TestBinary> = binaries.iter().collect();
    sorted.sort_by_key(|binary| place(&binary.name()));
    Ok(sorted.into_iter().flat_map(jobs_of).collect())
}

/// Where a binary stands in its table; behind all of them, if it stands in none.
fn place(name: &str) -> usize {
    let tables = [&WAITS[..], &WORKS, &ALONE];
    let mut places = tables
        .iter()
        .filter_map(|table| table.iter().position(|named| *named == name));
    places.next().unwrap_or(usize::MAX)
}

fn jobs_of(binary: &TestBinary) -> Vec<Job> {
    let name = binary.name();
    let apart = APART.iter().filter(|(of, _)| *of == name);
    let apart: Vec<&str> = apart.map(|(_, tests)| *tests).collect();
    let skipped: Vec<&str> = apart.iter().flat_map(|tests| ["--skip", *tests]).collect();
    let mut command = binary.command(&skipped);
    if let Some(at_once) = many_at_once(&name) {
        command.env(THREADS_VARIABLE, at_once.to_string());
    }
    let whole = Job {
        command,
        manner: manner(&name),
        name: name.clone(),
    };
    let apart = apart.into_iter().map(|tests| Job {
        name: format!("{name} {tests}"),
        command: binary.command(&[tests]),
        manner: Manner::Alone,
    });
    std::iter::once(whole).chain(apart).collect()
}

/// How many of its tests run at once; none for as many as there are processors, or as whoever runs all of this says.
fn many_at_once(name: &str) -> Option<usize> {
    let (_, at_least) = MANY_AT_ONCE.iter().find(|(of, _)| *of == name)?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::env::var_os(THREADS_VARIABLE)
        .is_none()
        .then_some(processors.max(*at_least))
}

fn manner(name: &str) -> Manner {
    if ALONE.contains(&name) {
        Manner::Alone
    } else if WAITS.contains(&name) {
        Manner::Waits
    } else {
        Manner::Works
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that the tables name, and one that none does.
    fn binaries() -> Vec<TestBinary> {
        let named = WAITS.iter().chain(&WORKS).chain(&ALONE);
        let mut binaries: Vec<_> = named.map(|name| TestBinary::named(name)).collect();
        binaries.push(TestBinary::named("access lib"));
        binaries.reverse();
        binaries
    }

    fn of(jobs: &[Job], manner: Manner) -> Vec<&str> {
        let of = jobs.iter().filter(|job| job.manner == manner);
        of.map(|job| job.name.as_str()).collect()
    }

    #[test]
    fn every_binary_has_its_place_and_none_is_left_out() {
        let jobs = jobs(&binaries()).expect("all of them are there");
        assert_eq!(of(&jobs, Manner::Waits), WAITS);
        let works = of(&jobs, Manner::Works);
        assert_eq!(works[..WORKS.len()], WORKS);
        assert_eq!(works[WORKS.len()..], ["access lib"]);
        let alone = of(&jobs, Manner::Alone);
        assert!(ALONE.iter().all(|name| alone.contains(name)), "{alone:?}");
        assert_eq!(alone.len(), ALONE.len() + APART.len());
    }

    #[test]
    fn those_that_wait_much_run_more_tests_at_once() {
        let jobs = jobs(&binaries()).expect("all of them are there");
        let told = |name: &str| {
            let job = jobs.iter().find(|job| job.name == name);
            let mut told = job.expect("it is run").command.get_envs();
            told.any(|(variable, _)| variable == THREADS_VARIABLE)
        };
        let asked = std::env::var_os(THREADS_VARIABLE).is_some();
        for (name, _) in MANY_AT_ONCE {
            assert_eq!(told(name), !asked, "{name}");
        }
        assert!(!told("rig story") && !told("access lib"));
    }

    #[test]
    fn what_is_apart_runs_once() {
        let jobs = jobs(&binaries()).expect("all of them are there");
        let words = |job: &Job| -> Vec<String> {
            let words = job.command.get_args();
            words
                .map(|word| word.to_string_lossy().into_owned())
                .collect()
        };
        for (binary, tests) in APART {
            let whole = jobs.iter().find(|job| job.name == binary);
            let whole = words(whole.expect("it is run"));
            let skips = whole.windows(2).filter(|pair| *pair == ["--skip", tests]);
            assert_eq!(skips.count(), 1, "{whole:?}");
            let apart = format!("{binary} {tests}");
            let apart = jobs.iter().find(|job| job.name == apart);
            assert_eq!(words(apart.expect("it is run")), [tests]);
        }
    }

    #[test]
    fn a_name_that_is_no_binary_any_more_is_told() {
        let mut binaries = binaries();
        binaries.retain(|binary| binary.name() != ALONE[0]);
        let told = jobs(&binaries).err().expect("one is missing").to_string();
        assert!(told.contains(ALONE[0]), "{told}");
    }
}
