//! The longest way of an emergency, as a person reads it and as a script does.

use std::process::{Command, Stdio};

use crate::folder::Folder;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/concepts/emergency.md"
);
const HOTFIX: &str = "[track.hotfix]\n";

/// A folder with a starting plan whose hotfix track says what an emergency takes.
fn folder(deadline: &str) -> Folder {
    let folder = Folder::new();
    folder.good("plan init");
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    let emergency = format!(
        "{HOTFIX}emergency = {{ deadline = \"{deadline}\", build = \"4h\", gates = \"8h\" }}\n"
    );
    folder.write("plan.toml", plan.replacen(HOTFIX, &emergency, 1));
    folder
}

#[test]
fn a_deadline_that_is_missed_is_a_refusal_and_the_page_shows_it() {
    let page = std::fs::read_to_string(PAGE).expect("the page is there");
    let block = page.split("```\n$ mainstay ").nth(1).expect("an example");
    let (words, shown) = block.split_once('\n').expect("its output");
    let (shown, _) = shown.split_once("```").expect("its end");
    let ended = folder("3d").run(words);
    assert_eq!(ended.stdout(), shown, "{}", ended.stderr());
    ended.failed(1, "plan.deadline-missed");
}

#[test]
fn a_script_gets_every_step() {
    let words = "--json plan emergency --from 2027-01-01 --zone America/Denver --zone Pacific/Guam";
    let said = folder("21d").good(words);
    let answer: serde_json::Value = serde_json::from_str(&said).expect("one JSON value");
    assert_eq!(answer["in_time"], true);
    assert_eq!(answer["deadline_s"], 21 * 24 * 3600);
    assert_eq!(
        answer["zones"],
        serde_json::json!(["America/Denver", "Pacific/Guam"])
    );
    let steps = answer["steps"].as_array().expect("a list");
    assert_eq!(steps[0]["stage"], "build");
    assert_eq!(steps[0]["from"], answer["starts"]);
    let last = steps.last().expect("a step");
    assert_eq!(last["stage"], "horizon");
    assert_eq!(last["until"], answer["ends"]);
    let waits = answer["not_counted"].as_array().expect("a list");
    let waits: Vec<_> = waits.iter().map(|wait| &wait["wait"]).collect();
    assert_eq!(waits, ["class-busy", "schedule"]);
}

/// A freeze that is longer than devices are waited for leaves them without the fix, whatever the deadline.
#[test]
fn devices_that_are_given_up_before_a_window_opens_are_a_refusal() {
    let folder = folder("30d");
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    let freeze = "blackout = [\"2026-11-23..2026-11-30\"]";
    let frozen = plan.replacen("blackout = [\"us-federal-holidays\"]", freeze, 1);
    assert_ne!(frozen, plan);
    folder.write("plan.toml", frozen);
    let ended = folder.run("plan emergency --from 2026-11-01 --zone America/Denver");
    ended.failed(1, "plan.emergency-given-up");
    let checked = folder.run("--json plan emergency --from 2026-12-01 --zone America/Denver");
    assert_eq!(checked.code(), 0, "{}", checked.stderr());
}

#[test]
fn a_plan_that_does_not_say_and_a_zone_that_is_none_are_told() {
    let folder = Folder::new();
    folder.good("plan init");
    folder.run("plan emergency").failed(2, "plan.no-emergency");
    let ended = folder.run("plan emergency --zone Mars/Olympus");
    assert_eq!(ended.code(), 2);
    assert!(ended.stderr().contains("IANA"), "{}", ended.stderr());
}

/// `| head` takes a few lines and goes: nothing is to be said of that, and a shell is told what ended the program.
#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let folder = folder("21d");
    for form in [&["plan", "emergency"][..], &["--json", "plan", "emergency"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let ended = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(form)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the program was built");
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{form:?}");
        assert_eq!(ended.status.code(), Some(141), "{form:?}");
    }
}
