//! Keys of every algorithm, and what `version --crypto` says of them.

use serde_json::Value;

use crate::folder::Folder;

const SIGNING: [&str; 5] = ["ESP256", "Ed25519", "ESP384", "ML-DSA-65", "ML-DSA-87"];

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON value")
}

#[test]
fn a_key_of_each_algorithm() {
    let folder = Folder::new();
    for algorithm in SIGNING {
        let words = format!("--algorithm {}", algorithm.to_lowercase());
        folder.good(&format!("key new {algorithm}.key --holder ana {words}"));
        let shown = json(&folder.good(&format!("--json key show {algorithm}.key.pub")));
        assert_eq!(shown["algorithm"], algorithm);
    }
    folder.good("key new plain.key --holder ana");
    let shown = json(&folder.good("--json key show plain.key.pub"));
    assert_eq!(shown["algorithm"], "ESP256");
}

#[test]
fn no_key_that_must_not_sign_here() {
    let folder = Folder::new();
    let words = "key new vault.key --holder vault --algorithm";
    folder
        .run(&format!("{words} HSS-LMS"))
        .failed(2, "key.hash-based");
    let unknown = folder.run(&format!("{words} RSA"));
    assert_eq!(unknown.code(), 2);
    assert!(unknown.stderr().contains("use ESP256"));
    assert!(folder.names().iter().all(|name| !name.starts_with("vault")));
}

#[test]
fn a_hash_based_key_is_imported() {
    let folder = Folder::new();
    let key = include_bytes!("../../../../fixtures/good/trust/lms/rfc8554-f1-leaf.pub");
    folder.write("vault.bin", key);
    let words = "key import vault.bin vault.pub --holder vault";
    folder.run(words).failed(2, "key.not-a-public-key");
    let made = json(&folder.good(&format!("--json {words} --algorithm hss-lms")));
    let shown = json(&folder.good("--json key show vault.pub"));
    assert_eq!(shown["algorithm"], "HSS-LMS");
    assert_eq!(shown["kid"], made["kid"]);
    let again = format!("{words} --algorithm HSS-LMS");
    folder.run(&again).failed(2, "key.exists");
}

/// The library's own words, and no more than they bear.
#[test]
fn whose_cryptography_it_is() {
    let folder = Folder::new();
    let plain = folder.good("version");
    assert_eq!(plain, format!("mainstay {}\n", env!("CARGO_PKG_VERSION")));
    let said = json(&folder.good("--json version --crypto"));
    let text = folder.good("version --crypto");
    let module = said["host"]["module_version"].as_str().expect("a version");
    assert!(text.contains(module));
    let claim = said["host"]["claim"].as_str().expect("a sentence");
    if cfg!(feature = "fips") {
        assert_eq!(said["host"]["fips_mode"], true);
        assert!(claim.contains("CMVP"));
    } else {
        assert_eq!(said["host"]["fips_mode"], false);
        assert_eq!(claim, "This is not a FIPS-validated module.");
    }
    let algorithms = said["algorithms"].as_array().expect("a list");
    let signs = |entry: &&Value| entry["signs"] == true;
    let names = algorithms.iter().filter(signs).map(|it| &it["algorithm"]);
    assert!(names.eq(SIGNING.iter()));
    assert_eq!(algorithms[5]["algorithm"], "HSS-LMS");
    assert_eq!(algorithms[5]["verified_by"], "mainstay");
}
