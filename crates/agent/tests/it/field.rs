//! A device in the field: the house that looks after it, and the gateway between them.

use std::fs;

use mainstay_agent::status::Status;
use mainstay_artifact::bundle_file::{self, BundleParts};
use mainstay_artifact::document_file;
use mainstay_fleet::DeviceId;
use mainstay_keys::HostPrimitives;
use mainstay_trust::{BundleStatement, Digest, Mark};

use crate::bench::{Bench, approved, built, check_in, register, tree};
use crate::gateway::Gateway;
use crate::house::{Artifact, House, signer};

/// A device that runs 1.0.0.
pub struct Field {
    pub house: House,
    pub bench: Bench,
    pub gateway: Gateway,
    old: Artifact,
}

impl Field {
    /// A device that the server knows, and that knows what it runs.
    pub async fn begin(more: &str) -> Self {
        let field = Self::bare(more).await;
        field.provision();
        field
    }

    /// The same, under a plan of its own.
    pub async fn begin_under(plan: &str, more: &str) -> Self {
        let field = Self::bare_in(House::under(plan).await, more).await;
        field.provision();
        field
    }

    /// The same, before it left the factory.
    pub async fn bare(more: &str) -> Self {
        Self::bare_in(House::new().await, more).await
    }

    async fn bare_in(house: House, more: &str) -> Self {
        let tokens = register(&house).await;
        let old = built(&house, "1.0.0", 1, tree("1.0.0", 100));
        for token in &tokens {
            check_in(&house, token, &old).await;
        }
        let gateway = Gateway::open(&house.base, None);
        let bench = Bench::new(&gateway.base, &tokens[0], &house.root, more);
        Self {
            old: approved(&house, &old),
            house,
            bench,
            gateway,
        }
    }

    /// The end of the factory.
    pub fn provision(&self) {
        self.bench.provision(&self.old);
    }

    /// What the factory put on it.
    pub fn factory(&self) -> &Artifact {
        &self.old
    }

    /// Rolls 1.1.0 out, with so many bytes.
    pub async fn offer(&self, bytes: usize) -> Artifact {
        self.offer_image(tree("1.1.0", bytes)).await
    }

    /// Rolls 1.1.0 out, with this image.
    pub async fn offer_image(&self, image: Vec<u8>) -> Artifact {
        let new = built(&self.house, "1.1.0", 2, image);
        self.house.roll_out(&new).await;
        self.house.advance().await;
        self.house.later(1);
        new
    }

    /// The device starts `version` again, and the server hears of what happened to it: of this.
    pub async fn hear(&self, version: &str, text: &str) {
        let agent = self.bench.boots(version);
        let heard = |status: &Status| status.unsent_reports == 0 && status.last_contact.is_some();
        self.bench.wait_until("the report", heard);
        drop(agent);
        self.assert_told(text).await;
    }

    /// Lets so much time pass that the server offers again what was refused.
    pub async fn after_a_refusal(&self) {
        self.house.later(4 * 60);
        self.house.advance().await;
    }

    /// A bundle with a release of this image, which two people signed, whatever it is.
    pub fn bundle(&self, version: &str, sequence: u64, image: Vec<u8>) -> Vec<u8> {
        let release = built(&self.house, version, sequence, image);
        bundle_of(&self.house, &approved(&self.house, &release))
    }

    /// Installs a bundle by hand; returns the code and what was said.
    pub fn install(&self, bundle: &[u8]) -> (i32, String) {
        let file = self.bench.path("by-hand.mainstay-bundle");
        fs::write(&file, bundle).unwrap();
        self.bench.say(&["install", file.to_str().unwrap()])
    }

    /// Puts a bundle on the stick, as a copy ends: whole, under its name.
    pub fn stick(&self, name: &str, bundle: &[u8]) {
        fs::create_dir_all(self.bench.path("stick")).unwrap();
        fs::write(self.bench.path("stick/part"), bundle).unwrap();
        let name = format!("stick/{name}.mainstay-bundle");
        fs::rename(self.bench.path("stick/part"), self.bench.path(&name)).unwrap();
    }

    /// What the server tells people of the device, the newest last.
    pub async fn told(&self) -> Vec<String> {
        let id = DeviceId::new("th-1").unwrap();
        let timeline = self.house.app.store().timeline(&id, 100).await.unwrap();
        timeline.into_iter().rev().map(|entry| entry.text).collect()
    }

    /// Whether the server tells people this of the device.
    pub async fn assert_told(&self, text: &str) {
        let told = self.told().await;
        assert!(
            told.iter().any(|line| line.contains(text)),
            "{text} in {told:#?}\n{}",
            self.bench.log()
        );
    }

    /// How many devices of the canary the server counts as updated, once their horizon has passed.
    pub async fn updated(&self) -> usize {
        self.house.later(60);
        self.house.advance().await;
        let token = &self.house.tokens.engineer;
        let view: mainstay_api::RolloutView = self.house.get("/api/v1/rollouts/1", token).await;
        view.waves[0].updated
    }
}

/// A bundle with an approved release, good for 90 days of the house's time.
pub fn bundle_of(house: &House, release: &Artifact) -> Vec<u8> {
    let issued = u64::try_from(house.app.now().as_second()).unwrap();
    let statement = statement(&release.manifest, issued, 90);
    let mut bundle = Vec::new();
    let parts = BundleParts {
        roots: std::slice::from_ref(&house.root),
        revocations: None,
        statement: &statement,
        envelope: &release.envelope,
    };
    let length = release.image.len() as u64;
    bundle_file::write(&mut bundle, &parts, &mut &*release.image, length).unwrap();
    bundle
}

/// Operations' word that this release may be installed offline.
fn statement(release: &Digest, issued: u64, days: u64) -> Vec<u8> {
    let statement = BundleStatement {
        release: *release,
        revocations: Mark {
            epoch: 0,
            number: 0,
        },
        issued,
        expires: issued + days * 86_400,
    };
    let kim = signer("kim@northwind.example");
    document_file::sign(&statement, &[&kim], &HostPrimitives).unwrap()
}
