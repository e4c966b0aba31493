//! A store as a whole: carried to the other back end and back, and looked through.

use std::path::Path;
use std::sync::OnceLock;

use mainstay_access::{Duty, Role};
use mainstay_fleet::{ClientProfile, ReleaseDigest};
use mainstay_plan::starting_plan;
use mainstay_rollout::order::Word;
use mainstay_store::whole::{self, Checked, Counted, StoreAt};
use mainstay_store::{
    FolderBlobs, HeardWord, PostgresAddress, PostgresPlace, PostgresStore, Reported, SqliteStore,
    Store, StoreError, StoredReport, StoredSchedule,
};
use mainstay_telemetry::PastWords;
use mainstay_trust::Digest;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tokio::task::AbortHandle;

use super::accounts::{account, hash, invitation, made, signed_in};
use super::fixture::{NEW, at, device, id, person, release, token};
use super::{
    FILE, cluster, controllers, incidents, orders, payloads, readings, sessions, standing,
};

async fn an_empty_database() -> (String, StoreAt) {
    let address = cluster::database("template1").await;
    let at = at_address(&address);
    (address, at)
}

fn at_address(address: &str) -> StoreAt {
    StoreAt::Database(PostgresPlace {
        address: PostgresAddress::parse(address).expect("the cluster's"),
        password: None,
    })
}

async fn copied(from: &StoreAt, to: &StoreAt) -> Result<whole::Copied, StoreError> {
    whole::copy(from, to, &mut |_| {}).await
}

async fn sums(of: &StoreAt) -> Vec<Counted> {
    whole::sums(of, &mut |_| {}).await.expect("readable")
}

/// What any promise has left in a file.
pub async fn carry_there_and_back(path: &Path) {
    let here = StoreAt::File(path.to_owned());
    let (address, there) = an_empty_database().await;
    let over = copied(&here, &there).await.expect("carried over");
    let again = path.with_extension("again");
    let back = StoreAt::File(again.clone());
    let returned = copied(&there, &back).await.expect("carried back");
    assert_eq!(
        (&over.tables, returned.changed_texts),
        (&returned.tables, 0)
    );
    assert_eq!(sums(&here).await, over.tables);
    for one in [&here, &there, &back] {
        let checked = whole::check(one, None, &mut |_| {})
            .await
            .expect("readable");
        assert_eq!(checked.tables, over.tables);
    }
    let one = SqliteStore::open(&again).await.expect("ours");
    let other = PostgresStore::open(&address).await.expect("ours");
    assert_eq!(
        mainstay_store::Devices::devices(&one, None)
            .await
            .expect("readable"),
        mainstay_store::Devices::devices(&other, None)
            .await
            .expect("readable"),
    );
}

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
    reports(store).await;
}

async fn devices_with_clients(store: &dyn Store) {
    let mut new = device(700);
    new.attributes.clear();
    new.running = None;
    let new = mainstay_store::Registration {
        controller: Some(controllers::controller("gateway:7")),
        ..super::fixture::registration(new, token(700))
    };
    store.register_many(&[new]).await.expect("new");
    let words = PastWords {
        last: ReleaseDigest([7; 32]),
        has_changed: true,
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
    let said = |_| Reported::from([("hw".to_owned(), "1.4.2".to_owned())]);
    store
        .keep_attributes(&gateway, &said)
        .await
        .expect("it has a client");
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
    let vi = account("vi", Role::Viewer);
    store
        .add_setup_link(&invitation(804, &vi, at(1)), None)
        .await
        .expect("new");
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

async fn a_fleet() -> (TempDir, StoreAt) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(FILE);
    let store = SqliteStore::create(&path).await.expect("a new database");
    fill(&store).await;
    store.close().await;
    (folder, StoreAt::File(path))
}

#[tokio::test]
async fn a_fleet_is_carried_over_and_goes_on() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    let mut told = Vec::new();
    let over = whole::copy(&here, &there, &mut |progress| told.push(progress.table)).await;
    let over = over.expect("carried over");
    for counted in &over.tables {
        assert!(counted.rows > 0, "{counted:?}");
        assert!(told.contains(&counted.table), "{told:?}");
    }
    assert_eq!(over.changed_texts, 1);
    assert_eq!(sums(&here).await, over.tables);

    let store = PostgresStore::open(&address).await.expect("ours");
    let said = mainstay_store::Devices::timeline(&store, &id(2), 1)
        .await
        .expect("readable");
    assert_eq!(said[0].text, "said \u{fffd}");
    // Sequences go on behind what was copied.
    register_another(&store).await;
    store.close().await;

    let back = StoreAt::File(folder.path().join("back.sqlite"));
    let returned = copied(&there, &back).await.expect("carried back");
    assert_eq!(sums(&there).await, returned.tables);
    let store = SqliteStore::open(&folder.path().join("back.sqlite"))
        .await
        .expect("ours");
    let devices = mainstay_store::Devices::devices(&store, None)
        .await
        .expect("readable");
    assert_eq!(devices.len(), 6);
    mainstay_store::Reports::record(&store, &id(4), None, at(20), &[], &|_, progress, _| {
        progress
    })
    .await
    .expect("it goes on");
}

async fn register_another(store: &dyn Store) {
    let new = super::fixture::registration(device(4), token(4));
    store.register_many(&[new]).await.expect("new");
}

/// What was cut off, or failed, is nothing at all.
#[tokio::test]
async fn a_copy_that_was_cut_off_is_no_store() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    // In the midst of it, whoever copies is gone.
    static COPYING: OnceLock<AbortHandle> = OnceLock::new();
    let (from, to) = (here.clone(), there.clone());
    let copying = tokio::spawn(async move {
        let mut watch = |progress: whole::Progress| {
            if progress.table == "orders" {
                COPYING.wait().abort();
            }
        };
        whole::copy(&from, &to, &mut watch).await
    });
    COPYING.set(copying.abort_handle()).expect("once");
    assert!(copying.await.expect_err("it was cut off").is_cancelled());
    assert_eq!(tables(&address).await, 0);

    change(&here, "UPDATE accounts SET role = 'king'").await;
    let back = StoreAt::File(folder.path().join("back.sqlite"));
    for to in [&there, &back] {
        let refused = copied(&here, to).await.expect_err("a row can't be read");
        assert_eq!(refused.id(), "store.damaged");
        let told = refused.to_string();
        assert!(
            told.contains("row ole@northwind.example") && told.contains("king"),
            "{told}"
        );
    }
    assert_eq!(tables(&address).await, 0);
    let left = std::fs::read_dir(folder.path()).expect("readable");
    let left: Vec<_> = left
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert!(
        left.iter()
            .all(|name| name.to_string_lossy().starts_with(FILE)),
        "{left:?}"
    );
}

/// How many tables the database has, once nobody is connected to it any more.
async fn tables(address: &str) -> i64 {
    let mut database = cluster::connect(address).await;
    loop {
        let (others, tables): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()),
               (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')",
        )
        .fetch_one(&mut database)
        .await
        .expect("readable");
        if others == 0 {
            return tables;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn only_what_nobody_works_with_is_copied_and_only_where_nothing_is() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    let refused = copied(&there, &here).await.expect_err("nothing to copy");
    assert_eq!(refused.id(), "store.empty");
    copied(&here, &there).await.expect("carried over");
    let again = copied(&here, &there).await.expect_err("something is there");
    assert_eq!(again.id(), "store.already-exists");
    let back = StoreAt::File(folder.path().join("back.sqlite"));
    let server = PostgresStore::open(&address).await.expect("ours");
    mainstay_store::Probe::probe(&server)
        .await
        .expect("writable");
    let refused = copied(&there, &back)
        .await
        .expect_err("a server works with it");
    assert_eq!(refused.id(), "store.in-use");
    server.close().await;
    copied(&there, &back).await.expect("now nobody does");
    let taken = copied(&there, &back).await.expect_err("something is there");
    assert_eq!(taken.id(), "store.already-exists");

    change(&back, "CREATE TABLE recipes (text TEXT)").await;
    let other = StoreAt::File(folder.path().join("other.sqlite"));
    let refused = copied(&back, &other)
        .await
        .expect_err("a table that nobody knows");
    assert!(refused.to_string().contains("recipes.text"), "{refused}");
    change(&back, "DROP TABLE recipes; PRAGMA user_version = 6").await;
    let refused = copied(&back, &other).await.expect_err("an older one");
    assert_eq!(refused.id(), "store.behind");
    let missing = whole::missing(&back).await.expect("readable");
    let numbers: Vec<_> = missing.missing.iter().map(|step| step.number).collect();
    assert_eq!((missing.version, numbers.first()), (6, Some(&7)));
}

/// Changes a store by a hand that isn't ours.
async fn change(at: &StoreAt, sql: &'static str) {
    match at {
        StoreAt::File(path) => {
            let options = SqliteConnectOptions::new()
                .filename(path)
                .foreign_keys(false);
            let connected = SqliteConnection::connect_with(&options).await;
            let mut file = connected.expect("it is there");
            sqlx::raw_sql(sql)
                .execute(&mut file)
                .await
                .expect("a good statement");
            file.close().await.expect("it is open");
        }
        StoreAt::Database(place) => {
            let mut database: PgConnection = cluster::connect(place.address.as_str()).await;
            let done = sqlx::raw_sql(sql).execute(&mut database).await;
            done.expect("a good statement");
            database.close().await.expect("it is open");
        }
    }
}

async fn check(at: &StoreAt) -> Checked {
    whole::check(at, None, &mut |_| {}).await.expect("readable")
}

/// Table, row and words of each finding.
async fn found(at: &StoreAt) -> Vec<(String, String, String)> {
    let findings = check(at).await.findings.into_iter();
    let told = findings.map(|one| (one.table.to_owned(), one.row, one.because));
    told.collect()
}

#[tokio::test]
async fn a_row_that_was_broken_by_hand_is_found() {
    let (_folder, here) = a_fleet().await;
    let (_, there) = an_empty_database().await;
    copied(&here, &there).await.expect("carried over");
    assert_eq!(found(&here).await, []);
    assert_eq!(found(&there).await, []);
    let whole_sums = sums(&here).await;
    for (breaks, table, row, words) in [
        (
            "UPDATE devices SET running = '{' WHERE key = 2",
            "devices",
            "2",
            "EOF",
        ),
        (
            "UPDATE enrolments SET wave = 9 WHERE device = 1",
            "enrolments",
            "1 1",
            "no such wave",
        ),
        (
            "UPDATE order_numbers SET last = 7",
            "orders",
            "1000018",
            "beyond 7",
        ),
        ("UPDATE plans SET text = 'nothing'", "plans", "1", "digest"),
        (
            "UPDATE rollouts SET phase = 'complete'",
            "rollouts",
            "1",
            "phase",
        ),
        (
            "UPDATE people SET duty = 'king'",
            "people",
            "sam@northwind.example",
            "king",
        ),
        ("DELETE FROM standing", "standing", "", "one row"),
    ] {
        let (folder, broken) = copy_of(&here).await;
        change(&broken, breaks).await;
        let found = found(&broken).await;
        let is_told = found
            .iter()
            .any(|(t, r, w)| t == table && r == row && w.contains(words));
        assert!(is_told, "{breaks}: {found:?}");
        assert_ne!(sums(&broken).await, whole_sums, "{breaks}");
        drop(folder);
    }
    let (_folder, broken) = copy_of(&here).await;
    change(&broken, "DELETE FROM devices WHERE key = 1").await;
    let told = found(&broken).await;
    assert!(
        told.iter()
            .any(|(_, _, w)| w.contains("enrolments refers to devices")),
        "{told:?}"
    );
    for (breaks, table, words) in [
        (
            "UPDATE enrolments SET state = 'confirmed' WHERE device = 2",
            "enrolments",
            "state",
        ),
        (
            "UPDATE releases SET image_bytes = 1",
            "releases",
            "image_bytes",
        ),
        (
            "UPDATE timeline SET confirmed = 'x' WHERE key = 1",
            "timeline",
            "confirmed",
        ),
    ] {
        change(&there, breaks).await;
        let found = found(&there).await;
        let is_told = found
            .iter()
            .any(|(t, _, w)| t == table && w.contains(words));
        assert!(is_told, "{breaks}: {found:?}");
        assert_eq!(
            sums(&there).await,
            whole_sums,
            "only what both have is compared"
        );
    }
}

async fn copy_of(at: &StoreAt) -> (TempDir, StoreAt) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let copy = StoreAt::File(folder.path().join(FILE));
    copied(at, &copy).await.expect("copied");
    (folder, copy)
}

#[tokio::test]
async fn a_release_without_its_payload_is_found() {
    let (folder, here) = a_fleet().await;
    let home = folder.path().join("blobs");
    let blobs = FolderBlobs::open(&home).await.expect("a new folder");
    let because = || async {
        let checked = whole::check(&here, Some(&blobs), &mut |_| {})
            .await
            .expect("readable");
        let found = checked.findings.into_iter().map(|one| one.because);
        found.collect::<Vec<_>>().join("\n")
    };
    assert!(because().await.contains("isn't there"));
    let image = Digest([0x82; 32]).to_string();
    let folder_of_it = home.join(&image[..2]);
    std::fs::create_dir_all(&folder_of_it).expect("an own folder");
    for (bytes, told) in [(4096, false), (4095, true)] {
        std::fs::write(folder_of_it.join(&image), vec![0; bytes]).expect("an own folder");
        assert_eq!(because().await.contains("has 4095 bytes"), told);
    }
}

/// An empty database gets all steps; one that has them gets none.
#[tokio::test]
async fn steps_are_told_before_they_are_taken() {
    let (address, there) = an_empty_database().await;
    let steps = whole::missing(&there).await.expect("reachable");
    assert_eq!(steps.version, 0);
    assert!(steps.missing.len() >= 2, "{steps:?}");
    let mut database = cluster::connect(&address).await;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            .fetch_one(&mut database)
            .await
            .expect("readable");
    assert_eq!(tables, 0, "only looked at");
    whole::migrate(&there).await.expect("an empty database");
    let (version, min_reader): (i64, i64) =
        sqlx::query_as("SELECT version, min_reader FROM schema")
            .fetch_one(&mut database)
            .await
            .expect("readable");
    assert_eq!(
        version,
        i64::from(steps.missing.last().expect("some").number)
    );
    let said = steps
        .missing
        .iter()
        .filter_map(|step| step.min_reader)
        .next_back();
    assert_eq!(Some(min_reader), said.map(i64::from));
    let steps = whole::missing(&there).await.expect("reachable");
    assert_eq!(steps.missing, []);
}
