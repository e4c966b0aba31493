//! The vendor's house: keys, releases, the real server, and one device that asks it through the proxy.
//!
//! Read [`House::open`], then [`House::roll_out`].

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mainstay_access::Duty;
use mainstay_api::RolloutView;
use mainstay_client::Operator;
use mainstay_plan::Plan;
use mainstay_server::{Clock as _, DataDir, SystemClock};
use mainstay_simulator::demo::cast::Cast;
use mainstay_simulator::demo::folder::Folder;
use mainstay_simulator::demo::goods::{Order, Release, class_name, packed};
use mainstay_store::SqliteStore;
use mainstay_trust::Digest;
use serde_json::Value;
use tempfile::TempDir;

use crate::address::free_address;
use crate::people::founded;
use crate::served::Server;

/// The device's name in the house.
pub const DEVICE: &str = "gw-1";
/// What the device calls itself: boards use their serial numbers and addresses.
pub const CONTROLLER: &str = "board:00:11:22";
/// Decides the keys.
const SEED: u64 = 23;
const PLAN: &str = include_str!("plan.toml");

/// A server with its people.
pub struct House {
    folder: TempDir,
    address: SocketAddr,
    plan: Plan,
    cast: Cast,
    tokens: BTreeMap<Duty, String>,
    server: Option<Server>,
}

impl House {
    /// Makes everybody's keys and the server's folder, and starts the real server.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let papers = Folder::create(&folder.path().join("papers")).expect("an empty folder");
        let plan = mainstay_plan::parse(PLAN).unwrap_or_else(|findings| panic!("{findings:?}"));
        let cast = Cast::assemble(&papers, &plan, SEED, SystemClock.now()).expect("keys");
        let tokens = founded(&DataDir::at(folder.path().join("data")), &cast, PLAN).await;
        let mut house = Self {
            folder,
            address: free_address(),
            plan,
            cast,
            tokens,
            server: None,
        };
        house.server = Some(house.serve());
        house
    }

    /// Where everything lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn serve(&self) -> Server {
        let log = std::fs::File::create(self.server_log()).expect("an own folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command
            .args(["serve", "--listen", &self.address.to_string(), "--data"])
            .arg(self.path().join("data"))
            .arg("--passphrase-file")
            .arg(self.path().join("papers/keys/passphrase"))
            .stdout(log.try_clone().expect("an open file"))
            .stderr(log);
        Server::start(&mut command, self.address)
    }

    fn server_log(&self) -> PathBuf {
        self.path().join("server.log")
    }

    /// What the server wrote about its doings.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.server_log()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// The way to the server in the name of who has this duty.
    pub fn operator(&self, duty: Duty) -> Operator {
        Operator::new(&self.base(), &self.tokens[&duty]).expect("an address and a token")
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Registers the device, by the command line as people do; gives its token.
    pub fn register(&self) -> String {
        let words = format!(
            "device add {DEVICE} --class gateway-v1 --hardware B --zone Europe/Berlin \
             --bootloader 1.4.0 --controller {CONTROLLER}"
        );
        self.told(&words).trim().to_owned()
    }

    /// What `mainstay device show` says of the device.
    pub fn device(&self) -> Value {
        let told = self.told(&format!("--json device show {DEVICE}"));
        serde_json::from_str(&told).expect("--json says JSON")
    }

    /// Runs a command in the name of operations, which must succeed; gives what it said.
    fn told(&self, words: &str) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(words.split_whitespace())
            .env("MAINSTAY_SERVER", self.base())
            .env("MAINSTAY_TOKEN", &self.tokens[&Duty::Operations])
            .stdin(Stdio::null())
            .output()
            .expect("the binary was just built");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}: {complaint}");
        String::from_utf8(output.stdout).expect("plain text")
    }

    /// The device's page, as a browser gets it, with apostrophes as people read them.
    pub fn page(&self) -> String {
        let token = &self.tokens[&Duty::Operations];
        let page = self.get(&format!("/devices/{DEVICE}"), &format!("Bearer {token}"));
        page.replace("&#39;", "'")
    }

    /// What the server answers, head and all, to a request that must succeed.
    pub fn get(&self, path: &str, authorization: &str) -> String {
        let mut line = TcpStream::connect(self.address).expect("the server listens");
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: {authorization}\r\n\r\n",
            self.address
        );
        line.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        line.read_to_string(&mut answer).expect("it answers text");
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        answer
    }

    /// Packs a bundle as a release, has it signed and approved by two people, and hands both in. Devices may go back from it to `returns_to`.
    pub async fn release(
        &self,
        version: &str,
        sequence: u64,
        returns_to: &[Digest],
        bundle: &[u8],
    ) -> (String, Digest) {
        let class =
            class_name(&self.plan, &self.plan.classes[0]).expect("a class with a good name");
        let order = Order {
            class,
            version,
            sequence,
            returns_to,
            image: bundle,
        };
        let packed: Release = packed(&order).expect("packed");
        let manifest = packed.manifest;
        let built = packed.built(&self.cast).expect("built");
        let file = built.file().expect("an artifact");
        let approved = built.approved(&self.cast, &self.plan).expect("approved");
        let engineer = self.operator(Duty::Engineer);
        let id = good(engineer.submit("maintenance", file).await).id;
        let manager = self.operator(Duty::ReleaseManager);
        good(manager.approve(&id, approved.envelope).await);
        (id, manifest)
    }

    /// Starts a release's rollout; gives its number.
    pub async fn roll_out(&self, release: &str) -> i64 {
        good(self.operator(Duty::Operations).roll_out(release).await).id
    }

    /// Pulls the brake.
    pub async fn halt(&self, rollout: i64, why: &str) {
        good(self.operator(Duty::Operations).halt(rollout, why).await);
    }

    /// How a rollout stands.
    pub async fn rollout(&self, rollout: i64) -> RolloutView {
        good(self.operator(Duty::Operations).rollout(rollout).await)
    }

    /// The database, as it lies on the disk, beside the server that runs on it.
    pub async fn store(&self) -> SqliteStore {
        let store = DataDir::at(self.path().join("data")).store().await;
        store.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// What a server answered, which must not be a refusal.
fn good<T>(answer: Result<T, mainstay_client::ClientError>) -> T {
    answer.unwrap_or_else(|error| panic!("{error}"))
}
