//! Version words that aren't taken at face value.

use mainstay_rollout::order::OrderState;
use mainstay_rollout::{Ending, Progress};
use reqwest::Method;

use super::gateway::{Gateway, furnished, offer, offered, plan, strangers, told};
use super::halt::halt;
use crate::house::{House, PLAN};

async fn puts(house: &House, gateway: &Gateway, rest: &str, body: &str) -> (u16, String) {
    let sent = gateway
        .request(house, Method::PUT, rest)
        .body(body.to_owned());
    told(sent.send().await.unwrap()).await
}

/// What the client reports as installed by itself ends an order as well; a version of another class, or one that nobody handed in, doesn't.
#[tokio::test]
async fn a_client_may_report_what_is_installed() {
    let (house, _, [one, _]) = offered().await;
    one.installs(&house).await;
    for (body, answer) in [
        (
            r#"{"name":"thermo-v2","version":"9.9.9"}"#,
            (404, "request.not-found"),
        ),
        (
            r#"{"name":"other","version":"1.1.0"}"#,
            (404, "request.not-found"),
        ),
        (r#"{"name":"thermo-v2"}"#, (400, "request.malformed")),
        (r#"{"name":"thermo-v2","version":"1.1.0"}"#, (200, "")),
    ] {
        assert!(matches!(
            one.order(&house).await.state,
            OrderState::Installed { .. }
        ));
        let told = puts(&house, &one, "/installedBase", body).await;
        assert_eq!(told, (answer.0, answer.1.to_owned()), "{body}");
    }
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Verified));
}

/// An attribute that names the old version beside an order under way neither ends nor fails it.
#[tokio::test]
async fn the_old_version_says_nothing_of_what_is_under_way() {
    let (house, _, [one, _]) = offered().await;
    let body = r#"{"data":{"sw_version":"1.0.0"}}"#;
    assert_eq!(puts(&house, &one, "/configData", body).await.0, 200);
    assert!(one.order(&house).await.is_open());
    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Verified));
}

/// Clients that can't say what they run count some time after their success, if the plan wants that, and not before.
#[tokio::test]
async fn a_plan_may_take_clients_at_their_word() {
    let believes = "without_version_word = \"taken-at-its-word after 20m\"\nsupport ";
    let (house, old, gateways) = strangers(&PLAN.replacen("support ", believes, 1)).await;
    for gateway in &gateways {
        gateway.poll(&house).await;
    }
    let (house, _, [one, _]) = offer(house, old, gateways).await;
    one.installs(&house).await;
    house.later(19);
    one.poll(&house).await;
    assert!(matches!(
        one.order(&house).await.state,
        OrderState::Installed { .. }
    ));
    house.later(1);
    one.poll(&house).await;
    assert_eq!(
        one.order(&house).await.ending(),
        Some(Ending::TakenAtItsWord)
    );
    assert!(matches!(
        one.progress(&house).await,
        Progress::Confirmed { .. }
    ));
    let page = one.page(&house).await;
    assert!(page.contains("is taken at its word"), "{page}");
    let timeline = house.app.store().timeline(&one.id, 1).await.unwrap();
    assert_eq!(
        timeline[0].text,
        "counts as running thermo-v2@1.1.0 by its client's word alone"
    );
}

/// What a fleet's own tools write into a file confirms nothing that nobody fetched, be it before a device's turn.
#[tokio::test]
async fn a_file_that_names_the_new_version_ahead_confirms_nothing() {
    let names = "version_attribute = \"sw_version\"\nsupport ";
    let (house, old, gateways) = strangers(&PLAN.replacen("support ", names, 1)).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    house
        .roll_out(&house.built("1.1.0", 2, &[old.manifest]))
        .await;
    house.advance().await;
    let [one, other] = gateways;
    let ahead = r#"{"data":{"sw_version":"1.1.0"}}"#;
    assert_eq!(one.sends(&house, ahead).await.0, 200);
    let progress = one.progress(&house).await;
    assert!(matches!(progress, Progress::Waiting), "{progress:?}");
    house.later(1);
    // What a file said before its device can have had it proves nothing later, either: it is still the file.
    for (gateway, expected) in [(&one, "began"), (&other, "confirmed")] {
        gateway.fetches(&house).await;
        assert_eq!(gateway.sends(&house, ahead).await.0, 200);
        assert_eq!(gateway.progress(&house).await.id(), expected);
    }
    // Nor does it on the way back.
    halt(&house).await;
    house.advance().await;
    assert!(other.is_offered(&house).await, "the way back");
    let back = r#"{"data":{"sw_version":"1.0.0"}}"#;
    assert_eq!(other.sends(&house, back).await.0, 200);
    assert_eq!(other.progress(&house).await.id(), "returning");
}

/// A class that is taken at its word is so at once after a halt: who may run what was halted is sent back.
#[tokio::test]
async fn who_is_taken_at_its_word_is_sent_back_after_a_halt() {
    let believes = "without_version_word = \"taken-at-its-word after 20m\"\nsupport ";
    let (house, old, gateways) = strangers(&PLAN.replacen("support ", believes, 1)).await;
    for gateway in &gateways {
        gateway.poll(&house).await;
    }
    let (house, _, [one, _]) = offer(house, old, gateways).await;
    one.installs(&house).await;
    let installed = one.order(&house).await.number;
    halt(&house).await;
    house.advance().await;
    one.poll(&house).await;
    let order = house.app.store().order(&one.id, installed).await.unwrap();
    assert_eq!(order.unwrap().ending(), Some(Ending::TakenAtItsWord));
    let progress = one.progress(&house).await;
    // Nobody knows what it ran before, so that no way leads back to it; but it is counted.
    assert!(
        matches!(
            progress,
            Progress::Returning { .. } | Progress::CannotReturn { .. } | Progress::Confirmed { .. }
        ),
        "{progress:?}"
    );
}

/// On the way back nobody is taken at its word before its time: many a client reports success before it restarts.
#[tokio::test]
async fn who_goes_back_is_taken_at_its_word_in_its_time() {
    let believes = "without_version_word = \"taken-at-its-word after 20m\"\nsupport ";
    let (house, old, gateways) = strangers(&PLAN.replacen("support ", believes, 1)).await;
    let body = r#"{"name":"thermo-v2","version":"1.0.0"}"#;
    for gateway in &gateways {
        let told = puts(&house, gateway, "/installedBase", body).await;
        assert_eq!(told.0, 200);
    }
    let (house, _, [one, _]) = offer(house, old, gateways).await;
    one.installs(&house).await;
    halt(&house).await;
    house.advance().await;
    one.poll(&house).await;
    house.advance().await;
    one.installs(&house).await;
    for (minutes, expected) in [(0, "returning"), (19, "returning"), (1, "returned")] {
        house.later(minutes);
        one.poll(&house).await;
        assert_eq!(one.progress(&house).await.id(), expected, "{minutes}");
    }
}

/// A rollout keeps the rules with which it began: under a plan that believes more, a word about what is under way counts for no more.
#[tokio::test]
async fn what_is_under_way_keeps_the_rules_of_its_rollout() {
    let names = "version_attribute = \"sw_version\"\nsupport ";
    let (house, old, gateways) = strangers(&PLAN.replacen("support ", names, 1)).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    let (house, _, [one, _]) = offer(house, old, gateways).await;
    one.installs(&house).await;
    let put = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let put = put.body(plan()).send().await.unwrap();
    assert_eq!(put.status(), 200, "{}", put.text().await.unwrap());
    // By the plan in force, whose word is live, the device would have gone back.
    one.says_it_runs(&house, "1.0.0").await;
    assert!(matches!(
        one.order(&house).await.state,
        OrderState::Installed { .. }
    ));
    let progress = one.progress(&house).await;
    assert!(matches!(progress, Progress::Began { .. }), "{progress:?}");
}

/// What doesn't fit is left out: a client whose attributes are refused may install nothing.
#[tokio::test]
async fn attributes_have_a_bound_over_all_messages() {
    let (house, _, [one, _]) = furnished().await;
    let many = |from: usize| {
        let pairs: Vec<_> = (from..from + 99).map(|n| format!("\"k{n}\":{n}")).collect();
        format!("{{\"mode\":\"merge\",\"data\":{{{}}}}}", pairs.join(","))
    };
    let first = many(0).replace("\"merge\"", "\"replace\"");
    for body in [first, many(50)] {
        assert_eq!(puts(&house, &one, "/configData", &body).await.0, 200);
        let known = house.app.store().controller(&one.id).await.unwrap();
        let reported = known.unwrap().reported.unwrap();
        assert!((99..=100).contains(&reported.len()), "{}", reported.len());
    }
}

/// What was said before isn't said again by a message about something else.
#[tokio::test]
async fn an_old_attribute_says_nothing_anew() {
    let (house, _, [one, _]) = offered().await;
    one.installs(&house).await;
    let body = r#"{"name":"thermo-v2","version":"1.1.0"}"#;
    assert_eq!(puts(&house, &one, "/installedBase", body).await.0, 200);
    for body in [
        r#"{"data":{"VIN":"x"}}"#,
        r#"{"mode":"remove","data":{"sw_version":"1.0.0"}}"#,
    ] {
        assert_eq!(one.sends(&house, body).await.0, 200);
        let progress = one.progress(&house).await;
        assert!(
            matches!(progress, Progress::Confirmed { .. }),
            "{progress:?}"
        );
    }
}

/// Many a client sends its attributes between its success and the restart, and later only if it is asked.
#[tokio::test]
async fn what_is_installed_is_asked_about_until_it_is_named() {
    let names = "version_attribute = \"sw_version\"\nsupport ";
    let (house, old, gateways) = strangers(&PLAN.replacen("support ", names, 1)).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    let (house, _, [one, _]) = offer(house, old, gateways).await;
    one.installs(&house).await;
    for version in ["1.0.0", "1.0.0", "1.1.0"] {
        assert!(matches!(
            one.order(&house).await.state,
            OrderState::Installed { .. }
        ));
        one.says_it_runs(&house, version).await;
    }
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Verified));
    assert!(one.poll(&house).await.config_data_request().is_none());
}
