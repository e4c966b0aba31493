//! Payloads well above the bound of earlier versions, and uploads that take their time: from the packing to the last byte at a device, and nowhere whole in memory.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use mainstay_artifact::container::{ArtifactFile, MAGIC};
use mainstay_artifact::{Builder, ClassName, PackRequest, Packed, pack_file};
use mainstay_client::Operator;
use mainstay_fleet::DeviceId;
use mainstay_keys::HostPrimitives;
use mainstay_server::{AppConfig, Times};
use mainstay_trust::{
    BootloaderVersion, Digest, DigestAlgorithm, Hasher as _, Primitives as _, verify,
};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::ddi::gateway::{Gateway, furnished_in};
use crate::house::{self, Artifact, House};
use crate::patience::until;
use crate::payloads::SUBMIT;

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

/// In a process of its own, whose memory nobody else uses: [`a_payload_above_the_old_bound_goes_all_the_way`] starts it.
#[tokio::test]
#[ignore = "another test runs it, in a process of its own"]
async fn alone() {
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
}

#[cfg(target_os = "linux")]
#[test]
fn a_payload_above_the_old_bound_goes_all_the_way() {
    let words = ["--exact", "large::alone", "--ignored"];
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(words)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(
        ended.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

/// A house whose server waits for nobody as long as others do.
async fn impatient(times: Times) -> House {
    let config = AppConfig {
        times,
        ..AppConfig::default()
    };
    House::told(config).await
}

/// One request by hand, so that its body comes as the test wants.
struct Sender(TcpStream);

impl Sender {
    async fn begin(house: &House, path: &str, token: Option<&str>, bytes: u64) -> Self {
        let address: SocketAddr = house.base.strip_prefix("http://").unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let shown = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\n{}content-length: {bytes}\r\n\r\n",
            shown.unwrap_or_default()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        Self(stream)
    }

    async fn sends(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Sends so many MiB more, or until it is cut off. How many it got rid of.
    async fn goes_on(&mut self, most: u64) -> u64 {
        let (piece, mut heard) = (vec![7; 1 << 20], 0);
        let sends = async {
            while heard < most && self.0.write_all(&piece).await.is_ok() {
                heard += 1;
            }
        };
        timeout(Duration::from_secs(60), sends)
            .await
            .expect("it is heard or cut off");
        heard
    }

    /// The status of the answer, and whether the id of a refusal stands in it.
    async fn hears(&mut self, id: &str) -> (u16, bool) {
        let mut said = Vec::new();
        let whole = async {
            while !said.ends_with(b"}") && self.0.read_buf(&mut said).await.unwrap() > 0 {}
        };
        timeout(Duration::from_secs(30), whole)
            .await
            .expect("an answer");
        let said = String::from_utf8_lossy(&said);
        let status = said
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        (
            status.expect("a status"),
            said.contains(&format!("\"{id}\"")),
        )
    }
}

/// Larger than what is read before an artifact is judged.
fn some(house: &House) -> Artifact {
    let image = vec![7; 300_000];
    house.signed(house::packed_image(image, 0, house::CLASS, "1.1.0", 2, &[]))
}

fn kept(house: &House) -> usize {
    fs::read_dir(house.data.blobs()).unwrap().count()
}

#[tokio::test]
async fn an_upload_that_stalls_is_ended_and_leaves_nothing() {
    let house = impatient(Times {
        stall: Duration::from_millis(300),
        ..Times::default()
    })
    .await;
    let file = some(&house).file();
    let engineer = Some(house.tokens.engineer.as_str());
    // In its frame, and in its payload.
    for sent in [20, file.len() - 10] {
        let began = Instant::now();
        let mut sender = Sender::begin(&house, SUBMIT, engineer, file.len() as u64).await;
        sender.sends(&file[..sent]).await;
        assert_eq!(sender.hears("request.stalled").await, (408, true));
        assert!(began.elapsed() >= Duration::from_millis(300));
        assert_eq!(kept(&house), 0);
    }
}

/// What takes longer than any other request may is waited for, as long as it comes, and no other request is.
#[tokio::test]
async fn a_slow_upload_that_goes_on_is_heard_to_its_end() {
    let request = Duration::from_millis(500);
    let house = impatient(Times {
        request,
        bytes_per_second: 10_000,
        ..Times::default()
    })
    .await;
    let file = some(&house).file();
    let (began, bytes) = (Instant::now(), file.len() as u64);
    let engineer = Some(house.tokens.engineer.as_str());
    let mut sender = Sender::begin(&house, SUBMIT, engineer, bytes).await;
    // Most of it, so that what it is is known; then the rest, little by little.
    let (first, rest) = file.split_at(file.len() - 1000);
    sender.sends(first).await;
    for piece in rest.chunks(100) {
        sleep(Duration::from_millis(100)).await;
        sender.sends(piece).await;
    }
    assert_eq!(sender.hears("signed").await.0, 201);
    assert!(began.elapsed() > request);

    let path = "/api/v1/releases/thermo-v2@1.1.0/approval";
    let manager = Some(house.tokens.manager.as_str());
    let mut other = Sender::begin(&house, path, manager, 1000).await;
    assert_eq!(other.hears("server.too-slow").await, (408, true));
}

/// Who takes longer than the size allows hears why, as all who are refused do, and not that the connection broke.
#[tokio::test]
async fn who_is_too_slow_is_told_so_and_heard_for_a_while() {
    let house = impatient(Times {
        request: Duration::from_secs(2),
        bytes_per_second: u64::MAX,
        ..Times::default()
    })
    .await;
    let image = vec![7; 32 << 20];
    let file = house::packed_image(image, 0, house::CLASS, "1.1.0", 2, &[]);
    let file = house.signed(file).file();
    let engineer = Some(house.tokens.engineer.as_str());
    let mut sender = Sender::begin(&house, SUBMIT, engineer, file.len() as u64).await;
    sender.sends(&file[..1 << 20]).await;
    assert_eq!(sender.hears("server.too-slow").await, (408, true));
    assert_eq!(sender.goes_on(24).await, 24);
    until("nothing of it is left", async || kept(&house) == 0).await;
}

/// Who sends two gigabytes that nobody wants is told so before most of them are sent, and isn't heard for long after that.
#[tokio::test]
async fn who_is_refused_is_told_at_once_and_heard_for_a_while() {
    let house = House::new().await;
    let unsigned = house::packed(house::CLASS, "1.1.0", 2, &[]);
    let envelope = ArtifactFile::from_bytes(&unsigned.file()).unwrap().envelope;
    let length = u16::try_from(envelope.len()).unwrap().to_be_bytes();
    // The same envelope, with the largest payload announced behind it.
    let head = [0x5a, 0x7f, 255, 255, 255];
    let frame = [&MAGIC[..], &[0x59], &length, &envelope, &head].concat();
    let bytes = frame.len() as u64 + (2 << 30) - 1;
    let mut nobody = Sender::begin(&house, SUBMIT, None, bytes).await;
    assert_eq!(nobody.hears("auth.token").await, (401, true));

    let engineer = Some(house.tokens.engineer.as_str());
    let mut sender = Sender::begin(&house, SUBMIT, engineer, bytes).await;
    sender.sends(&frame).await;
    // As much as is read before the frame is judged.
    sender.sends(&vec![7; 1 << 20]).await;
    let (status, _) = sender.hears("trust.unsigned").await;
    assert_eq!(status, 422);
    let heard = sender.goes_on(256).await;
    // Nobody would hear most of that, if it were only what lies in buffers.
    assert!((48..128).contains(&heard), "{heard} MiB");
    assert_eq!(kept(&house), 0);
}

/// Places are few, and come back with whoever leaves, as does the room on the disk.
#[tokio::test]
async fn uploads_under_way_are_few_and_who_leaves_takes_nothing_along() {
    let house = House::new().await;
    let file = some(&house).file();
    let engineer = Some(house.tokens.engineer.as_str());
    let mut senders = Vec::new();
    for number in 1..=4 {
        let mut sender = Sender::begin(&house, SUBMIT, engineer, file.len() as u64).await;
        sender.sends(&file[..file.len() - 1]).await;
        senders.push(sender);
        until("its payload comes", async || kept(&house) == number).await;
    }
    let (status, id) = house
        .refused(SUBMIT, &house.tokens.engineer, file.clone())
        .await;
    assert_eq!((status, id.as_str()), (503, "server.busy"));
    drop(senders);
    until("nothing of them is left", async || kept(&house) == 0).await;
    let taken = house.post(SUBMIT, &house.tokens.engineer, file).await;
    assert_eq!(taken.status(), StatusCode::CREATED);
}
