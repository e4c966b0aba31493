//! A client that speaks to a service as `smpclient` does: the device says where the next part belongs.

#![expect(
    clippy::unwrap_used,
    reason = "a client that isn't understood fails its test"
)]

use mainstay_smp::{HEADER_BYTES, Header, Operation, Version};
use minicbor::{Decoder, Encoder};

use crate::world::{BUFFER_BYTES, TestService};

/// Bytes of image data in a part: what a client finds room for.
const PART_BYTES: usize = BUFFER_BYTES as usize - 100;
/// More parts than any upload here has.
const PARTS_MAX: usize = 2000;

/// What a device answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answered {
    pub offset: Option<u32>,
    pub code: Option<u16>,
    pub reason: Option<String>,
    /// Code of the group of images.
    pub image_code: Option<u16>,
    /// Version and raised flags of each image.
    pub images: Vec<(String, Vec<String>)>,
    pub buffer_bytes: Option<u16>,
    pub echoed: Option<String>,
}

/// Asks one thing.
pub fn ask(
    service: &mut TestService,
    (operation, group, command): (Operation, u16, u8),
    body: &[u8],
    now_ms: u64,
) -> Answered {
    let header = Header {
        operation,
        version: Version::V2,
        length: body.len() as u16,
        group,
        sequence: 9,
        command,
    };
    let frame = [&header.bytes(), body].concat();
    let mut buffer = [0; 512];
    let length = service.answer(&frame, now_ms, &mut buffer).unwrap();
    read(&buffer[HEADER_BYTES..length])
}

fn read(body: &[u8]) -> Answered {
    let mut d = Decoder::new(body);
    let mut answered = Answered::default();
    for _ in 0..d.map().unwrap().unwrap() {
        match d.str().unwrap() {
            "off" => answered.offset = Some(d.u32().unwrap()),
            "rc" => answered.code = Some(d.u16().unwrap()),
            "rsn" => answered.reason = Some(d.str().unwrap().to_owned()),
            "r" => answered.echoed = Some(d.str().unwrap().to_owned()),
            "buf_size" => answered.buffer_bytes = Some(d.u16().unwrap()),
            "images" => answered.images = images(&mut d),
            "err" => answered.image_code = Some(error(&mut d)),
            _ => d.skip().unwrap(),
        }
    }
    answered
}

fn error(d: &mut Decoder<'_>) -> u16 {
    assert_eq!(d.map().unwrap(), Some(2));
    assert_eq!((d.str().unwrap(), d.u16().unwrap()), ("group", 1));
    assert_eq!(d.str().unwrap(), "rc");
    d.u16().unwrap()
}

fn images(d: &mut Decoder<'_>) -> Vec<(String, Vec<String>)> {
    let count = d.array().unwrap().unwrap();
    (0..count).map(|_| image(d)).collect()
}

fn image(d: &mut Decoder<'_>) -> (String, Vec<String>) {
    let (mut version, mut flags) = (String::new(), Vec::new());
    for _ in 0..d.map().unwrap().unwrap() {
        match d.str().unwrap() {
            "version" => d.str().unwrap().clone_into(&mut version),
            "slot" | "hash" => d.skip().unwrap(),
            flag => {
                flags.push(flag.to_owned());
                assert!(d.bool().unwrap());
            }
        }
    }
    (version, flags)
}

/// What is in the slots.
pub fn state(service: &mut TestService) -> Vec<(String, Vec<String>)> {
    ask(service, (Operation::Read, 1, 0), &[0xa0], 0).images
}

/// Tries an image out, or keeps the one that runs.
pub fn write_state(
    service: &mut TestService,
    hash: Option<&[u8]>,
    confirm: bool,
    now_ms: u64,
) -> Answered {
    let mut e = Encoder::new(Vec::new());
    e.map(1 + u64::from(hash.is_some())).unwrap();
    if let Some(hash) = hash {
        e.str("hash").unwrap().bytes(hash).unwrap();
    }
    e.str("confirm").unwrap().bool(confirm).unwrap();
    ask(service, (Operation::Write, 1, 0), &e.into_writer(), now_ms)
}

/// Sends the part of `file` at this offset.
pub fn part(service: &mut TestService, file: &[u8], offset: u32, now_ms: u64) -> Answered {
    let at = offset as usize;
    let data = &file[at..file.len().min(at + PART_BYTES)];
    let mut e = Encoder::new(Vec::new());
    e.map(if offset == 0 { 4 } else { 2 }).unwrap();
    e.str("off").unwrap().u32(offset).unwrap();
    e.str("data").unwrap().bytes(data).unwrap();
    if offset == 0 {
        e.str("len").unwrap().u32(file.len() as u32).unwrap();
        e.str("sha").unwrap().bytes(&name(file)).unwrap();
    }
    ask(service, (Operation::Write, 1, 1), &e.into_writer(), now_ms)
}

/// What the client calls a file. Any 32 bytes that are the file's will do.
fn name(file: &[u8]) -> [u8; 32] {
    use mainstay_trust::{Hasher as _, Primitives as _};
    let mut hasher = mainstay_trust::RustCrypto.hasher();
    hasher.update(file);
    hasher.finish().0
}

/// Uploads a file, and returns the last answer and how many bytes were sent.
pub fn upload(service: &mut TestService, file: &[u8], now_ms: u64) -> (Answered, usize) {
    let (mut offset, mut sent) = (0, 0);
    for _ in 0..PARTS_MAX {
        sent += file.len().min(offset as usize + PART_BYTES) - offset as usize;
        let answered = part(service, file, offset, now_ms);
        match answered.offset {
            Some(next) if next as usize != file.len() => offset = next,
            _ => return (answered, sent),
        }
    }
    panic!("the upload doesn't end");
}
