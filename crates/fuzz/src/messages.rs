//! The messages between device and server, in both directions: what was read says the same when it is
//! written and read again.

use std::fmt::Debug;

use mainstay_protocol::{
    Acknowledged, BootReason, CheckIn, Directive, Event, Health, HeldRevocations, InstallFailure,
    Join, Joined, MESSAGE_BYTES_MAX, Measures, REPORTS_MAX, Report, ReportList, Reports,
    RevertCause, Running, SelfTest, Todo, read, write,
};
use mainstay_trust::Digest;
use minicbor::Encode;

use crate::Target;

/// Full messages are larger, but what they hold in bulk (an envelope) has targets of its own.
const BYTES_MAX: usize = 2048;

pub(crate) const CHECK_IN: Target = Target {
    name: "check_in",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        again(read::<CheckIn<'_>>(bytes).ok(), |written| {
            read::<CheckIn<'_>>(written).ok() == read(bytes).ok()
        })
    },
    seeds: |_| vec![written(&check_in())],
};

pub(crate) const DIRECTIVE: Target = Target {
    name: "directive",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        again(read::<Directive<'_>>(bytes).ok(), |written| {
            read::<Directive<'_>>(written).ok() == read(bytes).ok()
        })
    },
    seeds: |fixtures| {
        let (status, envelope) = (fixtures.golden("status"), fixtures.golden("envelope"));
        let install = Todo::Install {
            envelope: &envelope,
            image_digest: Digest([3; 32]),
            image_bytes: 4096,
            schedule: Some(&[0x82, 0x40, 0x80]),
        };
        [Todo::Nothing, install]
            .map(|todo| written(&directive(&status, todo)))
            .to_vec()
    },
};

pub(crate) const REPORTS: Target = Target {
    name: "reports",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        again(read::<Reports>(bytes).ok(), |written| {
            read::<Reports>(written).ok() == read(bytes).ok()
        })
    },
    seeds: |_| {
        vec![
            written(&Reports { reports: reports() }),
            written(&Reports::default()),
        ]
    },
};

pub(crate) const ACKNOWLEDGED: Target = Target {
    name: "acknowledged",
    bytes_max: 64,
    check: |bytes| {
        again(read::<Acknowledged>(bytes).ok(), |written| {
            read::<Acknowledged>(written).ok() == read(bytes).ok()
        })
    },
    seeds: |_| vec![written(&Acknowledged { seq: 7 })],
};

pub(crate) const JOIN: Target = Target {
    name: "join",
    bytes_max: BYTES_MAX,
    check: |bytes| {
        again(read::<Join<'_>>(bytes).ok(), |written| {
            read::<Join<'_>>(written).ok() == read(bytes).ok()
        });
        again(read::<Joined>(bytes).ok(), |written| {
            read::<Joined>(written).ok() == read(bytes).ok()
        });
    },
    seeds: |_| {
        let join = Join {
            secret: [7; 32],
            code: "mainstay_join_",
            device: "th-1",
            hardware: Some("C"),
            zone: None,
            bootloader: Some("1.4.2"),
        };
        vec![written(&join), written(&Joined { token: [9; 32] })]
    },
};

/// Writes a message that was read, if one was, and asks whether the bytes still say the same.
fn again<T: Encode<()> + Debug>(message: Option<T>, says_the_same: impl FnOnce(&[u8]) -> bool) {
    if let Some(message) = message {
        assert!(
            says_the_same(&written(&message)),
            "written again, {message:?} differs"
        );
    }
}

fn written<T: Encode<()>>(message: &T) -> Vec<u8> {
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let length = write(message, &mut buffer).expect("what was read fits again");
    buffer.truncate(length);
    buffer
}

fn directive<'a>(status: &'a [u8], todo: Todo<'a>) -> Directive<'a> {
    Directive {
        acknowledged: 5,
        poll_after_s: 3600,
        status,
        todo,
        root: Some(&[0x80]),
        revocations: None,
    }
}

fn check_in() -> CheckIn<'static> {
    CheckIn {
        nonce: [7; 16],
        running: Running {
            manifest: Digest([1; 32]),
            sequence: 2,
            version: "1.1.0",
            confirmed: true,
            slot: 1,
        },
        boot: BootReason::Reverted,
        root_version: 1,
        status_seq: 300,
        health: Health {
            uptime_s: 61,
            self_test: SelfTest::Passed,
            measures: Some(Measures {
                error_log: true,
                battery: true,
            }),
            ..Health::default()
        },
        reports: reports(),
        revocations: Some(HeldRevocations { epoch: 1, seq: 5 }),
    }
}

/// One report of each kind.
fn reports() -> ReportList {
    let manifest = Digest([2; 32]);
    let events = [
        Event::DownloadStarted { manifest },
        Event::Refused {
            manifest,
            refusal: 23,
        },
        Event::Installed { manifest },
        Event::TrialBooted { manifest },
        Event::Confirmed { manifest },
        Event::Reverted {
            manifest,
            cause: RevertCause::Watchdog,
        },
        Event::EnteredSafeMode,
        Event::PowerLost,
        Event::Failed {
            manifest,
            cause: InstallFailure::StorageFailed,
        },
    ];
    let report = |(seq, event)| Report {
        seq,
        at: 1_700_000_000,
        event,
    };
    ReportList((1..).zip(events).map(report).take(REPORTS_MAX).collect())
}
