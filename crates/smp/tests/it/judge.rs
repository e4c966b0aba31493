//! What we answer, read by the Python package that stands behind `smpclient`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use mainstay_smp::{
    Answer, Code, Failure, Header, ImageFailure, ImageState, Lines, Operation, Version,
};
use serde_json::{Value, json};

/// Reads pairs of a class and lines in hexadecimal, and writes what the class has read.
const READ: &str = "
import json, sys
from smp import error, image_management as image, os_management as system, packet
CLASSES = {
    'echo': system.EchoWriteResponse, 'reset': system.ResetWriteResponse,
    'parameters': system.MCUMgrParametersReadResponse,
    'state': image.ImageStatesReadResponse, 'written': image.ImageStatesWriteResponse,
    'upload': image.ImageUploadWriteResponse,
    'v1': image.ImageManagementErrorV1, 'v2': image.ImageManagementErrorV2,
}
for line in sys.stdin:
    name, text = line.split()
    decoder = packet.decode()
    next(decoder)
    try:
        for part in bytes.fromhex(text).splitlines(keepends=True):
            decoder.send(part)
    except StopIteration as whole:
        frame = bytes(whole.value)
    message = CLASSES[name].loads(frame)
    fields = message.model_dump(exclude={'header', 'version', 'sequence', 'smp_data'}, exclude_none=True)
    fields['sequence'] = message.sequence
    print(json.dumps(fields, default=lambda value: bytes(value).hex()))
";

fn header(operation: Operation, group: u16, command: u8, version: Version) -> Header {
    Header {
        operation,
        version,
        length: 0,
        group,
        sequence: 77,
        command,
    }
}

fn lines(header: &Header, answer: &Answer<'_>) -> String {
    let mut buffer = [0; 512];
    let length = answer.write(header, &mut buffer).expect("a short answer");
    let lines = Lines::new(&buffer[..length]).expect("a short frame");
    lines.map(|line| hex::encode(line.as_ref())).collect()
}

/// A class of the judge's, what was asked, our answer, and what the judge must read.
type Case<'a> = (&'static str, Header, Answer<'a>, Value);

const READ_IT: Operation = Operation::Read;
const DO_IT: Operation = Operation::Write;
const V1: Version = Version::V1;
const V2: Version = Version::V2;

#[test]
fn answers_about_the_system_are_read_as_we_mean_them() {
    let parameters = Answer::Parameters { buffer_bytes: 512 };
    check(&[
        (
            "echo",
            header(DO_IT, 0, 0, V2),
            Answer::Echo("Grüße"),
            json!({"r": "Grüße"}),
        ),
        ("reset", header(DO_IT, 0, 5, V2), Answer::Done, json!({})),
        (
            "parameters",
            header(READ_IT, 0, 6, V2),
            parameters,
            json!({"buf_size": 512, "buf_count": 1}),
        ),
    ]);
}

#[test]
fn answers_about_images_are_read_as_we_mean_them() {
    let first = ImageState {
        version: "1.0.0",
        hash: &[7; 32],
        bootable: true,
        confirmed: true,
        active: true,
        ..ImageState::default()
    };
    let second = ImageState {
        slot: 1,
        version: "1.1.0",
        hash: &[8; 32],
        bootable: true,
        pending: true,
        ..ImageState::default()
    };
    let images = json!({"images": [
        {"slot": 0, "version": "1.0.0", "hash": "07".repeat(32), "bootable": true, "confirmed": true, "active": true},
        {"slot": 1, "version": "1.1.0", "hash": "08".repeat(32), "bootable": true, "pending": true},
    ]});
    let uploaded = Answer::Uploaded { offset: 70_000 };
    check(&[
        (
            "state",
            header(READ_IT, 1, 0, V2),
            Answer::Images(&[first, second]),
            images,
        ),
        (
            "written",
            header(DO_IT, 1, 0, V1),
            Answer::Images(&[]),
            json!({"images": []}),
        ),
        (
            "upload",
            header(DO_IT, 1, 1, V2),
            uploaded,
            json!({"off": 70_000}),
        ),
    ]);
}

#[test]
fn refusals_are_read_as_we_mean_them() {
    let refused = Answer::No(Failure::General(
        Code::AccessDenied,
        Some("trust.bundle-expired"),
    ));
    let pending = Answer::No(ImageFailure::AlreadyPending.into());
    let unknown = Answer::No(Code::NotSupported.into());
    let reason = json!({"rc": 11, "rsn": "trust.bundle-expired"});
    let of_group = json!({"err": {"group": 1, "rc": 28}});
    check(&[
        ("v1", header(DO_IT, 1, 1, V2), refused, reason),
        ("v1", header(DO_IT, 1, 1, V1), pending, json!({"rc": 1})),
        ("v2", header(DO_IT, 1, 1, V2), pending, of_group),
        ("v1", header(DO_IT, 1, 5, V1), unknown, json!({"rc": 8})),
    ]);
}

fn check(cases: &[Case<'_>]) {
    let asked = cases.iter().map(|(class, header, answer, _)| {
        let lines = lines(header, answer);
        format!("{class} {lines}\n")
    });
    let heard = judge(&asked.collect::<String>());
    let expected = cases.iter().map(|(_, _, _, fields)| {
        let mut fields = fields.clone();
        fields["sequence"] = json!(77);
        fields
    });
    assert_eq!(heard, expected.collect::<Vec<Value>>());
}

fn judge(asked: &str) -> Vec<Value> {
    let mut python = Command::new(judges::program("python3"))
        .args(["-W", "ignore", "-c", READ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the judges' Python starts");
    let mut input = python.stdin.take().expect("it was piped above");
    input.write_all(asked.as_bytes()).expect("it listens");
    drop(input);
    let output = python.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the judge refused an answer");
    let text = String::from_utf8(output.stdout).expect("JSON");
    let read = |line| serde_json::from_str(line).expect("JSON");
    text.lines().map(read).collect()
}
