//! A server with its people, ready to be talked to. Read [`House`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mainstay_access::{Duty, Email};
use mainstay_api::Problem;
use mainstay_artifact::{
    Approval, ClassName, Member, PackRequest, RootDraft, Signer, add_approval, add_build_signature,
    container, pack,
};
use mainstay_keys::{FileSigner, HostPrimitives, Passphrase, generate};
use mainstay_plan::PlanDigest;
use mainstay_server::admin::{self, NewServer};
use mainstay_server::jobs::advance_rollouts::{self, Turn};
use mainstay_server::{App, AppConfig, DataDir, PagesAccess, SeededEntropy, VirtualClock};
use mainstay_trust::root::Role;
use mainstay_trust::{BootloaderVersion, Digest, DigestAlgorithm, Primitives as _, verify};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use crate::serving::{listen, open_as, pages_for};
use crate::told;

pub const PLAN: &str = include_str!("plan.toml");
pub const CLASS: &str = "northwind.example/production/thermo-v2/B+C";
const PASSPHRASE: &str = "only for these tests";

/// Everything that a story needs.
pub struct House {
    pub app: Arc<App>,
    pub clock: VirtualClock,
    pub base: String,
    pub http: Client,
    pub root: Vec<u8>,
    pub engineer: FileSigner,
    pub manager: FileSigner,
    pub tokens: Tokens,
    pub data: DataDir,
    plan: String,
    _folder: TempDir,
}

/// The people's tokens.
pub struct Tokens {
    pub engineer: String,
    pub manager: String,
    pub operations: String,
}

/// An artifact and what it is made of.
#[derive(Clone)]
pub struct Artifact {
    pub envelope: Vec<u8>,
    pub image: Vec<u8>,
    pub manifest: Digest,
    pub image_digest: Digest,
    pub sequence: u64,
    pub version: String,
}

pub fn signer(holder: &str) -> FileSigner {
    let seed = HostPrimitives.digest(holder.as_bytes());
    generate::from_seed(holder, &seed.0)
        .unwrap()
        .signer()
        .unwrap()
}

pub fn signed_root(status: &FileSigner) -> Vec<u8> {
    signed_by_custodian(&root_draft(status))
}

pub fn signed_by_custodian(draft: &RootDraft) -> Vec<u8> {
    let custodian = signer("custodian@northwind.example");
    draft.signed(&[&custodian], &HostPrimitives).unwrap()
}

/// The first root of the house, before it is signed.
pub fn root_draft(status: &FileSigner) -> RootDraft {
    let custodian = signer("custodian@northwind.example");
    let people = [
        (
            Role::Root,
            custodian.holder(),
            custodian.public_key().into(),
        ),
        role(Role::Build, "ana@northwind.example"),
        role(Role::Release, "sam@northwind.example"),
        role(Role::Operations, "kim@northwind.example"),
        (Role::Status, status.holder(), status.public_key().into()),
    ];
    let members = people.into_iter().map(|(role, holder, public_key)| Member {
        role,
        holder: holder.to_owned(),
        public_key,
    });
    RootDraft {
        version: 1,
        vendor: "northwind.example".to_owned(),
        environment: "production".to_owned(),
        issued: 1_790_000_000,
        expires: 1_890_000_000,
        members: members.collect(),
        ..RootDraft::default()
    }
}

fn role(role: Role, holder: &str) -> (Role, &str, mainstay_artifact::PublicKeyBuf) {
    (role, holder, signer(holder).public_key().into())
}

pub fn start() -> Timestamp {
    "2026-12-01T12:00:00Z".parse().unwrap()
}

/// A new data folder at `data`, with `plan` in force; returns the signed root.
pub async fn new_folder(data: &DataDir, plan: &str) -> Vec<u8> {
    let status = status_key();
    let root = signed_root(&status.signer().unwrap());
    let new = NewServer {
        root: &root,
        status_key: &status,
        passphrase: &passphrase(),
        plan,
        by: &Email::new("sam@northwind.example").unwrap(),
    };
    admin::init(data, &new, start()).await.unwrap();
    root
}

pub fn status_key() -> mainstay_keys::SecretKey {
    generate::from_seed("server", &[7; 32]).unwrap()
}

pub fn passphrase() -> Passphrase {
    Passphrase::from_text(PASSPHRASE).unwrap()
}

impl House {
    pub async fn new() -> Self {
        Self::build(PLAN, AppConfig::default()).await
    }

    pub async fn under(plan: &str) -> Self {
        Self::build(plan, AppConfig::default()).await
    }

    pub async fn with(pages: PagesAccess) -> Self {
        Self::build(PLAN, pages_for(pages)).await
    }

    /// A house whose server was told these settings.
    pub async fn told(config: AppConfig) -> Self {
        Self::build(PLAN, config).await
    }

    async fn build(plan: &str, config: AppConfig) -> Self {
        let mut house = Self::furnished(plan, config).await;
        house.base = listen(house.app.clone()).await;
        house
    }

    /// One that nobody can reach yet.
    pub async fn furnished(plan: &str, config: AppConfig) -> Self {
        Self::furnished_in(tempfile::tempdir().unwrap(), plan, config).await
    }

    /// The same, with its data in this folder.
    pub async fn furnished_in(folder: TempDir, plan: &str, config: AppConfig) -> Self {
        let data = DataDir::at(folder.path().join("server"));
        let root = new_folder(&data, plan).await;
        let clock = VirtualClock::new(start());
        let app = open_as(&data, &clock, config).await;
        let tokens = Tokens {
            engineer: add(&app, 11, "ana", Duty::Engineer).await,
            manager: add(&app, 12, "sam", Duty::ReleaseManager).await,
            operations: add(&app, 13, "kim", Duty::Operations).await,
        };
        Self {
            base: String::new(),
            app,
            clock,
            http: Client::builder().no_proxy().build().unwrap(),
            root,
            engineer: signer("ana@northwind.example"),
            manager: signer("sam@northwind.example"),
            tokens,
            data,
            plan: plan.to_owned(),
            _folder: folder,
        }
    }

    /// Lets time pass.
    pub fn later(&self, minutes: i64) {
        let now = self.app.now() + SignedDuration::from_mins(minutes);
        self.clock.set(now);
    }

    pub async fn advance(&self) -> Turn {
        advance_rollouts::run(&self.app, self.app.now())
            .await
            .unwrap()
    }

    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(token)
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str, token: &str) -> T {
        let response = self.request(Method::GET, path, token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        read(response).await
    }

    pub async fn post(&self, path: &str, token: &str, body: Vec<u8>) -> Response {
        self.request(Method::POST, path, token)
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// Posts, and expects a refusal: its status and id.
    pub async fn refused(&self, path: &str, token: &str, body: Vec<u8>) -> (u16, String) {
        problem(self.post(path, token, body).await).await
    }

    /// Packs and build-signs a release.
    pub fn built(&self, version: &str, sequence: u64, returns_to: &[Digest]) -> Artifact {
        self.signed(packed(CLASS, version, sequence, returns_to))
    }

    /// Build-signs a release.
    pub fn signed(&self, mut artifact: Artifact) -> Artifact {
        let root = verify::pinned_root(&self.root, &HostPrimitives).unwrap();
        artifact.envelope = add_build_signature(
            &artifact.envelope,
            &self.engineer,
            Some(&root),
            &HostPrimitives,
        )
        .unwrap();
        artifact
    }

    /// Adds the release manager's approval, under the plan of this house.
    pub fn approved(&self, artifact: &Artifact) -> Vec<u8> {
        self.approved_under(artifact, PlanDigest::of(self.plan.as_bytes()))
    }

    pub fn approved_under(&self, artifact: &Artifact, plan: PlanDigest) -> Vec<u8> {
        let root = verify::pinned_root(&self.root, &HostPrimitives).unwrap();
        let approval = Approval {
            plan: Digest(plan.0),
            evidence: HostPrimitives.digest(b""),
        };
        add_approval(
            &artifact.envelope,
            &self.manager,
            approval,
            &root,
            &HostPrimitives,
        )
        .unwrap()
    }

    pub async fn submit(&self, artifact: &Artifact) -> Response {
        let path = "/api/v1/releases?track=maintenance";
        self.post(path, &self.tokens.engineer, artifact.file())
            .await
    }

    /// Hands a release in, has it approved, and starts its rollout; returns the rollout's number.
    pub async fn roll_out(&self, artifact: &Artifact) -> i64 {
        assert_eq!(self.submit(artifact).await.status(), StatusCode::CREATED);
        let path = format!("/api/v1/releases/thermo-v2@{}", artifact.version);
        let approval = self.approved(artifact);
        let approved = self
            .post(&format!("{path}/approval"), &self.tokens.manager, approval)
            .await;
        assert_eq!(approved.status(), StatusCode::OK);
        let operations = &self.tokens.operations;
        let started = self
            .post(&format!("{path}/rollout"), operations, Vec::new())
            .await;
        assert_eq!(started.status(), StatusCode::CREATED);
        let view: mainstay_api::RolloutView = read(started).await;
        view.id
    }
}

impl Artifact {
    pub fn file(&self) -> Vec<u8> {
        container::to_bytes(&self.envelope, &self.image).unwrap()
    }
}

/// Packs a release of some class; nobody has signed it.
pub fn packed(class: &str, version: &str, sequence: u64, returns_to: &[Digest]) -> Artifact {
    packed_above(0, class, version, sequence, returns_to)
}

/// The same, with a security floor.
pub fn packed_above(
    floor: u64,
    class: &str,
    version: &str,
    sequence: u64,
    returns_to: &[Digest],
) -> Artifact {
    let image = format!("the image of {version} ").repeat(100);
    packed_image(image.into(), floor, class, version, sequence, returns_to)
}

/// The same, with any image.
pub fn packed_image(
    image: Vec<u8>,
    floor: u64,
    class: &str,
    version: &str,
    sequence: u64,
    returns_to: &[Digest],
) -> Artifact {
    let request = PackRequest {
        class: ClassName::parse(class).unwrap(),
        version: version.to_owned(),
        sequence,
        security_floor: floor,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: returns_to.to_vec(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    };
    let packed = pack(&request, &mut &*image, &HostPrimitives).unwrap();
    Artifact {
        envelope: packed.envelope,
        image,
        manifest: packed.manifest_digest,
        image_digest: packed.image_digest,
        sequence,
        version: version.to_owned(),
    }
}

/// Adds a person; returns the token.
pub async fn add(app: &App, seed: u64, name: &str, duty: Duty) -> String {
    let email = Email::new(&format!("{name}@northwind.example")).unwrap();
    let entropy = SeededEntropy::new(seed);
    admin::add_person(app.store(), &entropy, email, duty)
        .await
        .unwrap()
        .reveal()
}

pub async fn read<T: DeserializeOwned>(response: Response) -> T {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

/// The status and id of a refusal, which must be a whole problem document.
pub async fn problem(response: Response) -> (u16, String) {
    let (status, path) = (response.status().as_u16(), response.url().path().to_owned());
    let kind = response.headers()["content-type"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(kind, "application/problem+json", "{status}");
    let problem: Problem = read(response).await;
    assert_eq!(problem.status, status);
    assert!(
        !problem.detail.is_empty() && !problem.cure.is_empty(),
        "{problem:?}"
    );
    told::check(&path, status, &problem.id);
    (status, problem.id)
}
