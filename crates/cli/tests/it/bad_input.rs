//! Bad input gives one clear message with its id and a cure, and leaves nothing half-written.
//!
//! One table: what is wrong with the file `bad`, the command that is given it, and the answer.
//! "Unreadable" is a folder in the file's place: permissions stop no administrator.

use std::fs::File;
use std::net::TcpListener;

use crate::folder::Folder;

/// What lies where a good file is expected.
#[derive(Debug, Clone, Copy)]
enum Bad {
    Missing,
    Unreadable,
    Empty,
    Oversize,
    Garbage,
}

use Bad::{Empty, Garbage, Missing, Oversize, Unreadable};

/// Larger than anything that is read: artifacts are bounded by 64 MiB. The file has holes only.
const OVERSIZE_BYTES: u64 = 256 * 1024 * 1024;

impl Bad {
    fn lay(self, folder: &Folder) {
        let path = folder.path().join("bad");
        match self {
            Self::Missing => {}
            Self::Unreadable => std::fs::create_dir(path).expect("an own folder"),
            Self::Empty => drop(folder.write("bad", b"")),
            Self::Oversize => {
                File::create(path)
                    .and_then(|f| f.set_len(OVERSIZE_BYTES))
                    .expect("room for holes");
            }
            Self::Garbage => drop(folder.write("bad", [0xfe; 300])),
        }
    }

    fn clear(self, folder: &Folder) {
        let path = folder.path().join("bad");
        match self {
            Self::Missing => Ok(()),
            Self::Unreadable => std::fs::remove_dir_all(path),
            _ => std::fs::remove_file(path),
        }
        .expect("it was laid there");
    }
}

/// Runs the command on each bad file; afterwards the folder holds what it held before.
fn check(folder: &Folder, words: &str, expected: &[(Bad, i32, &str)]) {
    let mut complaints = Vec::new();
    for &(bad, code, id) in expected {
        bad.lay(folder);
        let before = folder.names();
        let ended = folder.run(words);
        complaints.extend(ended.complaint(code, id));
        if !ended.stderr().contains("bad") {
            complaints.push(format!("{words}: no place in {}", ended.stderr()));
        }
        assert_eq!(
            folder.names(),
            before,
            "{words} with {bad:?} left something"
        );
        bad.clear(folder);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn plans() {
    let folder = Folder::with_root();
    folder.write("token", [b'0'; 64]);
    let table = [
        (Missing, 2, "plan.missing"),
        (Unreadable, 2, "plan.unreadable"),
        (Empty, 2, "plan.empty"),
        (Oversize, 2, "plan.too-large"),
        (Garbage, 2, "plan.not-text"),
    ];
    for words in [
        "plan check bad",
        "artifact pack app.bin out.mainstay --class device-v1 --version 1.0.0 --sequence 1 --plan bad",
        "server init --data data --root root.cbor --status-key status.key --plan bad",
        "incident review INC-1 --token-file token --plan bad",
    ] {
        check(&folder, words, &table);
    }
    folder.write("words.toml", "this is no plan");
    folder.run("plan check words.toml").failed(1, "plan.errors");
    let words = "artifact pack app.bin o --class c --version 1.0.0 --sequence 1 --plan words.toml";
    folder.run(words).failed(2, "plan.invalid");
}

#[test]
fn keys() {
    let folder = Folder::with_root();
    let garbage = (Garbage, 2, "key.not-a-key");
    let private = [
        (Missing, 2, "key.missing"),
        (Unreadable, 2, "key.unreadable"),
        (Oversize, 2, "key.too-large"),
        garbage,
    ];
    folder.pack("app.bin", "a.mainstay");
    for words in [
        "artifact sign a.mainstay --root root.cbor --key bad",
        "server init --data data --root root.cbor --plan plan.toml --status-key bad",
    ] {
        check(&folder, words, &private);
    }
    let public = [
        (Missing, 2, "key.missing"),
        (Unreadable, 2, "key.unreadable"),
        (Empty, 2, "key.not-a-public-half"),
        (Oversize, 2, "key.too-large"),
        garbage,
    ];
    check(&folder, "key show bad", &public);
    let words = "root init out.cbor --vendor company.example --sign rae.key --root rae.key.pub \
                 --build bad --release sam.key.pub --status status.key.pub";
    check(&folder, words, &public);
}

#[test]
fn passphrases() {
    let folder = Folder::new();
    let words = "key new new.key --holder ana@company.example --passphrase-file bad";
    check(
        &folder,
        words,
        &[
            (Missing, 2, "key.missing"),
            (Unreadable, 2, "key.unreadable"),
            (Empty, 2, "key.passphrase-length"),
            (Oversize, 2, "key.passphrase-length"),
        ],
    );
}

#[test]
fn roots() {
    let folder = Folder::with_root();
    folder.pack("app.bin", "a.mainstay");
    for words in [
        "root show bad",
        "artifact sign a.mainstay --key ana.key --root bad",
        "artifact verify a.mainstay --root bad",
        "server init --data data --plan plan.toml --status-key status.key --root bad",
    ] {
        check(
            &folder,
            words,
            &[
                (Missing, 2, "root.missing"),
                (Unreadable, 2, "root.unreadable"),
                (Empty, 2, "root.empty"),
                (Oversize, 2, "root.too-large"),
                (Garbage, 1, "trust.malformed"),
            ],
        );
    }
}

#[test]
fn papers() {
    let folder = Folder::with_root();
    folder.pack("app.bin", "a.mainstay");
    let kinds = [
        ("root", "root diff root.cbor bad"),
        ("root", "root verify-chain root.cbor bad"),
        ("root", "root extend --days 9 --from bad -o out"),
        ("root", "root sign bad --key rae.key"),
        ("root", "root show root.cbor --current bad"),
        ("root", "revoke --root bad -o out"),
        ("root", "bundle verify a.mainstay --root bad"),
        ("revocations", "revoke show bad"),
        (
            "revocations",
            "revoke sign bad --key rae.key --root root.cbor",
        ),
        ("schedule", "schedule show bad"),
        (
            "schedule",
            "schedule sign bad --key kim.key --root root.cbor",
        ),
    ];
    for (kind, words) in kinds {
        let lost = |end: &str| format!("{kind}.{end}");
        check(
            &folder,
            words,
            &[
                (Missing, 2, &lost("missing")),
                (Unreadable, 2, &lost("unreadable")),
                (Empty, 2, &lost("empty")),
                (Oversize, 2, &lost("too-large")),
                (Garbage, 1, "trust.malformed"),
            ],
        );
    }
}

#[test]
fn bundles() {
    let folder = Folder::with_root();
    let lost = [
        (Missing, 2, "bundle.missing"),
        (Unreadable, 2, "bundle.unreadable"),
    ];
    for (code, words) in [
        (2, "bundle inspect bad"),
        (1, "bundle verify bad --root root.cbor"),
    ] {
        check(&folder, words, &lost);
        let table = [
            (Empty, code, "bundle.empty"),
            (Oversize, code, "bundle.not-a-bundle"),
            (Garbage, code, "bundle.not-a-bundle"),
        ];
        check(&folder, words, &table);
    }
}

#[test]
fn images() {
    let folder = Folder::with_root();
    let words = "artifact pack bad out.mainstay --plan plan.toml --class device-v1 --version 1.0.0 --sequence 1";
    check(
        &folder,
        words,
        &[
            (Missing, 2, "image.missing"),
            (Unreadable, 2, "image.unreadable"),
            (Empty, 2, "artifact.payload-empty"),
            (Oversize, 2, "artifact.payload-too-large"),
        ],
    );
}

#[test]
fn artifacts() {
    let folder = Folder::with_root();
    folder.write("token", [b'0'; 64]);
    let lost = [
        (Missing, 2, "artifact.missing"),
        (Unreadable, 2, "artifact.unreadable"),
    ];
    for words in [
        "artifact inspect bad",
        "artifact sign bad --key ana.key --root root.cbor",
        "artifact approve bad --key sam.key --root root.cbor --plan plan.toml",
        "release approve device-v1@1.0.0 bad --token-file token",
    ] {
        check(&folder, words, &lost);
        let table = [
            (Empty, 2, "artifact.empty"),
            (Oversize, 2, "artifact.not-an-artifact"),
            (Garbage, 2, "artifact.not-an-artifact"),
        ];
        check(&folder, words, &table);
    }
    let words = "release add bad --track maintenance --token-file token";
    check(&folder, words, &lost);
    let table = [
        (Empty, 2, "artifact.empty"),
        (Oversize, 2, "artifact.too-large"),
        (Garbage, 2, "artifact.not-an-artifact"),
    ];
    check(&folder, words, &table);
    let words = "artifact verify bad --root root.cbor";
    check(&folder, words, &lost);
    let table = [
        (Empty, 1, "artifact.empty"),
        (Oversize, 1, "artifact.not-an-artifact"),
        (Garbage, 1, "artifact.not-an-artifact"),
    ];
    check(&folder, words, &table);
}

#[test]
fn data_folders() {
    let folder = Folder::with_root();
    check(
        &folder,
        "serve --listen 127.0.0.1:0 --data bad",
        &[
            (Missing, 2, "data.missing"),
            (Unreadable, 2, "data.missing"),
            (Garbage, 2, "data.unusable"),
        ],
    );
    check(
        &folder,
        "person add a@company.example --duty engineer --data bad",
        &[
            (Missing, 2, "store.missing"),
            (Unreadable, 2, "store.missing"),
            (Garbage, 2, "store.unreadable"),
        ],
    );
    check(
        &folder,
        "person link a@company.example --role viewer --data bad",
        &[
            (Missing, 2, "store.missing"),
            (Unreadable, 2, "store.missing"),
            (Garbage, 2, "store.unreadable"),
        ],
    );
    let init = "server init --root root.cbor --plan plan.toml --status-key status.key --data";
    check(
        &folder,
        &format!("{init} bad"),
        &[(Garbage, 2, "data.exists")],
    );
    folder.good(&format!("{init} data"));
    folder.run(&format!("{init} data")).failed(2, "data.exists");
    folder.write("data/mainstay.sqlite", [0xfe; 300]);
    folder
        .run("serve --listen 127.0.0.1:0 --data data")
        .failed(2, "store.not-a-database");
}

#[test]
fn a_root_without_the_servers_key() {
    let folder = Folder::with_root();
    folder.good("key new other.key --holder server");
    let before = folder.names();
    let words = "server init --data data --root root.cbor --plan plan.toml --status-key other.key";
    folder.run(words).failed(1, "server.status-key");
    assert_eq!(folder.names(), before);
}

#[test]
fn a_port_in_use() {
    let folder = Folder::with_root();
    folder
        .good("server init --data data --root root.cbor --plan plan.toml --status-key status.key");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound");
    folder
        .run(&format!("serve --data data --listen {address}"))
        .failed(2, "serve.port-in-use");
}

#[test]
fn a_server_that_is_not_there_and_a_person_without_a_token() {
    let folder = Folder::new();
    folder.run("device list").failed(2, "token.missing");
    check(
        &folder,
        "device list --token-file bad",
        &[
            (Missing, 2, "token.missing"),
            (Unreadable, 2, "token.unreadable"),
            (Empty, 2, "token.empty"),
            (Oversize, 2, "token.too-large"),
            (Garbage, 2, "token.not-text"),
        ],
    );
    folder.write("token", [b'0'; 64]);
    let gone = TcpListener::bind("127.0.0.1:0")
        .and_then(|l| l.local_addr())
        .expect("a free port");
    let words = format!("device list --token-file token --server http://{gone}");
    folder.run(&words).failed(2, "client.unreachable");
    folder
        .run("device list --token-file token --server nowhere")
        .failed(2, "client.address");
}

#[test]
fn an_existing_file_is_never_overwritten() {
    let folder = Folder::with_root();
    for (words, name, id) in [
        ("plan init plan.toml", "plan.toml", "plan.exists"),
        (
            "key new ana.key --holder a@company.example",
            "ana.key",
            "key.exists",
        ),
        (
            "artifact pack app.bin app.bin --plan plan.toml --class device-v1 --version 1.0.0 --sequence 1",
            "app.bin",
            "artifact.exists",
        ),
    ] {
        let before = folder.read(name);
        folder.run(words).failed(2, id);
        assert_eq!(folder.read(name), before, "{words}");
    }
}
