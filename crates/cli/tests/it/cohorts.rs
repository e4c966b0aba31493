//! The queries of a plan are checked with the plan, and against the devices if these are known.

use crate::folder::Folder;

const EARLY: &str = "\n[cohort.early]\nquery = 'site ~ \"store-*\"'\n";

/// One device, as `device list --json` prints it.
const FLEET: &str = r#"[{"id":"dev-0001","class":"device-v1","hardware":"A","zone":"America/Denver",
"bootloader":"1.0.0","registered_at":"2026-11-26T12:00:00Z","last_seen":null,"running":null,
"attributes":{"site":"SITE"}}]"#;

/// A folder with the starting plan and a cohort, and a fleet of one device at this site.
fn folder(cohort: &str, site: &str) -> Folder {
    let folder = Folder::new();
    folder.good("plan init");
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    folder.write("plan.toml", format!("{plan}{cohort}"));
    folder.write("fleet.json", FLEET.replace("SITE", site));
    folder
}

#[test]
fn a_broken_query_is_an_error_in_the_parsers_words() {
    let folder = folder(&EARLY.replace('~', "<"), "store-1");
    let ended = folder.run("plan check");
    ended.failed(1, "plan.errors");
    let told = ended.stdout();
    assert!(
        told.contains("error fleet.query-operator  [cohort.early] line "),
        "{told}"
    );
    assert!(
        told.contains("at character 6: site can't be compared by `<`"),
        "{told}"
    );
    assert!(
        told.contains("fix   compare site by one of: = != ~ in"),
        "{told}"
    );
}

/// With 105 devices counted by hand, and a list that holds one.
#[test]
fn an_empty_cohort_is_told_once_the_devices_are_known() {
    let check = "plan check --devices device-v1=105";
    for (site, more, expected) in [
        ("shop-1", "", false),
        ("store-1", " --fleet fleet.json", false),
        ("shop-1", " --fleet fleet.json", true),
    ] {
        let told = folder(EARLY, site).good(&format!("{check}{more}"));
        assert_eq!(
            told.contains("warning plan.empty-cohort"),
            expected,
            "{told}"
        );
    }
}

#[test]
fn the_devices_of_a_list_are_counted() {
    let folder = folder(EARLY, "store-1");
    let ended = folder.run("plan check --fleet fleet.json");
    ended.failed(1, "plan.errors");
    assert!(
        ended.stdout().contains("error FMP030"),
        "{}",
        ended.stdout()
    );
}

#[test]
fn a_list_that_is_none_is_refused() {
    let folder = folder(EARLY, "store-1");
    folder.write("bad.json", "{}");
    folder
        .run("plan check --fleet bad.json")
        .failed(2, "fleet.malformed");
    folder
        .run("plan check --fleet none.json")
        .failed(2, "fleet.missing");
}
