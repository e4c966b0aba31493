//! The real `mainstay`, with its database in PostgreSQL and its payloads in a bucket, by two settings.
//!
//! A fleet that began in a folder moves there by the command for it; a rollout goes on while the database is stopped and started
//! again; and a second server joins. Nothing that was promised or acknowledged may be lost.

#[path = "../support/address.rs"]
mod address;
mod bucket;
mod database;
#[path = "../support/older.rs"]
mod older;
#[path = "../killed_server/patience.rs"]
mod patience;
#[path = "../support/people.rs"]
mod people;
mod secrets;
#[path = "../support/served.rs"]
mod served;
mod silent;
#[path = "../killed_server/stage.rs"]
#[expect(dead_code, reason = "servers are started by their settings here")]
mod stage;
mod steps;
mod takeover;
mod wrong_key;

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mainstay_access::Duty;
use mainstay_simulator::{Crowd, real_time};
use mainstay_store::{PostgresAddress, PostgresPlace, PostgresStore};

use crate::bucket::Bucket;
use crate::database::{Database, PASSWORD};
use crate::served::Server;
use crate::stage::Stage;

/// Far longer than the rollout takes on a slow machine; a test that gets here has failed.
const LIMIT: Duration = Duration::from_secs(240);

/// Where everything of the story lies.
struct House {
    folder: tempfile::TempDir,
    database: Database,
    bucket: Bucket,
}

impl House {
    fn new() -> Self {
        let house = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: Database::new(),
            bucket: Bucket::new(),
        };
        house.secret("password", PASSWORD);
        house.secret("key", bucket::KEY);
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn secret(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("an own folder");
        let own = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path(name), own).expect("an own file");
    }

    /// A file of settings for a server with this folder.
    fn settings(&self, name: &str, data: &Path, listen: SocketAddr, passphrase: &Path) -> PathBuf {
        let (store, endpoint) = (self.database.address(), &self.bucket.endpoint);
        let (data, passphrase) = (data.display(), passphrase.display());
        let text = format!(
            "data = \"{data}\"\nlisten = \"{listen}\"\npassphrase_file = \"{passphrase}\"\n\
             store = \"{store}\"\nstore_password_file = \"password\"\n\
             blobs = \"s3://northwind/fleet\"\nblobs_endpoint = \"{endpoint}\"\nblobs_key_file = \"key\"\n"
        );
        fs::write(self.path(name), text).expect("an own folder");
        self.path(name)
    }

    fn serve(&self, settings: &Path, address: SocketAddr) -> Server {
        self.serve_with_log(settings, address, "log")
    }

    /// Starts a server that writes its log to a file of this name, and waits until it is ready.
    fn serve_with_log(&self, settings: &Path, address: SocketAddr, log: &str) -> Server {
        let name = log;
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path(name));
        let server = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(["serve", "--log-level", "trace", "--settings"])
            .arg(settings)
            .stdout(Stdio::null())
            .stderr(log.expect("an own folder"))
            .spawn()
            .map(Server)
            .expect("the binary was just built");
        for _ in 0..2400 {
            if ask(address, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return server;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the server isn't ready: {}", self.log_in(name));
    }

    fn log(&self) -> String {
        self.log_in("log")
    }

    fn log_in(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    async fn store(&self) -> PostgresStore {
        let address = PostgresAddress::parse(&self.database.address());
        let place = PostgresPlace {
            address: address.expect("an address"),
            password: Some(PASSWORD.to_owned()),
        };
        PostgresStore::open_at(&place).await.expect("it runs")
    }
}

/// What is answered at a path; none if nobody listens.
fn ask(address: SocketAddr, path: &str) -> Option<String> {
    ask_as(address, path, "")
}

/// The same, with these lines in the head.
fn ask_as(address: SocketAddr, path: &str, lines: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    let head = format!("GET {path} HTTP/1.1\r\nHost: mainstay\r\nConnection: close\r\n{lines}\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn mainstay(words: &[&str]) -> Output {
    let ended = Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(words)
        .output();
    ended.expect("the binary was just built")
}

/// What it said, both ways. It shows no secret.
fn said(code: i32, words: &[&str]) -> String {
    let ended = mainstay(words);
    let told =
        [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let told = told.concat();
    assert_eq!(ended.status.code(), Some(code), "{words:?}: {told}");
    assert!(
        !told.contains(PASSWORD) && !told.contains("never-in-a-log"),
        "{told}"
    );
    told
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_moves_to_postgres_and_a_bucket_and_rides_out_a_restart() {
    let mut house = House::new();
    let stage = Stage::set(&house.path("stage")).await;
    let settings = house.settings("one.toml", &stage.data, stage.address, &stage.passphrase);
    move_over(&house, &stage, text(&settings));
    wrong_key::is_told(&house, &settings);
    steps::are_taken(&house, text(&settings)).await;
    let _server = house.serve(&settings, stage.address);
    let mut crowd = stage.crowd().await;
    stage.roll_out().await;
    let target = stage.good.manifest;
    let updated = move |crowd: &Crowd| {
        crowd
            .devices()
            .filter(|device| device.running_release() == Some(target))
            .count()
    };
    let some = real_time::live(&mut crowd, LIMIT, |crowd| updated(crowd) >= 3).await;
    assert!(some, "nobody was updated within {LIMIT:?}: {}", house.log());
    let names = house.bucket.names();
    let payloads = names.iter().filter(|name| *name != "fleet/probe");
    assert_eq!(payloads.count(), 1, "{names:?}");
    be_without_database(&mut house, &stage, &mut crowd).await;
    silent::be_without_a_word(&house, stage.address, &mut crowd).await;

    let all = real_time::live(&mut crowd, LIMIT, |crowd| {
        updated(crowd) == crowd.devices().count()
            && crowd.devices().all(|device| device.is_settled())
    });
    assert!(all.await, "not every device was updated within {LIMIT:?}");
    stage.wait_until_complete(&mut crowd).await;
    let store = house.store().await;
    stage.check_every_report(&store).await;
    store.close().await;
    join(&house, &stage).await;
    let told = said(0, &["store", "check", "--settings", text(&settings)]);
    assert!(told.contains("nothing is wrong"), "{told}");
    keep_and_restore(&house, text(&settings));
    let log = house.log();
    assert!(
        log.contains("not ready") && log.contains("ready again"),
        "{log}"
    );
    secrets::none_in(&log, &stage, &crowd);
}

/// From the folder to PostgreSQL; what is in the folder is of no use any more.
fn move_over(house: &House, stage: &Stage, settings: &str) {
    let (address, password) = (house.database.address(), house.path("password"));
    let data = text(&stage.data);
    let look = said(0, &["store", "migrate", "--settings", settings, "--look"]);
    assert!(look.contains("The database is empty"), "{look}");
    // A database that was named by mistake isn't taken for a fleet, and nothing is made in it.
    let serve = ["serve", "--settings", settings];
    for (words, told) in [
        (&serve[..], "error store.empty\n  store ("),
        (
            &["serve", "--settings", settings, "--check"],
            "error store.empty\n  store (",
        ),
        (
            &["store", "migrate", "--settings", settings],
            "error store.empty",
        ),
    ] {
        let empty = said(2, words);
        assert!(empty.contains(told), "{empty}");
    }
    let again = said(0, &["store", "migrate", "--settings", settings, "--look"]);
    assert_eq!(again, look);
    let copy = [
        "store",
        "copy",
        "--from",
        data,
        "--to",
        &address,
        "--password-file",
        text(&password),
    ];
    let told = said(0, &copy);
    assert!(told.contains("was read again there"), "{told}");
    said(2, &copy);
    let check = [
        "store",
        "check",
        "--data",
        data,
        "--with",
        &address,
        "--password-file",
        text(&password),
    ];
    let told = said(0, &check);
    assert!(told.contains("Both are the same."), "{told}");
    // Whoever forgets the settings doesn't get the fleet of yesterday.
    let forgetful = ["serve", "--listen", "127.0.0.1:0", "--passphrase-file"];
    let forgetful = [&forgetful[..], &[text(&stage.passphrase), "--data", data]].concat();
    let told = said(2, &forgetful);
    assert!(
        told.contains("data.moved") && told.contains(&address),
        "{told}"
    );
    fs::remove_file(stage.data.join("mainstay.sqlite")).expect("it was there");
    fs::remove_dir_all(stage.data.join("blobs")).expect("it was there");
    let told = said(0, &["serve", "--settings", settings, "--check"]);
    assert!(told.contains(&address), "{told}");
}

/// The database is away for some seconds, while devices go on asking.
async fn be_without_database(house: &mut House, stage: &Stage, crowd: &mut Crowd) {
    house.database.stop();
    let (address, settings) = (stage.address, house.path("one.toml"));
    let asked = tokio::task::spawn_blocking(move || {
        let unready = (0..400).find_map(|_| {
            std::thread::sleep(Duration::from_millis(300));
            ask(address, "/readyz").filter(|answer| answer.starts_with("HTTP/1.1 503"))
        });
        let health = ask(address, "/api/v1/health");
        let check = mainstay(&["serve", "--settings", text(&settings), "--check"]);
        (unready, health, check)
    });
    let away = real_time::live(crowd, Duration::from_secs(3), |_| false);
    assert!(!away.await);
    let (unready, health, check) = asked.await.expect("no panic");
    for answer in [unready, health] {
        let answer = answer.expect("it answers").to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 503"), "{answer}");
        assert!(answer.contains("retry-after: "), "{answer}");
        assert!(answer.contains("store.unreachable"), "{answer}");
    }
    assert_eq!(check.status.code(), Some(2));
    let told = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(
        told.contains("error store.unreachable\n  store ("),
        "{told}"
    );
    house.database.start();
    let ready = (0..400).any(|_| {
        std::thread::sleep(Duration::from_millis(300));
        ask(address, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    });
    assert!(ready, "it doesn't come back: {}", house.log());
}

/// Whatever its homes are: its backup is a folder, and so is what is restored of that.
fn keep_and_restore(house: &House, settings: &str) {
    let (backup, data) = (house.path("backup"), house.path("restored"));
    let keep = [
        "server",
        "backup",
        "--settings",
        settings,
        "--to",
        text(&backup),
    ];
    let told = said(0, &keep);
    assert!(told.contains("1 payload(s)"), "{told}");
    let restore = [
        "server",
        "restore",
        "--from",
        text(&backup),
        "--to",
        text(&data),
    ];
    let told = said(0, &restore);
    assert!(told.contains("No rollout was under way."), "{told}");
    let told = said(0, &["store", "check", "--data", text(&data)]);
    assert!(told.contains("nothing is wrong"), "{told}");
}

/// Makes the folder of a second server by its settings, with this plan; what it said.
fn second_folder(code: i32, stage: &Stage, settings: &Path, plan: &Path) -> String {
    let (root, key) = (stage.data.join("root.cbor"), stage.data.join("status-key"));
    let init = [
        "server",
        "init",
        "--settings",
        text(settings),
        "--root",
        text(&root),
        "--status-key",
        text(&key),
        "--passphrase-file",
        text(&stage.passphrase),
        "--plan",
        text(plan),
    ];
    said(code, &init)
}

/// A second server, with a folder of its own.
async fn join(house: &House, stage: &Stage) {
    let address = address::free_address();
    let data = house.path("second");
    let settings = house.settings("two.toml", &data, address, &stage.passphrase);
    let papers = stage.data.parent().expect("it has one").join("papers");
    let (plan, other) = (house.path("plan.toml"), house.path("other.toml"));
    fs::write(&plan, stage::PLAN).expect("an own folder");
    fs::write(&other, stage::PLAN.replace("Waves of seconds", "Another")).expect("an own folder");
    let told = second_folder(2, stage, &settings, &other);
    assert!(
        told.contains("data.other-fleet") && !data.exists(),
        "{told}"
    );
    second_folder(0, stage, &settings, &plan);
    assert!(!data.join("mainstay.sqlite").exists() && papers.exists());
    // The first server would go on with its key, whatever the new root says.
    let root = stage.data.join("root.cbor");
    let rotate = ["server", "rotate", "--settings", text(&settings), "--root"];
    let passphrase = ["--passphrase-file", text(&stage.passphrase)];
    let told = said(2, &[&rotate[..], &[text(&root)], &passphrase].concat());
    assert!(told.contains("error store.in-use"), "{told}");
    let _second = house.serve(&settings, address);
    let listed = async |address: SocketAddr| {
        let operator = stage.operator_at(Duty::Operations, address);
        let devices = operator.devices().await;
        devices.unwrap_or_else(|error| panic!("{error}")).len()
    };
    assert_eq!(listed(address).await, listed(stage.address).await);
}
