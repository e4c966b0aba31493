//! What is kept, and when the next certificate is due.

use std::fs;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;

const HERE: &str = "https://ca.example/directory";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-12-01T12:00:00Z")
}

fn terms(folder: &TempDir, names: &[&str]) -> AcmeTerms {
    let names = names.iter().map(|name| DnsName::parse(name).unwrap());
    AcmeTerms {
        directory: HERE.to_owned(),
        names: names.collect(),
        contact: None,
        ca: None,
        folder: folder.path().to_owned(),
        device_ca: None,
        ticket_key: None,
    }
}

/// Keeps a certificate for this name, good in these years, of this directory.
async fn keep(folder: &TempDir, name: &str, years: (i32, i32), directory: &str) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let chain = params.self_signed(&key).unwrap().pem();
    let text = kept::text(directory, &key.serialize_pem(), &chain);
    let kept = Kept::below(folder.path());
    kept.keep_certificate(&text).await.unwrap();
}

#[tokio::test]
async fn what_lasts_is_shown_and_asked_for_anew_only_if_it_must_be() {
    let folder = tempfile::tempdir().unwrap();
    let begun = |names: &[&str]| Acme::begin(terms(&folder, names), now()).unwrap();
    let state = |acme: &Acme| (acme.tls.ends().is_some(), acme.is_due(now()));
    assert_eq!(
        state(&begun(&["a.example"])),
        (false, true),
        "there is none"
    );
    keep(&folder, "a.example", (2026, 2028), HERE).await;
    assert_eq!(state(&begun(&["a.example"])), (true, false));
    assert_eq!(state(&begun(&["b.example"])), (true, true));
    assert_eq!(state(&begun(&["a.example", "b.example"])), (true, true));
    keep(
        &folder,
        "a.example",
        (2026, 2028),
        "https://staging.example/",
    )
    .await;
    assert_eq!(state(&begun(&["a.example"])), (true, true), "another's");
    keep(&folder, "a.example", (2026, 2027), HERE).await;
    assert_eq!(
        state(&begun(&["a.example"])),
        (true, true),
        "its last third"
    );
    keep(&folder, "a.example", (2020, 2025), HERE).await;
    assert_eq!(state(&begun(&["a.example"])), (false, true), "it is over");
    fs::write(folder.path().join("acme-certificate"), "nothing of use").unwrap();
    assert_eq!(
        state(&begun(&["a.example"])),
        (false, true),
        "it is damaged"
    );
}

/// As on a machine without a battery for its clock, before the network has told it the time.
#[tokio::test]
async fn what_was_kept_is_shown_once_the_clock_is_right() {
    let folder = tempfile::tempdir().unwrap();
    keep(&folder, "a.example", (2026, 2028), HERE).await;
    let early = at("2020-01-01T00:00:00Z");
    let acme = Acme::begin(terms(&folder, &["a.example"]), early).unwrap();
    assert_eq!((acme.tls.ends(), acme.is_due(early)), (None, true));
    acme.recall(early);
    assert_eq!((acme.tls.ends(), acme.is_due(early)), (None, true));
    acme.recall(now());
    assert_eq!(acme.tls.ends(), Some(at("2028-01-01T00:00:00Z")));
    assert!(!acme.is_due(now()));
}

#[tokio::test]
async fn after_an_attempt_it_rests_whichever_way_the_clock_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let acme = Acme::begin(terms(&folder, &["a.example"]), now()).unwrap();
    let asking = Asking::by(acme.http.clone());
    let due = |minutes: i64| acme.is_due(now() + SignedDuration::from_mins(minutes));
    assert!(due(0));
    acme.failed(&Fault::Slow, &asking, now());
    assert_eq!((due(4), due(7), acme.failures()), (false, true, 1));
    assert_eq!((due(-4), due(-7)), (false, true));
    acme.failed(&Fault::Slow, &asking, now());
    assert_eq!((due(9), due(13), acme.failures()), (false, true, 2));
    acme.succeeded(now());
    assert_eq!((due(59), due(61), acme.failures()), (false, true, 0));
}

#[tokio::test]
async fn what_is_given_is_shown_and_kept_and_what_no_client_would_take_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let acme = Acme::begin(terms(&folder, &["a.example"]), now()).unwrap();
    let made = |name: &str, years: (i32, i32)| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        Given {
            chain: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem().into(),
        }
    };
    let good = made("a.example", (2026, 2028));
    let other_key = Given {
        key: made("a.example", (2026, 2028)).key,
        chain: good.chain.clone(),
    };
    let odd = Given {
        chain: "an error page".to_owned(),
        key: made("a.example", (2026, 2028)).key,
    };
    for (given, id) in [
        (made("b.example", (2026, 2028)), "acme.unfit"),
        (made("a.example", (2020, 2026)), "acme.unfit"),
        (made("a.example", (2027, 2028)), "acme.unfit"),
        (other_key, "acme.unfit"),
        (odd, "acme.unfit"),
    ] {
        let fault = acme.take(&given, now()).await.unwrap_err();
        assert!(!fault.to_string().contains("PRIVATE") && !fault.cure().is_empty());
        assert_eq!((fault.id(), acme.tls.ends()), (id, None));
    }
    acme.take(&good, now()).await.unwrap();
    let ends = Some(at("2028-01-01T00:00:00Z"));
    assert_eq!(acme.tls.ends(), ends);
    let again = Acme::begin(terms(&folder, &["a.example"]), now()).unwrap();
    assert_eq!((again.tls.ends(), again.is_due(now())), (ends, false));
}

#[test]
fn who_vouches_for_the_authority_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    let terms = AcmeTerms {
        ca: Some(file.clone()),
        ..terms(&folder, &["a.example"])
    };
    let refused = || {
        let error = Acme::begin(terms.clone(), now()).unwrap_err();
        assert!(!error.cure().is_empty());
        (error.setting(), error.id())
    };
    assert_eq!(refused(), ("acme.ca", "acme.no-ca"));
    for text in ["", "no certificate", &"x".repeat(300_000)] {
        fs::write(&file, text).unwrap();
        assert_eq!(refused(), ("acme.ca", "acme.no-ca"));
    }
}
