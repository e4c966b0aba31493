//! The frames of `fixtures/good/smp`, which another implementation made.

use std::fs;
use std::path::Path;

use mainstay_smp::{Code, Failure, Operation, Request, Upload, Version};

/// What `fixtures/good/smp/make.py` calls an image.
fn hash() -> Vec<u8> {
    (0..32).collect()
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/good/smp");
    let text = fs::read_to_string(folder.join(format!("smp-{name}.hex"))).expect("a golden frame");
    hex::decode(text.trim()).expect("hexadecimal digits")
}

#[test]
fn every_request_reads_as_what_its_client_meant() {
    let (hash, data) = (hash(), [b'x'; 200]);
    let test = Request::WriteState {
        hash: Some(&hash),
        confirm: false,
    };
    let confirm = Request::WriteState {
        hash: None,
        confirm: true,
    };
    let first = Request::Upload(Upload {
        offset: 0,
        data: b"first",
        length: Some(70_000),
        name: Some(&hash),
    });
    let further = Request::Upload(Upload {
        offset: 65_600,
        data: &data,
        ..Upload::default()
    });
    for (name, sequence, expected) in [
        ("echo", 7, Request::Echo("Grüße")),
        ("reset", 8, Request::Reset),
        ("reset-force", 9, Request::Reset),
        ("parameters", 10, Request::Parameters),
        ("state", 11, Request::ReadState),
        ("test", 12, test),
        ("confirm", 13, confirm),
        ("upload-first", 14, first),
        ("upload", 255, further),
    ] {
        for (suffix, version) in [("", Version::V2), ("-v1", Version::V1)] {
            let frame = golden(&format!("{name}{suffix}"));
            let (header, request) = Request::read(&frame).expect(name);
            assert_eq!(request, expected, "{name}{suffix}");
            assert_eq!(
                (header.sequence, header.version),
                (sequence, version),
                "{name}"
            );
            assert_eq!(header.bytes(), frame[..8], "{name}");
        }
    }
}

#[test]
fn what_isnt_for_us_can_be_answered() {
    let frame = golden("erase");
    let unread = Request::read(&frame).expect_err("no command of ours");
    assert_eq!(unread.failure, Failure::from(Code::NotSupported));
    let header = unread.header.expect("it is a frame");
    assert_eq!((header.operation, header.sequence), (Operation::Write, 15));
}

#[test]
fn a_request_that_lacks_or_breaks_something_is_refused() {
    let frame = |group, command, body: &[u8]| {
        let head = [0x0a, 0, 0, body.len() as u8, 0, group, 1, command];
        [&head, body].concat()
    };
    for (defect, frame) in [
        ("an echo of nothing", frame(0, 0, b"\xa0")),
        ("an echo of bytes", frame(0, 0, b"\xa1adC\x01\x02\x03")),
        ("an upload without data", frame(1, 1, b"\xa1coff\x00")),
        ("a negative offset", frame(1, 1, b"\xa2coff\x20ddata@")),
        (
            "an offset beyond 32 bits",
            frame(1, 1, b"\xa2coff\x1b\0\0\0\x01\0\0\0\0ddata@"),
        ),
        ("no map", frame(0, 5, b"\x80")),
        ("nothing at all", frame(0, 5, b"")),
        ("a map cut short", frame(0, 0, b"\xa1ad")),
        ("an indefinite map", frame(0, 5, b"\xbf\xff")),
        ("something after the map", frame(0, 5, b"\xa0\xa0")),
        ("a key that is no text", frame(0, 5, b"\xa1\x01\x02")),
        (
            "more fields than there are bytes",
            frame(0, 5, b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
        ),
    ] {
        let unread = Request::read(&frame).expect_err(defect);
        assert_eq!(unread.failure, Failure::from(Code::Invalid), "{defect}");
        assert!(unread.header.is_some(), "{defect}: nobody can be told");
    }
}
