//! A server's settings, from everywhere that they can be said: what counts, what is wrong, and that a wrong one starts nothing.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::folder::Folder;

const WRONG: &str = "data = \"data\"\nlisten = \"localhost\"\n[log]\nformatt = \"json\"\n";

#[test]
fn a_check_says_what_each_setting_is_and_where_it_was_said() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    folder.write(
        "mainstay-server.toml",
        "data = \"data\"\n[log]\nlevel = \"warn\"\n",
    );
    let words = "serve --settings mainstay-server.toml --log-format json --check";
    let told = folder
        .run_with(words, &[("MAINSTAY_LISTEN", "127.0.0.1:1")])
        .stdout();
    let row = |name: &str| {
        let line = told.lines().find(|line| line.starts_with(name));
        let words = line
            .unwrap_or_else(|| panic!("{name}: {told}"))
            .split_whitespace();
        words.skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("data"), "data mainstay-server.toml line 1");
    assert_eq!(row("listen"), "127.0.0.1:1 variable MAINSTAY_LISTEN");
    assert_eq!(row("public_url"), "(not set) default");
    assert_eq!(row("log.level"), "warn mainstay-server.toml line 3");
    assert_eq!(row("log.format"), "json flag --log-format");
    assert_eq!(row("hawkbit.tenant"), "DEFAULT default");

    let json: Value = serde_json::from_str(&folder.good(&format!("--json {words}"))).expect("JSON");
    let settings = json["settings"].as_array().expect("a list");
    let level = settings
        .iter()
        .find(|setting| setting["name"] == "log.level")
        .expect("told");
    let source = serde_json::json!({ "kind": "file", "path": "mainstay-server.toml", "line": 3 });
    assert_eq!(
        (&level["value"], &level["source"]),
        (&Value::from("warn"), &source)
    );
    assert_eq!(json["findings"], serde_json::json!([]));
}

#[test]
fn a_check_of_wrong_settings_tells_all_of_them_and_ends_with_2() {
    let folder = Folder::new();
    folder.write("wrong.toml", WRONG);
    let ended = folder.run("serve --settings wrong.toml --shutdown-grace soon --check");
    ended.failed(2, "settings.wrong");
    let told = ended.stdout();
    for (id, words) in [
        ("settings.value", "listen (wrong.toml line 2)"),
        ("settings.unknown", "log.formatt (wrong.toml line 4)"),
        ("settings.value", "shutdown_grace (flag --shutdown-grace)"),
        ("data.missing", "data (wrong.toml line 1)"),
    ] {
        assert!(
            told.contains(&format!("error {id}\n  {words} ")),
            "{words}: {told}"
        );
    }
    assert!(told.contains("fix   did you mean log.format?"), "{told}");
}

/// What a start alone finds out: the folder, the address, what is in the file with the passphrase.
#[test]
fn a_value_that_can_not_be_used_is_named_with_its_place() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    own(&folder.write("short", "x"));
    // Nobody has this address: it is kept for examples (RFC 5737).
    let text = "data = \"data\"\nlisten = \"192.0.2.1:1\"\n";
    folder.write("mainstay-server.toml", text);
    let ends = |words: &str, variable: (&str, &str), id: &str| {
        let words = format!("serve --settings mainstay-server.toml {words}");
        let ended = folder.run_with(&words, &[variable]);
        ended.failed(2, id);
        ended.stderr()
    };
    let told = ends("", ("MAINSTAY_DATA", "elsewhere"), "data.missing");
    let place = "data (variable MAINSTAY_DATA) can't be used: ";
    assert!(told.contains(place) && told.contains("elsewhere"), "{told}");
    let told = ends("", ("MAINSTAY_DATA", ""), "serve.cannot-bind");
    let place = "listen (mainstay-server.toml line 2) can't be used: ";
    assert!(told.contains(place), "{told}");
    let words = "--listen 127.0.0.1:0 --passphrase-file short";
    let told = ends(words, ("MAINSTAY_DATA", ""), "key.passphrase-length");
    let place = "passphrase_file (flag --passphrase-file) can't be used: ";
    assert!(told.contains(place), "{told}");
}

/// A check and a start alike say what a certificate lacks, with its setting and its place.
#[test]
fn a_certificate_that_no_client_would_take_starts_nothing() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    own(&folder.write("tls.key", "no key"));
    folder.write("tls.pem", "no certificate");
    let words = "serve --data data --listen 127.0.0.1:0 --tls-certificate tls.pem";
    folder.run(words).failed(2, "settings.half");
    let words = format!("{words} --tls-key tls.key");
    let place =
        "tls_certificate (flag --tls-certificate) can't be used: tls.pem holds no certificate";
    let started = folder.run(&words);
    started.failed(2, "tls.no-certificate");
    assert!(started.stderr().contains(place), "{}", started.stderr());
    let checked = folder.run(&format!("{words} --check"));
    checked.failed(2, "settings.wrong");
    assert!(checked.stdout().contains(place), "{}", checked.stdout());
}

/// An authority is asked only where all of it was said, its terms were agreed to, and somebody can vouch for it.
#[test]
fn half_of_what_an_authority_takes_starts_nothing() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    folder.write("ca.pem", "no certificate");
    let words = "serve --data data --listen 127.0.0.1:0 --acme-directory https://ca.northwind.example/directory \
                 --acme-names updates.northwind.example --acme-ca ca.pem";
    folder.run(words).failed(2, "settings.half");
    let refused = folder.run(&format!("{words} --acme-terms yes"));
    refused.failed(2, "settings.value");
    let words = format!("{words} --acme-terms agreed");
    let place = "acme.ca (flag --acme-ca) can't be used: ca.pem holds no certificates";
    let started = folder.run(&words);
    started.failed(2, "acme.no-ca");
    assert!(started.stderr().contains(place), "{}", started.stderr());
    let checked = folder.run(&format!("{words} --check"));
    checked.failed(2, "settings.wrong");
    assert!(checked.stdout().contains(place), "{}", checked.stdout());
}

/// An authority's certificate that ended in 2021, and whose key nobody has.
const ENDED: &str = "\
-----BEGIN CERTIFICATE-----
MIIBKTCBz6ADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB2lzc3Vpbmcw
HhcNMjAwMTAxMDAwMDAwWhcNMjEwMTAxMDAwMDAwWjASMRAwDgYDVQQDDAdpc3N1
aW5nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEnajIVsdQCCXJYlqpvdTD/jmn
aqMTbDefi0tEBYJjxiu59agnOuFJYPQhVfpWePfwp9aVbCpCtswJsGhtw/0jnqMW
MBQwEgYDVR0TAQH/BAgwBgEB/wIBADAKBggqhkjOPQQDAgNJADBGAiEAtuydbLg2
YZ9UvxhOfpC2gSRXz0Bsu7aSWqhKeMQu1TYCIQC58+bayxl6jC694FFIpg88eSD4
aumR7tNfn/B/Sn5L5w==
-----END CERTIFICATE-----
";

/// One that is over keeps no server from starting, and hides nothing that does.
#[test]
fn an_issuer_that_is_over_is_warned_of_and_one_that_does_not_fit_starts_nothing() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    folder.good("key new issuer.key --holder devices@northwind.example");
    folder.write("issuer.pem", ENDED);
    folder.write("tls.cnf", "[req]\ndistinguished_name = name\n[name]\n");
    let made = "req -x509 -config tls.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
                -addext subjectAltName=DNS:localhost -keyout tls.key -out tls.pem";
    let made = Command::new("openssl")
        .args(made.split_whitespace())
        .current_dir(folder.path())
        .output()
        .expect("openssl runs");
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{told}");
    own(&folder.path().join("tls.key"));
    let words = "serve --data data --listen 127.0.0.1:0 --tls-certificate tls.pem --tls-key tls.key --device-ca tls.pem \
                 --device-issuer-certificate issuer.pem --device-issuer-key issuer.key";
    let told = folder.good(&format!("{words} --check"));
    let warning = "warning issuer.ended\n  device_issuer_certificate (flag --device-issuer-certificate) can't be used: \
                   the issuer's certificate ended at 2021-01-01T00:00:00Z\n";
    assert!(told.contains(warning), "{told}");
    folder.run(words).failed(2, "issuer.mismatch");
    own(&folder.write("other.passphrase", "another one than the key's\n"));
    let other = format!("{words} --device-issuer-passphrase-file other.passphrase");
    folder.run(&other).failed(2, "key.wrong-passphrase");
}

/// A key that is too short would sign links, and anybody could guess it. What is in the file is never told.
#[test]
fn a_key_for_links_that_is_none_starts_nothing() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    own(&folder.write("links.key", "hunter2\n"));
    let words = "serve --data data --listen 127.0.0.1:0 --delivery-key-file links.key";
    let place = "delivery_key_file (flag --delivery-key-file) can't be used: links.key doesn't hold one line of a key";
    let started = folder.run(words);
    started.failed(2, "settings.secret-malformed");
    assert!(started.stderr().contains(place), "{}", started.stderr());
    let checked = folder.run(&format!("{words} --check"));
    checked.failed(2, "settings.wrong");
    let told = checked.stdout();
    assert!(told.contains(place) && !told.contains("hunter2"), "{told}");
    let missing = words.replace("links.key", "none");
    folder.run(&missing).failed(2, "settings.secret-missing");
}

#[test]
fn a_check_does_not_tell_a_password_that_it_refuses() {
    let folder = Folder::new();
    let url = ("MAINSTAY_PUBLIC_URL", "https://ana:hunter2@updates.example");
    for words in [
        "serve --data d --check --passphrase-file hunter2",
        "--json serve --data d --check --passphrase-file hunter2",
    ] {
        let ended = folder.run_with(words, &[url]);
        assert_eq!(ended.code(), 2);
        let told = ended.stdout() + &ended.stderr();
        assert!(told.contains("names a user"), "{told}");
        assert!(told.contains("names a file that isn't there"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn an_empty_variable_names_no_file_of_settings() {
    let folder = Folder::new();
    folder
        .run_with("serve", &[("MAINSTAY_SETTINGS", "")])
        .failed(2, "settings.missing");
    folder
        .run_with("serve", &[("MAINSTAY_SETTINGS", "none.toml")])
        .failed(2, "settings.missing-file");
}

#[test]
fn a_server_is_not_started_with_wrong_settings_and_names_each() {
    let folder = Folder::new();
    folder.write("wrong.toml", WRONG);
    let ended = folder.run("serve --settings wrong.toml");
    assert_eq!(ended.code(), 2);
    let told = ended.stderr();
    for line in ["error settings.value", "error settings.unknown"] {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(
        told.lines()
            .filter(|line| line.starts_with("  fix   "))
            .count(),
        2,
        "{told}"
    );
    folder.run("serve").failed(2, "settings.missing");
    folder
        .run("serve --settings none.toml --data d")
        .failed(2, "settings.missing-file");
    let json = folder
        .run("--json serve --listen nowhere --data d")
        .stderr();
    let json: Value = serde_json::from_str(&json).expect("one line");
    assert_eq!(json["error"]["id"], "settings.value");
    assert!(
        json["error"]["what"]
            .as_str()
            .is_some_and(|what| what.contains("--listen"))
    );
}

/// Lets nobody else read it, so that nothing is warned of.
pub fn own(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let own = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, own).expect("an own file");
    }
    #[cfg(not(unix))]
    let _ = path;
}
