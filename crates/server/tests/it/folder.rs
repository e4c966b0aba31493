//! The data folder: whole or not at all, and one server at a time.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use mainstay_access::Email;
use mainstay_keys::use_log::{self, Line, UseLog};
use mainstay_keys::{Passphrase, generate};
use mainstay_server::admin::{self, NewServer};
use mainstay_server::{Advance, App, AppConfig, DataDir, PagesAccess, VirtualClock, serve};

use crate::house::{PLAN, new_folder, passphrase, signed_root, start, status_key};
use crate::serving::open;

#[tokio::test]
async fn a_folder_is_made_once_and_owned_by_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    new_folder(&data, PLAN).await;
    let (root, key) = (signed_root(&status_key().signer().unwrap()), status_key());
    let again = init(&data, &root, &key, PLAN).await;
    assert_eq!(again.unwrap_err().id(), "data.exists");
    let _running = open(&data, &VirtualClock::new(start()), PagesAccess::People).await;
    let second = data.open(&passphrase()).await;
    assert_eq!(second.err().map(|error| error.id()), Some("data.in-use"));
}

async fn init(
    data: &DataDir,
    root: &[u8],
    key: &mainstay_keys::SecretKey,
    plan: &str,
) -> Result<(), admin::AdminError> {
    let by = Email::new("sam@northwind.example").unwrap();
    let passphrase = passphrase();
    let new = NewServer {
        root,
        status_key: key,
        passphrase: &passphrase,
        plan,
        by: &by,
    };
    admin::init(data, &new, start()).await
}

#[tokio::test]
async fn bad_contents_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    let (key, stranger) = (
        status_key(),
        generate::from_seed("server", &[8; 32]).unwrap(),
    );
    let root = signed_root(&key.signer().unwrap());
    // Somebody took the risk until the day before the server is made.
    let today = jiff::tz::TimeZone::UTC.to_datetime(start()).date();
    let over = format!(
        "install = \"overwrite\"\naccepts_risk = {{ owner = \"sam@northwind.example\", until = {}, \
         reason = \"one slot\" }}",
        today.yesterday().unwrap()
    );
    let over = PLAN.replacen("install    = \"dual-bank\"", &over, 1);
    assert_ne!(over, PLAN);
    let cases = [
        (&root[..], &stranger, PLAN, "server.status-key"),
        (b"garbage", &key, PLAN, "trust."),
        (b"", &key, PLAN, "trust."),
        (&root[..], &key, "[plan", "plan.errors"),
        (&root[..], &key, &over, "plan.errors"),
    ];
    for (root, key, plan, id) in cases {
        let refused = init(&data, root, key, plan).await.unwrap_err();
        assert!(refused.id().starts_with(id), "{} isn't {id}", refused.id());
        assert!(!refused.cure().is_empty());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_damaged_folder_is_named_by_its_defect() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    let missing = data.open(&passphrase()).await.err().unwrap();
    assert_eq!(missing.id(), "data.missing");
    new_folder(&data, PLAN).await;
    let wrong = Passphrase::from_text("another passphrase").unwrap();
    let refused = data.open(&wrong).await.err().unwrap();
    assert_eq!(refused.id(), "key.wrong-passphrase");
    fs::write(
        data.database(),
        b"this is no database, but a text that is long enough",
    )
    .unwrap();
    let refused = data.open(&passphrase()).await.err().unwrap();
    assert_eq!(refused.id(), "store.not-a-database");
}

#[tokio::test]
async fn the_server_stops_when_told_and_frees_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    new_folder(&data, PLAN).await;
    let parts = data.open(&passphrase()).await.unwrap();
    let config = AppConfig {
        pages: PagesAccess::People,
        advance: Advance::ByPlan,
        ..AppConfig::default()
    };
    let app = Arc::new(App::new(parts, config).unwrap());
    let listener = serve::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let until = async move {
        let _ = stopped.await;
    };
    let server = tokio::spawn(serve::run(listener, app, until));
    stop.send(()).unwrap();
    server.await.unwrap();
    drop(data.open(&passphrase()).await.unwrap());
}

/// Of the online key every opening is on record: it signs too often for a line each time.
#[tokio::test]
async fn each_start_is_a_line_in_the_record_of_the_online_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::at(folder.path().join("server"));
    new_folder(&data, PLAN).await;
    for _ in 0..2 {
        drop(data.open(&passphrase()).await.unwrap());
    }
    let record = UseLog::path_beside(&data.status_key());
    let told = use_log::check(&record)
        .unwrap()
        .into_iter()
        .map(|line| match line {
            Line::Use(used) => used.what,
            Line::Unfinished => "unfinished".to_owned(),
        });
    assert_eq!(told.collect::<Vec<_>>(), ["opened by a service"; 2]);
}
