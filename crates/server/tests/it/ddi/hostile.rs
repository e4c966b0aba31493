//! What no honest client sends, and what broken ones do.

use std::path::Path;

use mainstay_rollout::order::OrderState;
use mainstay_rollout::order::log::ENTRIES_MAX;
use mainstay_rollout::{Ending, Progress};
use reqwest::Method;

use super::gateway::{offered, told};
use crate::database;

#[tokio::test]
async fn who_closes_without_a_download_has_installed_nothing() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    assert_eq!(
        one.reports(&house, number, "closed", "success").await.0,
        200
    );
    assert_eq!(
        one.order(&house).await.ending(),
        Some(Ending::NothingFetched)
    );
    assert!(matches!(
        one.progress(&house).await,
        Progress::Refused { .. }
    ));
    assert!(one.page(&house).await.contains("had fetched nothing"));
    let again = one.reports(&house, number, "closed", "success").await;
    assert_eq!(again, (410, "ddi.order-closed".to_owned()));
}

#[tokio::test]
async fn a_word_that_means_nothing_is_refused_and_kept() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let unknown = one.reports(&house, number, "exploded", "none").await;
    assert_eq!(unknown, (400, "ddi.unknown-word".to_owned()));
    let log = house
        .app
        .store()
        .order_log(&one.id, number, 10)
        .await
        .unwrap();
    assert_eq!(
        (&*log[0].word, &*log[0].details),
        ("exploded/none", &["so\\u{7} it is".to_owned()][..])
    );
    assert!(one.order(&house).await.is_open(), "it goes on");
}

#[tokio::test]
async fn broken_bodies_are_no_failure_of_the_server() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let feedback = format!("/deploymentBase/{number}/feedback");
    let mut reports = 0;
    for (folder, method, rest) in [
        ("ddi-feedback", Method::POST, &*feedback),
        ("ddi-config-data", Method::PUT, "/configData"),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fixtures/hostile")
            .join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let case = entry.unwrap().path();
            // The first of these are read, as far as can be, and so close the order; of the others all is taken that can be.
            let read = [
                "control-signs",
                "quotes-not-escaped",
                "deep-details",
                "list-value",
                "long-name",
                "long-value",
                "nameless",
                "nested-value",
                "too-many-entries",
            ];
            let is_read = read.iter().any(|name| case.ends_with(name));
            // Of attributes nothing is read that isn't whole.
            if is_read && !(method == Method::PUT && case.ends_with("quotes-not-escaped")) {
                continue;
            }
            reports += u32::from(method == Method::POST);
            let body = std::fs::read(case.join("body.json")).unwrap();
            let sent = one
                .request(&house, method.clone(), rest)
                .body(body)
                .send()
                .await
                .unwrap();
            assert_eq!(
                told(sent).await,
                (400, "request.malformed".to_owned()),
                "{case:?}"
            );
        }
        let long = vec![b' '; mainstay_api::ddi::BODY_BYTES_MAX + 1];
        let sent = one
            .request(&house, method, rest)
            .body(long)
            .send()
            .await
            .unwrap();
        assert_eq!(told(sent).await, (413, "request.too-large".to_owned()));
    }
    let order = one.order(&house).await;
    assert!(order.is_open(), "{order:?}");
    assert_eq!(order.seen.log, reports, "what can't be read is kept");
}

#[tokio::test]
async fn a_name_in_the_path_leads_nowhere_else() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    for name in [
        "..%2F..%2Fserver.db",
        "%2Fetc%2Fpasswd",
        "thermo-v2-1.1.0.bin%00",
        "thermo-v2-1.1.0.bin%2F..%2Fthermo-v2-1.1.0.bin",
        "THERMO-V2-1.1.0.BIN",
        "thermo-v2-1.0.0.bin",
        "thermo-v2-1.1.0.bin.MD5SUM.MD5SUM",
        ".MD5SUM",
    ] {
        let sent = one
            .get(
                &house,
                &format!("/softwaremodules/{number}/artifacts/{name}"),
            )
            .await;
        assert_eq!(sent.status(), 404, "{name}");
    }
}

/// A client that may stand still for ever when a report is refused is answered, and what is too much is dropped.
#[tokio::test]
async fn what_only_adds_to_the_log_ends_at_its_bound() {
    let (house, _, [one, _]) = offered().await;
    let number = one.order(&house).await.number;
    let details = vec!["x"; 51];
    let body = serde_json::json!({"status": {"execution": "proceeding", "result": {"finished": "none"}, "details": details}});
    let rest = format!("/deploymentBase/{number}/feedback");
    for (user_agent, answer) in [
        ("rauc-hawkbit-updater/1.3", (429, "ddi.too-many-details")),
        ("libcurl-agent/1.0", (200, "")),
    ] {
        let sent = one
            .request(&house, Method::POST, &rest)
            .header("User-Agent", user_agent)
            .body(body.to_string());
        let told = told(sent.send().await.unwrap()).await;
        assert_eq!(told, (answer.0, answer.1.to_owned()), "{user_agent}");
    }
}

/// A log that is full takes nothing but the end. Who would stand still for ever if its report were refused isn't told.
#[tokio::test]
async fn a_full_log_hears_the_end_and_nothing_else() {
    let (house, _, [one, _]) = offered().await;
    one.fetches(&house).await;
    let fill = "UPDATE orders SET value = json_set(value, '$.seen.log', 1000)";
    database::change(&house, fill).await;
    let number = one.order(&house).await.number;
    assert_eq!(one.order(&house).await.seen.log, ENTRIES_MAX);
    let body = r#"{"status":{"execution":"proceeding","result":{"finished":"none"},"details":["one more"]}}"#;
    let rest = format!("/deploymentBase/{number}/feedback");
    for (user_agent, answer) in [
        ("rauc-hawkbit-updater/1.3", (429, "ddi.log-full")),
        ("libcurl-agent/1.0", (200, "")),
    ] {
        let sent = one.request(&house, Method::POST, &rest).body(body);
        let sent = sent.header("User-Agent", user_agent);
        let told = told(sent.send().await.unwrap()).await;
        assert_eq!(told, (answer.0, answer.1.to_owned()), "{user_agent}");
        assert_eq!(one.order(&house).await.seen.log, ENTRIES_MAX);
    }
    let log = house.app.store().order_log(&one.id, number, 9).await;
    assert_eq!(log.unwrap(), []);
    let page = one.page(&house).await;
    assert!(page.contains("its log is full"), "{page}");
    assert_eq!(
        one.reports(&house, number, "closed", "success").await.0,
        200
    );
    let order = one.order(&house).await;
    assert!(
        matches!(order.state, OrderState::Installed { .. }),
        "{order:?}"
    );
    let log = house.app.store().order_log(&one.id, number, 9).await;
    assert_eq!(log.unwrap()[0].word, "closed/success");
}

/// SWUpdate writes quotes in an attribute as they are, and installs nothing until its attributes are taken.
#[tokio::test]
async fn attributes_that_cant_be_read_are_told_of() {
    let (house, _, [one, _]) = offered().await;
    let broken = r#"{"data":{"hw":"rev "B"","sw_version":"1.0.0"}}"#;
    let refused = one.sends(&house, broken).await;
    assert_eq!(refused, (400, "request.malformed".to_owned()));
    for told in [one.page(&house).await, one.why(&house).await] {
        assert!(
            told.contains("attributes can&#39;t be read")
                || told.contains("attributes can't be read"),
            "{told}"
        );
        assert!(
            told.contains("SWUpdate installs nothing as long as that is so"),
            "{told}"
        );
    }
    let whole = r#"{"data":{"hw":"rev B","sw_version":"1.0.0"}}"#;
    assert_eq!(one.sends(&house, whole).await.0, 200);
    assert!(!one.why(&house).await.contains("be read"));
}

/// What was recorded can be read, and does nothing to who reads it.
#[tokio::test]
async fn what_a_client_said_of_its_order_can_be_read() {
    let (house, _, [one, other]) = offered().await;
    let number = one.order(&house).await.number;
    let rest = format!("/deploymentBase/{number}/feedback");
    for n in 0..25 {
        let details = [format!("<b>line {n}</b>\u{1b}[2J")];
        let body = serde_json::json!({"status": {"execution": "proceeding", "result": {"finished": "none"}, "details": details}});
        let sent = one
            .request(&house, Method::POST, &rest)
            .body(body.to_string());
        assert_eq!(sent.send().await.unwrap().status(), 200);
    }
    let page = one.page(&house).await;
    assert!(page.contains("&lt;b&gt;line 24&lt;"), "{page}");
    for never in ["<b>", "\u{1b}", "line 4&lt;"] {
        assert!(!page.contains(never), "{never:?}");
    }
    let newest = async |id: &mainstay_fleet::DeviceId| -> mainstay_api::NewestOrder {
        let path = format!("/api/v1/devices/{id}/order");
        house.get(&path, &house.tokens.engineer).await
    };
    let order = newest(&one.id).await.order.expect("it has one");
    assert_eq!((order.order, &*order.version), (number.get(), "1.1.0"));
    assert_eq!(order.log.len(), 20);
    assert_eq!(order.log[0].word, "proceeding/none");
    assert_eq!(order.log[0].details, ["<b>line 24</b>\\u{1b}[2J"]);
    assert!(
        newest(&other.id)
            .await
            .order
            .expect("it has one")
            .log
            .is_empty()
    );
}
