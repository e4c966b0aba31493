//! The offline bundle: made, checked as a device would, and checked by programs that aren't Mainstay.

use std::process::Command;

use crate::folder::Folder;
use crate::papers::{CLASS, INIT, office, refused, release};

const BUNDLE: &str = "1.mainstay-bundle";
const MAKE: &str = "bundle make 1.mainstay-bundle --artifact 1.mainstay --root root-1.cbor \
                    --root root-2.cbor --revocations revocations-1.cbor --sign";
const VERIFY: &str = "bundle verify 1.mainstay-bundle --root";

/// A folder with a release by Eve, whom only the second root knows, and with revocations.
fn ready() -> Folder {
    let folder = office();
    folder.good("root add eve.key.pub --role build --from root-1.cbor -o root-2.cbor");
    folder.good("root sign root-2.cbor --key rae.key --current root-1.cbor");
    release(&folder, 1, "eve.key", "root-2.cbor");
    revoke(&folder, "-o revocations-1.cbor", "revocations-1.cbor");
    folder
}

fn revoke(folder: &Folder, words: &str, written: &str) {
    folder.good(&format!("revoke --root root-2.cbor {words}"));
    folder.good(&format!(
        "revoke sign {written} --key rex.key --root root-2.cbor"
    ));
}

/// As [`ready`], with a bundle.
fn made() -> Folder {
    let folder = ready();
    folder.good(&format!("{MAKE} kim.key"));
    folder
}

/// The commands that Mainstay tells customers, run in the folder as they stand.
fn run_by_customer(folder: &Folder, commands: &[String]) -> bool {
    let ran = |command: &String| {
        let words: Vec<_> = command.split(' ').collect();
        let ended = Command::new(words[0])
            .args(&words[1..])
            .current_dir(folder.path())
            .output();
        ended
            .expect("coreutils and openssl are installed")
            .status
            .success()
    };
    commands.iter().all(ran)
}

fn commands(told: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(told).expect("one JSON value");
    let commands = value["commands"].as_array().or(value["checks"].as_array());
    let commands = commands.expect("commands").iter();
    commands
        .map(|command| command.as_str().expect("text").to_owned())
        .collect()
}

#[test]
fn a_device_from_the_shelf_would_take_it() {
    let folder = made();
    for root in ["root-1.cbor", "root-2.cbor"] {
        let told = folder.good(&format!("{VERIFY} {root}"));
        assert_eq!(told.matches("passed  ").count(), 10, "{root}: {told}");
    }
    let told = folder.good(&format!("{VERIFY} root-1.cbor --no-clock"));
    assert_eq!(told.matches("not applicable  ").count(), 2, "{told}");
    let told = folder.good(&format!("bundle inspect {BUNDLE}"));
    for part in [
        "root          1,",
        "root          2,",
        "revocations   1 of epoch 0",
        "1.0.1 (sequence 1)",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn customers_check_it_with_what_they_have() {
    let folder = ready();
    let told = folder.good(&format!("--json {MAKE} kim.key"));
    let checks = commands(&told);
    assert_eq!(checks.len(), 2, "{checks:?}");
    assert!(run_by_customer(&folder, &checks), "{checks:?}");
    assert_eq!(
        commands(&folder.good(&format!("--json {VERIFY} root-1.cbor"))),
        checks
    );
    let good = folder.read(BUNDLE);
    let mut bad = good.clone();
    *bad.last_mut().expect("it has bytes") ^= 1;
    folder.write(BUNDLE, bad);
    for check in &checks {
        assert!(
            !run_by_customer(&folder, std::slice::from_ref(check)),
            "{check}"
        );
    }
    folder
        .run(&format!("{VERIFY} root-1.cbor"))
        .failed(1, "trust.payload-digest");
    std::fs::remove_file(folder.path().join("1.mainstay-bundle.sig")).expect("it was written");
    folder.write(BUNDLE, good);
    let left = commands(&folder.good(&format!("--json {VERIFY} root-1.cbor")));
    assert_eq!(left, checks[..1]);
}

#[test]
fn each_refusal_names_its_check() {
    let folder = made();
    let good = folder.read(BUNDLE);
    let expect = |words: &str, id: &str, passed: usize| {
        let ended = refused(&folder, &format!("{VERIFY} {words}"), 1, id);
        assert_eq!(
            ended.stdout().matches("passed  ").count(),
            passed,
            "{words}: {}",
            ended.stdout()
        );
        assert_eq!(
            ended.stdout().matches("FAILED  ").count(),
            1,
            "{words}: {}",
            ended.stdout()
        );
    };
    expect(
        "root-1.cbor --clock 2099-01-01T00:00Z",
        "trust.bundle-expired",
        4,
    );
    revoke(
        &folder,
        "--from revocations-1.cbor -o revocations-2.cbor",
        "revocations-2.cbor",
    );
    expect(
        "root-1.cbor --revocations revocations-2.cbor",
        "trust.bundle-stale",
        4,
    );
    let id = "trust.revoked-key";
    revoke(
        &folder,
        "--key eve.key.pub --from revocations-2.cbor -o revocations-3.cbor",
        "revocations-3.cbor",
    );
    expect("root-1.cbor --revocations revocations-3.cbor", id, 3);
    folder.write(BUNDLE, &good[..good.len() - 1]);
    expect("root-1.cbor", "bundle.cut-short", 0);
    folder.write(BUNDLE, [&good[..], &[0]].concat());
    expect("root-1.cbor", "bundle.trailing-bytes", 0);
    folder.write(BUNDLE, folder.read("1.mainstay"));
    expect("root-1.cbor", "bundle.not-a-bundle", 0);
}

#[test]
fn another_house_does_not_take_it() {
    let folder = made();
    let other = INIT.replace("rae.key.pub", "zoe.key.pub");
    folder.good(&format!("{other} other.cbor --sign zoe.key"));
    refused(
        &folder,
        &format!("{VERIFY} other.cbor"),
        1,
        "trust.unsigned",
    );
}

#[test]
fn what_no_device_would_take_is_not_made() {
    let folder = ready();
    let table = [
        (format!("{MAKE} sam.key"), 1, "artifact.key-without-role"),
        (format!("{MAKE} no.key"), 2, "key.missing"),
        (
            format!("{MAKE} kim.key --lifetime 401d"),
            1,
            "trust.field-invalid",
        ),
        (
            MAKE.replace("--root root-2.cbor ", "") + " kim.key",
            1,
            "trust.build-missing",
        ),
        (
            MAKE.replace("--root root-1.cbor", "--root root-2.cbor") + " kim.key",
            0,
            "ok",
        ),
        (
            MAKE.replace(" --revocations revocations-1.cbor", "") + " kim.key",
            2,
            "revocations.missing",
        ),
        (
            MAKE.replace("1.mainstay ", "app.bin ") + " kim.key",
            2,
            "artifact.not-an-artifact",
        ),
    ];
    for (words, code, id) in table {
        if id == "ok" {
            folder.good(&words);
            for ending in ["", ".sha256", ".sig", ".pub.pem"] {
                let name = format!("{BUNDLE}{ending}");
                std::fs::remove_file(folder.path().join(name)).expect("it was written");
            }
        } else {
            refused(&folder, &words, code, id);
        }
    }
    let minimum = format!("--minimum {CLASS}=2 --from revocations-1.cbor -o revocations-2.cbor");
    revoke(&folder, &minimum, "revocations-2.cbor");
    let words = MAKE.replace("revocations-1", "revocations-2") + " kim.key";
    refused(&folder, &words, 1, "trust.below-minimum");
    folder.write("1.mainstay-bundle.sig", b"an old one");
    refused(&folder, &format!("{MAKE} kim.key"), 2, "bundle.exists");
}

/// Where two of operations must sign, the statement goes from one to the other.
#[test]
fn operations_sign_one_after_the_other() {
    let folder = office();
    folder.good("key new oli.key --holder oli@company.example");
    folder.good("root add oli.key.pub --role operations --from root-1.cbor -o root-2.cbor");
    folder.good("root threshold operations 2 --from root-2.cbor");
    folder.good("root sign root-2.cbor --key rae.key --current root-1.cbor");
    release(&folder, 1, "ana.key", "root-2.cbor");
    revoke(&folder, "-o revocations-1.cbor", "revocations-1.cbor");
    refused(
        &folder,
        &format!("{MAKE} kim.key"),
        1,
        "trust.threshold-not-met",
    );

    let travelling = format!("{MAKE} kim.key --statement kim.statement");
    let told = folder.good(&travelling);
    assert!(told.contains("No bundle yet"), "{told}");
    assert!(!folder.names().iter().any(|name| name == BUNDLE));
    let begun = folder.read("kim.statement");
    refused(&folder, &travelling, 1, "artifact.already-signed");

    release(&folder, 2, "ana.key", "root-2.cbor");
    let other = MAKE.replace("1.mainstay ", "2.mainstay ");
    let other = format!("{other} oli.key --statement kim.statement");
    refused(&folder, &other, 1, "statement.mismatch");
    assert_eq!(folder.read("kim.statement"), begun);

    folder.good(&format!("{MAKE} oli.key --statement kim.statement"));
    folder.good(&format!("{VERIFY} root-1.cbor"));
    assert_eq!(
        folder.read("kim.statement"),
        begun,
        "it is whole in the bundle alone"
    );
}
