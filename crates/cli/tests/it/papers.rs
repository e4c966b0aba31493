//! The people and keys of the stories about papers that travel: roots, revocations, schedules, bundles.

use std::sync::LazyLock;

use crate::folder::{Ended, Folder};

/// Keys take their time to make, and more to seal: once is enough for all stories.
static OFFICE: LazyLock<Folder> = LazyLock::new(|| {
    let folder = Folder::new();
    for (name, holder) in [
        ("rae", "custodian@company.example"),
        ("zoe", "custodian-2@company.example"),
        ("ana", "engineer@company.example"),
        ("eve", "engineer-2@company.example"),
        ("sam", "manager@company.example"),
        ("kim", "operations@company.example"),
        ("rex", "security@company.example"),
        ("roy", "security-2@company.example"),
        ("status", "server"),
    ] {
        folder.good(&format!("key new {name}.key --holder {holder}"));
    }
    folder.good("plan init plan.toml");
    folder.good(&format!("{INIT} root-1.cbor --sign rae.key"));
    folder
});

/// A folder with everybody's keys, a plan, and `root-1.cbor`, in which Rex may revoke. Zoe, Eve and Roy
/// aren't in it.
pub fn office() -> Folder {
    let folder = Folder::new();
    for name in OFFICE.names() {
        let copied = std::fs::copy(OFFICE.path().join(&name), folder.path().join(&name));
        copied.expect("an own folder");
    }
    folder
}

/// The first root's people, without its place and signatures.
pub const INIT: &str = "root init --vendor company.example --root rae.key.pub --build ana.key.pub \
                        --release sam.key.pub --operations kim.key.pub --revocation rex.key.pub \
                        --status status.key.pub";

/// The class of the default plan, as a root and revocations name it.
pub const CLASS: &str = "company.example/production/device-v1/A";

/// Packs version `1.0.SEQUENCE`, signed by `builder` and approved by Sam under `root`.
pub fn release(folder: &Folder, sequence: u64, builder: &str, root: &str) -> String {
    let artifact = format!("{sequence}.mainstay");
    folder.write("app.bin", format!("firmware 1.0.{sequence}"));
    folder.good(&format!(
        "artifact pack app.bin {artifact} --plan plan.toml --class device-v1 \
         --version 1.0.{sequence} --sequence {sequence}"
    ));
    folder.good(&format!(
        "artifact sign {artifact} --key {builder} --root {root}"
    ));
    folder.good(&format!(
        "artifact approve {artifact} --key sam.key --root {root} --plan plan.toml"
    ));
    artifact
}

/// Checks that a command fails so, and changes no file and no name in the folder.
pub fn refused(folder: &Folder, words: &str, code: i32, id: &str) -> Ended {
    let contents = || -> Vec<_> {
        // That a key was used stays on record, whatever became of what it signed.
        let names = folder.names().into_iter();
        let names = names.filter(|name| !name.ends_with(".uses"));
        names.map(|name| (folder.read(&name), name)).collect()
    };
    let before = contents();
    let ended = folder.run(words);
    ended.failed(code, id);
    assert!(contents() == before, "{words} left something behind");
    ended
}
