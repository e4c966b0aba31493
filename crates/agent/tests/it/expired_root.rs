//! A root that has expired: nothing installs by it, everything that was kept boots, and the roots after it are taken.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mainstay_artifact::RootDraft;
use mainstay_fleet::DeviceId;
use mainstay_server::attack::ForcedOffer;

use crate::bench::{approved, built, tree};
use crate::field::Field;
use crate::house::{root_draft, signed_by_custodian, status_key};
use crate::wall_clock::NONE;

/// A day after the first root's end.
const AFTER: u64 = 1_890_086_400;

async fn publish(field: &Field, version: u32, expires: u64) {
    let draft = RootDraft {
        version,
        expires,
        ..root_draft(&status_key().signer().unwrap())
    };
    let signed = signed_by_custodian(&draft);
    let house = &field.house;
    let taken = house
        .post("/api/v1/roots", &house.tokens.operations, signed)
        .await;
    assert_eq!(taken.status(), 201);
}

/// The server offers it whatever the root says, as no honest one would.
fn force(field: &Field, version: &str) {
    let release = approved(
        &field.house,
        &built(&field.house, version, 2, tree(version, 100)),
    );
    field.house.app.attack().force(ForcedOffer {
        envelope: release.envelope,
        image: release.image_digest,
        payload: release.image,
        devices: BTreeSet::from([DeviceId::new("th-1").unwrap()]),
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_installs_by_an_expired_root_until_its_successor_comes() {
    let mut field = Field::begin("").await;
    // No clock at all: the status that came with the offer says how late it is.
    field.bench.set_clock(NONE);
    let after = Timestamp::from_second(i64::try_from(AFTER).unwrap()).unwrap();
    field.house.clock.set(after);
    force(&field, "1.1.0");
    let agent = field.bench.run();
    field.bench.wait_for_outcome("trust.root-expired");
    drop(agent);
    field.house.app.attack().stop();
    field.hear("1.0.0", "(trust.root-expired)").await;
    // The second has expired as well when the device hears of it; only the last of a chain is asked.
    publish(&field, 2, AFTER - 10).await;
    publish(&field, 3, AFTER + 3 * 365 * 86_400).await;
    field.offer(100).await;
    let agent = field.bench.boots_and_updates("1.1.0");
    drop(agent);
    drop(field.bench.boots("1.1.0"));
}
