//! What a configuration may say, and that everything wrong is found at once.

use crate::config::parse;

const GOOD: &str = r#"
[server]
url = "https://updates.example/"
token_file = "/etc/mainstay/token"
[device]
id = "th-0042"
class = "northwind.example/production/thermo-v2/B+C"
bootloader = "1.4.2"
root = "/etc/mainstay/root.cbor"
[slots]
kind = "directory"
folder = "/srv/app"
image_bytes_max = 67108864
apply = { command = ["systemctl", "restart", "app.service"] }
[[window]]
days = ["sat", "sun"]
from = "01:00"
to = "05:00"
[[health]]
unit = "app.service"
[[health]]
http = "http://127.0.0.1:8080/health"
"#;

#[test]
fn a_good_one_is_taken() {
    let settings = parse(GOOD).expect("is good");
    assert_eq!(settings.server.url, "https://updates.example");
    assert_eq!((settings.checks.len(), settings.windows.len()), (2, 1));
}

#[test]
fn everything_wrong_is_found_at_once() {
    let bad = GOOD
        .replace("https://updates.example/", "http://updates.example")
        .replace("token_file = \"/etc/mainstay/token\"", "key = \"/k\"")
        .replace("1.4.2", "1.4")
        .replace("thermo-v2/", "")
        .replace("01:00", "25:00")
        .replace("sat", "saturday")
        .replace("unit = \"app.service\"", "seconds = 3");
    let found = parse(&bad).expect_err("is bad");
    let places: Vec<_> = found.iter().map(|finding| finding.place.as_str()).collect();
    for place in [
        "device.class",
        "server.url",
        "server.certificate",
        "server.token_file",
        "device.bootloader",
        "window.from",
        "window.days",
        "health",
    ] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
}

#[test]
fn unknown_keys_are_named_and_two_copies_may_not_overlap() {
    let found = parse(&GOOD.replace("[slots]", "[slots]\ntypo = 1")).expect_err("is bad");
    assert!(found[0].text.contains("typo"), "{found:?}");
    let files = r#"kind = "files"
a = "/dev/a"
b = "/dev/b"
environment = { kind = "u-boot", copies = [{ file = "/e", size = 8192 }, { file = "/e", offset = 4096, size = 8192 }] }
[other]"#;
    let directory =
        &GOOD[GOOD.find("kind").expect("is there")..GOOD.find("[[window]]").expect("is there")];
    let text = GOOD.replace(
        directory,
        &files.replace("[other]", "[restart]\ncommand = [\"reboot\"]\n"),
    );
    let found = parse(&text).expect_err("is bad");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].text.contains("overlap"));
}
