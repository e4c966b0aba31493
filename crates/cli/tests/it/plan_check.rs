//! A plan is checked with what is known of the devices in the field, and of the plan in force.

use crate::folder::Folder;

const ONE_OF_B: &str = r#"[{"id":"dev-0001","class":"device-v1","hardware":"B","zone":"America/Denver",
"bootloader":"1.0.0","registered_at":"2026-11-26T12:00:00Z","last_seen":null,"running":null,"attributes":{}}]"#;

fn starting() -> Folder {
    let folder = Folder::new();
    folder.good("plan init");
    folder
}

#[test]
fn the_starting_plan_is_without_a_word() {
    let folder = starting();
    for fleet in ["", " --devices device-v1=105"] {
        let told = folder.good(&format!("plan check{fleet}"));
        assert_eq!(
            told.trim_end(),
            "plan.toml: 0 errors, 0 warnings",
            "{fleet}"
        );
    }
}

#[test]
fn devices_of_a_revision_that_isnt_listed_are_an_error() {
    let folder = starting();
    folder.write("fleet.json", ONE_OF_B);
    let ended = folder.run("plan check --fleet fleet.json --devices device-v1=105");
    ended.failed(1, "plan.errors");
    let told = ended.stdout();
    let expected = "doesn't list the hardware of all its devices: there are 1 of hardware B.";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_plan_is_compared_with_the_one_in_force() {
    let folder = starting();
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    folder.write("old.toml", plan.replacen("[\"A\"]", "[\"A\", \"B\"]", 1));
    let told = folder.good("plan check --in-force old.toml --devices device-v1=105");
    assert!(told.contains("warning FMP001  [[class]] line "), "{told}");
    let ended = folder.run("plan check old.toml --in-force plan.toml --devices device-v1=105");
    ended.failed(1, "plan.errors");
    assert!(
        ended.stdout().contains("takes in hardware B"),
        "{}",
        ended.stdout()
    );
    folder.write("words.toml", "this is no plan");
    let ended = folder.run("plan check --in-force words.toml");
    ended.failed(2, "plan.unread");
}

#[test]
fn a_plan_is_compared_with_the_root() {
    let folder = Folder::with_root();
    let told = folder.good("plan check plan.toml --root root.cbor");
    assert_eq!(told.trim_end(), "plan.toml: 0 errors, 0 warnings");
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    let renamed = plan.replacen("\"engineer@company.example\"", "\"eve@company.example\"", 1);
    folder.write("eve.toml", renamed);
    let told = folder.good("plan check eve.toml --root root.cbor");
    let expected = "engineer@company.example holds a key of role build in root 1";
    assert!(
        told.contains("warning FMP010") && told.contains(expected),
        "{told}"
    );
    folder.write(
        "bench.toml",
        plan.replacen("\"production\"", "\"staging\"", 1),
    );
    let ended = folder.run("plan check bench.toml --root root.cbor");
    ended.failed(1, "plan.errors");
    assert!(
        ended.stdout().contains("error FMP014"),
        "{}",
        ended.stdout()
    );
}
