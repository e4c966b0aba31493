//! A server, or somebody before it, that trickles, breaks off or lies about the length: named, told once an honest one
//! is there, and what was kept runs on.

use std::thread;
use std::time::Duration;

use crate::bench::tree;
use crate::field::Field;
use crate::gateway::{Conduct, Wire};

/// The archive around 100,000 bytes.
const IMAGE_BYTES: usize = 102_912;

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
    head(wire, IMAGE_BYTES);
    let _ = wire.write_all(&[b'x'; IMAGE_BYTES]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trickle_is_named_and_told() {
    lied_to(trickles, "agent.server-too-slow").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_off_is_named_and_told() {
    lied_to(breaks_off, "agent.answer-wrong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn crumbs_are_named_and_told() {
    lied_to(gives_crumbs, "agent.answer-wrong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_long_is_named_and_told() {
    lied_to(gives_too_much, "agent.answer-too-large").await;
}

async fn lied_to(lie: fn(&mut dyn Wire), id: &str) {
    let field = Field::begin("").await;
    let exchange = "retry_s = 1\nexchange_s = 4";
    field.bench.configure("retry_s = 1", exchange);
    field.gateway.conduct(Conduct::Lie(lie));
    field.offer(100_000).await;
    let agent = field.bench.run();
    let status = field.bench.wait_for_outcome("source-failed");
    assert_eq!(status.fault.unwrap().id, id);
    drop(agent);
    field.gateway.conduct(Conduct::Honest);
    let told = "couldn't install 1.1.0 (source-failed)";
    field.hear("1.0.0", told).await;
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
    assert_eq!(new.image.len(), IMAGE_BYTES);
    field.gateway.conduct(Conduct::Lie(gives_other_bytes));
    let agent = field.bench.run();
    field.bench.wait_for_outcome("trust.payload-digest");
    drop(agent);
    let told = "refused 1.1.0 (trust.payload-digest)";
    field.hear("1.0.0", told).await;
}
