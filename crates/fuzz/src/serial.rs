//! The serial line: whatever comes in, a device answers only frames that were whole, and finds in a bundle what its
//! maker put there.

use std::io::Cursor;

use mainstay_artifact::bundle_file::BundleFile;
use mainstay_serial::BundleStart;
use mainstay_smp::{Answer, FRAMING_BYTES, Header, Lines, Reassembler, Request};

use crate::Target;

/// Memory for a frame, as a small device has it.
const MEMORY_BYTES: usize = 512;

pub(crate) const SMP: Target = Target {
    name: "smp",
    bytes_max: 1024,
    check,
    seeds: |fixtures| {
        let frames = fixtures.hex("smp-");
        frames.iter().map(|frame| text(frame)).collect()
    },
};

pub(crate) const BUNDLE_START: Target = Target {
    name: "bundle_start",
    bytes_max: 1024,
    check: check_start,
    seeds: |_| crate::bundles::small_files(),
};

fn text(frame: &[u8]) -> Vec<u8> {
    let lines = Lines::new(frame).expect("no frame here is over 64 KiB");
    lines.flat_map(|line| line.as_ref().to_vec()).collect()
}

fn check(bytes: &[u8]) {
    let mut memory = [0; MEMORY_BYTES];
    let mut reassembler = Reassembler::new(&mut memory);
    for byte in bytes {
        if let Ok(Some(frame)) = reassembler.push(*byte) {
            check_frame(frame);
        }
    }
}

/// A frame is put together again from its own lines, and whoever sent it can be answered.
fn check_frame(frame: &[u8]) {
    assert!(frame.len() + FRAMING_BYTES <= MEMORY_BYTES);
    let mut memory = [0; MEMORY_BYTES];
    let mut reassembler = Reassembler::new(&mut memory);
    let (last, all) = text(frame)
        .split_last()
        .map(|(l, a)| (*l, a.to_vec()))
        .expect("a line's end");
    assert!(all.iter().all(|byte| reassembler.push(*byte) == Ok(None)));
    assert_eq!(reassembler.push(last), Ok(Some(frame)));
    match Request::read(frame) {
        Ok((header, request)) => check_answer(&header, &answer(&request)),
        Err(unread) => {
            if let Some(header) = unread.header {
                check_answer(&header, &Answer::No(unread.failure));
            }
        }
    }
}

fn answer<'f>(request: &Request<'f>) -> Answer<'f> {
    match *request {
        Request::Echo(text) => Answer::Echo(text),
        Request::Upload(upload) => Answer::Uploaded {
            offset: upload.offset,
        },
        _ => Answer::Done,
    }
}

fn check_answer(asked: &Header, answer: &Answer<'_>) {
    let mut buffer = [0; MEMORY_BYTES];
    let length = answer
        .write(asked, &mut buffer)
        .expect("no longer than what was asked");
    let (header, _) = Header::read(&buffer[..length]).expect("an answer is a frame");
    assert_eq!(header, asked.answered(header.length));
}

/// The device's reader and the host's say the same of a bundle.
fn check_start(bytes: &[u8]) {
    let start = BundleStart::read(bytes);
    let Ok(file) = BundleFile::read(&mut Cursor::new(bytes)) else {
        return;
    };
    let start = start
        .expect("the host reads it")
        .expect("all of it is there");
    let parts = start.parts();
    assert_eq!(parts.roots, file.roots);
    assert_eq!(parts.revocations, file.revocations.as_deref());
    assert_eq!(
        (parts.statement, parts.envelope),
        (&*file.statement, &*file.envelope)
    );
    assert_eq!(start.bytes as u64, file.payload_offset);
    assert_eq!(u64::from(start.image_bytes), file.payload_len);
}
