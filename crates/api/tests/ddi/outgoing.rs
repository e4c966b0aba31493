//! What the server says, byte for byte, for each kind of client.

use std::fmt::Debug;

use mainstay_api::ddi::artifact::ArtifactLinks;
use mainstay_api::ddi::{
    ActionHistory, ActionNumber, Artifact, AutoConfirm, AutoConfirmRequest, BaseLinks,
    CancelAction, Chunk, ConfirmationBase, ConfirmationRequest, ControllerBase, DdiProblem,
    Deployment, DeploymentBase, Errand, Handling, Hashes, Links, MaintenanceWindow, Metadata,
    Sleep, USUAL_TENANT,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::good;

const ORIGIN: &str = "https://updates.northwind.example";

/// It is written so, and read back as what it was.
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, said: &T) {
    let golden = good(name);
    let written = serde_json::to_string(said).expect("plain data");
    assert_eq!(format!("{written}\n"), golden, "{name}");
    let read: T = serde_json::from_str(&golden).expect("our own words");
    assert_eq!(&read, said, "{name}");
}

fn number(number: u32) -> ActionNumber {
    ActionNumber::try_from(number).expect("a number of an action")
}

fn artifact(links: &Links, module: u64, filename: &str, bytes: u64) -> Artifact {
    Artifact {
        filename: filename.to_owned(),
        size: bytes.try_into().expect("a length that clients read"),
        hashes: Hashes::of(&[1; 20], &[2; 16], &[3; 32]),
        links: ArtifactLinks::of(links, module, filename),
    }
}

fn deployment(how: Handling, part: &str, name: &str, version: &str, file: Artifact) -> Deployment {
    Deployment {
        download: how,
        update: how,
        maintenance_window: None,
        chunks: vec![Chunk {
            part: part.to_owned(),
            name: name.to_owned(),
            version: version.to_owned(),
            artifacts: vec![file],
            metadata: Vec::new(),
        }],
    }
}

#[test]
fn swupdate() {
    let links = Links::of(ORIGIN, USUAL_TENANT, "gw-0042");
    let order = number(1_000_008);
    let base = |sleep, links| ControllerBase::new(Sleep::from_s(sleep), links);
    check("swupdate/base-nothing", &base(300, BaseLinks::default()));
    let asked = BaseLinks::new(
        Some(Errand::Deployment(links.deployment(order, -1_640_531_527))),
        Some(links.installed(number(1_000_004))),
        Some(links.config_data()),
    );
    check("swupdate/base-deployment", &base(30, asked));
    let stopped = BaseLinks::new(Some(Errand::Cancel(links.cancel(order))), None, None);
    check("swupdate/base-cancel", &base(300, stopped));
    check("swupdate/cancel", &CancelAction::of(order));
    let file = artifact(&links, 40, "gateway-1.4.2.swu", 8_388_608);
    let said = DeploymentBase {
        id: order,
        deployment: deployment(Handling::Forced, "os", "gateway", "1.4.2", file),
        action_history: None,
    };
    check("swupdate/deployment", &said);
}

#[test]
fn rauc() {
    let links = Links::of(ORIGIN, USUAL_TENANT, "02:00:5e:10:00:01");
    let file = artifact(&links, 41, "gateway-1.4.2+rc.1.raucb", 2_147_483_647);
    let mut what = deployment(Handling::Forced, "os", "gateway", "1.4.2+rc.1", file);
    what.update = Handling::Skip;
    what.maintenance_window = Some(MaintenanceWindow::Unavailable);
    what.chunks[0].metadata.push(Metadata {
        key: "mainstay-envelope".to_owned(),
        value: "/device/v1/envelopes/0404".to_owned(),
    });
    let said = DeploymentBase {
        id: number(1_000_009),
        deployment: what,
        action_history: None,
    };
    check("rauc/deployment-outside-its-window", &said);
}

#[test]
fn zephyr() {
    let links = Links::of(ORIGIN, USUAL_TENANT, "nrf-7");
    let file = artifact(&links, 42, "sensor-2.0.0.signed.bin", 262_144);
    let said = DeploymentBase {
        id: number(2_147_483_647),
        deployment: deployment(Handling::Forced, "bApp", "sensor", "2.0.0", file),
        action_history: Some(ActionHistory {
            status: "RUNNING".to_owned(),
            messages: vec!["proceeding: 50 %".to_owned(), "retrieved".to_owned()],
        }),
    };
    check("zephyr/deployment", &said);
}

#[test]
fn an_owner_is_asked() {
    let links = Links::of(ORIGIN, USUAL_TENANT, "car 1");
    let waiting = || links.confirmation(number(5), 7);
    let asked = BaseLinks::new(Some(Errand::Confirmation(waiting())), None, None);
    let base = ControllerBase::new(Sleep::MAX, asked);
    check("generic/base-confirmation", &base);
    let file = artifact(&links, 43, "car-3.0.0.bin", 1);
    check("generic/artifacts", &vec![file.clone()]);
    let said = ConfirmationRequest {
        id: number(5),
        confirmation: deployment(Handling::Attempt, "os", "car", "3.0.0", file),
        action_history: None,
    };
    check("generic/confirmation", &said);
    let asking = ConfirmationBase::new(AutoConfirm::default(), &links, Some(waiting()));
    check("generic/confirmation-base-asking", &asking);
    let request = AutoConfirmRequest {
        initiator: Some("owner".to_owned()),
        remark: Some("at night".to_owned()),
    };
    let at = jiff::Timestamp::from_second(1_795_773_600).expect("a day in 2026");
    let automatic = ConfirmationBase::new(AutoConfirm::since(request, at), &links, None);
    check("generic/confirmation-base-automatic", &automatic);
}

#[test]
fn a_refusal() {
    let problem = DdiProblem::new("ddi.unknown-word", "say closed");
    check("generic/problem", &problem);
}
