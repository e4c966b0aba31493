//! A rollout is paused, and goes on.

use mainstay_api::{PauseView, RolloutView};
use mainstay_protocol::Event;
use reqwest::header::RANGE;
use reqwest::{Method, StatusCode};

use crate::eligibility::running;
use crate::gadget::Gadget;
use crate::house::{Artifact, House, problem, read};
use crate::needs::{told, why};
use crate::update::pass_hours;

const WORDS: &[u8] = br#"{"why":"customers report cold rooms"}"#;

pub async fn view(house: &House, rollout: &str) -> RolloutView {
    let path = format!("/api/v1/{rollout}");
    house.get(&path, &house.tokens.engineer).await
}

/// Whether a device gets bytes of the release: the status.
pub async fn fetches(house: &House, gadget: &Gadget, artifact: &Artifact) -> StatusCode {
    let path = format!("/device/v1/payloads/{}", artifact.image_digest);
    let request = house.request(Method::GET, &path, &gadget.token);
    let answer = request.header(RANGE, "bytes=0-9").send().await.unwrap();
    answer.status()
}

fn updated(gadgets: &[Gadget]) -> usize {
    let there = gadgets.iter().filter(|gadget| gadget.runs.2 == "1.1.0");
    there.count()
}

/// Six devices, of which the two of the canary were just promised 1.1.0: these two last.
pub async fn promised() -> (House, Vec<Gadget>, Artifact, String) {
    let house = House::new().await;
    let ids = ["th-1", "th-2", "th-3", "th-4", "th-5", "th-6"];
    let mut gadgets = running(&house, &ids).await;
    let new = house.built("1.1.0", 2, &[]);
    let rollout = format!("rollouts/{}", house.roll_out(&new).await);
    house.advance().await;
    house.later(1);
    let (mut rest, mut canary) = (Vec::new(), Vec::new());
    for mut gadget in gadgets.drain(..) {
        match gadget.check_in(&house, &[]).await.install {
            Some(_) => canary.push(gadget),
            None => rest.push(gadget),
        }
    }
    assert_eq!((rest.len(), canary.len()), (4, 2));
    rest.extend(canary);
    (house, rest, new, rollout)
}

#[tokio::test]
async fn a_rollout_stands_still_and_goes_on() {
    let (house, mut gadgets, new, rollout) = promised().await;
    let manifest = new.manifest;
    let begins = [gadgets[4].report(Event::DownloadStarted { manifest })];
    assert_eq!(gadgets[4].send(&house, &begins).await, 1);
    house.later(1);
    pause(&house, &rollout).await;
    house.later(1);
    is_told(&house, &rollout, &gadgets[5].id).await;
    // Who has begun goes on; who was promised it, and hadn't, gets neither an offer nor a byte.
    let got = fetches(&house, &gadgets[4], &new).await;
    assert_eq!(got, StatusCode::PARTIAL_CONTENT);
    let got = fetches(&house, &gadgets[5], &new).await;
    assert_eq!(got, StatusCode::NOT_FOUND);
    assert_eq!(gadgets[5].check_in(&house, &[]).await.install, None);
    // Longer than patience lasts.
    pass_hours(&house, &mut gadgets, &new, 80).await;
    assert_eq!(updated(&gadgets), 1, "the one that had begun");
    assert_eq!(view(&house, &rollout).await.unreached, 0);
    resume(&house, &rollout).await;
    pass_hours(&house, &mut gadgets, &new, 1).await;
    assert_eq!(updated(&gadgets), 2, "the canary");
    // It passes while it stands still, and no wave opens.
    pause(&house, &rollout).await;
    pass_hours(&house, &mut gadgets, &new, 24).await;
    let still = view(&house, &rollout).await;
    assert_eq!((still.phase.as_str(), still.wave), ("rolling", 0));
    assert_eq!(updated(&gadgets), 2);
    resume(&house, &rollout).await;
    house.advance().await;
    pass_hours(&house, &mut gadgets, &new, 24).await;
    assert_eq!(updated(&gadgets), 6);
    is_kept(&house, &rollout).await;
}

/// The engineer pauses it: with a reason, and once.
async fn pause(house: &House, rollout: &str) {
    let path = format!("/api/v1/{rollout}/pause");
    let (ana, kim) = (&house.tokens.engineer, &house.tokens.operations);
    for body in [&br#"{"why":" "}"#[..], b"{}"] {
        assert_eq!(house.refused(&path, ana, body.to_vec()).await.0, 400);
    }
    let paused: RolloutView = read(house.post(&path, ana, WORDS.to_vec()).await).await;
    let because = "ana@northwind.example paused its rollout 0 s ago: customers report cold rooms";
    assert_eq!(paused.paused_because.as_deref(), Some(because));
    assert_eq!(paused.phase, "rolling");
    let again = house.refused(&path, kim, WORDS.to_vec()).await;
    assert_eq!(again, (409, "rollout.already-paused".to_owned()));
}

/// Operations alone lets it go on, and once.
async fn resume(house: &House, rollout: &str) {
    let path = format!("/api/v1/{rollout}/resume");
    for other in [&house.tokens.engineer, &house.tokens.manager] {
        let denied = house.refused(&path, other, Vec::new()).await;
        assert_eq!(denied, (403, "access.denied".to_owned()));
    }
    let kim = &house.tokens.operations;
    let resumed: RolloutView = read(house.post(&path, kim, Vec::new()).await).await;
    assert_eq!(resumed.paused_because, None);
    let again = house.refused(&path, kim, Vec::new()).await;
    assert_eq!(again, (409, "rollout.not-paused".to_owned()));
}

/// Whoever asks about the rollout, or about a device that waits, is told who did that and why.
async fn is_told(house: &House, rollout: &str, device: &str) {
    let because =
        "because ana@northwind.example paused its rollout 1 min ago: customers report cold rooms.";
    let asked = why(house, rollout).await;
    assert_eq!(asked.sentence, format!("1.1.0 waits, {because}"));
    let next = asked.next.unwrap_or_default();
    assert!(next.contains("`mainstay rollout resume NUMBER`"), "{next}");
    let (sentence, _) = told(house, device).await;
    assert!(sentence.ends_with(because), "{sentence}");
    for page in [format!("/{rollout}"), "/".to_owned()] {
        let asked = house.request(Method::GET, &page, &house.tokens.engineer);
        let shown = asked.send().await.unwrap().text().await.unwrap();
        assert!(shown.contains(because), "{page}");
        assert!(shown.contains("Paused"), "{page}");
    }
}

/// What happened stays on record, and what is over isn't paused.
async fn is_kept(house: &House, rollout: &str) {
    let over = view(house, rollout).await;
    assert_eq!((over.phase.as_str(), over.pauses.len()), ("complete", 2));
    let PauseView {
        by,
        why,
        resumed_by,
        at,
        until,
    } = &over.pauses[0];
    assert_eq!(
        (by.as_str(), why.as_str()),
        ("ana@northwind.example", "customers report cold rooms")
    );
    assert_eq!(resumed_by.as_deref(), Some("kim@northwind.example"));
    assert!(until.is_some_and(|until| until > *at));
    let path = format!("/{rollout}");
    let page = house.request(Method::GET, &path, &house.tokens.engineer);
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("kim@northwind.example let it go on after a pause"));
    for (verb, body) in [("pause", WORDS), ("resume", &b""[..])] {
        let path = format!("/api/v1/{rollout}/{verb}");
        let answer = house.post(&path, &house.tokens.operations, body.to_vec());
        let refused = problem(answer.await).await;
        assert_eq!(refused, (409, "rollout.over".to_owned()));
    }
}
