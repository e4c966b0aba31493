//! How a rollout would go, asked before anybody approves it; and how it goes then.

use mainstay_api::{Page, Preview, RolloutView};
use mainstay_artifact::ClassName;
use mainstay_trust::root::Role;
use reqwest::{Method, StatusCode};

use crate::eligibility::{declare, running};
use crate::house::{Artifact, CLASS, House, PLAN, problem, read};
use crate::papers::{next_root, publish_root};
use crate::update::pass_hours;

const PATH: &str = "/api/v1/releases/thermo-v2@1.1.0/rollout/preview";

async fn submitted(house: &House) -> Artifact {
    let artifact = house.built("1.1.0", 2, &[]);
    assert_eq!(house.submit(&artifact).await.status(), StatusCode::CREATED);
    artifact
}

async fn refused(house: &House, path: &str) -> (u16, String) {
    let request = house.request(Method::GET, path, &house.tokens.engineer);
    problem(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_release_that_nobody_has_approved_is_previewed() {
    let house = House::new().await;
    let _gadgets = running(&house, &["th-1", "th-2", "th-3", "th-4"]).await;
    declare(&house, "th-4", "1.0.0").await;
    let release = submitted(&house).await;
    let preview: Preview = house.get(PATH, &house.tokens.engineer).await;
    assert_eq!(preview.release, "thermo-v2@1.1.0");
    let waves = preview.waves.iter();
    let waves: Vec<_> = waves
        .map(|wave| (wave.name.as_str(), wave.devices))
        .collect();
    assert_eq!(waves, [("canary", 2), ("10 %", 1), ("100 %", 0)]);
    assert_eq!(preview.not_eligible[0].id, "fleet.bootloader-too-old");
    assert_eq!(preview.not_eligible[0].first.as_str(), "th-4");
    assert!(preview.ends.is_some());
    // That nobody has approved it is what lies ahead, not what stands in the way.
    assert_eq!(preview.in_the_way, [""; 0]);
    let words = preview.assumptions.join(" ");
    let bytes = release.image.len();
    let pace = format!("{bytes} bytes at 100000 bytes per second");
    assert!(words.contains(&pace), "{words}");
    // Asked again, it tells the same; at another pace, that one.
    assert_eq!(
        house.get::<Preview>(PATH, &house.tokens.manager).await,
        preview
    );
    let slow = format!("{PATH}?bytes_per_second=10");
    let slow: Preview = house.get(&slow, &house.tokens.operations).await;
    assert!(slow.peak.downloads > 0);
    let together = 10 * u64::from(slow.peak.downloads);
    assert_eq!(slow.peak.bytes_per_second, together);
    assert!(slow.ends > preview.ends, "{slow:?}");
    // Nothing has begun.
    let rollouts: Page<RolloutView> = house.get("/api/v1/rollouts", &house.tokens.manager).await;
    assert_eq!((rollouts.items, rollouts.next), (Vec::new(), None));
}

#[tokio::test]
async fn what_was_previewed_happens() {
    let house = House::new().await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    let release = submitted(&house).await;
    let preview: Preview = house.get(PATH, &house.tokens.engineer).await;
    let path = "/api/v1/releases/thermo-v2@1.1.0";
    let (tokens, approval) = (&house.tokens, house.approved(&release));
    house
        .post(&format!("{path}/approval"), &tokens.manager, approval)
        .await;
    let started = house
        .post(&format!("{path}/rollout"), &tokens.operations, Vec::new())
        .await;
    let started: RolloutView = read(started).await;
    house.advance().await;
    pass_hours(&house, &mut gadgets, &release, 8).await;
    let rollout: RolloutView = house
        .get(
            &format!("/api/v1/rollouts/{}", started.id),
            &tokens.engineer,
        )
        .await;
    assert_eq!(rollout.phase, "complete");
    for (seen, foreseen) in rollout.waves.iter().zip(&preview.waves) {
        assert_eq!(
            (&seen.name, seen.members),
            (&foreseen.name, foreseen.devices as usize)
        );
        // These devices ask at each full hour, and the server looks then: a wave may be an hour late.
        let late = seen
            .opened_at
            .unwrap()
            .duration_since(foreseen.starts.unwrap());
        assert!(
            (0..=3600).contains(&late.as_secs()),
            "{}: {late:#}",
            seen.name
        );
    }
    // What has begun is looked at, not foreseen.
    assert_eq!(
        refused(&house, PATH).await,
        (409, "preview.not-ahead".to_owned())
    );
}

/// A preview that is asked for on a day on which the release would get nowhere says so.
#[tokio::test]
async fn what_stands_in_the_way_is_said() {
    let house = House::new().await;
    let _gadgets = running(&house, &["th-1", "th-2"]).await;
    house.roll_out(&house.built("1.0.9", 2, &[])).await;
    let next = house.built("1.1.0", 3, &[]);
    assert_eq!(house.submit(&next).await.status(), StatusCode::CREATED);
    let reason = r#"{"reason":"it smells of smoke"}"#;
    let held = house
        .post(
            "/api/v1/releases/thermo-v2@1.1.0/hold",
            &house.tokens.operations,
            reason.into(),
        )
        .await;
    assert_eq!(held.status(), StatusCode::CREATED);
    // From now on devices wait for revocations, and this class for a schedule.
    let mut root = next_root(2);
    let class = ClassName::parse(CLASS).unwrap().class_id();
    let all = vec![Role::Build, Role::Release, Role::Operations];
    root.policy.insert(class, all);
    publish_root(&house, &root).await;
    let preview: Preview = house.get(PATH, &house.tokens.engineer).await;
    let expected = [
        "1.0.9 is still being rolled out to this class",
        "it smells of smoke",
        "have published no revocations",
        "hasn't signed a schedule",
    ];
    for (sentence, words) in preview.in_the_way.iter().zip(expected) {
        assert!(sentence.contains(words), "{sentence}");
    }
    assert_eq!(preview.in_the_way.len(), expected.len());
    assert!(preview.ends.is_some(), "the rest is told all the same");
}

/// The plan of these tests, with a second class.
fn with_valves() -> String {
    let roles = PLAN.find("[role.engineer]").unwrap();
    let class = &PLAN[PLAN.find("[[class]]").unwrap()..roles];
    let second = class.replace("thermo-v2", "valve-v1");
    format!("{}{second}{}", &PLAN[..roles], &PLAN[roles..])
}

#[tokio::test]
async fn what_cannot_be_previewed_says_why() {
    let house = House::under(&with_valves()).await;
    let unknown = PATH.replace("1.1.0", "9.9.9");
    assert_eq!(
        refused(&house, &unknown).await,
        (404, "request.not-found".to_owned())
    );
    submitted(&house).await;
    assert_eq!(
        refused(&house, PATH).await,
        (409, "preview.empty-fleet".to_owned())
    );
    for words in ["bytes_per_second=0", "bytes_per_second=fast", "pace=7"] {
        let refusal = refused(&house, &format!("{PATH}?{words}")).await;
        assert_eq!(refusal, (400, "preview.pace".to_owned()), "{words}");
    }
    let other = r#"{"devices":[{"id":"vt-1","class":"valve-v1","hardware":"B","zone":"America/Denver","bootloader":"1.4.2"}]}"#;
    let registered = house
        .post("/api/v1/devices", &house.tokens.operations, other.into())
        .await;
    assert_eq!(registered.status(), StatusCode::CREATED);
    let without = (409, "preview.class-without-devices".to_owned());
    assert_eq!(refused(&house, PATH).await, without);
    let stranger = house
        .request(Method::GET, PATH, "nobody")
        .send()
        .await
        .unwrap();
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    // Registered, but it has never said what it runs.
    let own = other
        .replace("vt-1", "th-1")
        .replace("valve-v1", "thermo-v2");
    house
        .post("/api/v1/devices", &house.tokens.operations, own.into())
        .await;
    let nobody = (409, "rollout.nobody-eligible".to_owned());
    assert_eq!(refused(&house, PATH).await, nobody);
}
