//! Fleets from a hawkBit server.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::House;
use crate::folder::Folder;
use crate::hawkbit::{Answer, Hawkbit, PASSWORD, TARGETS, page};

const REST: &str = "--class device-v1 --hardware A --zone Europe/Berlin --bootloader 1.0.0";

fn from(hawkbit: &Hawkbit) -> String {
    let address = &hawkbit.address;
    format!("--hawkbit {address} --hawkbit-user admin --hawkbit-password-file pw {REST}")
}

#[test]
fn a_hawkbit_servers_targets_come_with_their_tokens() {
    let house = House::new();
    let hawkbit = Hawkbit::of_the_fixture();
    let words = format!(
        "{} --from site=group --from zone=attribute.tz --from attribute.label=name --drawn-tokens drawn.csv",
        from(&hawkbit)
    );
    let told = house.import(&format!("{words} --dry-run"));
    assert_eq!(told.code(), 0, "{}", told.stderr());
    let note = "hawkBit told this user no token of 1 of 3 targets";
    assert!(told.stdout().contains(note), "{}", told.stdout());
    let told = house.good(&format!("{words} --dry-run --json"));
    let told: serde_json::Value = serde_json::from_str(&told).expect("one JSON line");
    assert_eq!(told["tokens_untold"], 1);
    // Each of hawkBit's targets has a token: who isn't told it would register the device with another one, for good.
    let refused = house.import(&words);
    refused.failed(1, "hawkbit.untold-tokens");
    assert_eq!(house.devices(), Vec::<String>::new());
    assert!(!house.folder.path().join("drawn.csv").exists());
    let words = format!("{words} --hawkbit-untold-tokens");
    assert_eq!(house.counts(&words), [3, 0, 0, 1]);
    assert_eq!(house.counts(&words), [0, 0, 3, 0]);
    assert_eq!(house.devices(), ["8c-1f-64-00-0a-21", "gw-2", "gw-3"]);
    let server = &house.address;
    let show = format!("device show 8c-1f-64-00-0a-21 --token-file kim.token --server {server}");
    let told = house.folder.good(&show);
    for fact in ["America/Denver", "Europe-East", "Hall 3, gateway"] {
        assert!(told.contains(fact), "{fact}: {told}");
    }
    let asked = hawkbit.asked();
    let paths: Vec<_> = asked
        .iter()
        .take(4)
        .map(|(path, _)| path.as_str())
        .collect();
    let expected = [
        "/rest/v1/targets?offset=0&limit=500",
        "/rest/v1/targets/8c:1f:64:00:0a:21/attributes",
        "/rest/v1/targets/gw-2/attributes",
        "/rest/v1/targets/gw-3/attributes",
    ];
    assert_eq!(paths, expected);
}

/// Whatever a page holds, the next one begins behind it.
#[test]
fn targets_are_read_page_by_page() {
    let house = House::new();
    let hawkbit = Hawkbit::answering(|path| match path {
        "/behind/rest/v1/targets?offset=0&limit=500" => Answer::Json(page(&["a", "b"], 5)),
        "/behind/rest/v1/targets?offset=2&limit=500" => Answer::Json(page(&["c", "d"], 5)),
        "/behind/rest/v1/targets?offset=4&limit=500" => Answer::Json(page(&["e"], 5)),
        _ => Answer::Nothing,
    });
    let words = from(&hawkbit).replace(&hawkbit.address, &format!("{}/behind/", hawkbit.address));
    assert_eq!(house.counts(&words), [5, 0, 0, 0]);
    assert_eq!(house.devices(), ["a", "b", "c", "d", "e"]);
}

/// What a hawkBit server may answer that can't be imported; nothing is asked of ours then.
#[test]
fn what_hawkbit_says_is_bounded_and_checked() {
    let folder = Folder::new();
    folder.write("pw", PASSWORD);
    folder.write("kim.token", "0".repeat(64));
    let cut = TARGETS[..TARGETS.len() / 2].to_owned();
    let (broken, cut_off) = (cut.clone(), cut);
    type Answers = Box<dyn Fn(&str) -> Answer + Send + Sync>;
    let cases: [(Answers, i32, &str); 11] = [
        (Box::new(|_: &str| Answer::Endless), 2, "hawkbit.answer"),
        (
            Box::new(move |_: &str| Answer::Json(broken.clone())),
            2,
            "hawkbit.answer",
        ),
        (
            Box::new(move |_: &str| Answer::Cut(cut_off.clone())),
            2,
            "hawkbit.unreachable",
        ),
        (
            Box::new(|_: &str| Answer::Json("[]".to_owned())),
            2,
            "hawkbit.answer",
        ),
        (Box::new(|_: &str| Answer::Nothing), 2, "hawkbit.answer"),
        // Pages that never end, and those that end too early.
        (Box::new(growing), 2, "hawkbit.changed"),
        (
            Box::new(|_: &str| Answer::Json(page(&["a"], 300_000))),
            2,
            "hawkbit.too-many",
        ),
        (Box::new(ending), 2, "hawkbit.changed"),
        (
            Box::new(|_: &str| Answer::Json(page(&[], 0))),
            2,
            "hawkbit.empty",
        ),
        // Two of one name, as when a page shifted; and names that can't be a path's part.
        (
            Box::new(|_: &str| Answer::Json(page(&["a", "a"], 2))),
            2,
            "import.findings",
        ),
        (
            Box::new(|_: &str| Answer::Json(page(&["a/b", "..", "ü c"], 3))),
            2,
            "import.findings",
        ),
    ];
    for (n, (answers, code, id)) in cases.into_iter().enumerate() {
        let hawkbit = Hawkbit::answering(answers);
        let words = format!("device import {} --token-file kim.token", from(&hawkbit));
        let ended = folder.run(&words);
        assert_eq!(ended.complaint(code, id), None, "case {n}");
        let told = ended.stdout() + &ended.stderr();
        for token in ["0123456789abcdef", "949f1c34", "38e6a199"] {
            assert!(!told.contains(token), "case {n}: {told}");
        }
    }
}

/// One answer of many that fails doesn't throw the others away.
#[test]
fn hawkbit_is_asked_again_where_that_may_help() {
    let house = House::new();
    let asked = AtomicUsize::new(0);
    let busy = move |_: &str| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::Status("429 Too Many Requests"),
        1 => Answer::Cut(TARGETS[..9].to_owned()),
        _ => Answer::Json(page(&["a"], 1)),
    };
    let hawkbit = Hawkbit::answering(busy);
    assert_eq!(house.counts(&from(&hawkbit)), [1, 0, 0, 0]);
    assert_eq!(hawkbit.asked().len(), 3);
}

#[test]
fn an_answer_that_stays_a_failure_ends_it() {
    let folder = Folder::new();
    folder.write("pw", PASSWORD);
    folder.write("kim.token", "0".repeat(64));
    for (status, asked) in [
        ("500 Internal Server Error", 1),
        ("429 Too Many Requests", 3),
    ] {
        let hawkbit = Hawkbit::answering(move |_| Answer::Status(status));
        let words = format!("device import {} --token-file kim.token", from(&hawkbit));
        let ended = folder.run(&words);
        ended.failed(2, "hawkbit.status");
        assert!(ended.stderr().contains(status), "{}", ended.stderr());
        assert_eq!(hawkbit.asked().len(), asked, "{status}");
    }
}

#[test]
fn a_target_that_goes_meanwhile_is_told_as_that() {
    let folder = Folder::new();
    folder.write("pw", PASSWORD);
    folder.write("kim.token", "0".repeat(64));
    let hawkbit = Hawkbit::answering(|path| match path.contains("attributes") {
        true => Answer::Status("404 Not Found"),
        false => Answer::Json(page(&["a", "b"], 2)),
    });
    let words = format!(
        "device import {} --from site=attribute.site --token-file kim.token",
        from(&hawkbit)
    );
    let ended = folder.run(&words);
    ended.failed(2, "hawkbit.changed");
    let what = "the target \"a\" is gone";
    assert!(ended.stderr().contains(what), "{}", ended.stderr());
    assert_eq!(hawkbit.asked().len(), 2, "that isn't asked again");
}

/// The one address that may be asked without encryption is asked directly, whatever the surroundings say of proxies.
#[test]
fn a_proxy_never_sees_the_password() {
    let folder = Folder::new();
    folder.write("pw", PASSWORD);
    folder.write("kim.token", "0".repeat(64));
    let (proxy, hawkbit) = (
        Hawkbit::of_the_fixture(),
        Hawkbit::answering(|_| Answer::Json(page(&[], 0))),
    );
    let words = format!("device import {} --token-file kim.token", from(&hawkbit));
    let variables = ["HTTP_PROXY", "http_proxy", "ALL_PROXY"].map(|name| (name, &*proxy.address));
    folder
        .run_with(&words, &variables)
        .failed(2, "hawkbit.empty");
    assert_eq!(proxy.asked(), []);
    assert_eq!(hawkbit.asked().len(), 1);
}

/// A page more at each time of asking.
fn growing(path: &str) -> Answer {
    let offset = path
        .split("offset=")
        .nth(1)
        .and_then(|rest| rest.split('&').next());
    let offset: u64 = offset.and_then(|text| text.parse().ok()).unwrap_or(0);
    Answer::Json(page(&[&format!("t-{offset}")], offset + 2))
}

fn ending(path: &str) -> Answer {
    match path.contains("offset=0") {
        true => Answer::Json(page(&["a"], 3)),
        false => Answer::Json(page(&[], 3)),
    }
}

#[test]
fn names_that_arent_ours_are_found_with_all_else() {
    let folder = Folder::new();
    folder.write("pw", PASSWORD);
    folder.write("kim.token", "0".repeat(64));
    let hawkbit = Hawkbit::answering(|_| Answer::Json(page(&["a/b", "..", "x\u{7}y", "good"], 4)));
    let ended = folder.run(&format!(
        "device import {} --token-file kim.token",
        from(&hawkbit)
    ));
    let told = ended.stdout();
    for line in [
        "target \"a/b\", controller: the controller id \"a/b\" has a slash or a control sign",
        "target \"..\", controller: the controller id \"..\" would mean a folder in a path",
        "target \"x\\u{7}y\", controller:",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("good"), "{told}");
}

/// The password is in no argument and no address, and goes to the one server that was named.
#[test]
fn a_password_is_shown_to_nobody_else() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    folder.write("pw", "another");
    let hawkbit = Hawkbit::of_the_fixture();
    let words = format!("device import {} --token-file kim.token", from(&hawkbit));
    let denied = folder.run(&words);
    denied.failed(1, "hawkbit.denied");
    assert!(!denied.stderr().contains("another"), "{}", denied.stderr());
    folder.write("pw", PASSWORD);
    let other = Hawkbit::of_the_fixture();
    let to = format!("{}/rest/v1/targets?secret=1", other.address);
    let redirecting = Hawkbit::answering(move |_| Answer::Elsewhere(to.clone()));
    let words = format!(
        "device import {} --token-file kim.token",
        from(&redirecting)
    );
    let redirected = folder.run(&words);
    redirected.failed(2, "hawkbit.redirected");
    let told = redirected.stderr();
    assert!(
        told.contains(&other.address) && !told.contains("secret"),
        "{told}"
    );
    assert!(other.asked().is_empty(), "nobody went there");
    let begin = "device import --token-file kim.token --class c --hawkbit";
    for (rest, id) in [
        (
            "https://admin:s3cret@hawkbit.example --hawkbit-user a --hawkbit-password-file pw",
            "hawkbit.address",
        ),
        (
            "http://hawkbit.example --hawkbit-user a --hawkbit-password-file pw",
            "hawkbit.unencrypted",
        ),
        (
            "https://hawkbit.example --hawkbit-user a",
            "hawkbit.no-password",
        ),
        (
            "https://hawkbit.example --hawkbit-user a --hawkbit-password-file none",
            "password.missing",
        ),
        (
            "https://hawkbit.example --hawkbit-user a --from token=name",
            "import.source",
        ),
    ] {
        let ended = folder.run(&format!("{begin} {rest}"));
        assert_eq!(ended.complaint(2, id), None);
        assert!(!ended.stderr().contains("s3cret"), "{}", ended.stderr());
    }
    let by_variable = words.replace(" --hawkbit-password-file pw", "");
    let variable = [("MAINSTAY_HAWKBIT_PASSWORD", PASSWORD)];
    let ended = folder.run_with(&by_variable, &variable);
    ended.failed(2, "hawkbit.redirected");
}
