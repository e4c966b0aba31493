//! A judge of the document: schemathesis asks at every place whatever the document allows, and much that it doesn't, and compares each
//! answer with it. None may be a 500, none undocumented.

use std::path::Path;
use std::process::{Command, Output};

use mainstay_access::{Role, Secret, SecretKind};
use mainstay_api::Page;
use mainstay_server::AppConfig;
use mainstay_server::settings::UnregisteredDevices;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::door::everybody::somebody;
use crate::eligibility::running;
use crate::house::{House, read};
use crate::patience::until;
use crate::receiver::{Does, Receiver};
use crate::webhooks;

/// How many questions are made up for each place and person, beside the edges of what it takes. With this many it takes half a minute.
const EXAMPLES: &str = "12";

/// The places that answer people alone.
const OF_PEOPLE: &str = "^/(people|setup-links)";

/// Those, and the one whose answer doesn't end.
const LEFT_OUT: &str = "^/(people|setup-links|events/stream)";

/// Where codes are made by which devices join.
const JOIN_CODES: &str = "/api/v1/join-codes";

/// Where welcomes are made.
const WELCOMES: &str = "/api/v1/welcomes";

/// A house in which everything is there that a place can name.
struct Busy {
    house: House,
    /// Of what there is, by the first word of the place that names it. What is removed is the first one of its list.
    there: Value,
    /// Who is told what happens, and takes it.
    receiver: Receiver,
}

impl Busy {
    /// One with devices that run something, a release that is rolled out and one that isn't, a rollout, an incident, two webhooks that were
    /// told something, a code by which devices join, and a welcome.
    async fn furnish() -> Self {
        let config = AppConfig {
            unregistered_devices: UnregisteredDevices::Welcomed,
            ..webhooks::config("127.0.0.0/8")
        };
        let house = House::told(config).await;
        running(&house, &["th-1", "th-2", "th-3", "th-4", "th-5", "th-6"]).await;
        let payload = rolled_out(&house).await;
        let receiver = Receiver::start(Does::Takes).await;
        let hooks = [
            webhooks::add(&house, &receiver.url, &["release.added"]).await,
            webhooks::add(&house, &receiver.url, &["release.added"]).await,
        ];
        let hooks = hooks.map(|made| made.webhook.id);
        let handed_in = house.submit(&house.built("1.3.0", 4, &[])).await;
        assert!(handed_in.status().is_success(), "{handed_in:?}");
        until("both are told", async || receiver.taken().len() == 2).await;
        let wish = json!({"class": "thermo-v2", "hardware": "C", "zone": "America/Denver", "bootloader": "1.4.0"});
        let code = made(&house, JOIN_CODES, &wish).await;
        let welcome = made(&house, WELCOMES, &wish).await;
        let there = json!({
            "devices": ["th-1", "th-3"],
            "releases": ["thermo-v2@1.1.0", "thermo-v2@1.2.0", "thermo-v2@1.3.0"],
            "rollouts": [1, 2, 3],
            "incidents": ["INC-1"],
            "people": ["every-viewer@northwind.example", "sam@northwind.example"],
            "setup-links": ["0".repeat(64)],
            "payloads": [payload],
            "webhooks": hooks,
            "join-codes": [code],
            "welcomes": [welcome],
        });
        Self {
            house,
            there,
            receiver,
        }
    }

    /// Whether what there was of this word at the beginning is revoked, as that place lists it.
    async fn is_revoked(&self, path: &str, word: &str) -> bool {
        let all: Page<Value> = self.house.get(path, &self.house.tokens.engineer).await;
        let mut ours = all
            .items
            .iter()
            .filter(|one| one["id"] == self.there[word][0]);
        ours.any(|one| !one["revoked"].is_null())
    }

    /// What was asked of things that there are was done: else all that was judged is how what isn't there is refused.
    async fn expect_things_done(&self) {
        assert!(self.is_revoked(JOIN_CODES, "join-codes").await);
        assert!(self.is_revoked(WELCOMES, "welcomes").await);
        let webhooks = webhooks::listed(&self.house).await;
        let is_there = |n: usize| {
            let id = &self.there["webhooks"][n];
            webhooks.iter().any(|webhook| *id == *webhook.id)
        };
        assert!(!is_there(0) && is_there(1), "{webhooks:?}");
        assert!(webhooks.len() > 1, "none was added: {webhooks:?}");
        let tried = self.receiver.taken().into_iter();
        let mut tried = tried.filter(|event| event.happened.kind == "webhook.test");
        assert!(tried.next().is_some(), "none was tried");
    }
}

/// Rolls two releases out, of which the first is halted; the digest of the second one's payload.
async fn rolled_out(house: &House) -> String {
    let rollout = house.roll_out(&house.built("1.1.0", 2, &[])).await;
    house.advance().await;
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why":"customers report cold rooms"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.operations, why).await;
    assert!(halted.status().is_success(), "{halted:?}");
    let new = house.built("1.2.0", 3, &[]);
    house.roll_out(&new).await;
    new.image_digest.to_string()
}

/// Makes what is wished there; its id.
async fn made(house: &House, path: &str, wish: &Value) -> Value {
    let wish = wish.to_string().into_bytes();
    let made = house.post(path, &house.tokens.operations, wish).await;
    assert_eq!(made.status(), StatusCode::CREATED, "{path}");
    let mut made: Value = read(made).await;
    made["id"].take()
}

/// Asks as somebody who shows these headers, at the places that `choice` leaves.
async fn judged(busy: &Busy, shows: &[String], choice: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/judges");
    // It keeps what it found where it runs.
    let folder = tempfile::tempdir().unwrap();
    let mut judge = Command::new(judges::program("schemathesis"));
    judge
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", here.join("api_hooks.py"))
        .env("MAINSTAY_THERE", busy.there.to_string())
        .env("MAINSTAY_RECEIVER", &busy.receiver.url)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("--no-color")
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", busy.house.base))
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--seed", "1"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"])
        .args(["--generation-database", "none", "--continue-on-failure"])
        .args(["--suppress-health-check", "all", "--warnings", "off"])
        .args(choice);
    for header in shows {
        judge.args(["-H", header]);
    }
    let ended = tokio::task::spawn_blocking(move || judge.output());
    ended
        .await
        .unwrap()
        .expect("the judges' environment has it")
}

fn accepted(who: &str, ended: &Output) {
    let said = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "as {who}: {said}{complained}");
    assert!(said.contains("passed"), "as {who}: {said}{complained}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_a_failure_or_undocumented() {
    let busy = Busy::furnish().await;
    let house = &busy.house;
    let (_, _, form_token) = somebody(house, 1, Role::Operations).await;
    // Whose account is closed, or who is shut out, in the course of this.
    somebody(house, 2, Role::Viewer).await;
    let session = Secret::new(SecretKind::Session, [1; 32]);
    let in_person = [
        format!("Cookie: mainstay={}", *session.reveal()),
        format!("Mainstay-Form: {form_token}"),
        format!("Origin: {}", house.base),
    ];
    let bearing = |token: &str| [format!("Authorization: Bearer {token}")];
    let [engineer, manager, operations] = [
        bearing(&house.tokens.engineer),
        bearing(&house.tokens.manager),
        bearing(&house.tokens.operations),
    ];
    let people = ["--include-path-regex", OF_PEOPLE];
    let others = ["--exclude-path-regex", LEFT_OUT];
    let changes = [&others[..], &["--exclude-method", "GET"]].concat();
    let (engineer, manager) = tokio::join!(
        judged(&busy, &engineer, &changes),
        judged(&busy, &manager, &changes),
    );
    accepted("engineer", &engineer);
    accepted("release manager", &manager);
    let (operations, in_person) = tokio::join!(
        judged(&busy, &operations, &others),
        judged(&busy, &in_person, &people),
    );
    accepted("operations", &operations);
    accepted("operations, in person", &in_person);
    busy.expect_things_done().await;
}
