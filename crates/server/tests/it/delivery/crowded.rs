//! One link that many use at once.

use reqwest::{Response, StatusCode};

use super::{anybody, asked, house, link, plan};
use crate::house::problem;
use crate::line;
use crate::patience::until;

/// A link that has leaked is a few turns on the line, and not as many as its holder likes; everybody else goes on.
#[tokio::test]
async fn one_link_is_a_few_downloads_at_once() {
    let narrow = plan("per-device").replacen("50 MB", "16 kB", 1);
    let house = house(&narrow).await;
    let (gadgets, new) = line::promised(&house).await;
    let own = link(&house, &gadgets[0], &new).await;
    // Nobody reads them: they last until the line has let all of them leave.
    let mut open: Vec<Response> = Vec::new();
    for _ in 0..4 {
        let begun = anybody(&house, &own, &[]).await;
        assert_eq!(begun.status(), StatusCode::OK);
        open.push(begun);
    }
    let busy = anybody(&house, &own, &[]).await;
    assert!(busy.headers().contains_key("retry-after"));
    assert_eq!(problem(busy).await, (503, "server.busy".to_owned()));
    // Neither another device's link nor a device with its token waits for that.
    let other = link(&house, &gadgets[1], &new).await;
    let first = [("range", "bytes=0-99")];
    let by_other = anybody(&house, &other, &first).await;
    assert_eq!(by_other.bytes().await.unwrap(), new.image[..100]);
    let by_token = asked(&house, &gadgets[0], &new, &first).await;
    assert_eq!(by_token.bytes().await.unwrap(), new.image[..100]);
    // What a cache has already takes no place.
    let etag = format!("\"{}\"", new.image_digest);
    let known = anybody(&house, &own, &[("if-none-match", &etag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    open.pop();
    until("the place is free again", async || {
        anybody(&house, &own, &first).await.status() == StatusCode::PARTIAL_CONTENT
    })
    .await;
}
