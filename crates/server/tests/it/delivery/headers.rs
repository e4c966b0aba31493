//! What every answer says to caches, word for word.

use mainstay_api::PayloadView;
use reqwest::Response;

use super::{anybody, asked, header, house, link, plan, promised};
use crate::house::problem;
use crate::papers::{Named, next_root, publish_root, revocations, revoke};

/// The headers that caches read, and those that say what was sent.
fn told(response: &Response) -> String {
    const NAMES: [&str; 8] = [
        "cache-control",
        "etag",
        "accept-ranges",
        "content-range",
        "content-length",
        "content-type",
        "vary",
        "x-accel-buffering",
    ];
    let lines = NAMES.iter().filter_map(|name| {
        let value = header(response, name);
        (!value.is_empty()).then(|| format!("{name}: {value}\n"))
    });
    format!(
        "{}\n{}",
        response.status().as_u16(),
        lines.collect::<String>()
    )
}

#[tokio::test]
async fn a_devices_payload_is_kept_by_itself_alone_and_for_ever() {
    let house = house(&plan("signed")).await;
    let (gadgets, new) = promised(&house).await;
    let gadget = &gadgets[0];
    let digest = new.image_digest;
    let whole = format!(
        "200\ncache-control: private, max-age=31536000, immutable\netag: \"{digest}\"\naccept-ranges: bytes\n\
         content-length: 1900\ncontent-type: application/octet-stream\nvary: mainstay-for\nx-accel-buffering: no\n"
    );
    assert_eq!(told(&asked(&house, gadget, &new, &[]).await), whole);
    let part = format!(
        "206\ncache-control: private, max-age=31536000, immutable\netag: \"{digest}\"\naccept-ranges: bytes\n\
         content-range: bytes 100-199/1900\ncontent-length: 100\ncontent-type: application/octet-stream\nvary: mainstay-for\nx-accel-buffering: no\n"
    );
    let range = ("range", "bytes=100-199");
    assert_eq!(told(&asked(&house, gadget, &new, &[range]).await), part);
    let same = format!("\"{digest}\"");
    let headers = [range, ("if-range", same.as_str())];
    assert_eq!(told(&asked(&house, gadget, &new, &headers).await), part);
    let headers = [range, ("if-range", "\"of-other-bytes\"")];
    assert_eq!(told(&asked(&house, gadget, &new, &headers).await), whole);
    let weak = format!("W/\"{digest}\"");
    let headers = [range, ("if-range", weak.as_str())];
    assert_eq!(told(&asked(&house, gadget, &new, &headers).await), whole);
}

#[tokio::test]
async fn what_holds_for_a_moment_is_kept_by_nobody() {
    let house = house(&plan("signed")).await;
    let (gadgets, new) = promised(&house).await;
    let gadget = &gadgets[0];
    let beyond = [("range", "bytes=1900-")];
    let beyond = asked(&house, gadget, &new, &beyond).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(header(&beyond, "cache-control"), "no-store");
    let sent = [("mainstay-elsewhere", "sha-256"), ("range", "bytes=0-99")];
    let sent = asked(&house, gadget, &new, &sent).await;
    assert_eq!(
        told(&sent),
        "307\ncache-control: no-store\ncontent-length: 0\nvary: mainstay-for\n"
    );
    let mut none = new.clone();
    none.image_digest.0[0] ^= 1;
    let none = asked(&house, gadget, &none, &[]).await;
    assert_eq!(header(&none, "cache-control"), "no-store");
    assert_eq!(problem(none).await, (404, "request.not-found".to_owned()));
}

/// An address says by itself who may have it, and for how long: so do its headers, and no cache outlives it.
#[tokio::test]
async fn a_links_payload_is_kept_by_all_until_the_link_ends() {
    let house = house(&plan("per-device")).await;
    let (gadgets, new) = promised(&house).await;
    let link = link(&house, &gadgets[0], &new).await;
    let digest = new.image_digest;
    let whole = |seconds: u32| {
        format!(
            "200\ncache-control: public, max-age={seconds}, immutable\netag: \"{digest}\"\naccept-ranges: bytes\n\
             content-length: 1900\ncontent-type: application/octet-stream\nx-accel-buffering: no\n"
        )
    };
    assert_eq!(told(&anybody(&house, &link, &[]).await), whole(900));
    house.later(5);
    assert_eq!(told(&anybody(&house, &link, &[]).await), whole(600));
    for tags in [
        format!("\"{digest}\""),
        format!("\"x\", W/\"{digest}\""),
        "*".to_owned(),
    ] {
        let known = anybody(&house, &link, &[("if-none-match", &tags)]).await;
        assert_eq!(known.status(), 304, "{tags}");
        let kept = header(&known, "cache-control");
        assert_eq!(kept, "public, max-age=600, immutable", "{tags}");
        assert_eq!(header(&known, "etag"), format!("\"{digest}\""));
        assert_eq!(known.bytes().await.unwrap().len(), 0);
    }
    let other = anybody(&house, &link, &[("if-none-match", "\"x\"")]).await;
    assert_eq!(other.status(), 200);
    house.later(10);
    let late = anybody(&house, &link, &[]).await;
    assert_eq!(header(&late, "cache-control"), "no-store");
    assert_eq!(problem(late).await, (403, "delivery.expired".to_owned()));
}

#[tokio::test]
async fn revocations_that_are_none_are_kept_by_nobody() {
    let house = house(&plan("signed")).await;
    let none = anybody(&house, "/delivery/v1/revocations", &[]).await;
    assert_eq!(header(&none, "cache-control"), "no-store");
    assert_eq!(problem(none).await, (404, "request.not-found".to_owned()));
}

/// A withdrawal is seen within the time that the plan names, also by who asks a cache.
#[tokio::test]
async fn revocations_are_kept_by_all_for_as_long_as_the_plan_says() {
    let brief = plan("signed").replace("[delivery]\n", "[delivery]\ncache = \"30s\"\n");
    let house = house(&brief).await;
    publish_root(&house, &next_root(2)).await;
    let first = revocations(&house, 1, &Named::default());
    assert_eq!(revoke(&house, first.clone()).await.status(), 201);
    let place = "/delivery/v1/revocations";
    let answer = anybody(&house, place, &[]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "cache-control"), "public, max-age=30");
    assert_eq!(header(&answer, "content-type"), "application/cbor");
    let etag = header(&answer, "etag");
    assert_eq!(answer.bytes().await.unwrap(), first);
    let known = anybody(&house, place, &[("if-none-match", &etag)]).await;
    assert_eq!(known.status(), 304);
    assert_eq!(header(&known, "cache-control"), "public, max-age=30");
    let second = revocations(&house, 2, &Named::default());
    assert_eq!(revoke(&house, second.clone()).await.status(), 201);
    let news = anybody(&house, place, &[("if-none-match", &etag)]).await;
    assert_eq!(news.status(), 200);
    assert_eq!(news.bytes().await.unwrap(), second);
}

/// What was revoked is behind no link that is good still, and in no mirror.
#[tokio::test]
async fn a_revoked_payload_leaves_links_and_mirrors() {
    let house = house(&plan("signed")).await;
    let (gadgets, new) = promised(&house).await;
    let link = link(&house, &gadgets[0], &new).await;
    assert_eq!(anybody(&house, &link, &[]).await.status(), 200);
    publish_root(&house, &next_root(2)).await;
    let named = Named {
        releases: &[new.manifest],
        ..Named::default()
    };
    let withdrawn = revocations(&house, 1, &named);
    assert_eq!(revoke(&house, withdrawn).await.status(), 201);
    assert_eq!(anybody(&house, &link, &[]).await.status(), 404);
    let operations = &house.tokens.operations;
    let none: Vec<PayloadView> = house.get("/api/v1/payloads", operations).await;
    assert_eq!(none, []);
}
