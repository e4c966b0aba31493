//! Clocks that are ten years off, or not there: what installs by them, what doesn't, and that whatever was kept boots.

use mainstay_artifact::document_file;
use mainstay_keys::HostPrimitives;
use mainstay_protocol::{Directive, MESSAGE_BYTES_MAX, Todo, write};
use mainstay_trust::{List, Status};

use crate::bench::{built, tree};
use crate::field::Field;
use crate::gateway::Conduct;
use crate::house::{Artifact, House, status_key};
use crate::wall_clock::{AHEAD, BEHIND, NONE, RIGHT};

const TRUSTED: (&str, &str) = ("[slots]", "trusts_clock = true\n[slots]");
const DAY_S: u64 = 86_400;

async fn field(clock: u64, trusted: bool) -> Field {
    let mut field = Field::begin("[bundles]\nfolders = [\"@/stick\"]").await;
    if trusted {
        field.bench.configure(TRUSTED.0, TRUSTED.1);
    }
    field.bench.set_clock(clock);
    field
}

#[tokio::test(flavor = "multi_thread")]
async fn no_clock_however_wrong_keeps_an_update_away() {
    for (clock, trusted) in [
        (BEHIND, false),
        (AHEAD, false),
        (NONE, false),
        (BEHIND, true),
    ] {
        let field = field(clock, trusted).await;
        field.offer(100_000).await;
        let agent = field.bench.run();
        let status = field.bench.wait_for_update("1.1.0");
        assert!(
            status.at.abs_diff(clock) < DAY_S,
            "it lives by {clock}: {status:?}"
        );
        drop(agent);
        drop(field.bench.boots("1.1.0"));
        assert_eq!(field.updated().await, 1, "{clock}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_clock_that_is_ahead_sees_the_root_expired_and_is_heard() {
    let mut field = field(AHEAD, true).await;
    field.offer(100_000).await;
    let agent = field.bench.run();
    field.bench.wait_for_outcome("trust.root-expired");
    drop(agent);
    field
        .hear("1.0.0", "refused 1.1.0 (trust.root-expired)")
        .await;
    field.bench.set_clock(RIGHT);
    field.after_a_refusal().await;
    let _agent = field.bench.boots_and_updates("1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_ends_by_a_trusted_clock_alone() {
    for (clock, trusted, outcome) in [
        (BEHIND, false, "confirmed"),
        (AHEAD, false, "confirmed"),
        (NONE, false, "confirmed"),
        (BEHIND, true, "confirmed"),
        (AHEAD, true, "trust.bundle-expired"),
    ] {
        let field = field(clock, trusted).await;
        field.gateway.conduct(Conduct::Away);
        let agent = field.bench.run();
        field.bench.wait_until("the start", |_| true);
        field.stick("new", &field.bundle("1.1.0", 2, tree("1.1.0", 100)));
        field.bench.wait_for_outcome(outcome);
        drop(agent);
        field.gateway.conduct(Conduct::Honest);
        let kept = if outcome == "confirmed" {
            "1.1.0"
        } else {
            "1.0.0"
        };
        field.hear(kept, outcome).await;
    }
}

/// What a server said long ago, or a relay makes of it: a status for nobody's nonce, made then and good for an hour.
fn old_answer(house: &House, release: &Artifact, issued: u64) -> Vec<u8> {
    let status = Status {
        seq: issued * 1_000_000,
        issued,
        expires: issued + 3600,
        root_version: 1,
        revocations: None,
        held: List::default(),
        nonce: None,
    };
    let signer = status_key().signer().unwrap();
    let status = document_file::sign(&status, &[&signer], &HostPrimitives).unwrap();
    let envelope = house.approved(release);
    let directive = Directive {
        acknowledged: 0,
        poll_after_s: 3600,
        status: &status,
        todo: Todo::Install {
            envelope: &envelope,
            image_digest: release.image_digest,
            image_bytes: u32::try_from(release.image.len()).unwrap(),
            schedule: None,
        },
        root: None,
        revocations: None,
    };
    let mut bytes = vec![0; MESSAGE_BYTES_MAX];
    let length = write(&directive, &mut bytes).unwrap();
    bytes.truncate(length);
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_status_installs_nothing_and_is_told_once_the_server_is_back() {
    for (clock, trusted, outcome) in [
        (BEHIND, false, "trust.status-nonce"),
        (AHEAD, false, "trust.status-nonce"),
        (NONE, false, "trust.status-nonce"),
        (RIGHT, true, "trust.status-stale"),
        (AHEAD, true, "trust.status-stale"),
    ] {
        let mut field = field(clock, trusted).await;
        let new = field.offer(100_000).await;
        let old = old_answer(&field.house, &new, RIGHT - 30 * DAY_S);
        field.gateway.conduct(Conduct::Forge(old));
        let agent = field.bench.run();
        field.bench.wait_for_outcome(outcome);
        drop(agent);
        drop(field.bench.boots("1.0.0"));
        field.gateway.conduct(Conduct::Honest);
        // The clock of the fifth device is put right, or the root would seem expired.
        field.bench.set_clock(if trusted { RIGHT } else { clock });
        field
            .hear("1.0.0", &format!("refused 1.1.0 ({outcome})"))
            .await;
        field.after_a_refusal().await;
        let _agent = field.bench.boots_and_updates("1.1.0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_never_runs_below_what_was_signed() {
    let mut field = field(NONE, false).await;
    field.offer(100_000).await;
    let agent = field.bench.run();
    field.bench.wait_for_update("1.1.0");
    drop(agent);
    let next = built(&field.house, "1.2.0", 3, tree("1.2.0", 100));
    let old = old_answer(&field.house, &next, RIGHT - 30 * DAY_S);
    // Good by a clock that is trusted and ten years behind; but the device has seen newer.
    field.bench.configure(TRUSTED.0, TRUSTED.1);
    field.bench.set_clock(BEHIND);
    field.gateway.conduct(Conduct::Forge(old));
    let agent = field.bench.boots("1.1.0");
    field.bench.wait_until("the refusal", |status| {
        status.outcome.as_deref() == Some("trust.status-replayed")
    });
    drop(agent);
    field.gateway.conduct(Conduct::Honest);
    field.hear("1.1.0", "(trust.status-replayed)").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_sent_again_is_for_another_question() {
    let mut field = field(NONE, false).await;
    field.offer(100_000).await;
    // The first answer offers 1.1.0; its bytes don't come, and the device loses its power.
    field.gateway.conduct(Conduct::Lie(|_| ()));
    let agent = field.bench.run();
    field.bench.wait_until("the offer", |status| {
        status.outcome.as_deref() == Some("download-started")
    });
    drop(agent);
    field.gateway.conduct(Conduct::Replay);
    field.bench.set_clock(AHEAD);
    let agent = field.bench.boots("1.0.0");
    field.bench.wait_until("the refusal", |status| {
        status.outcome.as_deref() == Some("trust.status-nonce")
    });
    drop(agent);
    drop(field.bench.boots("1.0.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_while_the_agent_runs_opens_the_window() {
    let mut field = Field::begin("[[window]]\nfrom = \"11:00\"\nto = \"13:00\"").await;
    field.bench.set_clock(NONE);
    field.offer(100_000).await;
    let _agent = field.bench.run();
    field.bench.wait_until("the wait", |status| {
        status.wait.as_deref() == Some("window")
    });
    assert_eq!(field.bench.version(), "1.0.0");
    field.bench.set_clock(RIGHT);
    field.bench.wait_for_update("1.1.0");
}
