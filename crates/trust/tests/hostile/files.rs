//! The folders of the suite: read for the replay, written and compared by the stories.

use crate::replay::Documents;
use crate::scene::{Facts, Scene, Told, bytes, hex};
use crate::story::Story;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A case as it stands in its folder, and what it is without its defect.
pub struct Case {
    pub name: String,
    pub told: Told,
    pub documents: Documents,
    pub device: Facts,
    pub repaired: (Documents, Facts),
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn suite() -> PathBuf {
    fixtures().join("hostile/trust")
}

/// The names of the folders.
pub fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(suite()).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect()
}

/// Every case, by name.
pub fn cases() -> Vec<Case> {
    folders().into_iter().map(read).collect()
}

fn read(name: String) -> Case {
    let folder = suite().join(&name);
    let text = std::fs::read_to_string(folder.join("case.toml")).expect(&name);
    let mut table: toml::Table = text.parse().expect(&name);
    let told = Told::deserialize(table.clone()).expect(&name);
    let (documents, device) = load(&folder, table.clone());
    let Some(toml::Value::Table(repair)) = table.remove("repaired") else {
        panic!("{name} doesn't say how it is repaired")
    };
    merge(&mut table, repair);
    Case {
        name,
        told,
        documents,
        device,
        repaired: load(&folder, table),
    }
}

/// Puts the repaired values in the place of the others; an empty text takes a value away.
fn merge(table: &mut toml::Table, repair: toml::Table) {
    for (key, value) in repair {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(repair)) => merge(inner, repair),
            (_, toml::Value::String(none)) if none.is_empty() => drop(table.remove(&key)),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

fn load(folder: &Path, table: toml::Table) -> (Documents, Facts) {
    let scene = Scene::deserialize(table).expect("a scene");
    let document = |name: &String| {
        let path = match name.strip_prefix("good/") {
            Some(name) => fixtures().join("good/trust").join(name),
            None => folder.join(name),
        };
        let text = std::fs::read_to_string(&path);
        bytes(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    let documents = Documents {
        given_roots: scene.given.roots.iter().map(document).collect(),
        given_revocations: scene.given.revocations.as_ref().map(document),
        roots: scene.attack.roots.iter().map(document).collect(),
        revocations: scene.attack.revocations.as_ref().map(document),
        envelope: scene.attack.envelope.as_ref().map(document),
        status: scene.attack.status.as_ref().map(document),
        bundle: scene.attack.bundle.as_ref().map(document),
        schedule: scene.attack.schedule.as_ref().map(document),
        image: scene.attack.image.as_ref().map(document),
    };
    (documents, scene.device.read())
}

/// Replaces the folder of a story.
pub fn write(story: &Story) {
    let folder = suite().join(story.folder);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
    std::fs::create_dir_all(&folder).unwrap();
    for (name, text) in texts(story) {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// Compares the folder with its story, file by file.
pub fn compare(story: &Story) {
    let folder = suite().join(story.folder);
    let told = texts(story);
    let entries = std::fs::read_dir(&folder).unwrap();
    let there: BTreeSet<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, told.keys().cloned().collect(), "{}", story.folder);
    for (name, text) in told {
        let found = std::fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(found, text, "{}/{name} differs", story.folder);
    }
}

fn texts(story: &Story) -> BTreeMap<String, String> {
    let lines = |bytes: &[u8]| bytes.chunks(32).map(|line| hex(line) + "\n").collect();
    let documents = story
        .files
        .iter()
        .map(|(name, bytes)| (name.clone(), lines(bytes)));
    documents
        .chain([("case.toml".to_owned(), story.text())])
        .collect()
}
