//! A PostgreSQL that is gone, says nothing any more, only reads, or can't keep every text.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mainstay_store::{Devices as _, PostgresStore, Probe as _, Pulse as _, StoreError};
use sqlx::Executor as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::timeout;

use crate::{cluster, patience};

/// A way to the cluster on which bytes may vanish.
struct Way {
    port: u16,
    /// Whether connections that are there lead nowhere any more.
    swallows: Arc<AtomicBool>,
    /// Whether new ones are refused.
    refuses: Arc<AtomicBool>,
    /// How long what the cluster says is on its way, in milliseconds.
    takes_ms: Arc<AtomicU64>,
}

impl Way {
    /// To this database, and its address by this way.
    async fn to(address: &str) -> (Self, String) {
        let (folder, database) = address.rsplit_once('/').expect("an address");
        let folder = folder
            .rsplit_once('@')
            .expect("a user")
            .1
            .replace("%2F", "/");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let way = Self {
            port,
            swallows: Arc::default(),
            refuses: Arc::default(),
            takes_ms: Arc::default(),
        };
        let (swallows, refuses) = (way.swallows.clone(), way.refuses.clone());
        let takes_ms = way.takes_ms.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                if refuses.load(Ordering::SeqCst) {
                    continue;
                }
                let far = UnixStream::connect(format!("{folder}/.s.PGSQL.5432")).await;
                // Each connection has the word of its own beginning: later ones lead on.
                let swallows = match swallows.load(Ordering::SeqCst) {
                    true => Arc::default(),
                    false => swallows.clone(),
                };
                let far = far.expect("the cluster runs");
                lead(near, far, swallows, takes_ms.clone());
            }
        });
        let address = format!("postgres://mainstay@127.0.0.1:{}/{database}", way.port);
        (way, address)
    }
}

fn lead(near: TcpStream, far: UnixStream, swallows: Arc<AtomicBool>, takes_ms: Arc<AtomicU64>) {
    let (mut near_read, mut near_write) = near.into_split();
    let (mut far_read, mut far_write) = far.into_split();
    let silent = swallows.clone();
    tokio::spawn(async move {
        let mut piece = [0; 4096];
        while let Ok(bytes @ 1..) = near_read.read(&mut piece).await {
            if !swallows.load(Ordering::SeqCst)
                && far_write.write_all(&piece[..bytes]).await.is_err()
            {
                return;
            }
        }
    });
    tokio::spawn(async move {
        let mut piece = [0; 4096];
        while let Ok(bytes @ 1..) = far_read.read(&mut piece).await {
            tokio::time::sleep(Duration::from_millis(takes_ms.load(Ordering::SeqCst))).await;
            if !silent.load(Ordering::SeqCst)
                && near_write.write_all(&piece[..bytes]).await.is_err()
            {
                return;
            }
        }
        // Nobody says that it is over.
        while silent.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
}

/// All connections were in use when the machine lost its power. Whoever asked gave up; the places must come back.
#[tokio::test]
async fn a_machine_that_vanished_keeps_no_connection() {
    let (way, address) = Way::to(&cluster::database(cluster::WITH_TABLES).await).await;
    let store = PostgresStore::open(&address).await.expect("our tables");
    let read = |longest: Duration| timeout(longest, store.devices(None));
    let all = async |longest: Duration| {
        let reads = [(); 6].map(|()| read(longest));
        futures_util::future::join_all(reads).await
    };
    let first = all(Duration::from_secs(60)).await.remove(0);
    first.expect("soon").expect("readable");
    way.swallows.store(true, Ordering::SeqCst);
    let none = all(Duration::from_millis(300)).await;
    assert!(none.iter().all(Result::is_err), "nobody answers");
    // Another machine has its address by now. Five seconds, and the time that the operating system takes to make a connection.
    let again = timeout(Duration::from_secs(12), store.devices(None)).await;
    again.expect("the places came back").expect("readable");
    store.probe().await.expect("writable");
}

/// Whoever feels the pulse gives up within a tenth of a second, in which no connection can be made over such a way.
#[tokio::test]
async fn the_pulse_is_felt_again_over_a_way_on_which_connecting_takes_longer_than_a_reading() {
    let (way, address) = Way::to(&cluster::database(cluster::WITH_TABLES).await).await;
    let store = PostgresStore::open(&address).await.expect("our tables");
    let is_felt = || async {
        let felt = timeout(Duration::from_millis(100), store.pulse()).await;
        felt.is_ok_and(|felt| felt.is_ok())
    };
    patience::until("it is felt", is_felt).await;
    way.takes_ms.store(25, Ordering::SeqCst);
    way.swallows.store(true, Ordering::SeqCst);
    assert!(!is_felt().await, "nobody answers");
    patience::until("it is felt again", is_felt).await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_called_busy() {
    let (way, address) = Way::to(&cluster::database(cluster::WITH_TABLES).await).await;
    let store = PostgresStore::open(&address).await.expect("our tables");
    way.refuses.store(true, Ordering::SeqCst);
    let read = || async { store.devices(None).await.expect_err("nobody is there").id() };
    let found = tokio::join!(read(), read(), read(), read(), read(), read());
    let lost = "store.unreachable";
    assert_eq!(found, (lost, lost, lost, lost, lost, lost));
    way.refuses.store(false, Ordering::SeqCst);
    store.devices(None).await.expect("it is back");
}

/// As a standby does that an address leads to: whoever asks is to be sent elsewhere meanwhile, and nothing of it may stay.
#[tokio::test]
async fn a_database_that_only_reads_passes_no_try() {
    let address = cluster::database(cluster::WITH_TABLES).await;
    let name = address
        .rsplit('/')
        .next()
        .expect("it has a name")
        .to_owned();
    let mut database = cluster::connect(&address).await;
    let mut only_reads = async |is_so: bool| {
        let value = if is_so { "on" } else { "off" };
        let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
        let sql = format!("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; {sql}");
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut database)
            .await;
        done.expect("the owner may");
    };
    let store = PostgresStore::open(&address).await.expect("our tables");
    only_reads(true).await;
    let refused = store.probe().await.expect_err("it only reads");
    assert_eq!(refused.id(), "store.unreachable");
    assert!(refused.is_passing());
    store.devices(None).await.expect("reading goes on");
    only_reads(false).await;
    store
        .probe()
        .await
        .expect("no connection of before is left");
}

#[tokio::test]
async fn a_database_that_cannot_keep_every_text_is_refused() {
    let address = cluster::database("template1").await;
    let mut database = cluster::connect(&address).await;
    let sql = "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0";
    database.execute(sql).await.expect("the owner may");
    let (folder, _) = address.rsplit_once('/').expect("an address");
    let refused = PostgresStore::open(&format!("{folder}/latin")).await;
    let refused = refused.expect_err("it keeps no Greek");
    assert_eq!(refused.id(), "store.encoding", "{refused}");
}

/// Servers that start at once on a database which was set up otherwise make the tables once.
#[tokio::test]
async fn a_database_that_was_set_up_otherwise_gets_its_tables_once() {
    let address = cluster::database("template1").await;
    let name = address.rsplit('/').next().expect("it has a name");
    let mut database = cluster::connect(&address).await;
    let sql = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
    let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&mut database)
        .await;
    done.expect("the owner may");
    let open = || PostgresStore::open(&address);
    let (a, b, c, d) = tokio::join!(open(), open(), open(), open());
    for store in [a, b, c, d] {
        store.expect("opened by all");
    }
}

/// sqlx would only warn of what it doesn't know, with its value; and what asks for safety would be passed over.
#[tokio::test]
async fn what_an_address_says_and_nobody_knows_is_refused() {
    for said in [
        "target_session_attrs=read-write",
        "sslpassword=hunter2",
        "pass=hunter2",
    ] {
        let address = format!("postgres://kim@127.0.0.1:1/mainstay?{said}");
        let refused = PostgresStore::open(&address).await.expect_err(said);
        assert!(matches!(refused, StoreError::Address(_)), "{refused}");
        let (key, value) = said.split_once('=').expect("a pair");
        let told = format!("{refused} {refused:?}");
        assert!(told.contains(key) && !told.contains(value), "{told}");
    }
}
