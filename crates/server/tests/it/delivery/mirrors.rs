//! Which device is sent to which mirror, and what it is told.

use mainstay_api::Why;
use mainstay_keys::HostPrimitives;
use mainstay_trust::Primitives as _;

use super::{MIRROR, asked, header, house, plan, promised};
use crate::house::PLAN;

const GOES: (&str, &str) = ("mainstay-elsewhere", "sha-256");

#[tokio::test]
async fn who_says_so_is_sent_to_the_near_mirror_with_the_pieces_digest() {
    let house = house(&plan("plain")).await;
    let (gadgets, new) = promised(&house).await;
    for (range, bytes) in [("bytes=0-99", 0..100), ("bytes=1800-", 1800..1900)] {
        let sent = asked(&house, &gadgets[0], &new, &[GOES, ("range", range)]).await;
        assert_eq!(sent.status(), 307);
        let digest = new.image_digest.to_string();
        let at = format!("{MIRROR}/{}/{digest}", &digest[..2]);
        assert_eq!(header(&sent, "location"), at);
        let piece = HostPrimitives.digest(&new.image[bytes]).to_string();
        assert_eq!(header(&sent, "mainstay-piece-digest"), piece, "{range}");
        assert_eq!(sent.bytes().await.unwrap().len(), 0);
    }
}

/// Old agents, and devices whose client follows nobody, never see a redirect.
#[tokio::test]
async fn everybody_else_is_served_here() {
    let house = house(&plan("signed")).await;
    let (gadgets, new) = promised(&house).await;
    for headers in [
        vec![],
        vec![("range", "bytes=0-99")],
        vec![GOES],
        vec![("mainstay-elsewhere", "md5"), ("range", "bytes=0-99")],
        vec![GOES, ("range", "bytes=0-9,20-29")],
    ] {
        let served = asked(&house, &gadgets[0], &new, &headers).await;
        assert!(served.status().is_success(), "{headers:?}");
        assert_eq!(header(&served, "location"), "");
    }
}

#[tokio::test]
async fn a_device_that_no_mirror_is_near_is_served_here() {
    let far = plan("plain").replace("America/", "Europe/");
    for plan in [far.as_str(), PLAN] {
        let house = house(plan).await;
        let (gadgets, new) = promised(&house).await;
        let range = ("range", "bytes=0-99");
        let served = asked(&house, &gadgets[0], &new, &[GOES, range]).await;
        assert_eq!(served.status(), 206);
    }
}

/// A folder gives no links, so that its devices are served by the server.
#[tokio::test]
async fn a_bucket_that_is_a_folder_sends_nobody_anywhere() {
    let bucket = plan("bucket").replace(&format!("url = \"{MIRROR}\"\n"), "");
    let house = house(&bucket).await;
    let (gadgets, new) = promised(&house).await;
    let served = asked(&house, &gadgets[0], &new, &[GOES, ("range", "bytes=0-99")]).await;
    assert_eq!(served.status(), 206);
}

/// A mirror is told no digest of what a device may not have.
#[tokio::test]
async fn who_may_not_fetch_is_sent_nowhere() {
    let house = house(&plan("plain")).await;
    let (gadgets, new) = promised(&house).await;
    super::halt(&house).await;
    let refused = asked(&house, &gadgets[0], &new, &[GOES, ("range", "bytes=0-99")]).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(header(&refused, "location"), "");
}

#[tokio::test]
async fn why_says_from_where() {
    let house = house(&plan("signed")).await;
    promised(&house).await;
    let path = "/api/v1/devices/th-1/why";
    let why: Why = house.get(path, &house.tokens.engineer).await;
    let told = "it is sent to the mirror denver: its zone is America/Denver.";
    assert!(why.sentence.contains(told), "{}", why.sentence);
    let plain = super::house(PLAN).await;
    promised(&plain).await;
    let why: Why = plain.get(path, &plain.tokens.engineer).await;
    assert!(!why.sentence.contains("mirror"), "{}", why.sentence);
}
