//! Golden bytes for each message, and what is refused.

use mainstay_protocol::{
    Acknowledged, BootReason, CheckIn, Directive, Event, Health, HeldRevocations, InstallFailure,
    Join, Joined, MESSAGE_BYTES_MAX, Measures, MessageError, Report, ReportList, Reports,
    RevertCause, Running, SelfTest, Todo, read, write,
};
use mainstay_trust::Digest;
use proptest::prelude::*;

const D: Digest = Digest([0xd1; 32]);

fn list(reports: &[Report]) -> ReportList {
    ReportList(reports.iter().copied().collect())
}

fn check_in() -> CheckIn<'static> {
    CheckIn {
        nonce: [7; 16],
        running: Running {
            manifest: D,
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
            error_logs_per_hour: 2,
            battery_drain_permille_per_day: 9,
            missed_polls: 0,
            self_test: SelfTest::Passed,
            measures: None,
        },
        reports: list(&[Report {
            seq: 5,
            at: 1_700_000_000,
            event: Event::Reverted {
                manifest: D,
                cause: RevertCause::SelfTest,
            },
        }]),
        revocations: None,
    }
}

/// Writes a message, compares it with its golden bytes (hex), and reads it back from them.
macro_rules! golden {
    ($message:expr, $type:ty, $hex:expr) => {{
        let message = $message;
        let mut buffer = [0; MESSAGE_BYTES_MAX];
        let length = write(&message, &mut buffer).expect("the largest always does");
        assert_eq!(
            hex(&buffer[..length]),
            $hex.replace('D', &"d1".repeat(32)).replace(' ', "")
        );
        assert_eq!(read::<$type>(&buffer[..length]), Ok(message));
    }};
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_check_in() {
    let nonce = "07".repeat(16);
    golden!(
        check_in(),
        CheckIn<'_>,
        format!(
            "a7 00 50{nonce} 01 a5 00 5820D 01 02 02 65312e312e30 03 f5 04 01 02 02 03 01 04 19012c \
             05 a5 00 183d 01 02 02 09 03 00 04 01 06 81 a3 00 05 01 1a6553f100 02 82 05 82 5820D 00"
        )
    );
}

#[test]
fn golden_check_in_of_a_device_that_holds_revocations() {
    let check_in = CheckIn {
        reports: list(&[]),
        revocations: Some(HeldRevocations { epoch: 1, seq: 3 }),
        ..check_in()
    };
    let nonce = "07".repeat(16);
    golden!(
        check_in,
        CheckIn<'_>,
        format!(
            "a8 00 50{nonce} 01 a5 00 5820D 01 02 02 65312e312e30 03 f5 04 01 02 02 03 01 04 19012c \
             05 a5 00 183d 01 02 02 09 03 00 04 01 06 80 07 a2 00 01 01 03"
        )
    );
}

#[test]
fn golden_check_in_of_a_device_that_says_what_it_measures() {
    let measuring = Health {
        measures: Some(Measures {
            error_log: true,
            battery: false,
        }),
        ..check_in().health
    };
    let check_in = CheckIn {
        health: measuring,
        reports: list(&[]),
        ..check_in()
    };
    let nonce = "07".repeat(16);
    golden!(
        check_in,
        CheckIn<'_>,
        format!(
            "a7 00 50{nonce} 01 a5 00 5820D 01 02 02 65312e312e30 03 f5 04 01 02 02 03 01 04 19012c \
             05 a6 00 183d 01 02 02 09 03 00 04 01 05 a2 00 f5 01 f4 06 80"
        )
    );
}

/// Whoever measures one thing need not know of the others; nor does this server of those to come.
#[test]
fn what_a_device_leaves_out_it_does_not_measure() {
    for (bytes, error_log, battery) in [
        (&[0xa0][..], false, false),
        (&[0xa1, 0x00, 0xf5], true, false),
        (&[0xa1, 0x01, 0xf5], false, true),
        (&[0xa2, 0x01, 0xf5, 0x02, 0xf5], false, true),
    ] {
        let measures: Measures = minicbor::decode(bytes).unwrap();
        assert_eq!((measures.error_log, measures.battery), (error_log, battery));
    }
}

#[test]
fn a_figure_counts_only_for_who_measures_it() {
    let saying = |measures| Health {
        measures,
        ..check_in().health
    };
    let of = |error_log, battery| Some(Measures { error_log, battery });
    for (measures, error_log, battery) in [
        (None, None, None),
        (of(false, false), None, None),
        (of(true, false), Some(2), None),
        (of(false, true), None, Some(9)),
    ] {
        let health = saying(measures);
        assert_eq!(
            (health.error_log(), health.battery_drain()),
            (error_log, battery)
        );
    }
}

#[test]
fn golden_answers() {
    golden!(
        Directive {
            acknowledged: 5,
            poll_after_s: 3600,
            status: &[1, 2],
            todo: Todo::Nothing,
            root: None,
            revocations: None,
        },
        Directive<'_>,
        "a4 00 05 01 190e10 02 420102 03 82 00 80"
    );
    let todo = Todo::Install {
        envelope: &[9],
        image_digest: D,
        image_bytes: 4072,
        schedule: None,
    };
    golden!(
        Directive {
            acknowledged: 0,
            poll_after_s: 1,
            status: &[],
            todo,
            root: None,
            revocations: None,
        },
        Directive<'_>,
        "a4 00 00 01 01 02 40 03 82 01 83 4109 5820D 190fe8"
    );
    let todo = Todo::Install {
        envelope: &[9],
        image_digest: D,
        image_bytes: 4072,
        schedule: Some(&[5]),
    };
    golden!(
        Directive {
            acknowledged: 0,
            poll_after_s: 1,
            status: &[],
            todo,
            root: Some(&[6, 7]),
            revocations: Some(&[8]),
        },
        Directive<'_>,
        "a6 00 00 01 01 02 40 03 82 01 84 4109 5820D 190fe8 4105 04 420607 05 4108"
    );
    golden!(Acknowledged { seq: 24 }, Acknowledged, "a1 00 1818");
}

#[test]
fn golden_joining() {
    let join = Join {
        secret: D.0,
        code: "code",
        device: "th-1",
        hardware: None,
        zone: None,
        bootloader: Some("1.4.2"),
    };
    golden!(
        join.clone(),
        Join<'_>,
        "a4 00 5820D 01 64636f6465 02 6474682d31 05 65312e342e32"
    );
    let all = Join {
        hardware: Some("C"),
        zone: Some("UTC"),
        ..join
    };
    golden!(
        all.clone(),
        Join<'_>,
        "a6 00 5820D 01 64636f6465 02 6474682d31 03 6143 04 63555443 05 65312e342e32"
    );
    golden!(Joined { token: D.0 }, Joined, "a1 00 5820D");
    assert!(!format!("{all:?}").contains("code"));
}

#[test]
fn golden_events() {
    for (event, body) in [
        (Event::DownloadStarted { manifest: D }, "82 00 81 5820D"),
        (
            Event::Refused {
                manifest: D,
                refusal: 23,
            },
            "82 01 82 5820D 17",
        ),
        (Event::Installed { manifest: D }, "82 02 81 5820D"),
        (Event::TrialBooted { manifest: D }, "82 03 81 5820D"),
        (Event::Confirmed { manifest: D }, "82 04 81 5820D"),
        (Event::EnteredSafeMode, "82 06 80"),
        (Event::PowerLost, "82 07 80"),
        (
            Event::Failed {
                manifest: D,
                cause: InstallFailure::StorageReadOnly,
            },
            "82 08 82 5820D 02",
        ),
    ] {
        let reports = Reports {
            reports: list(&[Report {
                seq: 1,
                at: 0,
                event,
            }]),
        };
        golden!(
            reports,
            Reports,
            format!("a1 00 81 a3 00 01 01 00 02 {body}")
        );
    }
}

#[test]
fn what_is_no_message_is_refused() {
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    let length = write(&check_in(), &mut buffer).expect("the largest always does");
    let good = &buffer[..length];
    let trailing = [good, &[0]].concat();
    let long = vec![0; MESSAGE_BYTES_MAX + 1];
    for bytes in [
        &[][..],
        b"garbage",
        &good[..length - 1],
        &trailing,
        &long,
        &[0xbf, 0xff],
    ] {
        assert!(read::<CheckIn<'_>>(bytes).is_err(), "{} bytes", bytes.len());
    }
    assert_eq!(read::<Acknowledged>(&[0x80]), Err(MessageError::Shape));
}

#[test]
fn report_numbers_rise_and_are_few() {
    let report = |seq| Report {
        seq,
        at: 0,
        event: Event::PowerLost,
    };
    let mut buffer = [0; MESSAGE_BYTES_MAX];
    let twice = Reports {
        reports: list(&[report(2), report(2)]),
    };
    let length = write(&twice, &mut buffer).expect("the largest always does");
    assert_eq!(read::<Reports>(&buffer[..length]), Err(MessageError::Shape));
    let many: Vec<u8> = [&[0xa1, 0x00, 0x91][..]]
        .into_iter()
        .chain((1..=17u8).map(|_| &[0xa3, 0x00, 0x01, 0x01, 0x00, 0x02, 0x82, 0x07, 0x80][..]))
        .flatten()
        .copied()
        .collect();
    assert_eq!(read::<Reports>(&many), Err(MessageError::Shape));
}

#[test]
fn a_small_buffer_is_told() {
    assert_eq!(
        write(&check_in(), &mut [0; 16]),
        Err(MessageError::BufferTooSmall)
    );
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read::<CheckIn<'_>>(&bytes);
        let _ = read::<Directive<'_>>(&bytes);
        let _ = read::<Join<'_>>(&bytes);
    }

    #[test]
    fn one_changed_byte_reads_as_another_message_or_none(at in 0usize..150, by in 1u8..) {
        let mut buffer = [0; MESSAGE_BYTES_MAX];
        let length = write(&check_in(), &mut buffer).expect("the largest always does");
        let at = at % length;
        buffer[at] = buffer[at].wrapping_add(by);
        prop_assert_ne!(read::<CheckIn<'_>>(&buffer[..length]), Ok(check_in()));
    }
}
