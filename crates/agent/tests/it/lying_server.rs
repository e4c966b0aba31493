//! A server, or somebody before it, that trickles, breaks off or lies about the length: named, told once an honest one
//! is there, and what was kept runs on.

use std::thread;
use std::time::Duration;

use crate::bench::tree;
use crate::field::Field;
use crate::gateway::{Conduct, Wire};

fn head(wire: &mut dyn Wire, length: usize) {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-99999/100000\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = wire.write_all(head.as_bytes());
}

/// A byte now and then, for ever.
fn trickles(wire: &mut dyn Wire) {
    head(wire, 100_000);
    while wire.write_all(b"x").and_then(|()| wire.flush()).is_ok() {
        thread::sleep(Duration::from_millis(200));
    }
}

/// Announces all, and ends after little.
fn breaks_off(wire: &mut dyn Wire) {
    head(wire, 100_000);
    let _ = wire.write_all(b"little");
}

/// Announces little, as if that were all.
fn gives_crumbs(wire: &mut dyn Wire) {
    head(wire, 6);
    let _ = wire.write_all(b"crumbs");
}

/// Announces more than was asked for.
fn gives_too_much(wire: &mut dyn Wire) {
    head(wire, 1 << 30);
    let _ = wire.write_all(&vec![b'x'; 300_000]);
}

/// The length is right, and the bytes are others.
fn gives_other_bytes(wire: &mut dyn Wire) {
    head(wire, 500_000);
    let _ = wire.write_all(&vec![b'x'; 500_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_end_in_a_named_outcome_that_an_honest_server_hears_of() {
    type Lie = fn(&mut dyn Wire);
    let cases: [(Lie, &str, &str); 4] = [
        (trickles, "agent.server-too-slow", "source-failed"),
        (breaks_off, "agent.answer-wrong", "source-failed"),
        (gives_crumbs, "agent.answer-wrong", "source-failed"),
        (gives_too_much, "agent.answer-too-large", "source-failed"),
    ];
    let stories = cases.map(|(lie, id, outcome)| tokio::spawn(lied_to(lie, id, outcome)));
    for story in stories {
        story.await.unwrap();
    }
}

async fn lied_to(lie: fn(&mut dyn Wire), id: &'static str, outcome: &'static str) {
    let field = Field::begin("").await;
    field
        .bench
        .configure("retry_s = 1", "retry_s = 1\nexchange_s = 4");
    field.gateway.conduct(Conduct::Lie(lie));
    field.offer(100_000).await;
    let agent = field.bench.run();
    let status = field.bench.wait_for_outcome(outcome);
    assert_eq!(status.fault.unwrap().id, id);
    field
        .assert_told(&format!("couldn't install 1.1.0 ({outcome})"))
        .await;
    drop(agent);
    field.gateway.conduct(Conduct::Honest);
    drop(field.bench.boots("1.0.0"));
    // This rollout counts it as failed and offers it nothing more; a person can.
    let (code, said) = field.install(&field.bundle("1.2.0", 3, tree("1.2.0", 100)));
    assert_eq!(code, 0, "{said}");
    let _agent = field.bench.run();
    field.bench.wait_for_update("1.2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_of_the_right_length_are_refused() {
    let field = Field::begin("").await;
    let new = field.offer(100_000).await;
    assert!(new.image.len() < 500_000);
    field.gateway.conduct(Conduct::Lie(gives_other_bytes));
    let agent = field.bench.run();
    field.bench.wait_for_outcome("trust.payload-digest");
    field
        .assert_told("refused 1.1.0 (trust.payload-digest)")
        .await;
    drop(agent);
    drop(field.bench.boots("1.0.0"));
}
