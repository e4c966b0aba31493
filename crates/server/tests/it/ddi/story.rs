//! A release on its way to devices with another client: installed, and only by their own word updated.

use std::fs;

use mainstay_api::RolloutView;
use mainstay_fleet::Device;
use mainstay_rollout::order::OrderState;
use mainstay_rollout::{Ending, Progress};
use reqwest::Method;

use super::gateway::{Gateway, furnished, offer, offered, plan, strangers, updated};
use crate::house::{House, PLAN};

#[tokio::test]
async fn installed_is_unverified_until_the_device_names_its_version() {
    let (house, _, gateways) = offered().await;
    for gateway in &gateways {
        gateway.installs(&house).await;
        let order = gateway.order(&house).await;
        assert!(
            matches!(order.state, OrderState::Installed { .. }),
            "{order:?}"
        );
        assert_eq!(order.seen.fetches, 1);
        assert!(matches!(
            gateway.progress(&house).await,
            Progress::Began { .. }
        ));
        let page = gateway.page(&house).await;
        let told = format!("{}: installed 1.1.0, unverified", order.number);
        assert!(page.contains(&told), "{page}");
        assert!(page.contains("another hawkBit client"), "{page}");
    }
    house.advance().await;
    assert_eq!(updated(&house).await, 0, "nobody counts on a client's word");
    for gateway in &gateways {
        assert!(
            gateway.poll(&house).await.update().is_none(),
            "it would install again"
        );
        gateway.says_it_runs(&house, "1.1.0").await;
        let order = gateway.order(&house).await;
        assert_eq!(order.ending(), Some(Ending::Verified));
        assert!(matches!(
            gateway.progress(&house).await,
            Progress::Confirmed { .. }
        ));
        assert!(
            gateway
                .page(&house)
                .await
                .contains("the device said that it runs 1.1.0")
        );
        let installed = format!("/installedBase/{}", order.number);
        assert_eq!(gateway.get(&house, &installed).await.status(), 200);
        let base = gateway.get(&house, "").await.text().await.unwrap();
        assert!(base.contains(&installed), "{base}");
    }
    house.later(31);
    house.advance().await;
    assert_eq!(updated(&house).await, 2);
}

/// A device that fails says so, and one that names its old version after it installed the new one has gone back.
#[tokio::test]
async fn failures_and_ways_back_are_seen() {
    let (house, _, [one, other]) = offered().await;
    let number = one.order(&house).await.number;
    let update = one.poll(&house).await.update().expect("an offer");
    let folder = tempfile::tempdir().unwrap();
    let files = update.fetch().await.unwrap().download(folder.path()).await;
    assert_eq!(files.unwrap().len(), 1);
    assert_eq!(
        one.reports(&house, number, "closed", "failure").await.0,
        200
    );
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Failed));
    assert!(matches!(
        one.progress(&house).await,
        Progress::Failed { .. }
    ));
    let words = "its client couldn't install 1.1.0";
    one.says(&house, number, words).await;
    other.installs(&house).await;
    other.says_it_runs(&house, "1.1.0").await;
    let rest = "/configData";
    let body = r#"{"mode":"replace","data":{"sw_version":"1.0.0"}}"#;
    let sent = other.request(&house, Method::PUT, rest).body(body);
    assert_eq!(sent.send().await.unwrap().status(), 200);
    assert!(matches!(
        other.progress(&house).await,
        Progress::Failed { .. }
    ));
    let page = other.page(&house).await;
    let words = "because it went back to an older version without a word";
    assert!(page.contains(words), "{page}");
    house.later(31);
    house.advance().await;
    let view: RolloutView = house
        .get("/api/v1/rollouts/1", &house.tokens.engineer)
        .await;
    assert_eq!(view.phase, "halted", "{view:?}");
}

/// What can't be kept isn't acknowledged; the client says it again, as after any 503.
#[tokio::test]
async fn a_word_that_cant_be_kept_isnt_acknowledged() {
    let (house, _, [one, _]) = offered().await;
    one.fetches(&house).await;
    let number = one.order(&house).await.number;
    let database = house.data.database();
    let away = database.with_extension("away");
    fs::rename(&database, &away).unwrap();
    let refused = one.reports(&house, number, "closed", "success").await;
    assert_eq!(refused, (503, "store.moved".to_owned()));
    fs::rename(&away, &database).unwrap();
    let order = one.order(&house).await;
    assert!(
        matches!(order.state, OrderState::Fetching { .. }),
        "{order:?}"
    );
    let taken = one.reports(&house, number, "closed", "success").await;
    assert_eq!(taken.0, 200);
    let order = one.order(&house).await;
    assert!(
        matches!(order.state, OrderState::Installed { .. }),
        "{order:?}"
    );
}

#[tokio::test]
async fn attributes_are_asked_for_until_they_came() {
    let (house, _, [one, _]) = furnished().await;
    assert!(one.poll(&house).await.config_data_request().is_none());
    let known = house
        .app
        .store()
        .controller(&one.id)
        .await
        .unwrap()
        .unwrap();
    let reported = known.reported.unwrap();
    assert_eq!(reported["board"], "rev-b");
    let base = one.get(&house, "").await;
    let etag = base.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(
        base.text()
            .await
            .unwrap()
            .matches("\"sleep\":\"00:5")
            .count(),
        1,
        "at most a tenth early"
    );
    let again = one
        .request(&house, Method::GET, "")
        .header("If-None-Match", etag);
    assert_eq!(again.send().await.unwrap().status(), 304);
}

/// A fleet that comes from another server runs what was never handed in here, and can be drawn all the same.
#[tokio::test]
async fn a_version_from_elsewhere_is_older_than_all_that_is_here() {
    let (house, old, gateways) = strangers(&plan()).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "vendor-7").await;
        assert_eq!(
            runs(&house, gateway).await,
            Some(("vendor-7".to_owned(), 0))
        );
    }
    let (house, _, [one, other]) = offer(house, old, gateways).await;
    one.installs(&house).await;
    one.says_it_runs(&house, "1.1.0").await;
    assert_eq!(one.order(&house).await.ending(), Some(Ending::Verified));
    assert_eq!(runs(&house, &one).await, Some(("1.1.0".to_owned(), 2)));
    // A word that is of the moment, and is repeated, says that it has gone back to what it came with.
    for (word, counts) in [
        ("unknown", "1.1.0"),
        ("1.1.0", "1.1.0"),
        ("vendor-7", "1.1.0"),
    ] {
        let body = format!(r#"{{"data":{{"sw_version":"{word}"}}}}"#);
        assert_eq!(one.sends(&house, &body).await.0, 200);
        assert_eq!(
            runs(&house, &one).await,
            Some((counts.to_owned(), 2)),
            "{word}"
        );
        assert_eq!(one.progress(&house).await.id(), "confirmed", "{word}");
    }
    one.says_it_runs(&house, "vendor-7").await;
    assert!(one.poll(&house).await.config_data_request().is_none());
    assert_eq!(runs(&house, &one).await, Some(("vendor-7".to_owned(), 0)));
    let progress = one.progress(&house).await;
    assert!(matches!(progress, Progress::Failed { .. }), "{progress:?}");
    assert_eq!(runs(&house, &other).await, Some(("vendor-7".to_owned(), 0)));
}

async fn runs(house: &House, gateway: &Gateway) -> Option<(String, u64)> {
    let path = format!("/api/v1/devices/{}", gateway.id);
    let device: Device = house.get(&path, &house.tokens.engineer).await;
    let running = device.running?;
    Some((running.version, running.sequence))
}

/// Where a version may stand in a file that no update changes, one that no release has says nothing of a device that is known to run something.
#[tokio::test]
async fn a_version_from_elsewhere_in_a_file_says_nothing() {
    let names = "version_attribute = \"sw_version\"\nsupport ";
    let (house, _, [one, _]) = strangers(&PLAN.replacen("support ", names, 1)).await;
    for version in ["1.0.0", "vendor-8"] {
        let body = format!(r#"{{"data":{{"sw_version":"{version}"}}}}"#);
        assert_eq!(one.sends(&house, &body).await.0, 200);
        assert_eq!(runs(&house, &one).await, Some(("1.0.0".to_owned(), 1)));
    }
}
