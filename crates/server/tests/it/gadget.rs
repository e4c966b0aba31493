//! A device as the server sees it: a token, what it says it runs, and numbered reports.

use mainstay_api::{DeviceTokens, NewDevice, NewDevices};
use mainstay_keys::HostPrimitives;
use mainstay_protocol::{
    Acknowledged, BootReason, CHECK_IN_PATH, CheckIn, Directive, Event, FOR_HEADER, Health,
    HeldRevocations, MESSAGE_BYTES_MAX, REPORTS_PATH, Report, ReportList, Reports, Running, Todo,
    read, write,
};
use mainstay_trust::{Digest, verify};
use minicbor::Encode;
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::house::{self, Artifact, House};

/// One device.
pub struct Gadget {
    pub id: String,
    /// Its own, or that of the gateway that asks in its name.
    pub token: String,
    /// Whether a gateway asks in its name.
    pub is_asked_for: bool,
    pub runs: (Digest, u64, String),
    pub confirmed: bool,
    pub boot: BootReason,
    pub seq: u32,
    pub root_version: u32,
    pub revocations: Option<HeldRevocations>,
    pub health: Health,
    nonce: u8,
}

/// What a directive said, taken out of its bytes.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub acknowledged: u32,
    pub poll_after_s: u32,
    pub install: Option<Install>,
    /// What the status holds; nothing without one, as a device hears that has nothing to install.
    pub held: Vec<Digest>,
    pub schedule: Option<Vec<u8>>,
    pub root: Option<Vec<u8>>,
    pub revocations: Option<Vec<u8>>,
    /// The root version and the revocations that the status names, if there is one.
    pub named: Option<(u32, Option<Digest>)>,
}

/// What to install.
#[derive(Debug, PartialEq)]
pub struct Install {
    pub manifest: Digest,
    pub image: Digest,
    pub bytes: u32,
}

pub fn message(message: &impl Encode<()>) -> Vec<u8> {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let len = write(message, &mut buffer).unwrap();
    buffer.truncate(len);
    buffer
}

pub fn new_device(id: &str, hardware: &str) -> NewDevice {
    NewDevice {
        gateway: None,
        attributes: std::collections::BTreeMap::new(),
        controller: None,
        token: None,
        site: None,
        id: id.parse_id(),
        class: "thermo-v2".to_owned(),
        hardware: hardware.to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.2".to_owned(),
    }
}

trait ParseId {
    fn parse_id(&self) -> mainstay_fleet::DeviceId;
}

impl ParseId for str {
    fn parse_id(&self) -> mainstay_fleet::DeviceId {
        mainstay_fleet::DeviceId::new(self).unwrap()
    }
}

/// Registers devices, alternately of hardware B and C, running `factory`.
pub async fn register(house: &House, ids: &[&str], factory: &Artifact) -> Vec<Gadget> {
    register_of(house, "thermo-v2", ids, factory).await
}

/// The same, of some class.
pub async fn register_of(
    house: &House,
    class: &str,
    ids: &[&str],
    factory: &Artifact,
) -> Vec<Gadget> {
    let hardware = ["B", "C"].iter().cycle();
    let devices = ids.iter().zip(hardware).map(|(id, hardware)| NewDevice {
        class: class.to_owned(),
        ..new_device(id, hardware)
    });
    let body = serde_json::to_vec(&NewDevices {
        devices: devices.collect(),
    })
    .unwrap();
    let response = house
        .post("/api/v1/devices", &house.tokens.operations, body)
        .await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let tokens: DeviceTokens = house::read(response).await;
    let gadget = |token: mainstay_api::DeviceToken| Gadget {
        id: token.id.to_string(),
        token: token.token,
        is_asked_for: false,
        runs: (factory.manifest, factory.sequence, factory.version.clone()),
        confirmed: true,
        boot: BootReason::Confirmed,
        seq: 0,
        root_version: 1,
        revocations: None,
        health: Health::default(),
        nonce: 0,
    };
    tokens.devices.into_iter().map(gadget).collect()
}

impl Gadget {
    /// The next report, about `event`.
    pub fn report(&mut self, event: Event) -> Report {
        self.seq += 1;
        Report {
            seq: self.seq,
            at: 1_800_000_000,
            event,
        }
    }

    pub fn check_in_message(&mut self, reports: &[Report]) -> Vec<u8> {
        self.nonce = self.nonce.wrapping_add(1);
        let (manifest, sequence, version) = &self.runs;
        let (confirmed, slot) = (self.confirmed, 0);
        let (manifest, sequence) = (*manifest, *sequence);
        message(&CheckIn {
            nonce: [self.nonce; 16],
            running: Running {
                manifest,
                sequence,
                version,
                confirmed,
                slot,
            },
            boot: self.boot,
            revocations: self.revocations,
            root_version: self.root_version,
            status_seq: 0,
            health: self.health,
            reports: ReportList(reports.iter().copied().collect()),
        })
    }

    /// A request of its own, or of the gateway in its name.
    pub fn request(&self, house: &House, method: Method, path: &str) -> RequestBuilder {
        let request = house.request(method, path, &self.token);
        match self.is_asked_for {
            true => request.header(FOR_HEADER, &self.id),
            false => request,
        }
    }

    /// Checks in, and believes the answer no more than a device would.
    pub async fn check_in(&mut self, house: &House, reports: &[Report]) -> Told {
        let body = self.check_in_message(reports);
        let request = self.request(house, Method::POST, CHECK_IN_PATH);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/cbor");
        let for_whom = response.headers().get(FOR_HEADER);
        let expected = self.is_asked_for.then_some(self.id.as_str());
        assert_eq!(for_whom.map(|value| value.to_str().unwrap()), expected);
        let bytes = response.bytes().await.unwrap();
        let directive: Directive<'_> = read(&bytes).unwrap();
        let root = verify::pinned_root(&house.root, &HostPrimitives).unwrap();
        let install = install(&directive.todo, house);
        // Nobody looks at a status without an offer, so no key is used for one.
        assert_eq!(directive.status.is_empty(), install.is_none());
        let status = install
            .as_ref()
            .map(|_| verify::status(directive.status, &root, &HostPrimitives).unwrap());
        let status = status.as_ref().map(|status| status.get());
        if let Some(status) = status {
            assert_eq!(status.nonce, Some(&[self.nonce; 16]));
        }
        Told {
            acknowledged: directive.acknowledged,
            poll_after_s: directive.poll_after_s,
            install,
            held: status.map_or(Vec::new(), |status| status.held.iter().collect()),
            schedule: schedule(&directive.todo),
            root: directive.root.map(<[u8]>::to_vec),
            revocations: directive.revocations.map(<[u8]>::to_vec),
            named: status.map(|status| (status.root_version, status.revocations)),
        }
    }

    /// Starts without an image, for this reason.
    pub fn run_nothing(&mut self, boot: BootReason) {
        self.boot = boot;
        self.confirmed = false;
        self.runs = (Digest::ZERO, 0, String::new());
    }

    /// Sends reports between check-ins; returns the number acknowledged.
    pub async fn send(&self, house: &House, reports: &[Report]) -> u32 {
        let reports = ReportList(reports.iter().copied().collect());
        let body = message(&Reports { reports });
        let request = self.request(house, Method::POST, REPORTS_PATH);
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let bytes = response.bytes().await.unwrap();
        read::<Acknowledged>(&bytes).unwrap().seq
    }

    /// Downloads, installs, boots and confirms `artifact`, and tells it at the next check-in.
    pub async fn update_to(&mut self, house: &House, artifact: &Artifact) -> Told {
        let manifest = artifact.manifest;
        let events = [
            Event::DownloadStarted { manifest },
            Event::Installed { manifest },
            Event::TrialBooted { manifest },
            Event::Confirmed { manifest },
        ];
        let reports: Vec<Report> = events.into_iter().map(|event| self.report(event)).collect();
        self.runs = (
            artifact.manifest,
            artifact.sequence,
            artifact.version.clone(),
        );
        self.check_in(house, &reports).await
    }
}

fn schedule(todo: &Todo<'_>) -> Option<Vec<u8>> {
    match todo {
        Todo::Install { schedule, .. } => schedule.map(<[u8]>::to_vec),
        Todo::Nothing => None,
    }
}

fn install(todo: &Todo<'_>, house: &House) -> Option<Install> {
    match todo {
        Todo::Nothing => None,
        Todo::Install {
            envelope,
            image_digest,
            image_bytes,
            schedule: _,
        } => {
            let root = verify::pinned_root(&house.root, &HostPrimitives).unwrap();
            let release = verify::release(envelope, &root, &HostPrimitives).unwrap();
            let manifest = release.get().digest;
            Some(Install {
                manifest,
                image: *image_digest,
                bytes: *image_bytes,
            })
        }
    }
}
