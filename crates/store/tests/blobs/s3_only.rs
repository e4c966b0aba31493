//! Payloads in a bucket: the server that judges it, and what is the bucket's own.
//!
//! The judge is moto, which many projects try their S3 code against, behind a guard that lets in what botocore would have signed alike ([`Judge`]).
//! It answers for all that the contract asks; how an S3 server fails is played by a few lines here.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mainstay_store::Blobs as _;
use mainstay_store::blobs::{S3Blobs, S3Key, S3Place};
use mainstay_trust::Digest;
use object_store::ObjectStoreExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;

use super::digest;
use super::judge::Judge;

const SECRET: &str = "never-to-be-shown";
const KEY: &str = "AKIDEXAMPLE";

/// One server for all tests of this process. It ends when this process does.
fn judge() -> &'static Judge {
    static JUDGE: OnceLock<Judge> = OnceLock::new();
    JUDGE.get_or_init(|| Judge::new(KEY, SECRET))
}

/// A place in a new bucket of the judge.
pub fn place() -> S3Place {
    static BUCKETS: AtomicU32 = AtomicU32::new(0);
    let bucket = format!("blobs-{}", BUCKETS.fetch_add(1, Ordering::Relaxed));
    judge().make(&bucket);
    at(&bucket, &judge().endpoint)
}

fn at(bucket: &str, endpoint: &str) -> S3Place {
    S3Place {
        bucket: bucket.to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint.to_owned()),
        prefix: "mainstay/".to_owned(),
        key: Some(S3Key {
            id: KEY.to_owned(),
            secret: SECRET.to_owned(),
            token: None,
        }),
    }
}

/// Writes over the object of a blob, by a hand that isn't ours.
pub async fn damage(place: &S3Place, digest: Digest, bytes: Vec<u8>) {
    let bucket: AmazonS3 = AmazonS3Builder::new()
        .with_bucket_name(&place.bucket)
        .with_region(&place.region)
        .with_endpoint(&judge().endpoint)
        .with_allow_http(true)
        .with_access_key_id(KEY)
        .with_secret_access_key(SECRET)
        .build()
        .expect("a place");
    let name = digest.to_string();
    let key = Path::from(format!("mainstay/{}/{name}", &name[..2]));
    bucket.put(&key, bytes.into()).await.expect("writable");
}

/// A server that answers each request with the next of these heads and bodies, and the last one for ever. Counts them.
fn playing(answers: &'static [&'static str]) -> (String, &'static AtomicU32) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let asked: &AtomicU32 = Box::leak(Box::default());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let number = asked.fetch_add(1, Ordering::SeqCst) as usize;
            let answer = answers[number.min(answers.len() - 1)];
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().expect("a handle"));
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).expect("a head") > 0 {}
            // Whoever has gone by now has had enough of it.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (address, asked)
}

/// A bucket that somebody uses, be it a server, is no place for a mirror.
#[tokio::test]
async fn what_is_in_a_bucket_is_seen() {
    let place = place();
    let blobs = S3Blobs::new(&place).expect("a place");
    assert!(blobs.holds_nothing().await.expect("listed"));
    blobs.probe().await.expect("writable");
    assert!(!blobs.holds_nothing().await.expect("listed"));
    let beside = S3Place {
        prefix: "elsewhere/".to_owned(),
        ..place
    };
    let beside = S3Blobs::new(&beside).expect("a place");
    assert!(beside.holds_nothing().await.expect("listed"));
}

/// Asks as somebody without a key, at an address of the judge.
fn asked(address: &str) -> String {
    let rest = address.strip_prefix("http://").expect("the judge's");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("it listens");
    let head = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// That the judge refuses whoever asks at this address, for this reason.
fn assert_refused(address: &str, code: &str) {
    let answer = asked(address);
    assert!(answer.starts_with("HTTP/1.1 403"), "{address}: {answer}");
    assert!(
        answer.contains(&format!("<Code>{code}</Code>")),
        "{address}: {answer}"
    );
}

const QUARTER: Duration = Duration::from_secs(900);

async fn link(blobs: &S3Blobs, digest: &Digest, lasts: Duration) -> String {
    let link = blobs.link(digest, lasts).await.expect("signed");
    link.expect("a bucket gives links")
}

/// Where an object is, below its server.
fn path_of(digest: &Digest) -> String {
    let name = digest.to_string();
    format!("/mainstay/{}/{name}", &name[..2])
}

/// The address is signed for this object alone, and shows no secret.
#[tokio::test]
async fn a_link_opens_one_blob_for_a_while() {
    let blobs = S3Blobs::new(&place()).expect("a place");
    let digest = super::put(&blobs, b"the bytes of a blob").await;
    let signed = link(&blobs, &digest, QUARTER).await;
    assert!(
        signed.contains(&format!("{}?", path_of(&digest))),
        "{signed}"
    );
    for part in [
        "X-Amz-Signature=",
        "X-Amz-Expires=900",
        "X-Amz-Credential=AKIDEXAMPLE",
    ] {
        assert!(signed.contains(part), "{part} in {signed}");
    }
    assert!(!signed.contains(SECRET), "{signed}");
    let answer = asked(&signed);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("the bytes of a blob"), "{answer}");
    let year = Duration::from_secs(365 * 24 * 3600);
    let longest = link(&blobs, &digest, year).await;
    assert!(longest.contains("X-Amz-Expires=604800"), "{longest}");
    let answer = asked(&longest);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Whoever has a link can't make another one of it.
#[tokio::test]
async fn a_link_that_somebody_altered_opens_nothing() {
    let blobs = S3Blobs::new(&place()).expect("a place");
    let digest = super::put(&blobs, b"the bytes of a blob").await;
    let another = super::put(&blobs, b"what it isn't for").await;
    let signed = link(&blobs, &digest, QUARTER).await;
    let last = match signed.ends_with('0') {
        true => '1',
        false => '0',
    };
    let signature = format!("{}{last}", &signed[..signed.len() - 1]);
    for altered in [
        signed.replace(&path_of(&digest), &path_of(&another)),
        signed.replace("X-Amz-Expires=900", "X-Amz-Expires=604800"),
        signature,
        format!("{signed}&versionId=1"),
    ] {
        assert_ne!(altered, signed);
        assert_refused(&altered, "SignatureDoesNotMatch");
    }
    let (bare, _) = signed.split_once('?').expect("it is signed behind it");
    assert_refused(bare, "AccessDenied");
}

#[tokio::test]
async fn a_link_that_is_over_opens_nothing() {
    let blobs = S3Blobs::new(&place()).expect("a place");
    let digest = super::put(&blobs, b"the bytes of a blob").await;
    let short = link(&blobs, &digest, Duration::from_secs(1)).await;
    // Its second is one of the judge's clock, which nobody can set.
    for _ in 0..100 {
        if asked(&short).starts_with("HTTP/1.1 403") {
            return assert_refused(&short, "AccessDenied");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it opens after ten seconds");
}

/// The judge compares what is signed, or nothing of all this shows anything.
#[tokio::test]
async fn another_key_or_secret_is_refused_and_told() {
    let place = place();
    let blobs = S3Blobs::new(&place).expect("a place");
    let kept = super::put(&blobs, b"kept").await;
    for (id, secret, words) in [
        (
            KEY,
            "another-secret",
            "another secret belongs to this key (SignatureDoesNotMatch)",
        ),
        (
            "AKIDNOBODY",
            SECRET,
            "the key isn't known there (InvalidAccessKeyId)",
        ),
    ] {
        let key = S3Key {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        };
        let other = S3Place {
            key: Some(key),
            ..place.clone()
        };
        let other = S3Blobs::new(&other).expect("a place");
        let refused = other.probe().await.expect_err("refused");
        assert_eq!(refused.id(), "store.unreadable");
        let told = refused.to_string();
        assert!(told.contains(words), "{told}");
        assert!(!told.contains(secret), "{told}");
        let put = super::pieces(bytes::Bytes::from_static(b"whole"));
        let refused = other.put(&digest(b"whole"), 5, put).await;
        assert_eq!(
            super::id(&refused.expect_err("refused")),
            "store.unreadable"
        );
        let refused = other.size(&kept).await.expect_err("refused");
        assert_eq!(refused.id(), "store.unreadable", "it isn't called lost");
    }
    let put = blobs.size(&digest(b"whole")).await.expect("it can be told");
    assert_eq!(put, None, "nothing was kept of it");
    let everything = format!("{}/{}?list-type=2", judge().endpoint, place.bucket);
    assert_refused(&everything, "AccessDenied");
}

const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nConnection: close\r\n\r\n\
    <?xml version=\"1.0\"?><Error><Code>SignatureDoesNotMatch</Code><Message>no</Message>\
    <AWSAccessKeyId>AKIDEXAMPLE</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 20261127</StringToSign></Error>";
const BUSY: &str = "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const KEPT: &str =
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: \"e\"\r\nConnection: close\r\n\r\n";
const THERE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: \"e\"\r\n\
    Last-Modified: Fri, 27 Nov 2026 11:00:00 GMT\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn what_a_server_repeats_of_a_signature_is_not_told() {
    let (address, asked) = playing(&[REFUSED]);
    let blobs = S3Blobs::new(&at("blobs", &address)).expect("a place");
    let put = super::pieces(bytes::Bytes::from_static(b"whole"));
    let digest = digest(b"whole");
    let refused = blobs.put(&digest, 5, put).await.expect_err("refused");
    let told = format!("{refused} {refused:?} {blobs:?}");
    assert!(told.contains("SignatureDoesNotMatch"), "{told}");
    assert!(
        told.contains(&format!("s3://blobs/mainstay/{digest}")),
        "{told}"
    );
    for hidden in [SECRET, KEY, "AWS4", "StringToSign"] {
        assert!(!told.contains(hidden), "{told}");
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        1,
        "a refusal isn't asked about again"
    );
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_and_a_lasting_one_told() {
    let (address, _) = playing(&[BUSY, BUSY, THERE]);
    let blobs = S3Blobs::new(&at("blobs", &address)).expect("a place");
    assert_eq!(
        blobs.size(&digest(b"whole")).await.expect("at last"),
        Some(7)
    );
    let (address, asked) = playing(&[BUSY]);
    let blobs = S3Blobs::new(&at("blobs", &address)).expect("a place");
    let failed = blobs.size(&digest(b"whole")).await.expect_err("busy");
    assert_eq!(failed.id(), "store.unreadable");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

/// Readiness asks each second; in a bucket that keeps versions each write would stay for ever.
#[tokio::test]
async fn a_bucket_that_took_a_write_is_not_written_to_at_once_again() {
    let (address, asked) = playing(&[REFUSED, KEPT]);
    let blobs = S3Blobs::new(&at("blobs", &address)).expect("a place");
    blobs.probe().await.expect_err("refused");
    for _ in 0..3 {
        blobs.probe().await.expect("writable");
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        2,
        "only a failure is asked about again"
    );
}

#[tokio::test]
async fn a_bucket_that_is_not_there_or_an_address_that_is_none_is_told() {
    let nowhere = S3Place {
        bucket: "nobody-made-it".to_owned(),
        ..place()
    };
    let blobs = S3Blobs::new(&nowhere).expect("a place");
    let put = super::pieces(bytes::Bytes::from_static(b"whole"));
    let refused = blobs
        .put(&digest(b"whole"), 5, put)
        .await
        .expect_err("no bucket");
    assert!(refused.to_string().contains("NoSuchBucket"), "{refused}");
    for address in [
        "not an address",
        "https://",
        "https://me:secret@s3.example",
        "s3.example",
    ] {
        let refused = S3Blobs::new(&at("blobs", address)).expect_err(address);
        assert_eq!(refused.id(), "store.unreadable");
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }
}
