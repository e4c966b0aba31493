//! Payloads well above the bound of earlier versions: from the packing to the last byte at a device, and nowhere whole in memory.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::process::Command;

use mainstay_artifact::{Builder, ClassName, PackRequest, Packed, pack_file};
use mainstay_client::Operator;
use mainstay_fleet::DeviceId;
use mainstay_keys::HostPrimitives;
use mainstay_trust::{
    BootloaderVersion, Digest, DigestAlgorithm, Hasher as _, Primitives as _, verify,
};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};

use crate::ddi::gateway::{Gateway, furnished_in};
use crate::house::{self, Artifact, House};

/// Half as much again as any payload could have before.
const BYTES: u64 = 96 << 20;
/// What all of it may take of memory, server and clients together: a few pieces of each stream.
const MEMORY_BYTES: u64 = 40 << 20;
/// What a device asks for at once.
const RANGE_BYTES: u64 = 16 << 20;

/// An image that nobody keeps: each block of it differs from the others.
struct Image {
    block: Vec<u8>,
    at: u64,
}

fn image() -> impl Read {
    let block = (0..=u8::MAX).cycle().take(1 << 16).collect();
    Image { block, at: 0 }.take(BYTES)
}

impl Read for Image {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.block.len() as u64;
        let number = (self.at / size).to_be_bytes();
        self.block[..number.len()].copy_from_slice(&number);
        let from = usize::try_from(self.at % size).unwrap();
        let read = Read::read(&mut &self.block[from..], buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

fn request() -> PackRequest {
    PackRequest {
        class: ClassName::parse(house::CLASS).unwrap(),
        version: "1.1.0".to_owned(),
        sequence: 2,
        security_floor: 0,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: Vec::new(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    }
}

/// Packed and signed, into a file that goes away with its name.
fn packed(house: &House) -> (Packed, File) {
    let root = verify::pinned_root(&house.root, &HostPrimitives).unwrap();
    let builder = Builder {
        signer: &house.engineer,
        root: &root,
    };
    let mut file = tempfile::tempfile().unwrap();
    let packed = pack_file::into_file(
        &request(),
        &mut image(),
        BYTES,
        Some(builder),
        &mut file,
        &HostPrimitives,
    );
    (packed.unwrap(), file)
}

/// Hands it in as the command line does, has it approved, and rolls it out.
async fn roll_out(house: &House, packed: &Packed, mut file: File) {
    let bytes = file.metadata().unwrap().len();
    file.rewind().unwrap();
    let engineer = Operator::new(&house.base, &house.tokens.engineer).unwrap();
    let artifact = mainstay_client::Artifact::new(file, bytes);
    let release = engineer.submit("maintenance", artifact).await.unwrap();
    assert_eq!(release.image_bytes, BYTES);
    let approved = house.approved(&Artifact {
        envelope: packed.envelope.clone(),
        image: Vec::new(),
        manifest: packed.manifest_digest,
        image_digest: packed.image_digest,
        sequence: 2,
        version: "1.1.0".to_owned(),
    });
    let manager = Operator::new(&house.base, &house.tokens.manager).unwrap();
    manager.approve(&release.id, approved).await.unwrap();
    let operations = Operator::new(&house.base, &house.tokens.operations).unwrap();
    operations.roll_out(&release.id).await.unwrap();
    house.advance().await;
    house.later(1);
}

/// Hashes an answer to its end, piece by piece; `between` is called once, after the first piece.
async fn hashed(
    mut answer: Response,
    hasher: &mut impl mainstay_trust::Hasher,
    between: impl FnOnce(),
) -> u64 {
    let (mut bytes, mut between) = (0, Some(between));
    while let Some(piece) = answer.chunk().await.unwrap() {
        hasher.update(&piece);
        bytes += piece.len() as u64;
        if let Some(between) = between.take() {
            between();
        }
    }
    bytes
}

/// All of it by hawkBit's protocol, in one answer. The device is heard of while that lasts.
async fn by_ddi(house: &House, gateway: &Gateway) -> Digest {
    assert!(gateway.is_offered(house).await);
    let number = gateway.order(house).await.number;
    let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
    let whole = gateway.get(house, &path).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let mut hasher = HostPrimitives.hasher();
    let later = || house.later(60);
    assert_eq!(hashed(whole, &mut hasher, later).await, BYTES);
    assert_eq!(last_seen(house, &gateway.id).await, house.app.now());
    hasher.finish()
}

/// All of it by our own protocol, range by range.
async fn by_ranges(house: &House, gateway: &Gateway, image: &Digest) -> Digest {
    assert!(gateway.is_offered(house).await);
    house.later(60);
    let mut hasher = HostPrimitives.hasher();
    for first in (0..BYTES).step_by(usize::try_from(RANGE_BYTES).unwrap()) {
        let path = format!("/device/v1/payloads/{image}");
        let last = first + RANGE_BYTES - 1;
        let part = house.request(Method::GET, &path, &gateway.token);
        let part = part.header(RANGE, format!("bytes={first}-{last}"));
        let part = part.send().await.unwrap();
        assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
        let range = format!("bytes {first}-{last}/{BYTES}");
        assert_eq!(part.headers()[CONTENT_RANGE], *range);
        assert_eq!(hashed(part, &mut hasher, || ()).await, RANGE_BYTES);
    }
    assert_eq!(last_seen(house, &gateway.id).await, house.app.now());
    hasher.finish()
}

async fn last_seen(house: &House, device: &DeviceId) -> jiff::Timestamp {
    house.app.flush_last_seen().await;
    let device = house.app.store().device(device).await.unwrap();
    device
        .expect("it is registered")
        .last_seen
        .expect("it was heard of")
}

/// A figure of this process, in bytes.
fn memory(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim_matches([':', ' ', '\t']).split(' ').next());
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap() * 1024
}

/// What is said at the end of [`alone`].
const ALL_THE_WAY: &str = "it went all the way";
/// Says that this process was started for [`alone`].
const ALONE: &str = "MAINSTAY_TEST_ALONE";

/// In a process of its own, whose memory nobody else uses: [`a_payload_above_the_old_bound_goes_all_the_way`] starts it, and asks whether it
/// got to its end. Anywhere else it does nothing.
#[tokio::test]
async fn alone() {
    if std::env::var_os(ALONE).is_none() {
        return;
    }
    let plan = crate::ddi::gateway::plan().replacen("50 MB", "10 GB", 1);
    let (house, [one, other]) = furnished_in(House::under(&plan).await).await;
    // From here on the highest figure is counted anew (proc(5)).
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS");
    let (packed, file) = packed(&house);
    roll_out(&house, &packed, file).await;
    assert_eq!(by_ddi(&house, &one).await, packed.image_digest);
    let found = by_ranges(&house, &other, &packed.image_digest).await;
    assert_eq!(found, packed.image_digest);
    let grown = memory("VmHWM").saturating_sub(before);
    assert!(grown < MEMORY_BYTES, "{grown} bytes");
    println!("{ALL_THE_WAY}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_payload_above_the_old_bound_goes_all_the_way() {
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "large::alone", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains(ALL_THE_WAY),
        "{said}"
    );
}
