//! The scenarios of `scenarios/`: each tells what its transcript says, to the letter.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use mainstay_soak::life::live_in;
use mainstay_soak::scenario::Scenario;
use tokio::runtime::Builder;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

/// The names in the folder that end so, without that end.
fn named(end: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder()).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("listed").file_name());
    let names = names.map(|name| name.into_string().expect("text"));
    names
        .filter_map(|name| Some(name.strip_suffix(end)?.to_owned()))
        .collect()
}

#[test]
fn every_scenario_goes_as_its_transcript_says() {
    let scenarios = named(".toml");
    assert!(scenarios.len() >= 7, "{scenarios:?}");
    assert_eq!(scenarios, named(".txt"), "each has its transcript");
    let left = Mutex::new(scenarios.into_iter());
    let next = || left.lock().expect("who fails doesn't hold it").next();
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| std::iter::from_fn(next).for_each(|name| check(&name)));
        }
    });
}

/// Lives through one of them.
fn check(name: &str) {
    let read = |end| fs::read_to_string(folder().join(format!("{name}{end}"))).expect(end);
    let scenario = Scenario::parse(&read(".toml")).expect("a scenario");
    let title = scenario.title.clone();
    let world = scenario.world().expect("a world");
    let runtime = Builder::new_current_thread().enable_all().build();
    let life = runtime.expect("a runtime").block_on(live_in(world, &title));
    let life = life.expect("a life that can be lived");
    assert_eq!(life.broken, None, "{name}");
    let (expected, told) = (read(".txt"), life.story.lines());
    let differs = told
        .iter()
        .zip(expected.lines())
        .find(|(told, line)| told != line);
    let remake =
        format!("cargo xtask soak --scenario scenarios/{name}.toml > scenarios/{name}.txt");
    assert_eq!(differs, None, "{name}; if that is better: {remake}");
    assert_eq!(
        told.len(),
        expected.lines().count(),
        "{name}; if that is better: {remake}"
    );
}
