//! Schedules: for a class that needs one, operations' signature says when and how many.

use mainstay_api::{ScheduleView, Why};
use mainstay_artifact::{ClassName, RootDraft, document_file};
use mainstay_keys::{FileSigner, HostPrimitives};
use mainstay_trust::manifest::Uuid;
use mainstay_trust::root::Role;
use mainstay_trust::schedule::SHARE_WHOLE;
use mainstay_trust::{Digest, Schedule};
use reqwest::StatusCode;

use crate::gadget::{Gadget, register};
use crate::house::{self, House, packed, read, root_draft, signer, status_key};
use crate::papers::{DAY_S, now_s, publish_root};

const SCHEDULES: &str = "/api/v1/releases/thermo-v2@1.1.0/schedules";

fn class() -> Uuid {
    ClassName::parse(house::CLASS).unwrap().class_id()
}

/// A schedule for all devices from now on, for a day.
fn whole(house: &House, release: Digest) -> Schedule {
    let not_before = now_s(house);
    Schedule {
        release,
        class: class(),
        share: SHARE_WHOLE,
        not_before,
        expires: not_before + DAY_S,
    }
}

fn signed(schedule: &Schedule, by: &FileSigner) -> Vec<u8> {
    document_file::sign(schedule, &[by], &HostPrimitives).unwrap()
}

fn by_kim(schedule: &Schedule) -> Vec<u8> {
    signed(schedule, &signer("kim@northwind.example"))
}

/// A device that waits for 1.1.0, of a class that needs a schedule.
async fn waiting() -> (House, Gadget, Digest) {
    let house = House::new().await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    gadget.check_in(&house, &[]).await;
    let mut root = RootDraft {
        version: 2,
        ..root_draft(&status_key().signer().unwrap())
    };
    let all = vec![Role::Build, Role::Release, Role::Operations];
    root.policy.insert(class(), all);
    publish_root(&house, &root).await;
    gadget.hold(2, None);
    let new = house.built("1.1.0", 2, &[]);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    (house, gadget, new.manifest)
}

async fn why(house: &House) -> String {
    let path = "/api/v1/devices/th-1/why";
    let why: Why = house.get(path, &house.tokens.engineer).await;
    why.sentence
}

#[tokio::test]
async fn an_offer_carries_the_schedule_that_allows_it() {
    let (house, mut gadget, release) = waiting().await;
    assert_eq!(gadget.check_in(&house, &[]).await.install, None);
    let sentence = why(&house).await;
    assert!(
        sentence.contains("operations hasn't signed a schedule"),
        "{sentence}"
    );
    let now = now_s(&house);
    let whole = whole(&house, release);
    let steps = [
        (Schedule { share: 0, ..whole }, "lets only 0.00 %"),
        (
            Schedule {
                not_before: now + 60,
                ..whole
            },
            "begins in 1 min",
        ),
        (
            Schedule {
                not_before: now - 120,
                expires: now - 60,
                ..whole
            },
            "ended 1 min ago",
        ),
    ];
    for (schedule, reason) in steps {
        let added = house.post(SCHEDULES, &house.tokens.operations, by_kim(&schedule));
        assert_eq!(added.await.status(), StatusCode::CREATED);
        assert_eq!(gadget.check_in(&house, &[]).await.install, None);
        let sentence = why(&house).await;
        assert!(sentence.contains(reason), "{sentence}");
    }
    // Signed once: no two signatures of a key are alike.
    let signed = by_kim(&whole);
    let added = house.post(SCHEDULES, &house.tokens.operations, signed.clone());
    let view: ScheduleView = read(added.await).await;
    assert_eq!(view.share, SHARE_WHOLE);
    let told = gadget.check_in(&house, &[]).await;
    assert!(told.install.is_some());
    assert_eq!(told.schedule, Some(signed));
}

#[tokio::test]
async fn only_operations_signs_and_only_for_this_release() {
    let (house, _, release) = waiting().await;
    let whole = whole(&house, release);
    let kim = &house.tokens.operations;
    let other_release = Schedule {
        release: Digest([7; 32]),
        ..whole
    };
    let other_class = Schedule {
        class: [7; 16],
        ..whole
    };
    let by_manager = signed(&whole, &house.manager);
    let cases = [
        (&house.tokens.engineer, by_kim(&whole), 403, "access.denied"),
        (&house.tokens.manager, by_kim(&whole), 403, "access.denied"),
        (kim, by_manager, 422, "trust.role-missing"),
        (kim, by_kim(&other_release), 422, "trust.schedule-mismatch"),
        (kim, by_kim(&other_class), 422, "trust.schedule-mismatch"),
        (kim, b"nothing".to_vec(), 422, "trust."),
    ];
    for (token, body, status, id) in cases {
        let refused = house.refused(SCHEDULES, token, body).await;
        assert_eq!(refused.0, status, "{id} {}", refused.1);
        assert!(refused.1.starts_with(id), "{id} {}", refused.1);
    }
}
