//! Uploads that take their time, or that nobody wants: who sends them is told why, and nothing is left of them.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use mainstay_artifact::container::{ArtifactFile, MAGIC};
use mainstay_server::{AppConfig, Bounds, Times};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::house::{self, Artifact, House};
use crate::patience::until;
use crate::payloads::SUBMIT;

/// Far longer than anything here takes on a slow machine.
const LONG: Duration = Duration::from_secs(180);

/// A house whose server waits for nobody as long as others do.
async fn impatient(times: Times) -> House {
    furnished(times, Bounds::default()).await
}

async fn furnished(times: Times, bounds: Bounds) -> House {
    let config = AppConfig {
        times,
        bounds,
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
        timeout(LONG, sends).await.expect("it is heard or cut off");
        heard
    }

    /// The status of the answer, and whether the id of a refusal stands in it.
    async fn hears(&mut self, id: &str) -> (u16, bool) {
        let mut said = Vec::new();
        let whole = async {
            while !said.ends_with(b"}") && self.0.read_buf(&mut said).await.unwrap() > 0 {}
        };
        timeout(LONG, whole).await.expect("an answer");
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
    let bounds = Bounds {
        body_wait: Duration::from_millis(300),
        ..Bounds::default()
    };
    let house = furnished(Times::default(), bounds).await;
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
    assert_eq!(status, 400);
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
