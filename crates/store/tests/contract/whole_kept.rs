//! A store as a whole: kept while servers write to it, checked where nothing can be written, and what it leaves behind when it is used again.

use std::path::{Path, PathBuf};

use mainstay_access::Duty;
use mainstay_store::whole::{self, KeptChecked, StoreAt};
use mainstay_store::{
    Devices as _, Events as _, EventsAsked, Plans as _, PostgresStore, SqliteStore, StoreError,
};
use sha2::{Digest as _, Sha256};

use super::fixture::{at, device, person, registration, token};
use super::whole::{an_empty_database, change, copied, sums};
use super::whole_fleet::a_fleet;

async fn kept(path: &Path) -> Result<KeptChecked, StoreError> {
    whole::check_kept(path, None, &mut |_| {}).await
}

/// Registers a device as a server does, in the midst of other work: in a runtime of its own, since that of the test waits meanwhile.
fn write_as_a_server(path: PathBuf, address: Option<String>) {
    let writing = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        runtime.block_on(async move {
            let new = [registration(device(4), token(4))];
            let registered = match &address {
                None => {
                    let store = SqliteStore::open(&path).await.expect("ours");
                    let registered = store.register_many(&new).await;
                    store.close().await;
                    registered
                }
                Some(address) => {
                    let store = PostgresStore::open(address).await.expect("ours");
                    let registered = store.register_many(&new).await;
                    store.close().await;
                    registered
                }
            };
            registered.expect("nobody keeps a server from writing");
        });
    });
    writing.join().expect("no panic");
}

/// What is kept is one moment; what came later isn't in it, and stops nobody.
#[tokio::test]
async fn a_store_is_kept_while_a_server_writes_to_it() {
    let (folder, here) = a_fleet().await;
    let (address, there) = an_empty_database().await;
    copied(&here, &there).await.expect("carried over");
    let path = path_of(&here);
    for (from, address) in [(&here, None), (&there, Some(address))] {
        let before = sums(from).await;
        let to = folder.path().join(format!("kept-{}", address.is_some()));
        let mut waits = true;
        let mut watch = |progress: whole::Progress| {
            if progress.table == "people" && std::mem::take(&mut waits) {
                write_as_a_server(path.clone(), address.clone());
            }
        };
        let made = whole::snapshot(from, &to, &mut watch).await;
        assert_eq!(made.expect("nothing is damaged").tables, before);
        assert_ne!(sums(from).await, before, "the server wrote");
        let KeptChecked {
            version, checked, ..
        } = kept(&to).await.expect("ours");
        assert_eq!((checked.findings, checked.tables), (vec![], before));
        let known = whole::missing(&here).await.expect("readable").version;
        assert_eq!(version, known);
        let again = whole::snapshot(from, &to, &mut |_| {}).await;
        assert_eq!(again.expect_err("it is there").id(), "store.already-exists");
    }
}

fn path_of(at: &StoreAt) -> PathBuf {
    match at {
        StoreAt::File(path) => path.clone(),
        StoreAt::Database(_) => panic!("it is a file"),
    }
}

/// A backup may lie on a disk that only reads; and what is beside it there would be taken for somebody's deed.
#[tokio::test]
async fn what_is_kept_is_read_without_a_trace() {
    let (folder, here) = a_fleet().await;
    let shelf = folder.path().join("a shelf?with=signs#and 100%");
    std::fs::create_dir(&shelf).expect("an own folder");
    let path = shelf.join("it");
    whole::snapshot(&here, &path, &mut |_| {})
        .await
        .expect("kept");
    let before = std::fs::read(&path).expect("it is there");
    let checked = kept(&path).await.expect("ours");
    assert_eq!(checked.checked.findings, []);
    let names = std::fs::read_dir(&shelf).expect("readable").count();
    assert_eq!(names, 1);
    assert_eq!(std::fs::read(&path).expect("it is there"), before);
}

#[tokio::test]
async fn what_is_kept_and_not_in_order_is_found() {
    let (folder, here) = a_fleet().await;
    let path = folder.path().join("kept");
    let at = StoreAt::File(path.clone());
    let spoilt = [
        (
            "CREATE TRIGGER spoils AFTER DELETE ON sessions BEGIN SELECT 1; END",
            "trigger spoils is none of ours",
        ),
        (
            "CREATE VIEW looks AS SELECT 1",
            "view looks is none of ours",
        ),
        ("UPDATE plans SET text = 'nothing'", "digest"),
        (
            "PRAGMA writable_schema = 1;
             UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'orders_by_device')
             WHERE name = 'sessions_by_email'",
            "",
        ),
    ];
    for (sql, words) in spoilt {
        let _ = std::fs::remove_file(&path);
        whole::snapshot(&here, &path, &mut |_| {})
            .await
            .expect("kept");
        change(&at, sql).await;
        let told = match kept(&path).await {
            Ok(found) => {
                assert_ne!(found.checked.findings, [], "{sql}");
                format!("{:?}", found.checked.findings)
            }
            Err(error) => error.to_string(),
        };
        assert!(told.contains(words), "{sql}: {told}");
    }
    // Of older tables SQLite itself is asked, and nothing else; newer ones aren't read.
    std::fs::remove_file(&path).expect("an own file");
    whole::snapshot(&here, &path, &mut |_| {})
        .await
        .expect("kept");
    change(&at, "PRAGMA user_version = 6").await;
    let found = kept(&path).await.expect("ours");
    assert_eq!((found.version, found.checked.tables), (6, vec![]));
    change(&at, "PRAGMA user_version = 600").await;
    assert_eq!(kept(&path).await.expect_err("newer").id(), "store.newer");
    change(&at, "PRAGMA user_version = 6").await;
    assert!(kept(&path).await.is_ok());
    let bytes = std::fs::read(&path).expect("an own file");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("an own file");
    assert!(kept(&path).await.is_err(), "half of it isn't there");
}

/// Whoever has yet to hear of what happened before still can, once something happens again.
async fn keeps_what_was_told(store: &SqliteStore) {
    let asked = EventsAsked {
        after: 0,
        limit: 500,
        kind: None,
        subject: None,
    };
    let before = store.events(&asked).await.expect("readable").events;
    assert!(!before.is_empty());
    let sam = person("sam", Duty::ReleaseManager).email;
    let plan = store.activate_plan("plan", Sha256::digest("plan").into(), &sam, at(21));
    plan.await.expect("writable");
    let after = store.events(&asked).await.expect("readable").events;
    assert_eq!(after[..before.len()], before);
    assert_eq!(after.len(), before.len() + 1);
    let passed = after[before.len()].number - before[before.len() - 1].number;
    assert!(passed > 1000, "{passed}");
}

/// Nobody comes in by what may have been taken back, and no number is given a second time. Everything else stays.
#[tokio::test]
async fn a_store_that_is_used_again_leaves_doors_and_numbers_behind() {
    let (_folder, here) = a_fleet().await;
    let path = &path_of(&here);
    let before = sums(&here).await;
    let left = whole::leave_behind(path, at(20)).await.expect("writable");
    assert_eq!(
        (
            left.sessions,
            left.setup_links,
            left.api_tokens,
            left.join_codes,
            left.welcomes
        ),
        (1, 1, 1, 1, 1)
    );
    let after = sums(&here).await;
    let differ = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other);
    let differ: Vec<_> = differ.map(|(one, _)| one.table).collect();
    assert_eq!(
        differ,
        [
            "rollout_numbers",
            "event_numbers",
            "order_numbers",
            "sessions",
            "api_tokens",
            "setup_links",
            "join_codes",
            "welcomes"
        ]
    );
    let store = SqliteStore::open(path).await.expect("ours");
    let next = mainstay_store::Rollouts::reserve_rollout(&store).await;
    assert!(next.expect("writable").0 > 1000);
    keeps_what_was_told(&store).await;
    store.close().await;
    let checked = whole::check(&here, None, &mut |_| {}).await;
    assert_eq!(checked.expect("readable").findings, []);

    let again = whole::leave_behind(path, at(31)).await.expect("writable");
    assert_eq!(again, whole::LeftBehind::default());
    // However often: a number beyond the last one could be told to no client.
    change(&here, "UPDATE order_numbers SET last = 2147483000").await;
    whole::leave_behind(path, at(32)).await.expect("writable");
    let last: i64 = {
        use sqlx::Connection as _;
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let file = sqlx::SqliteConnection::connect_with(&options).await;
        let mut file = file.expect("it is there");
        let last = sqlx::query_scalar("SELECT last FROM order_numbers");
        last.fetch_one(&mut file).await.expect("it has one row")
    };
    assert_eq!(last, i64::from(i32::MAX));
    change(&here, "PRAGMA user_version = 6").await;
    let refused = whole::leave_behind(path, at(33)).await;
    assert_eq!(refused.expect_err("an older one").id(), "store.behind");
}
