//! Links that are signed: who gets a payload by one, and who doesn't.

use mainstay_server::{AppConfig, DeliveryKey, PagesAccess};

use super::{KEY, anybody, asked, furnished, halt, header, house, link, plan, promised};
use crate::door::secrets::Log;
use crate::house::{CLASS, House, packed, problem};

#[tokio::test]
async fn a_link_brings_the_payload_and_any_part_of_it() {
    for links in ["signed", "per-device"] {
        let house = house(&plan(links)).await;
        let (gadgets, new) = promised(&house).await;
        let link = link(&house, &gadgets[0], &new).await;
        assert_eq!(
            link.contains("device=th-1"),
            links == "per-device",
            "{link}"
        );
        let whole = anybody(&house, &link, &[]).await;
        assert_eq!(whole.bytes().await.unwrap(), new.image, "{links}");
        let part = anybody(&house, &link, &[("range", "bytes=100-199")]).await;
        assert_eq!(part.status(), 206);
        assert_eq!(part.bytes().await.unwrap(), new.image[100..200]);
    }
}

/// What is shared is the same for many, so that a cache fetches it once; what isn't, isn't.
#[tokio::test]
async fn links_for_many_are_the_same_for_a_while() {
    let house = house(&plan("signed")).await;
    let (gadgets, new) = promised(&house).await;
    let one = link(&house, &gadgets[0], &new).await;
    assert_eq!(link(&house, &gadgets[1], &new).await, one);
    house.later(15);
    assert_ne!(link(&house, &gadgets[1], &new).await, one);
    // It is good for at least as long as the plan says.
    assert_eq!(anybody(&house, &one, &[]).await.status(), 200);
    house.later(15);
    let late = problem(anybody(&house, &one, &[]).await).await;
    assert_eq!(late, (403, "delivery.expired".to_owned()));
}

/// Asks at each of these places, and expects this refusal, which nobody keeps.
async fn refused(house: &House, status: u16, cases: &[(&str, String, &str)]) {
    for (name, link, id) in cases {
        let refused = anybody(house, link, &[]).await;
        assert_eq!(header(&refused, "cache-control"), "no-store", "{name}");
        let told = problem(refused).await;
        assert_eq!(told, (status, (*id).to_owned()), "{name}");
    }
}

#[tokio::test]
async fn hostile_links_are_refused() {
    let house = house(&plan("per-device")).await;
    let (gadgets, new) = promised(&house).await;
    let own = link(&house, &gadgets[0], &new).await;
    let other = packed(CLASS, "1.2.0", 3, &[]).image_digest.to_string();
    let digest = new.image_digest.to_string();
    let shelf = |digest: &str| format!("/{}/", &digest[..2]);
    let exchanged = own.replace(&digest, &other);
    let exchanged = exchanged.replace(&shelf(&digest), &shelf(&other));
    let (path, query) = own.split_once('?').unwrap();
    let expires = query.split(['=', '&']).nth(1).unwrap();
    let later = own.replace(expires, &format!("{expires}0"));
    let forged = "delivery.bad-signature";
    let malformed = "delivery.malformed-link";
    let cases = [
        ("no query", path.to_owned(), malformed),
        ("a later moment", later, forged),
        ("another device", own.replace("th-1", "th-2"), forged),
        ("nobody's", own.replace("&device=th-1", ""), forged),
        ("one word more", format!("{own}&x=1"), malformed),
        ("another payload", exchanged, forged),
    ];
    refused(&house, 403, &cases).await;
    let nowhere = "request.no-such-place";
    let climbs = own.replace(&digest, "..%2f..%2fmainstay.sqlite");
    let capital = own.replace(&digest, &digest.to_uppercase());
    let first = digest.as_bytes()[0];
    let spelled = own.replace(&digest, &format!("%{first:02x}{}", &digest[1..]));
    let cases = [
        (
            "another shelf",
            own.replace(&shelf(&digest), "/zz/"),
            nowhere,
        ),
        ("capital digits", capital, nowhere),
        ("a digit that is spelled out", spelled, nowhere),
        ("a path that climbs", climbs, nowhere),
    ];
    refused(&house, 404, &cases).await;
    let good = anybody(&house, &own, &[]).await;
    assert_eq!(good.status(), 200, "the link itself");
}

/// With everything logged that can be: neither what is signed for a device nor what somebody tries is written down.
#[tokio::test]
async fn the_log_holds_no_signature() {
    let (log, _listening) = Log::listen();
    let house = house(&plan("per-device")).await;
    let (gadgets, new) = promised(&house).await;
    let own = link(&house, &gadgets[0], &new).await;
    assert_eq!(anybody(&house, &own, &[]).await.status(), 200);
    let forged = own.replace("th-1", "th-2");
    assert_eq!(anybody(&house, &forged, &[]).await.status(), 403);
    house.later(30);
    assert_eq!(anybody(&house, &own, &[]).await.status(), 403);
    let (_, signature) = own.split_once("signature=").unwrap();
    let log = log.text();
    assert!(log.contains("release handed in"), "it was listened to");
    for secret in [signature, KEY] {
        assert!(!log.contains(secret), "{log}");
    }
}

/// A link is a key to the door, and what was stopped isn't behind it any more.
#[tokio::test]
async fn a_halt_ends_links_that_are_good() {
    for links in ["signed", "per-device"] {
        let house = house(&plan(links)).await;
        let (gadgets, new) = promised(&house).await;
        let link = link(&house, &gadgets[0], &new).await;
        assert_eq!(anybody(&house, &link, &[]).await.status(), 200);
        halt(&house).await;
        let refused = problem(anybody(&house, &link, &[]).await).await;
        assert_eq!(refused, (404, "request.not-found".to_owned()), "{links}");
    }
}

#[tokio::test]
async fn without_a_key_there_are_no_links() {
    let with_key = house(&plan("signed")).await;
    let (gadgets, new) = promised(&with_key).await;
    let link = link(&with_key, &gadgets[0], &new).await;
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        ..AppConfig::default()
    };
    let without = furnished(&plan("signed"), config).await;
    let (gadgets, new) = promised(&without).await;
    let refused = problem(anybody(&without, &link, &[]).await).await;
    assert_eq!(refused, (404, "request.no-such-place".to_owned()));
    let headers = [("mainstay-elsewhere", "sha-256"), ("range", "bytes=0-99")];
    let served = asked(&without, &gadgets[0], &new, &headers).await;
    assert_eq!(served.status(), 206);
    assert!(DeliveryKey::from_text(KEY).is_some());
}
