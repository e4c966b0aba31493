//! Bundles: by hand and from a stick, good and bad, with no server at all.

use std::fs;

use mainstay_agent::config;

use crate::bench::{Bench, approved, built, says, tree};
use crate::field::bundle_of;
use crate::house::House;

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

async fn parts() -> (House, Bench, Vec<u8>) {
    let house = House::new().await;
    let old = approved(&house, &built(&house, "1.0.0", 1, tree("1.0.0", 100)));
    let new = approved(&house, &built(&house, "1.1.0", 2, tree("1.1.0", 100_000)));
    let bench = Bench::new(
        NOWHERE,
        "token",
        &house.root,
        "[bundles]\nfolders = [\"@/stick\"]",
    );
    fs::create_dir(bench.path("stick")).unwrap();
    bench.provision(&old);
    let bundle = bundle_of(&house, &new);
    (house, bench, bundle)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_installs_by_hand_and_is_kept_without_a_server() {
    let (_house, bench, bundle) = parts().await;
    let file = bench.path("new.mainstay-bundle");
    fs::write(&file, &bundle).unwrap();
    let (code, said) = bench.say(&["install", file.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    assert_ne!(bench.version(), "1.1.0", "it takes a restart");
    let _agent = bench.run();
    bench.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        kept && bench.version() == "1.1.0"
    });
    let (code, said) = bench.say(&["install", file.to_str().unwrap()]);
    assert_eq!(code, 1, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stick_that_turns_up_is_installed() {
    let (_house, bench, bundle) = parts().await;
    let _agent = bench.run();
    bench.wait_until("the start", |_| true);
    // As a copy to a stick ends: whole, under its name.
    fs::write(bench.path("stick/part"), &bundle).unwrap();
    fs::rename(
        bench.path("stick/part"),
        bench.path("stick/new.mainstay-bundle"),
    )
    .unwrap();
    bench.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        kept && bench.version() == "1.1.0"
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_bundle_has_a_name_and_changes_nothing() {
    let (_house, bench, bundle) = parts().await;
    let file = bench.path("bad.mainstay-bundle");
    let half = bundle.len() / 2;
    let flipped = {
        let mut bytes = bundle.clone();
        bytes[half] ^= 1;
        bytes
    };
    let longer = [&bundle[..], b"x"].concat();
    for (bytes, name) in [
        (&bundle[..half], "agent.bundle"),
        (&bundle[..3], "agent.bundle"),
        (&b""[..], "agent.bundle"),
        (&b"something else altogether"[..], "agent.bundle"),
        (&longer[..], "agent.bundle"),
        (&flipped[..], "trust.payload-digest"),
    ] {
        fs::write(&file, bytes).unwrap();
        let (code, said) = bench.say(&["install", file.to_str().unwrap()]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(name), "{name} in {said}");
    }
    let _agent = bench.run();
    bench.wait_until("the start", |status| status.boot == "confirmed");
    assert_eq!(bench.version(), "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_everything_that_cant_be_used() {
    let (_house, bench, _) = parts().await;
    assert!(config::load(&bench.path("agent.toml")).is_ok());
    assert_eq!(bench.say(&["check"]).0, 0);
    fs::remove_file(bench.path("token")).unwrap();
    fs::write(bench.path("root.cbor"), "no root").unwrap();
    let (code, said) = bench.say(&["check"]);
    assert_eq!(code, 1);
    for name in ["agent.server-file", "trust.malformed", "2 findings"] {
        assert!(said.contains(name), "{name} in {said}");
    }
    assert_eq!(bench.say(&["status"]).0, 4, "no agent has run");
    fs::write(bench.path("agent.toml"), "[server]\nurl = 1").unwrap();
    assert_eq!(bench.say(&["run"]).0, 2);
    assert!(!says(&bench.path("log"), "panicked"));
}
