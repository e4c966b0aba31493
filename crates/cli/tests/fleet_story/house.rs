//! The vendor's house: its keys, its papers, and everybody who works there. Whatever they do, they do
//! by the product's own commands.
//!
//! Read [`House`] first, then [`House::hand_over`] and [`House::release`].

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;

use mainstay_artifact::ArtifactFile;
use mainstay_client::Operator;
use mainstay_trust::Digest;
use serde_json::Value;

use crate::address::free_address;
use crate::folder::{Ended, Folder};
use crate::served::Server;
use crate::server;

/// Everybody who has a key at some time, and in whose name: first those of root 1, then their heirs.
const KEYS: [(&str, &str); 13] = [
    ("rae", "keeper@northwind.example"),
    ("ana", "ana@northwind.example"),
    ("sam", "sam@northwind.example"),
    ("kim", "kim@northwind.example"),
    ("rex", "security@northwind.example"),
    ("status", "server"),
    ("ruth", "keeper-2@northwind.example"),
    ("li", "li@northwind.example"),
    ("noor", "noor@northwind.example"),
    ("joe", "joe@northwind.example"),
    ("status-2", "server-2"),
    ("roy", "security-2@northwind.example"),
    ("rhea", "security-3@northwind.example"),
];
/// Everybody who may speak to the server: name and duty, as in the plan.
const PEOPLE: [(&str, &str); 6] = [
    ("ana", "engineer"),
    ("li", "engineer"),
    ("sam", "release-manager"),
    ("noor", "release-manager"),
    ("kim", "operations"),
    ("joe", "operations"),
];

/// A working folder with keys, roots, revocations and artifacts, and the server's data in it.
pub struct House {
    folder: Folder,
    address: SocketAddr,
    server: Option<Server>,
    /// The newest root's version; root N is in `root-N.cbor`.
    pub root: u32,
}

/// One release, built and approved.
pub struct Release {
    /// Its name at the server, `thermo-v2@1.1.0`.
    pub name: String,
    /// Its identity.
    pub manifest: Digest,
    /// The envelope, as devices get it.
    pub envelope: Vec<u8>,
    /// The image.
    pub image: Vec<u8>,
    /// The artifact as its builder signed it.
    built: String,
    /// The artifact after the approval.
    approved: String,
}

impl House {
    /// Makes everybody's keys, root 1, the first revocations and the server's folder, and starts it.
    pub fn found(plan: &str) -> Self {
        let mut house = Self {
            folder: Folder::new(),
            address: free_address(),
            server: None,
            root: 1,
        };
        house.folder.write("plan.toml", plan);
        for (name, holder) in KEYS {
            house.good(&format!("key new {name}.key --holder {holder}"));
        }
        house.good(
            "root init root-1.cbor --vendor northwind.example --sign rae.key --root rae.key.pub \
             --build ana.key.pub --release sam.key.pub --operations kim.key.pub \
             --revocation rex.key.pub --status status.key.pub",
        );
        house.good(
            "server init --data data --root root-1.cbor --plan plan.toml --status-key status.key",
        );
        for (name, duty) in PEOPLE {
            let add = format!("person add --data data {name}@northwind.example --duty {duty}");
            let token = house.good(&add);
            house.folder.write(&format!("{name}.token"), token);
        }
        house.start_server();
        house
    }

    /// Runs a command that must succeed; gives what it said.
    pub fn good(&self, words: &str) -> String {
        let ended = self.run(words);
        assert_eq!(ended.code(), 0, "{words}: {}", ended.stderr());
        ended.stdout()
    }

    /// Runs a command that must be refused with this id.
    pub fn refused(&self, words: &str, id: &str) {
        self.run(words).failed(1, id);
    }

    fn json(&self, words: &str) -> Value {
        let said = self.good(&format!("--json {words}"));
        serde_json::from_str(&said).expect("--json says JSON")
    }

    fn run(&self, words: &str) -> Ended {
        self.folder
            .run_with(words, &[("MAINSTAY_SERVER", &self.base())])
    }

    /// The server's address.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The way to the server in somebody's name, for what the command line would only make slower.
    pub fn operator(&self, name: &str) -> Operator {
        let token = self.read(&format!("{name}.token"));
        let token = String::from_utf8(token).expect("a token is text");
        Operator::new(&self.base(), token.trim()).expect("an address and a token")
    }

    /// The bytes of a file in the folder.
    pub fn read(&self, name: &str) -> Vec<u8> {
        self.folder.read(name)
    }

    /// Starts the server.
    pub fn start_server(&mut self) {
        self.server = Some(server::started(&self.folder, self.address));
    }

    /// What the threads of the server's process are called.
    pub fn threads(&self) -> BTreeSet<String> {
        let pid = self.server.as_ref().expect("it runs").0.id();
        let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
        // One may end before it is asked.
        let names = threads.filter_map(|thread| {
            let name = fs::read_to_string(thread.ok()?.path().join("comm"));
            Some(name.ok()?.trim_end().to_owned())
        });
        names.collect()
    }

    /// Asks the server to end.
    pub fn stop_server(&mut self) {
        server::stopped(self.server.take().expect("it runs"));
    }

    /// Makes the next root, in which `heir` plays `role` in the place of `former`. `theft` is
    /// `--compromised`, or nothing.
    pub fn hand_over(
        &mut self,
        role: &str,
        former: &str,
        heir: &str,
        keepers: &[&str],
        theft: &str,
    ) {
        let (old, new) = (self.newest_root(), format!("root-{}.cbor", self.root + 1));
        self.good(&format!(
            "root add {heir}.key.pub --role {role} --from {old} -o {new}"
        ));
        self.good(&format!(
            "root remove {former}.key.pub --from {new} {theft}"
        ));
        for keeper in keepers {
            self.good(&format!(
                "root sign {new} --key {keeper}.key --current {old}"
            ));
        }
        self.root += 1;
    }

    /// The file of the newest root.
    pub fn newest_root(&self) -> String {
        format!("root-{}.cbor", self.root)
    }

    /// Somebody carries the newest root to the running server.
    pub fn publish_root(&self, by: &str) {
        self.good(&format!(
            "root publish {} --token-file {by}.token",
            self.newest_root()
        ));
    }

    /// Signs a draft of revocations under the newest root, and hands it in. Who carries it is of no
    /// account.
    pub fn publish_revocations(&self, draft: &str, holder: &str, by: &str) {
        let root = self.newest_root();
        self.good(&format!(
            "revoke sign {draft} --key {holder}.key --root {root}"
        ));
        self.good(&format!("revoke publish {draft} --token-file {by}.token"));
    }

    /// Packs, builds and approves a release under the newest root.
    pub fn release(&self, version: &str, sequence: u8, engineer: &str, manager: &str) -> Release {
        let image = vec![sequence; 9000];
        self.folder.write("app.bin", &image);
        let (built, approved) = (
            format!("{version}-built.mainstay"),
            format!("{version}.mainstay"),
        );
        let packed = self.json(&format!(
            "artifact pack app.bin {built} --plan plan.toml --class thermo-v2 --version {version} \
             --sequence {sequence}"
        ));
        let root = self.newest_root();
        self.good(&format!(
            "artifact sign {built} --key {engineer}.key --root {root}"
        ));
        self.folder.write(&approved, self.read(&built));
        self.good(&format!(
            "artifact approve {approved} --key {manager}.key --root {root} --plan plan.toml"
        ));
        let file = ArtifactFile::from_bytes(&self.read(&approved)).expect("an artifact");
        let manifest = packed["manifest"].as_str().and_then(Digest::parse_hex);
        Release {
            name: format!("thermo-v2@{version}"),
            manifest: manifest.expect("a digest"),
            envelope: file.envelope,
            image,
            built,
            approved,
        }
    }

    /// Hands a release in, in the name of who built it.
    pub fn hand_in(&self, release: &Release, engineer: &str) {
        self.good(&hand_in(release, engineer));
    }

    /// As [`hand_in`](Self::hand_in), for what the server must refuse with this id.
    pub fn hand_in_refused(&self, release: &Release, engineer: &str, id: &str) {
        self.refused(&hand_in(release, engineer), id);
    }

    /// Hands the approval in and starts the rollout; gives its number.
    pub fn roll_out(&self, release: &Release, manager: &str, operator: &str) -> i64 {
        let (name, file) = (&release.name, &release.approved);
        self.good(&format!(
            "release approve {name} {file} --token-file {manager}.token"
        ));
        let started = self.json(&format!(
            "rollout start {name} --token-file {operator}.token"
        ));
        started["id"].as_i64().expect("a rollout has a number")
    }

    /// How far a rollout is: `rolling`, `halted` or `complete`.
    pub async fn phase(&self, rollout: i64) -> String {
        let view = self.operator("joe").rollout(rollout).await;
        view.unwrap_or_else(|error| panic!("{error}")).phase
    }

    /// Makes a bundle of a release with all roots from the first on, signed by operations.
    pub fn bundle(&self, out: &str, release: &Release, revocations: &str, operator: &str) {
        self.good(&self.bundle_words(out, release, revocations, operator));
    }

    /// The command that makes a bundle.
    pub fn bundle_words(
        &self,
        out: &str,
        release: &Release,
        revocations: &str,
        operator: &str,
    ) -> String {
        let roots: String = (1..=self.root)
            .map(|n| format!(" --root root-{n}.cbor"))
            .collect();
        let artifact = &release.approved;
        format!(
            "bundle make {out} --artifact {artifact} --revocations {revocations} \
             --sign {operator}.key{roots}"
        )
    }
}

fn hand_in(release: &Release, engineer: &str) -> String {
    let built = &release.built;
    format!("release add {built} --track maintenance --token-file {engineer}.token")
}
