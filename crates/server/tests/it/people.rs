//! Who may do what, and what nobody may.

use mainstay_access::{Duty, Email};
use mainstay_plan::PlanDigest;
use mainstay_server::{SeededEntropy, admin};
use mainstay_trust::envelope::ENVELOPE_BYTES_MAX;
use reqwest::{Method, StatusCode};

use crate::gadget::{new_device, register};
use crate::house::{self, House, PLAN, packed, problem};

const RELEASE: &str = "/api/v1/releases/thermo-v2@1.1.0";

#[tokio::test]
async fn each_step_takes_its_own_duty() {
    let house = House::new().await;
    let artifact = house.built("1.1.0", 2, &[]);
    let submit = "/api/v1/releases?track=maintenance";
    let (approval, rollout) = (format!("{RELEASE}/approval"), format!("{RELEASE}/rollout"));
    let devices = "/api/v1/devices";
    assert_eq!(house.submit(&artifact).await.status(), StatusCode::CREATED);
    let tokens = &house.tokens;
    let cases = [
        (submit, &tokens.manager, artifact.file()),
        (submit, &tokens.operations, artifact.file()),
        (&approval, &tokens.engineer, house.approved(&artifact)),
        (&approval, &tokens.operations, house.approved(&artifact)),
        (&rollout, &tokens.engineer, Vec::new()),
        (&rollout, &tokens.manager, Vec::new()),
        (devices, &tokens.engineer, b"{}".to_vec()),
    ];
    for (path, token, body) in cases {
        let refused = house.refused(path, token, body).await;
        assert_eq!(refused, (403, "access.denied".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn nobody_gets_two_duties() {
    let house = House::new().await;
    let entropy = SeededEntropy::new(99);
    let cases = [
        // Has a token for another duty; is named for another duty by the plan; has this very duty.
        ("ana", Duty::ReleaseManager, "access.two-duties"),
        ("joe", Duty::Engineer, "access.two-duties"),
        ("kim", Duty::Operations, "store.already-exists"),
    ];
    for (name, duty, id) in cases {
        let email = Email::new(&format!("{name}@northwind.example")).unwrap();
        let refused = admin::add_person(house.app.store(), &entropy, email, duty).await;
        assert_eq!(refused.unwrap_err().id(), id, "{name}");
    }
    let swapped = PLAN.replace("noor@northwind", "ana@northwind");
    let put = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let (status, id) = problem(put.body(swapped).send().await.unwrap()).await;
    assert!((400..500).contains(&status), "{status} {id}");
}

/// The rules of a later version may find an error in the plan in force; people come all the same.
#[tokio::test]
async fn people_are_added_under_a_plan_of_older_rules() {
    let house = House::new().await;
    let older = PLAN.replacen("deputies = [\"joe@northwind.example\"]", "", 1);
    let put = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let refused = problem(put.body(older.clone()).send().await.unwrap()).await;
    assert_eq!(refused, (422, "plan.errors".to_owned()));
    let store = house.app.store();
    let sam = Email::new("sam@northwind.example").unwrap();
    let digest = PlanDigest::of(older.as_bytes()).0;
    let activated = store
        .activate_plan(&older, digest, &sam, house::start())
        .await;
    activated.unwrap();
    let mo = Email::new("mo@northwind.example").unwrap();
    let entropy = SeededEntropy::new(98);
    let added = admin::add_person(store, &entropy, mo, Duty::Operations).await;
    assert!(added.is_ok());
}

#[tokio::test]
async fn an_approval_must_be_for_this_very_release() {
    let house = House::new().await;
    let artifact = house.built("1.1.0", 2, &[]);
    house.submit(&artifact).await;
    let other = house.built("1.1.0", 3, &[]);
    let other_plan = PlanDigest::of(b"another plan");
    let cases = [
        (house.approved(&other), 409, "releases.manifest-changed"),
        (artifact.envelope.clone(), 422, "trust.approval-missing"),
        (
            house.approved_under(&artifact, other_plan),
            409,
            "releases.other-grounds",
        ),
        (b"no envelope".to_vec(), 422, "trust."),
        (vec![0; ENVELOPE_BYTES_MAX + 1], 413, "request.too-large"),
    ];
    for (envelope, status, id) in cases {
        let path = format!("{RELEASE}/approval");
        let refused = house.refused(&path, &house.tokens.manager, envelope).await;
        assert_eq!(refused.0, status, "{id} {}", refused.1);
        assert!(refused.1.starts_with(id), "{id} {}", refused.1);
    }
}

#[tokio::test]
async fn nothing_rolls_out_unapproved() {
    let house = House::new().await;
    let artifact = house.built("1.1.0", 2, &[]);
    register(&house, &["th-1"], &packed(house::CLASS, "1.0.0", 1, &[])).await;
    house.submit(&artifact).await;
    let path = format!("{RELEASE}/rollout");
    let refused = house
        .refused(&path, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(refused, (409, "release.wrong-stage".to_owned()));
    let approval = format!("{RELEASE}/approval");
    house
        .post(&approval, &house.tokens.manager, house.approved(&artifact))
        .await;
    // Approved under one plan, and another is in force when it is to start.
    let other = format!("{PLAN}\n# changed\n");
    let put = house
        .request(Method::PUT, "/api/v1/plan", &house.tokens.manager)
        .body(other);
    assert_eq!(put.send().await.unwrap().status(), StatusCode::OK);
    let refused = house
        .refused(&path, &house.tokens.operations, Vec::new())
        .await;
    assert_eq!(refused, (409, "rollouts.other-plan".to_owned()));
}

fn with_attribute(name: &str, value: &str) -> mainstay_api::NewDevice {
    mainstay_api::NewDevice {
        attributes: [(name.to_owned(), value.to_owned())].into(),
        ..new_device("th-1", "B")
    }
}

#[tokio::test]
async fn a_device_must_fit_the_plan() {
    let house = House::new().await;
    let fits = || new_device("th-1", "B");
    let cases = [
        (
            mainstay_api::NewDevice {
                class: "kettle".to_owned(),
                ..fits()
            },
            "devices.class",
        ),
        (
            mainstay_api::NewDevice {
                hardware: "Z".to_owned(),
                ..fits()
            },
            "devices.hardware",
        ),
        (
            mainstay_api::NewDevice {
                zone: "EST".to_owned(),
                ..fits()
            },
            "fleet.zone",
        ),
        (
            mainstay_api::NewDevice {
                bootloader: "new".to_owned(),
                ..fits()
            },
            "devices.bootloader",
        ),
        (with_attribute("3rd", "x"), "fleet.attribute"),
        (with_attribute("floor", ""), "fleet.attribute"),
        (with_attribute("site", "store-7"), "fleet.attribute"),
    ];
    let path = "/api/v1/devices";
    let elsewhere = br#"{"devices":[{"id":"th-1","class":"thermo-v2","hardware":"B",
        "zone":"America/Denver","bootloader":"1.4.0","site":"a/b"}]}"#;
    let refused = house.refused(path, &house.tokens.operations, elsewhere.to_vec());
    assert_eq!(refused.await, (400, "request.malformed".to_owned()));
    for (device, id) in cases {
        let devices = mainstay_api::NewDevices {
            devices: vec![fits(), device],
        };
        let body = serde_json::to_vec(&devices).unwrap();
        let refused = house
            .refused("/api/v1/devices", &house.tokens.operations, body)
            .await;
        assert_eq!(refused, (422, id.to_owned()));
    }
    assert!(
        house.app.store().devices(None).await.unwrap().is_empty(),
        "all or none"
    );
}
