//! A judge of the document: schemathesis asks at every place whatever the document allows, and much that it doesn't, and compares each
//! answer with it. None may be a 500, none undocumented.

use std::path::Path;
use std::process::{Command, Output};

use mainstay_access::{Role, Secret, SecretKind};
use serde_json::json;

use crate::door::everybody::somebody;
use crate::eligibility::running;
use crate::house::House;

/// How many questions are made up for each place and person, beside the edges of what it takes. With this many it takes half a minute.
const EXAMPLES: &str = "12";

/// The places that answer people alone.
const OF_PEOPLE: &str = "^/(people|setup-links)";

/// Those, and the one whose answer doesn't end.
const LEFT_OUT: &str = "^/(people|setup-links|events/stream)";

/// Everything must be there that a place can name: devices that run something, a release that is rolled out and one that isn't, a rollout,
/// and an incident.
async fn busy_house() -> House {
    let house = House::new().await;
    running(&house, &["th-1", "th-2", "th-3", "th-4", "th-5", "th-6"]).await;
    let halted = house.built("1.1.0", 2, &[]);
    let rollout = house.roll_out(&halted).await;
    house.advance().await;
    let halt = format!("/api/v1/rollouts/{rollout}/halt");
    let why = br#"{"why":"customers report cold rooms"}"#.to_vec();
    let halted = house.post(&halt, &house.tokens.operations, why).await;
    assert!(halted.status().is_success(), "{halted:?}");
    house.roll_out(&house.built("1.2.0", 3, &[])).await;
    let handed_in = house.submit(&house.built("1.3.0", 4, &[])).await;
    assert!(handed_in.status().is_success(), "{handed_in:?}");
    house
}

/// Asks as somebody who shows these headers, at the places that `choice` leaves.
async fn judged(house: &House, shows: &[String], choice: &[&str]) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/judges");
    let there = json!({
        "devices": ["th-1", "th-3"],
        "releases": ["thermo-v2@1.1.0", "thermo-v2@1.2.0", "thermo-v2@1.3.0"],
        "rollouts": [1, 2, 3],
        "incidents": ["INC-1"],
        "people": ["every-viewer@northwind.example", "sam@northwind.example"],
        "setup-links": ["0".repeat(64)],
    });
    // It keeps what it found where it runs.
    let folder = tempfile::tempdir().unwrap();
    let mut judge = Command::new(judges::program("schemathesis"));
    judge
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", here.join("api_hooks.py"))
        .env("MAINSTAY_THERE", there.to_string())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg("--no-color")
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", house.base))
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
    let house = busy_house().await;
    let (_, _, form_token) = somebody(&house, 1, Role::Operations).await;
    // Whose account is closed, or who is shut out, in the course of this.
    somebody(&house, 2, Role::Viewer).await;
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
        judged(&house, &engineer, &changes),
        judged(&house, &manager, &changes),
    );
    accepted("engineer", &engineer);
    accepted("release manager", &manager);
    let (operations, in_person) = tokio::join!(
        judged(&house, &operations, &others),
        judged(&house, &in_person, &people),
    );
    accepted("operations", &operations);
    accepted("operations, in person", &in_person);
}
