//! No function that changes what is told outwards forgets to tell it.

use std::fs;
use std::path::Path;

/// Functions that change what is told outwards, in whichever back end.
const TELLING: &[&str] = &[
    "activate",
    "activate_plan",
    "add_hold",
    "add_release",
    "add_revocations",
    "add_root",
    "add_schedule",
    "begin_rollout",
    "open_incident",
    "reopen_incident",
    "save", // of a step
    "save_hold",
    "save_incident",
    "save_release",
    "start_rollout",
];

/// Whoever writes one of these otherwise would leave those who listen with what was before.
#[test]
fn every_function_that_changes_what_is_told_tells_it() {
    for (backend, expected) in [("sqlite", 14), ("postgres", 14)] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut seen, folder) = (0, folder.join(backend));
        for file in fs::read_dir(folder).expect("it is there") {
            let path = file.expect("readable").path();
            if path.is_dir() {
                continue;
            }
            let text = fs::read_to_string(&path).expect("readable");
            for function in text.split("async fn ").skip(1) {
                let end = function.find(['(', '<']).expect("it has arguments");
                let name = &function[..end];
                if !TELLING.contains(&name) || !function.contains(".write().await") {
                    continue;
                }
                let place = format!("{name} in {}", path.display());
                assert!(function.contains("events::note("), "{place}");
                seen += 1;
            }
        }
        assert_eq!(seen, expected, "{backend}");
    }
}
