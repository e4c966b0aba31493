//! A fleet with something in every table, for what concerns a store as a whole. Read [`a_fleet`].

use mainstay_access::{Duty, Role};
use mainstay_fleet::{ClientProfile, ReleaseDigest};
use mainstay_plan::starting_plan;
use mainstay_rollout::order::Word;
use mainstay_store::leases::LEASE_MAX;
use mainstay_store::whole::StoreAt;
use mainstay_store::{
    HeardWord, Registration, Reported, SqliteStore, Store, StoredReport, StoredSchedule,
};
use mainstay_telemetry::PastWords;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::accounts::{account, hash, invitation, made, signed_in};
use super::fixture::{NEW, at, device, enrolments, id, person, registration, release, token};
use super::subjects::subject;
use super::{
    FILE, answers, controllers, draws, gateways, incidents, issuing, joining, leases, orders,
    payloads, readings, sessions, standing, webhooks, welcomes,
};

/// Something in every table.
async fn fill(store: &dyn Store) {
    let rollout = orders::numbered(store, 4).await;
    let (text, sam) = (starting_plan(), person("sam", Duty::ReleaseManager));
    let digest = Sha256::digest(text).into();
    let put = store.activate_plan(text, digest, &sam.email, at(1)).await;
    put.expect("writable");
    store.add_person(&sam, token(900)).await.expect("new");
    store
        .add_release(&release("1.2.0", 2), b"envelope")
        .await
        .expect("new");
    devices_with_clients(store).await;
    let device = id(0);
    let number = orders::order(store, &rollout, 0).await;
    let word = HeardWord {
        entry: Some(&orders::entry(8)),
        ..orders::heard(&device, number, Word::Progress)
    };
    store.heed(&word, &orders::fold).await.expect("it is open");
    readings::keep(store, &[readings::taken(&rollout, 1, 10, 12, u32::MAX)]).await;
    readings::hear(store, 1, 0, 50, &[readings::count(&rollout, 0)]).await;
    let incident = incidents::incident(&rollout);
    store.open_incident(&incident).await.expect("writable");
    brakes(store).await;
    store
        .note_payload(&payloads::payload(7, mainstay_artifact::Ending::Bin))
        .await
        .expect("writable");
    doors(store).await;
    leases::take(store, "one", None, LEASE_MAX).await;
    reports(store).await;
    webhooks::told(store).await;
    answers::answered(store).await;
    let asked = draws::asked_for(store).await;
    draws::drawn(store, &asked, &enrolments(4)).await;
}

async fn devices_with_clients(store: &dyn Store) {
    let mut new = device(700);
    new.attributes.clear();
    new.running = None;
    let new = Registration {
        controller: Some(controllers::controller("gateway:7")),
        ..registration(new, token(700))
    };
    store.register_many(&[new]).await.expect("new");
    let words = PastWords {
        last: ReleaseDigest([7; 32]),
        has_changed: true,
        ahead: false,
    };
    let gateway = id(700);
    store
        .keep_version_words(&gateway, &words)
        .await
        .expect("it has a client");
    store
        .note_profile(&gateway, ClientProfile::Rauc)
        .await
        .expect("it has a client");
    store
        .keep_auto_confirm(&gateway, Some(r#"{"active":true}"#))
        .await
        .expect("it has a client");
    let said = |_| Reported::from([("hw".to_owned(), "1.4.2".to_owned())]);
    store
        .keep_attributes(&gateway, &said)
        .await
        .expect("it has a client");
    gateways::put(store, 1, Some(700)).await.expect("it may");
}

async fn brakes(store: &dyn Store) {
    for version in [1, 2] {
        store.add_root(&standing::root(version)).await.expect("new");
    }
    for seq in [1, u64::MAX] {
        store
            .add_revocations(&standing::revocations(0, seq))
            .await
            .expect("new");
    }
    store.add_hold(&standing::hold(2), 0).await.expect("new");
    let schedule = StoredSchedule {
        release: NEW,
        class: [1; 16],
        signed: b"schedule".to_vec(),
        at: at(2),
        by: person("sam", Duty::ReleaseManager).email,
    };
    store.add_schedule(&schedule).await.expect("new");
}

async fn doors(store: &dyn Store) {
    let ole = account("ole", Role::Operations);
    made(store, 801, &ole).await;
    signed_in(store, 802, &ole, at(1)).await;
    let token = sessions::api_token(803, &ole, "ci");
    store
        .add_api_token(&token, &hash(802))
        .await
        .expect("whole, and his");
    let bound = store.bind_subject(&subject("ole"), &ole, at(1)).await;
    bound.expect("his own");
    let vi = account("vi", Role::Viewer);
    store
        .add_setup_link(&invitation(804, &vi, at(1)), None)
        .await
        .expect("new");
    let code = joining::code(805, 1);
    store.add_join_code(&code).await.expect("new");
    let welcome = welcomes::welcome(8, 2);
    store.add_welcome(&welcome).await.expect("new");
    let revoked = joining::revoked(806);
    store.revoke_certificate(&revoked).await.expect("new");
    let renewed = issuing::renewed(808, 0, 2, 807);
    for issued in [issuing::issued(807, 0, 1), renewed] {
        store.note_issued(&issued).await.expect("it is registered");
    }
}

/// Words that aren't JSON, that are, and one with a sign that PostgreSQL can't keep.
async fn reports(store: &dyn Store) {
    let confirmed = format!("{{\"event\":\"confirmed\",\"release\":\"{NEW:?}\\u0000\"}}");
    let said = [("no JSON", "said"), (confirmed.as_str(), "said \u{0}")];
    let report = |(seq, (event, text)): (u32, (&str, &str))| StoredReport {
        seq,
        at: at(9),
        event: event.to_owned(),
        text: text.to_owned(),
    };
    let reports: Vec<_> = (1..).zip(said).map(report).collect();
    let recorded = store
        .record(&id(2), None, at(9), &reports, &|_, progress, _| progress)
        .await;
    recorded.expect("a known device");
}

pub async fn a_fleet() -> (TempDir, StoreAt) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE);
    let store = SqliteStore::create(&path).await.expect("a new database");
    fill(&store).await;
    store.close().await;
    (folder, StoreAt::File(path))
}
