//! Revocations: from the signed document to devices, releases, rollouts and people.

use jiff::SignedDuration;
use mainstay_api::{DevicePage, Page, ReleaseView, RevocationsView, RolloutView, Why};
use mainstay_artifact::{ClassName, Signer};
use mainstay_server::PagesAccess;
use mainstay_trust::{Minimum, Role};
use reqwest::StatusCode;

use crate::database::change;
use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, House, packed, problem, read, signer};
use crate::papers::{Named, next_root, publish_root, revocations, revocations_by, revoke};

/// A house whose root lets people revoke, and a device that waits for 1.1.0 under that root.
async fn waiting(house: &House) -> (Gadget, Artifact) {
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(house, &["th-1"], &old).await.remove(0);
    gadget.check_in(house, &[]).await;
    publish_root(house, &next_root(2)).await;
    gadget.hold(2, None);
    let new = house.built("1.1.0", 2, &[old.manifest]);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    (gadget, new)
}

async fn why(house: &House, subject: &str) -> String {
    let path = format!("/api/v1/{subject}/why");
    let why: Why = house.get(&path, &house.tokens.engineer).await;
    why.sentence
}

async fn home(house: &House) -> String {
    let page = house.http.get(format!("{}/", house.base)).send();
    page.await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn nothing_is_installed_without_revocations_that_hold() {
    let house = House::with(PagesAccess::Anyone).await;
    let (mut gadget, _) = waiting(&house).await;
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!((told.install, told.revocations), (None, None));
    let missing = "have published no revocations";
    for subject in ["devices/th-1", "rollouts/1", "releases/thermo-v2@1.1.0"] {
        let sentence = why(&house, subject).await;
        assert!(sentence.contains(missing), "{subject}: {sentence}");
    }
    assert!(home(&house).await.contains(missing));
    let first = revocations(&house, 1, &Named::default());
    assert_eq!(
        revoke(&house, first.clone()).await.status(),
        StatusCode::CREATED
    );
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!((told.install, told.revocations), (None, Some(first)));
    assert_eq!(told.poll_after_s, 0);
    gadget.hold(2, Some(1));
    let told = gadget.check_in(&house, &[]).await;
    assert!(told.install.is_some() && told.revocations.is_none());
    let (root, named) = told.named.expect("a status comes with the offer");
    assert!(root == 2 && named.is_some(), "it names the revocations");
    assert!(!home(&house).await.contains("revocations are due"));
    house.later(24 * 24 * 60);
    assert!(home(&house).await.contains("revocations are due"));
    house.later(7 * 24 * 60);
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    let stale = why(&house, "rollouts/1").await;
    assert!(stale.contains("next update was due"), "{stale}");
    assert!(home(&house).await.contains("next update was due"));
}

#[tokio::test]
async fn a_revoked_release_stops_for_good_and_who_runs_it_is_listed() {
    let house = House::new().await;
    let (mut gadget, new) = waiting(&house).await;
    revoke(&house, revocations(&house, 1, &Named::default())).await;
    gadget.hold(2, Some(1));
    assert!(gadget.check_in(&house, &[]).await.install.is_some());
    gadget.update_to(&house, &new).await;
    let named = Named {
        releases: &[new.manifest],
        ..Named::default()
    };
    let answer = revoke(&house, revocations(&house, 2, &named)).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let view: RevocationsView = read(answer).await;
    assert_eq!(view.withdrawn.len(), 1);
    let withdrawn = &view.withdrawn[0];
    assert_eq!(withdrawn.release, "thermo-v2@1.1.0");
    assert_eq!(withdrawn.running, ["th-1"]);
    let token = &house.tokens.engineer;
    let release: ReleaseView = house.get("/api/v1/releases/thermo-v2@1.1.0", token).await;
    assert_eq!(release.stage, "revoked");
    let rollout: RolloutView = house.get("/api/v1/rollouts/1", token).await;
    assert_eq!(rollout.phase, "halted");
    let because = rollout.halted_because.expect("a halt has a reason");
    assert!(because.contains("trust.revoked-release"), "{because}");
    let path = format!("/api/v1/releases/{}/devices", new.manifest);
    let running: DevicePage = house.get(&path, token).await;
    assert_eq!(running.devices.len(), 1);
    // Neither a turn nor another document brings it back.
    house.advance().await;
    revoke(&house, revocations(&house, 3, &Named::default())).await;
    let release: ReleaseView = house.get("/api/v1/releases/thermo-v2@1.1.0", token).await;
    assert_eq!(release.stage, "revoked");
    let told = why(&house, "releases/thermo-v2@1.1.0").await;
    assert!(told.contains("it was revoked, which is for good"), "{told}");
}

#[tokio::test]
async fn a_revoked_key_and_a_minimum_reach_what_was_handed_in_and_what_will_be() {
    let house = House::new().await;
    let (mut gadget, _) = waiting(&house).await;
    let class = ClassName::parse(house::CLASS).unwrap().class_id();
    let minimum = Named {
        minimums: &[Minimum { class, sequence: 3 }],
        ..Named::default()
    };
    revoke(&house, revocations(&house, 1, &minimum)).await;
    gadget.hold(2, Some(1));
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    let token = &house.tokens.engineer;
    let release: ReleaseView = house.get("/api/v1/releases/thermo-v2@1.1.0", token).await;
    assert_eq!(release.stage, "revoked");
    let old = house.submit(&house.built("1.1.1", 2, &[])).await;
    assert_eq!(problem(old).await, (422, "trust.below-minimum".to_owned()));
    let good = house.built("1.2.0", 4, &[]);
    assert_eq!(house.submit(&good).await.status(), StatusCode::CREATED);
    let key = signer("ana@northwind.example").key_id();
    let stolen = Named {
        keys: &[key],
        ..Named::default()
    };
    let view: RevocationsView = read(revoke(&house, revocations(&house, 2, &stolen)).await).await;
    let names: Vec<_> = view
        .withdrawn
        .iter()
        .map(|one| one.release.as_str())
        .collect();
    assert_eq!(names, ["thermo-v2@1.2.0", "thermo-v2@1.1.0"]);
    let forged = house.submit(&house.built("1.3.0", 5, &[])).await;
    assert_eq!(problem(forged).await, (422, "trust.revoked-key".to_owned()));
}

/// A thousand and one releases, each like the first one but for its name and its manifest.
const MANY_LATER: &str = "
    INSERT INTO releases (id, manifest, stage, value, envelope)
    WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1001)
    SELECT 'thermo-v2@9.0.' || n, unhex(printf('%064x', n)), stage,
      json_set(value, '$.id', 'thermo-v2@9.0.' || n, '$.version', '9.0.' || n, '$.manifest', printf('%064x', n)), x'00'
    FROM numbers CROSS JOIN releases WHERE id = 'thermo-v2@1.0.0'";

/// People look at lists a page at a time; what is withdrawn has no page.
#[tokio::test]
async fn a_release_of_years_ago_is_revoked_and_listed() {
    let house = House::new().await;
    publish_root(&house, &next_root(2)).await;
    revoke(&house, revocations(&house, 1, &Named::default())).await;
    let old = house.built("1.0.0", 1, &[]);
    assert_eq!(house.submit(&old).await.status(), StatusCode::CREATED);
    change(&house, MANY_LATER).await;
    let token = &house.tokens.engineer;
    let listed: Page<ReleaseView> = house.get("/api/v1/releases?limit=200", token).await;
    assert!(listed.next.is_some(), "it is on no first page");
    assert!(listed.items.iter().all(|one| one.id != "thermo-v2@1.0.0"));
    let named = Named {
        releases: &[old.manifest],
        ..Named::default()
    };
    let view: RevocationsView = read(revoke(&house, revocations(&house, 2, &named)).await).await;
    assert_eq!(view.withdrawn.len(), 1);
    let withdrawn = &view.withdrawn[0];
    assert_eq!(withdrawn.release, "thermo-v2@1.0.0");
    let because = &withdrawn.because;
    assert!(because.contains("trust.revoked-release"), "{because}");
    let release: ReleaseView = house.get("/api/v1/releases/thermo-v2@1.0.0", token).await;
    assert_eq!(release.stage, "revoked");
}

#[tokio::test]
async fn only_what_follows_is_taken() {
    let house = House::new().await;
    let none = Named::default();
    let path = "/api/v1/revocations";
    let token = &house.tokens.engineer;
    let early = house.refused(path, token, revocations(&house, 1, &none));
    assert_eq!(early.await.0, 422, "the first root lets nobody revoke");
    publish_root(&house, &next_root(2)).await;
    let second = revocations(&house, 2, &none);
    assert_eq!(
        revoke(&house, second.clone()).await.status(),
        StatusCode::CREATED
    );
    assert_eq!(
        revoke(&house, second).await.status(),
        StatusCode::OK,
        "once more"
    );
    house
        .clock
        .set(house.app.now() + SignedDuration::from_secs(1));
    let by_engineer = revocations_by(&house.engineer, &house, 3, &none);
    let cases = [
        (revocations(&house, 1, &none), "trust.revocations-replayed"),
        (revocations(&house, 2, &none), "trust.revocations-replayed"),
        (by_engineer, "trust.role-missing"),
        (b"nothing".to_vec(), "trust."),
    ];
    for (signed, id) in cases {
        let refused = house.refused(path, token, signed).await;
        assert_eq!(refused.0, 422, "{id} {}", refused.1);
        assert!(refused.1.starts_with(id), "{id} {}", refused.1);
    }
}

/// What a dropped key signed counts for nothing, here as on devices; its numbers are used up.
#[tokio::test]
async fn revocations_by_a_key_that_the_root_has_dropped_are_void() {
    let house = House::new().await;
    let none = Named::default();
    publish_root(&house, &next_root(2)).await;
    revoke(&house, revocations(&house, 4, &none)).await;
    let roy = signer("roy@northwind.example");
    let mut third = next_root(3);
    for member in &mut third.members {
        if member.role == Role::Revocation {
            member.holder = roy.holder().to_owned();
            member.public_key = roy.public_key().into();
        }
    }
    publish_root(&house, &third).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.hold(3, None);
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!((told.install, told.revocations), (None, None));
    let used = revocations_by(&roy, &house, 3, &none);
    let refused = problem(revoke(&house, used).await).await;
    assert_eq!(refused, (422, "trust.revocations-replayed".to_owned()));
    let next = revocations_by(&roy, &house, 5, &none);
    assert_eq!(
        revoke(&house, next.clone()).await.status(),
        StatusCode::CREATED
    );
    let told = gadget.check_in(&house, &[]).await;
    assert_eq!(told.revocations, Some(next));
}
