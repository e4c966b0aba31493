//! A server's folder is kept and made anew, as programs and people who mistype ask for it.

use serde_json::Value;

use crate::folder::Folder;

const INIT: &str =
    "server init --data data --root root.cbor --plan plan.toml --status-key status.key";

fn with_server() -> Folder {
    let folder = Folder::with_root();
    folder.good(INIT);
    folder
}

fn json(told: &str) -> Value {
    serde_json::from_str(told).expect("one line")
}

#[test]
fn a_program_is_told_what_a_person_is_told() {
    let folder = with_server();
    std::fs::create_dir(folder.path().join("backups")).expect("an own folder");
    let made = json(&folder.good("--json server backup --data data --into backups"));
    let to = made["to"].as_str().expect("a path").to_owned();
    let name = to.strip_prefix("backups/").expect("it is in there");
    assert_eq!((name.len(), &name[10..11]), (20, "T"), "{name}");
    assert_eq!((&made["payloads"], &made["files"]), (&0.into(), &4.into()));
    let looked = json(&folder.good(&format!("--json server restore --from {to} --look")));
    assert_eq!(looked["backup"]["made"], made["made"]);
    let restored = format!("--json server restore --from {to} --to again");
    let restored = json(&folder.good(&restored));
    assert_eq!(restored["backup"], looked["backup"]);
    assert_eq!(restored["aftermath"]["paused"], serde_json::json!([]));
    assert_eq!(restored["aftermath"]["ended"]["sessions"], 0);
    folder.good("person add ana@company.example --duty engineer --data again");
    folder.good("store check --data again");
}

#[test]
fn what_can_not_be_done_leaves_nothing() {
    let folder = with_server();
    folder.good("server backup --data data --to one");
    let before = folder.names();
    for (words, code, id) in [
        ("server backup --data none --to two", 2, "data.missing"),
        ("server backup --data data --to one", 2, "backup.exists"),
        (
            "server backup --data data --to plan.toml",
            2,
            "backup.exists",
        ),
        (
            "server backup --data data --to no/where",
            2,
            "backup.unusable",
        ),
        (
            "server backup --data data --into none",
            2,
            "backup.unusable",
        ),
        ("server restore --from none --look", 2, "backup.missing"),
        ("server restore --from data --look", 2, "backup.missing"),
        (
            "server restore --from plan.toml --to two",
            2,
            "backup.missing",
        ),
        ("server restore --from one --to data", 2, "backup.exists"),
        (
            "server restore --from one --to plan.toml",
            2,
            "backup.exists",
        ),
        (
            "server restore --from one --to no/where",
            2,
            "backup.unusable",
        ),
    ] {
        folder.run(words).failed(code, id);
        assert_eq!(folder.names(), before, "{words}");
    }
    std::fs::write(folder.path().join("one/more"), b"").expect("an own folder");
    let refused = folder.run("server restore --from one --to two");
    refused.failed(1, "backup.stray");
    assert_eq!(folder.names(), before);
}

/// What lies in a folder that was moved is a fleet of another day: it isn't kept under today's date.
#[test]
fn a_folder_that_was_moved_is_not_kept() {
    let folder = with_server();
    folder.good(&INIT.replace("--data data", "--data other"));
    std::fs::remove_file(folder.path().join("other/mainstay.sqlite")).expect("it is there");
    folder.good("store copy --from data --to other");
    let refused = folder.run("server backup --data data --to one");
    refused.failed(2, "data.moved");
    folder.good("server backup --data other --to one");
}
