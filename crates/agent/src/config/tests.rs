//! What a configuration may say, and that everything wrong is found at once.

use crate::config::check::EXCHANGE_S_MAX;
use crate::config::parse;
use crate::notify::SIGN_EVERY;

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
fn a_code_needs_a_place_for_its_token() {
    let token = "token_file = \"/etc/mainstay/token\"";
    let both = format!("{token}\njoin_code_file = \"/etc/mainstay/code\"");
    let settings = parse(&GOOD.replace(token, &both)).expect("is good");
    let join = settings.server.join.expect("it is written");
    assert_eq!((&*join.device, &*join.bootloader), ("th-0042", "1.4.2"));
    assert_eq!(join.secret_file.file_name(), Some("join.secret".as_ref()));
    let alone = "certificate = \"/c\"\nkey = \"/k\"\njoin_code_file = \"/code\"";
    let found = parse(&GOOD.replace(token, alone)).expect_err("is bad");
    assert_eq!(found[0].place, "server.join_code_file");
}

#[test]
fn a_certificate_of_its_own_takes_the_place_of_another() {
    let token = "token_file = \"/etc/mainstay/token\"";
    let own = "identity_file = \"/var/lib/mainstay/identity.pem\"";
    for text in [own.to_owned(), format!("{token}\n{own}")] {
        let settings = parse(&GOOD.replace(token, &text)).expect("is good");
        let own = settings.server.own.expect("it is written");
        assert_eq!(own.device, "th-0042");
        assert_eq!(own.key_file.file_name(), Some("identity.key".as_ref()));
        assert_eq!(settings.server.identity, None);
    }
    let both = format!("{own}\ncertificate = \"/c\"\nkey = \"/k\"");
    let found = parse(&GOOD.replace(token, &both)).expect_err("is bad");
    assert_eq!(found[0].place, "server.identity_file");
    for taken in [
        "/etc/mainstay/token",
        "/var/lib/mainstay/state/identity.key",
        "/var/lib/mainstay/identity.new",
    ] {
        let text = format!("{token}\nidentity_file = \"{taken}\"");
        let text = GOOD.replace(token, &text);
        let state = "[device]\nstate = \"/var/lib/mainstay/state\"";
        let found = parse(&text.replace("[device]", state)).expect_err("is bad");
        assert_eq!(found[0].place, "server.identity_file", "{taken}");
    }
    let relative = "identity_file = \"identity.pem\"";
    let found = parse(&GOOD.replace(token, relative)).expect_err("is bad");
    assert_eq!(found[0].place, "server");
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

/// More boots than the script can count would be none, or as many restarts for nothing.
#[test]
fn a_trial_gets_no_more_boots_than_the_boot_loader_can_count() {
    let with = |slots: &str, boots: u8| {
        let (before, rest) = GOOD.split_once("[slots]").expect("has slots");
        let (_, after) = rest.split_once("[[window]]").expect("has windows");
        format!("{before}[slots]\n{slots}\n[trial]\nboots = {boots}\n[[window]]{after}")
    };
    let files = |environment: &str| {
        format!(
            "kind = \"files\"\na = \"/a\"\nb = \"/b\"\nenvironment = {environment}\n[restart]\ncommand = [\"/bin/true\"]"
        )
    };
    let u_boot = |scheme: &str| {
        files(&format!(
            "{{ kind = \"u-boot\", scheme = \"{scheme}\", copies = [{{ file = \"/e\", offset = 0, size = 8192 }}] }}"
        ))
    };
    for (slots, most) in [
        (u_boot("order"), 9),
        (u_boot("count"), 15),
        (files("{ kind = \"grub\", file = \"/g\" }"), 5),
    ] {
        assert!(parse(&with(&slots, most)).is_ok(), "{slots} {most}");
        let found = parse(&with(&slots, most + 1)).expect_err("is too many");
        assert_eq!(found[0].place, "trial.boots", "{slots}");
    }
}

const UNIT: &str = include_str!("../../../../packaging/systemd/mainstay-agent.service");

fn settings_of_the_unit() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = UNIT.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('='))
}

#[test]
fn the_unit_waits_longer_than_anything_that_gives_no_sign_of_life() {
    /// What writing and syncing may take besides, on a slow disk.
    const DISK_S: u64 = 100;
    let longest_s = u64::from(EXCHANGE_S_MAX) + SIGN_EVERY.as_secs() + DISK_S;
    for limit in ["WatchdogSec", "TimeoutStartSec"] {
        let found = settings_of_the_unit().find(|(name, _)| *name == limit);
        let (_, seconds) = found.expect("is limited");
        let seconds: u64 = seconds.parse().expect("seconds");
        assert!(seconds >= longest_s, "{limit} is less than {longest_s}");
    }
    let exchange = |seconds: u32| format!("token_file = \"/t\"\nexchange_s = {seconds}");
    let with = |seconds| GOOD.replace("token_file = \"/etc/mainstay/token\"", &exchange(seconds));
    assert!(parse(&with(EXCHANGE_S_MAX)).is_ok());
    assert!(parse(&with(EXCHANGE_S_MAX + 1)).is_err());
    for (seconds, is_good) in [(0, false), (180, true), (181, false)] {
        let text = format!("{GOOD}seconds = {seconds}\n");
        assert_eq!(parse(&text).is_ok(), is_good, "{seconds} s of a probe");
    }
}

/// Before systemd 252.7, ProtectClock=yes closed every device but the clock to a unit that names no other: no slot could
/// be opened. And whoever waits for the network waits for minutes without one.
#[test]
fn the_unit_opens_block_devices_and_starts_without_a_network() {
    for (name, value) in settings_of_the_unit() {
        let closes = [
            "ProtectClock",
            "PrivateDevices",
            "DevicePolicy",
            "DeviceAllow",
        ];
        assert!(!closes.contains(&name), "{name}={value}");
        assert!(!value.contains("network"), "{name}={value}");
    }
}
