//! How the cases are made: a scene in which all is well, spoilt in one place.
//!
//! Read [`story`] first.

use crate::people::{self, guardian, keeper, manifest, operator, server, signed};
use crate::scene::{Attack, Device, Given, Scene, Told, hex};
use crate::sequel::named;
use mainstay_trust::{BundleStatement, Refusal, Revocations, Schedule, Status};
use serde::Serialize;
use std::collections::BTreeMap;

/// A case, ready to be written.
pub struct Story {
    pub folder: &'static str,
    told: Told,
    scene: Scene,
    repaired: Scene,
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A scene that is being set, and the files it needs.
#[derive(Clone)]
pub struct Stage {
    pub scene: Scene,
    pub files: BTreeMap<String, Vec<u8>>,
}

pub fn told(title: &str, list: &str, attacker: &str, expected: Refusal, why: &str) -> Told {
    Told {
        title: title.to_owned(),
        list: list.to_owned(),
        attacker: attacker.to_owned(),
        expected: expected.id().to_owned(),
        why: why.to_owned(),
    }
}

/// A case: `stage` is the scene without the defect, `spoil` brings it in.
pub fn story(
    folder: &'static str,
    told: Told,
    stage: Stage,
    spoil: impl FnOnce(&mut Stage),
) -> Story {
    let repaired = stage.scene.clone();
    let mut stage = stage;
    spoil(&mut stage);
    Story {
        folder,
        told,
        scene: stage.scene,
        repaired,
        files: stage.files,
    }
}

impl Story {
    /// The `case.toml`.
    pub fn text(&self) -> String {
        let scene = table(&self.scene);
        let repaired = difference(&scene, &table(&self.repaired));
        let repaired = toml::Table::from_iter([("repaired".to_owned(), repaired.into())]);
        let told = toml::to_string(&self.told).unwrap();
        let scene = toml::to_string(&self.scene).unwrap();
        format!("{told}\n{scene}\n{}", toml::to_string(&repaired).unwrap())
    }
}

fn table(value: &impl Serialize) -> toml::Table {
    toml::Table::try_from(value).unwrap()
}

/// What must be put in the place of values in `from` to get `to`.
fn difference(from: &toml::Table, to: &toml::Table) -> toml::Table {
    let mut changes = toml::Table::new();
    for (key, value) in to {
        match (from.get(key), value) {
            (Some(toml::Value::Table(from)), toml::Value::Table(to)) => {
                let inner = difference(from, to);
                if !inner.is_empty() {
                    changes.insert(key.clone(), inner.into());
                }
            }
            (Some(same), value) if same == value => {}
            _ => drop(changes.insert(key.clone(), value.clone())),
        }
    }
    for key in from.keys().filter(|key| !to.contains_key(*key)) {
        changes.insert(key.clone(), "".into());
    }
    changes
}

/// An ordinary device under the pinned root; nobody revokes yet.
pub fn first() -> Stage {
    let device = Device {
        id: "th-0042".to_owned(),
        vendor: hex(&manifest().vendor_id),
        class: hex(&manifest().class_id),
        bootloader: manifest().bootloader_min.to_string(),
        slot_bytes: 40_960,
        bank: None,
        nonce: Some("5a".repeat(16)),
        clock: None,
        confirmed: "cc".repeat(32),
        returns_to: Vec::new(),
        status_mark: "0/7".to_owned(),
        release_mark: "0/11".to_owned(),
        floor_mark: "0/10".to_owned(),
        time: 1_740_000_000,
    };
    let attack = Attack {
        envelope: Some("good/envelope.hex".to_owned()),
        status: Some("good/status.hex".to_owned()),
        ..Attack::default()
    };
    let given = Given {
        roots: vec!["good/root.hex".to_owned()],
        revocations: None,
    };
    let scene = Scene {
        device,
        given,
        attack,
    };
    Stage {
        scene,
        files: BTreeMap::new(),
    }
}

/// The same device after the second root: a guardian revokes, and the class waits for operations.
pub fn second() -> Stage {
    let mut stage = first();
    stage.scene.given = Given {
        roots: ["good/root.hex", "good/root-2.hex"]
            .map(str::to_owned)
            .to_vec(),
        revocations: Some("good/revocations.hex".to_owned()),
    };
    stage.scene.attack.status = Some("good/status-2.hex".to_owned());
    stage.scene.attack.schedule = Some("good/schedule.hex".to_owned());
    stage
}

/// As [`second`], without a network.
pub fn offline() -> Stage {
    let mut stage = second();
    let attack = &mut stage.scene.attack;
    (attack.status, attack.schedule) = (None, None);
    attack.bundle = Some("good/bundle-statement.hex".to_owned());
    stage
}

impl Stage {
    /// Puts a file beside the case and returns its name.
    pub fn file(&mut self, name: &str, bytes: Vec<u8>) -> String {
        let earlier = self.files.insert(name.to_owned(), bytes);
        assert!(earlier.is_none(), "{name} twice");
        name.to_owned()
    }

    /// The device was made with this root, signed by the keeper.
    pub fn pinned(mut self, root: &people::Draft) -> Stage {
        let bytes = people::signed_root(root);
        self.scene.given.roots = vec![self.file("pinned-root.hex", bytes)];
        self
    }

    /// The device is handed only this root, and no release.
    pub fn only_root(mut self, bytes: Vec<u8>) -> Stage {
        self.scene.attack = Attack::default();
        self.hand_root("good-root.hex", bytes);
        self
    }

    /// One more root is handed over.
    pub fn hand_root(&mut self, name: &str, bytes: Vec<u8>) {
        let name = self.file(name, bytes);
        self.scene.attack.roots.push(name);
    }

    /// Another root in the place of those that were handed over.
    pub fn spoil_root(&mut self, bytes: Vec<u8>) {
        self.scene.attack.roots.clear();
        self.hand_root("root.hex", bytes);
    }

    pub fn envelope(&mut self, bytes: Vec<u8>) {
        self.scene.attack.envelope = Some(self.file("envelope.hex", bytes));
    }

    /// As [`envelope`](Stage::envelope), where that isn't the defect.
    pub fn with_envelope(mut self, bytes: Vec<u8>) -> Stage {
        self.scene.attack.envelope = Some(self.file("good-envelope.hex", bytes));
        self
    }

    pub fn status_bytes(&mut self, bytes: Vec<u8>) {
        self.scene.attack.status = Some(self.file("status.hex", bytes));
    }

    pub fn status(&mut self, status: &Status<'_>) {
        self.status_bytes(signed(status, &[&server()]));
    }

    pub fn with_status(mut self, status: &Status<'_>) -> Stage {
        let bytes = signed(status, &[&server()]);
        self.scene.attack.status = Some(self.file("good-status.hex", bytes));
        self
    }

    pub fn schedule(&mut self, schedule: &Schedule) {
        let bytes = signed(schedule, &[&operator()]);
        self.scene.attack.schedule = Some(self.file("schedule.hex", bytes));
    }

    pub fn bundle(&mut self, statement: &BundleStatement) {
        let bytes = signed(statement, &[&operator()]);
        self.scene.attack.bundle = Some(self.file("bundle.hex", bytes));
    }

    /// These revocations come, and the status names them.
    pub fn revocations(&mut self, revocations: &Revocations<'_>) {
        let bytes = signed(revocations, &[&guardian()]);
        self.scene.attack.revocations = Some(self.file("revocations.hex", bytes));
        self.status(&Status {
            revocations: Some(named(revocations)),
            ..crate::sequel::second_status()
        });
    }
}

/// A root signed by the keeper.
pub fn kept(root: &people::Draft) -> Vec<u8> {
    signed(&root.done(), &[&keeper()])
}

/// The position of `needle`, which must be there.
pub fn find(bytes: &[u8], needle: &[u8]) -> usize {
    let mut windows = bytes.windows(needle.len());
    windows
        .position(|window| window == needle)
        .expect("it is there")
}

/// `bytes` with `new` in the place of `old`.
pub fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = find(bytes, old);
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}
