//! What clients send, each in its own way.

use std::collections::BTreeMap;

use mainstay_api::ddi::{
    ActionFeedback, Answer, AutoConfirmRequest, ConfigData, ConfirmationFeedback, InstalledVersion,
    Mode,
};
use serde::de::DeserializeOwned;

use crate::good;

fn read<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&good(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The report of this name says that, in these details.
fn check(name: &str, execution: &str, finished: &str, details: &[&str]) {
    let feedback: ActionFeedback = read(name);
    let status = feedback.status;
    let said = (status.execution.as_str(), status.result.finished.as_str());
    assert_eq!(said, (execution, finished), "{name}");
    assert_eq!(status.details.texts, details, "{name}");
    assert_eq!(status.details.count, details.len(), "{name}");
}

#[test]
fn reports() {
    let installing = ["Installing", "Copying image 1"];
    check(
        "swupdate/feedback-proceeding",
        "proceeding",
        "none",
        &installing,
    );
    check("swupdate/feedback-closed", "closed", "success", &[""]);
    let downloaded = ["download completed. 12.50 MB/s"];
    check(
        "rauc/feedback-downloaded",
        "downloaded",
        "success",
        &downloaded,
    );
    check("zephyr/feedback-failure", "closed", "failure", &[]);
    check(
        "hawkbit-crate/feedback-progress",
        "proceeding",
        "none",
        &["Proceeding"],
    );
    check(
        "generic/feedback-one-detail",
        "canceled",
        "success",
        &["stopped"],
    );
    let feedback: ActionFeedback = read("generic/feedback-one-detail");
    assert_eq!(feedback.timestamp, Some(1_795_773_600_000));
    assert_eq!(feedback.status.code, Some(200));
}

#[test]
fn attributes() {
    for (name, mode, pairs) in [
        (
            "swupdate/config-data",
            Mode::Replace,
            &[("board", "rev-b"), ("sw_version", "1.4.2")][..],
        ),
        (
            "rauc/config-data",
            Mode::Merge,
            &[
                ("beta", "false"),
                ("note", ""),
                ("product", "gateway"),
                ("revision", "2"),
                ("serial", "17"),
            ],
        ),
        ("zephyr/config-data", Mode::Merge, &[("VIN", "nrf-7")]),
        (
            "hawkbit-crate/config-data",
            Mode::Merge,
            &[("HwRevision", "1.0")],
        ),
    ] {
        let said: ConfigData = read(name);
        assert_eq!((said.mode, said.data), (mode, map(pairs)), "{name}");
    }
}

#[test]
fn attributes_are_merged_replaced_or_removed() {
    let before = [("a", "1"), ("b", "2")];
    for (mode, after) in [
        (Mode::Merge, &[("a", "1"), ("b", "3"), ("c", "4")][..]),
        (Mode::Replace, &[("b", "3"), ("c", "4")]),
        (Mode::Remove, &[("a", "1")]),
    ] {
        let data = map(&[("b", "3"), ("c", "4")]);
        let said = ConfigData { mode, data };
        assert_eq!(said.applied(map(&before)), map(after), "{mode:?}");
    }
}

#[test]
fn owners_and_versions() {
    let denied: ConfirmationFeedback = read("generic/confirmation-denied");
    assert_eq!(
        (denied.confirmation, denied.code),
        (Answer::Denied, Some(0))
    );
    assert_eq!(denied.details.texts, ["not today"]);
    let version: InstalledVersion = read("generic/installed-version");
    assert_eq!((&*version.name, &*version.version), ("car", "3.0.0"));
    let nobody: AutoConfirmRequest = serde_json::from_str("{}").expect("nothing is required");
    assert_eq!(nobody, AutoConfirmRequest::default());
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}
