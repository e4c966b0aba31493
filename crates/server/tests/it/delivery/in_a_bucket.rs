//! A mirror that is the server's own bucket: devices are sent there by addresses that its key signs.

use std::sync::Arc;

use mainstay_keys::HostPrimitives;
use mainstay_protocol::PIECE_DIGEST_HEADER;
use mainstay_server::{Advance, AppConfig, PagesAccess};
use mainstay_store::S3Blobs;
use mainstay_store::blobs::{S3Key, S3Place};
use mainstay_trust::Primitives as _;
use reqwest::StatusCode;

use super::{MIRROR, asked, furnished, halt, header, plan, promised};
use crate::bucket::{self, Bucket};
use crate::house::{House, problem};

/// A house whose payloads lie in this bucket, under a plan that sends devices there.
async fn house_in(bucket: &Bucket) -> House {
    let with_address = plan("bucket");
    let plan = with_address.replace(&format!("url = \"{MIRROR}\"\n"), "");
    assert_ne!(plan, with_address);
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        advance: Advance::ByCaller,
        ..AppConfig::default()
    };
    let mut house = furnished(&plan, config.clone()).await;
    let blobs = S3Blobs::new(&place(bucket)).unwrap();
    let store = house.same_store().await;
    house.serve_anew(store, Arc::new(blobs), config).await;
    house
}

fn place(bucket: &Bucket) -> S3Place {
    let (id, secret) = key();
    S3Place {
        bucket: "northwind".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: Some(bucket.endpoint.clone()),
        prefix: "fleet/".to_owned(),
        key: Some(S3Key {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }),
    }
}

fn key() -> (&'static str, &'static str) {
    let (id, secret) = bucket::KEY.trim_end().split_once('\n').unwrap();
    (id, secret)
}

#[tokio::test]
async fn a_device_that_goes_elsewhere_gets_its_payload_out_of_the_bucket() {
    let bucket = Bucket::new();
    let house = house_in(&bucket).await;
    let (gadgets, new) = promised(&house).await;
    let digest = new.image_digest.to_string();
    let object = format!("fleet/{}/{digest}", &digest[..2]);
    let names = bucket.names();
    assert!(names.contains(&object), "{names:?}");

    let part = ("range", "bytes=100-199");
    let goes = [("mainstay-elsewhere", "sha-256"), part];
    let sent = asked(&house, &gadgets[0], &new, &goes).await;
    assert_eq!(sent.status(), StatusCode::TEMPORARY_REDIRECT);
    let piece_digest = header(&sent, PIECE_DIGEST_HEADER);
    let address = header(&sent, "location");
    let begins = format!("{}/northwind/{object}?", bucket.endpoint);
    let signed = address.strip_prefix(&begins).expect(&address);
    for word in ["X-Amz-Signature=", "X-Amz-Expires=900"] {
        assert!(signed.contains(word), "{word} in {address}");
    }
    assert!(!address.contains(key().1) && !address.contains(&gadgets[0].token));
    // Whoever follows shows nothing of what lets them in at the server.
    let follows = house.http.get(&address).header(part.0, part.1);
    let piece = follows.send().await.unwrap();
    assert_eq!(piece.status(), StatusCode::PARTIAL_CONTENT);
    let piece = piece.bytes().await.unwrap();
    assert_eq!(piece, new.image[100..200]);
    assert_eq!(piece_digest, HostPrimitives.digest(&piece).to_string());
    let whole = house.http.get(&address).send().await.unwrap();
    assert_eq!(whole.bytes().await.unwrap(), new.image);

    // Who doesn't say that they go elsewhere is served here, out of the same bucket.
    let served = asked(&house, &gadgets[0], &new, &[part]).await;
    assert_eq!(served.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(served.bytes().await.unwrap(), new.image[100..200]);

    halt(&house).await;
    let refused = asked(&house, &gadgets[1], &new, &goes).await;
    let told = problem(refused).await;
    assert_eq!(told, (404, "request.not-found".to_owned()));
}
