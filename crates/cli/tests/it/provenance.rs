//! Where an image is from: stated, signed, bound, checked, and judged by a program of others.

use std::path::Path;
use std::process::{Command, Output};

use crate::folder::Folder;

const SBOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}"#;

const FACTS: &str = "--plan plan.toml --class device-v1 --version 1.0.0 --sequence 1";

const STATE: &str = "--builder https://ci.example/firmware --root root.cbor --source \
                     git+https://git.example/app@9fceb02d0ae598e95dc970b74767f19372d61af8 --key";

/// A folder with an approved artifact that binds a bill of materials and a provenance.
fn bound() -> Folder {
    let folder = Folder::with_root();
    folder.write("app.cdx.json", SBOM);
    folder.good(&format!(
        "artifact provenance app.bin app.intoto.json {FACTS} --sbom app.cdx.json {STATE} ana.key"
    ));
    folder.good(&format!(
        "artifact pack app.bin a.mainstay {FACTS} --sbom app.cdx.json --provenance app.intoto.json \
         --key ana.key --root root.cbor"
    ));
    folder.good("artifact approve a.mainstay --root root.cbor --plan plan.toml --key sam.key");
    folder
}

const VERIFY: &str = "artifact verify a.mainstay --root root.cbor --sbom app.cdx.json --provenance";

#[test]
fn bound_and_whole_everything_passes() {
    let folder = bound();
    let told = folder.good(&format!("{VERIFY} app.intoto.json"));
    assert_eq!(told.lines().count(), 13, "{told}");
    let others = told.lines().filter(|line| !line.starts_with("passed "));
    let inapplicable = [
        "not applicable  SHA-384 of the image: the release is bound by SHA-256",
        "not applicable  image for each bank: the release has one image for every place",
    ];
    assert!(others.eq(inapplicable), "{told}");
    let value: serde_json::Value =
        serde_json::from_str(&folder.good("--json artifact inspect a.mainstay"))
            .expect("as the story set it up");
    for (bound, file) in [("sbom", "app.cdx.json"), ("provenance", "app.intoto.json")] {
        let path = folder.path().join(file);
        let sha = Command::new("sha256sum")
            .arg(path)
            .output()
            .expect("as the story set it up")
            .stdout;
        assert!(
            String::from_utf8_lossy(&sha)
                .starts_with(value[bound].as_str().expect("as the story set it up"))
        );
    }
}

#[test]
fn what_is_not_bound_or_not_true_is_refused() {
    let folder = bound();
    folder.write("app.cdx.json", SBOM.replace("1.6", "1.5"));
    folder
        .run(&format!("{VERIFY} app.intoto.json"))
        .failed(1, "sbom.unbound");
    folder.write("app.cdx.json", SBOM);
    let other = format!("artifact provenance app.bin other.json {FACTS} {STATE} ana.key");
    folder.good(&other);
    let ended = folder.run(&format!("--json {VERIFY} other.json"));
    assert_eq!(ended.code(), 1);
    let value: serde_json::Value =
        serde_json::from_str(&ended.stdout()).expect("as the story set it up");
    let failed = &value["checks"][10];
    assert_eq!(failed["id"], "provenance.unbound");
    assert_eq!(
        failed["expected"]
            .as_str()
            .expect("as the story set it up")
            .len(),
        64,
        "{failed}"
    );
    assert_eq!(
        failed["found"]
            .as_str()
            .expect("as the story set it up")
            .len(),
        64,
        "{failed}"
    );
    assert!(
        failed["cure"]
            .as_str()
            .expect("as the story set it up")
            .len()
            > 10,
        "{failed}"
    );
}

#[test]
fn a_statement_about_another_image_is_not_packed() {
    let folder = bound();
    folder.write("app-2.bin", "firmware 2.0.0");
    let before = folder.names();
    folder
        .run(&format!(
            "artifact pack app-2.bin b.mainstay {FACTS} --provenance app.intoto.json"
        ))
        .failed(1, "provenance.subject");
    assert_eq!(folder.names(), before, "nothing stays of what was refused");
}

#[test]
fn only_a_builder_states_it() {
    let folder = Folder::with_root();
    let words = format!("artifact provenance app.bin out.json {FACTS} {STATE} sam.key");
    folder.run(&words).failed(1, "artifact.key-without-role");
    assert!(!folder.names().contains("out.json"));
}

#[test]
fn bad_companions_are_named() {
    let folder = Folder::with_root();
    let pack = format!("artifact pack app.bin out.mainstay {FACTS}");
    folder.write("bad", "libc 2.36");
    for (words, id) in [
        (format!("{pack} --sbom bad"), "sbom.not-json"),
        (format!("{pack} --sbom none"), "sbom.missing"),
        (
            format!("{pack} --provenance bad"),
            "provenance.not-an-envelope",
        ),
        (format!("{pack} --provenance none"), "provenance.missing"),
    ] {
        folder.run(&words).failed(2, id);
    }
    let state =
        format!("artifact provenance app.bin out.json {FACTS} --root root.cbor --key ana.key");
    for (words, id) in [
        (format!("{state} --builder ci"), "provenance.uri"),
        (
            format!("{state} --builder https://ci.example --source app@v1"),
            "provenance.source",
        ),
    ] {
        folder.run(&words).failed(2, id);
    }
    assert!(!folder.names().iter().any(|name| name.starts_with("out.")));
}

/// securesystemslib, which python-tuf and in-toto verify with.
#[test]
fn a_program_of_others_verifies_the_statement() {
    let folder = bound();
    let ended = judge(&folder, "app.intoto.json");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}");
    let value: serde_json::Value =
        serde_json::from_slice(&ended.stdout).expect("as the story set it up");
    assert_eq!(value["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(value["subject"][0]["name"], "app.bin");

    let text = String::from_utf8(folder.read("app.intoto.json")).expect("as the story set it up");
    let flipped = text.replacen("eyJfdHlwZSI6Imh0dHBz", "eyJfdHlwZSI6Imh0dHB0", 1);
    assert_ne!(text, flipped);
    folder.write("app.intoto.json", flipped);
    let ended = judge(&folder, "app.intoto.json");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(
        !ended.status.success() && told.contains("VerificationError"),
        "{told}"
    );
}

fn judge(folder: &Folder, file: &str) -> Output {
    let public = String::from_utf8(folder.read("ana.key.pub")).expect("as the story set it up");
    let (_, point) = public
        .split_once("public_key = \"")
        .expect("as the story set it up");
    let (point, _) = point.split_once('"').expect("as the story set it up");
    Command::new(judges::program("python3"))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/it/judges/dsse.py"
        ))
        .args([&folder.path().join(file), Path::new(point)])
        .output()
        .expect("the judge runs")
}
