//! A PostgreSQL of this test program's own: made in a temporary folder, reached by a socket in it, gone when the program is.
//!
//! A shell looks after it and waits for the end of its own input, which this program holds open: however this program ends, the
//! database is stopped and its folder removed. PostgreSQL refuses to run as root, so root starts it as `nobody`.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use judges::postgres;
use mainstay_store::PostgresStore;
use sqlx::{Connection as _, PgConnection};

use crate::patience::until;

/// `nobody` and `nogroup` of Debian.
pub const NOBODY: u32 = 65534;

/// What the shell does with the folder of the programs and its own. Nothing of it needs to outlive a power cut. Texts are compared
/// as people in some country would, which no query may rely on.
const LOOK_AFTER: &str = r#"
cd "$2" || exit 1
"$1/initdb" -D data -U mainstay -A trust -E UTF8 --locale=C --locale-provider=icu --icu-locale=en --no-sync >log 2>&1 ||
  { cat log; cd / && rm -rf "$2"; exit 1; }
"$1/postgres" -D data -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c wal_level=minimal \
  -c max_wal_senders=0 -c max_wal_size=64MB -c max_connections=200 -c shared_buffers=64MB >>log 2>&1 &
echo started
read -r nothing
kill -QUIT $!
wait
cd / && rm -rf "$2"
"#;

/// The one cluster of this test program.
struct Cluster {
    folder: PathBuf,
    /// It lives as long as its input is open.
    _keeper: Child,
}

/// The database that has Mainstay's tables and nothing in them. PostgreSQL's own `template1` has nothing at all.
pub const WITH_TABLES: &str = "mainstay";

/// A new database like this one, by its address.
pub async fn database(like: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    static TEMPLATE: tokio::sync::OnceCell<()> = tokio::sync::OnceCell::const_new();
    TEMPLATE.get_or_init(make_template).await;
    let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    command(&format!("CREATE DATABASE {name} TEMPLATE {like}")).await;
    address(&name)
}

/// A connection of a test's own.
pub async fn connect(address: &str) -> PgConnection {
    let connected = PgConnection::connect(address).await;
    connected.expect("the cluster runs")
}

/// Waits until somebody else waits for a lock in this database.
pub async fn somebody_waits(database: &mut PgConnection) {
    so_many_wait(database, 1).await;
}

/// Waits until at least so many others wait for locks in this database.
pub async fn so_many_wait(database: &mut PgConnection, wanted: i64) {
    until("somebody waits for a lock", async || {
        let (waiting,): (i64,) = sqlx::query_as(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_one(&mut *database)
        .await
        .expect("readable");
        waiting >= wanted
    })
    .await;
}

async fn make_template() {
    tell_version().await;
    command(&format!("CREATE DATABASE {WITH_TABLES}")).await;
    let store = PostgresStore::open(&address(WITH_TABLES)).await;
    store.expect("an empty database").close().await;
}

/// Says once, past what is kept back of tests that go well, which server it is that all this is true of; and holds it to the one that was meant.
async fn tell_version() {
    let mut connection = connect(&address("postgres")).await;
    let asked = "SELECT current_setting('server_version_num')::int4 / 10000, version()";
    let told = sqlx::query_as(asked).fetch_one(&mut connection).await;
    let (major, version): (i32, String) = told.expect("anybody may ask");
    connection.close().await.expect("it is open");
    let _ = writeln!(io::stderr(), "The database is {version}.");
    assert_eq!(u32::try_from(major), Ok(postgres::needed().major));
}

async fn command(sql: &str) {
    let mut connection = connect(&address("postgres")).await;
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let done = sqlx::raw_sql(sql).execute(&mut connection).await;
    done.expect("the cluster's owner may");
    connection.close().await.expect("it is open");
}

fn address(database: &str) -> String {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    let folder = &CLUSTER.get_or_init(start).folder;
    let folder = folder.display().to_string().replace('/', "%2F");
    format!("postgres://mainstay@{folder}/{database}")
}

fn start() -> Cluster {
    let folder = tempfile::Builder::new().prefix("mainstay-pg-").tempdir();
    let folder = folder.expect("a temporary folder").keep();
    let mut keeper = Command::new("sh");
    keeper
        .args(["-c", LOOK_AFTER, "sh"])
        .arg(postgres::needed().programs)
        .arg(&folder);
    // It cleans up for some seconds longer than this program runs, and must not keep anybody who reads what this one says.
    keeper.stdin(Stdio::piped()).stdout(Stdio::piped());
    keeper.stderr(Stdio::null());
    // What interrupts this program must not stop the shell before it has cleaned up.
    keeper.process_group(0);
    if is_root() {
        chown(&folder, Some(NOBODY), Some(NOBODY)).expect("root may");
        keeper.uid(NOBODY).gid(NOBODY);
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("it is ours");
    let mut keeper = keeper.spawn().expect("there is a shell");
    wait_for(&mut keeper, &folder);
    Cluster {
        folder,
        _keeper: keeper,
    }
}

fn is_root() -> bool {
    let id = Command::new("id")
        .arg("-u")
        .output()
        .expect("there is `id`");
    id.stdout.trim_ascii() == b"0"
}

/// Waits until the database takes connections.
fn wait_for(keeper: &mut Child, folder: &Path) {
    let mut told = [0; 8];
    let output = keeper.stdout.as_mut().expect("piped");
    if output.read_exact(&mut told).is_err() || &told != b"started\n" {
        let mut rest = String::new();
        let _ = output.read_to_string(&mut rest);
        panic!(
            "PostgreSQL can't be set up: {}{rest}",
            String::from_utf8_lossy(&told)
        );
    }
    let process = folder.join("data/postmaster.pid");
    for _ in 0..1800 {
        // Its last line says how far the server is.
        if fs::read_to_string(&process).is_ok_and(|lines| lines.contains("\nready")) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    panic!("PostgreSQL doesn't answer: {log}");
}
