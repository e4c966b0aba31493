//! Bodies that no client should send, and some do: each is refused, or read without what is wrong in it.

use std::collections::BTreeSet;

use mainstay_api::ddi::feedback::salvage;
use mainstay_api::ddi::{ActionFeedback, ConfigData};
use serde::de::DeserializeOwned;

use crate::fixtures;

/// The folders of these bodies, and whether each is read.
fn check<T: DeserializeOwned>(folder: &str, read: &[&str], refused: &[&str]) {
    let expected: BTreeSet<_> = read
        .iter()
        .chain(refused)
        .map(|name| (*name).to_owned())
        .collect();
    let folder = fixtures().join("hostile").join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of the repository");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        entry
            .expect("an entry of it")
            .file_name()
            .to_string_lossy()
            .into_owned()
    };
    assert_eq!(entries.map(name).collect::<BTreeSet<_>>(), expected);
    for name in expected {
        let body = std::fs::read(folder.join(&name).join("body.json")).expect("its body");
        let outcome = serde_json::from_slice::<T>(&body);
        assert_eq!(
            outcome.is_ok(),
            read.contains(&&*name),
            "{name}: {:?}",
            outcome.err()
        );
    }
}

#[test]
fn feedback() {
    check::<ActionFeedback>(
        "ddi-feedback",
        &["deep-details"],
        &[
            "a-list",
            "control-signs",
            "cut-short",
            "deep-status",
            "huge-code",
            "no-execution",
            "no-result",
            "null",
            "quotes-not-escaped",
            "two-executions",
        ],
    );
}

#[test]
fn config_data() {
    check::<ConfigData>(
        "ddi-config-data",
        &[
            "list-value",
            "long-name",
            "long-value",
            "nameless",
            "nested-value",
            "too-many-entries",
        ],
        &[
            "data-is-a-list",
            "huge-number",
            "no-data",
            "quotes-not-escaped",
            "unknown-mode",
        ],
    );
}

/// A client whose attributes are refused may install nothing at all, so that one bad entry mustn't cost the others.
#[test]
fn of_attributes_what_can_be_kept_is_kept() {
    let (long, longer) = ("v".repeat(128), "v".repeat(129));
    let many: Vec<_> = (0..150).map(|n| format!("\"k{n:03}\":\"{n}\"")).collect();
    let body = format!(
        r#"{{"data":{{"":"nameless","{longer}":"1","a":"{longer}","b":{{"x":1}},"c":["x"],"sw_version":"1.0.0",{}}}}}"#,
        many.join(",")
    );
    let said: ConfigData = serde_json::from_str(&body).expect("most of it is well");
    assert_eq!(said.data.len(), 100);
    assert_eq!(said.data["a"], long);
    assert_eq!(said.data["sw_version"], "1.0.0");
    assert!(said.data.contains_key("k097") && !said.data.contains_key("k098"));
    for left_out in ["", &longer, "b", "c"] {
        assert!(!said.data.contains_key(left_out), "{left_out}");
    }
    let more: ConfigData =
        serde_json::from_str(r#"{"data":{"a":"anew","z":"new"}}"#).expect("a small one");
    let after = more.applied(said.data);
    assert_eq!((after.len(), &*after["a"]), (100, "anew"));
    assert!(!after.contains_key("z"), "there is no room for it");
}

/// What isn't read may be as strange as it likes.
#[test]
fn what_nothing_rests_on_is_overlooked() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let body = format!(
        r#"{{"id":{{"x":1e999}},"time":null,"timestamp":99999999999999999999,"more":{deep},
            "status":{{"execution":"closed","code":"ten","result":{{"finished":"none","progress":{{"cnt":1e999}}}},
            "details":[1,true,{deep},null,"x"]}}}}"#
    );
    let read: ActionFeedback = serde_json::from_str(&body).expect("it says what is required");
    assert_eq!(read.timestamp, None);
    assert_eq!(read.status.code, None);
    assert_eq!(read.status.details.texts, ["1", "true", "", "x"]);
    assert_eq!(read.status.details.count, 5);
}

#[test]
fn of_many_details_the_first_are_kept_and_all_counted() {
    let details = vec!["x"; 20_000].join("\",\"");
    let body = format!(
        r#"{{"status":{{"execution":"proceeding","result":{{"finished":"none"}},"details":["{details}"]}}}}"#
    );
    let read: ActionFeedback = serde_json::from_str(&body).expect("a long report");
    assert_eq!(read.status.details.texts.len(), 50);
    assert_eq!(read.status.details.count, 20_000);
}

/// Whether and how the work ended is read even where the client's own lines break the body; and of nothing else is anything guessed.
#[test]
fn what_stands_before_broken_details_is_saved() {
    let body = |name: &str| {
        let folder = fixtures().join("hostile/ddi-feedback").join(name);
        std::fs::read(folder.join("body.json")).expect("its body")
    };
    let saved = salvage::status(&body("quotes-not-escaped")).expect("its words stand before");
    assert_eq!(
        (&*saved.execution, &*saved.result.finished),
        ("closed", "failure")
    );
    let line = "[ERROR] : image \"rootfs\" is missing";
    assert_eq!(saved.details.texts, [line.trim_start_matches('[')]);
    let saved = salvage::status(&body("control-signs")).expect("its words stand before");
    assert_eq!(
        (&*saved.execution, &*saved.result.finished),
        ("closed", "success")
    );
    for name in [
        "a-list",
        "cut-short",
        "deep-status",
        "huge-code",
        "no-execution",
        "no-result",
        "null",
        "two-executions",
    ] {
        assert_eq!(salvage::status(&body(name)), None, "{name}");
    }
    for text in [
        r#"{"status":{"execution":"closed","execution":"proceeding","result":{"finished":"success"},"details":["x"y"]}}"#,
        r#"{"status":{"result":{"finished":"success"},"details":["x"y"],"execution":"closed"}}"#,
        r#"{"status":{"execution":"clo\u0073ed","result":{"finished":"success"},"details":["x"y"]}}"#,
        r#"{"status":{"execution":"","result":{"finished":"success"},"details":["x"y"]}}"#,
        r#"{"execution":"closed","result":{"finished":"success"},"details":["x"y"]}"#,
        r#"{"status":{"execution":closed,"result":{"finished":"success"},"details":["x"y"]}}"#,
    ] {
        assert_eq!(salvage::status(text.as_bytes()), None, "{text}");
    }
    let many = format!(
        r#"{{"status":{{"execution":"closed","result":{{"finished":"failure"}},"details":["x"y"{}]}}}}"#,
        r#","z""#.repeat(200)
    );
    let saved = salvage::status(many.as_bytes()).expect("its words stand before");
    assert_eq!(saved.details.texts.len(), 50);
}
