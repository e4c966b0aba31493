//! A damaged record is no fresh device: nothing is installed by it, what was kept stays started, and people have a way out.

use std::fs;

use mainstay_agent::status::{Doing, Status};

use crate::field::Field;

fn status(field: &Field) -> Status {
    let (code, said) = field.bench.say(&["status", "--json"]);
    assert_eq!(code, 1, "{said}");
    serde_json::from_str(&said).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_stops_the_agent_until_people_say_what_runs() {
    let field = Field::begin("").await;
    let agent = field.bench.run();
    field
        .bench
        .wait_until("the start", |_| field.bench.version() == "1.0.0");
    drop(agent);
    field.offer(100).await;
    let record = field.bench.path("state/record");
    let good = fs::read(&record).unwrap();
    let mut damaged = good.clone();
    damaged[200] ^= 1;
    for bytes in [&damaged[..], &good[..100], &[&good[..], b"x"].concat(), b""] {
        fs::write(&record, bytes).unwrap();
        let (code, said) = field.bench.say(&["run"]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("agent.record-damaged"), "{said}");
        let status = status(&field);
        assert_eq!(status.doing, Doing::Stopped);
        assert_eq!(status.fault.unwrap().id, "agent.record-damaged");
        let by_hand = field.install(&field.bundle("1.1.0", 2, crate::bench::tree("1.1.0", 1)));
        assert!(by_hand.0 == 1 && by_hand.1.contains("agent.record-damaged"));
        assert!(
            fs::read(&record).unwrap() == bytes,
            "it is left for people to look at"
        );
        assert_eq!(
            field.bench.version(),
            "1.0.0",
            "what was kept stays started"
        );
    }
    field.provision();
    let agent = field.bench.boots_and_updates("1.1.0");
    drop(agent);
    // A copy is a way out as well.
    let good = fs::read(&record).unwrap();
    fs::write(&record, b"damaged").unwrap();
    assert_eq!(field.bench.say(&["run"]).0, 1);
    fs::write(&record, good).unwrap();
    drop(field.bench.boots("1.1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_runs_is_found_in_the_slot_that_holds_it() {
    let field = Field::begin("").await;
    let new = field.offer(100).await;
    let agent = field.bench.run();
    field.bench.wait_for_update("1.1.0");
    drop(agent);
    fs::write(field.bench.path("state/record"), b"damaged").unwrap();
    field
        .bench
        .provision(&crate::bench::approved(&field.house, &new));
    let agent = field.bench.boots("1.1.0");
    let status = field.bench.wait_until("the start", |_| true);
    assert_eq!(status.running.unwrap().slot, "b", "A holds something else");
    drop(agent);
    // The server has heard of an update from this device: what comes now is news all the same.
    let older = field.bundle("1.0.5", 1, crate::bench::tree("1.0.5", 1));
    assert_eq!(field.install(&older).0, 1);
    field.hear("1.1.0", "trust.downgrade").await;
}
