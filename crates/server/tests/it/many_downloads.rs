//! One device that downloads many times at once, as a broken client does, by both protocols: it gets by all of them what each of the others gets by one,
//! and no more of them than any client needs.

use std::time::Duration;

use mainstay_protocol::{FOR_HEADER, PAYLOADS_PATH};
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tokio::time::timeout;

use crate::ddi::gateway::{self, Gateway};
use crate::delivery::header;
use crate::gadget::Gadget;
use crate::house::{self, Artifact, House, packed_image, problem};
use crate::identity::put;
use crate::line::{self, promised_this};
use crate::patience::until;

/// Enough to leave next to nothing to others, if downloads took turns and not devices.
const MANY: usize = 40;
/// As many as a device may have at once.
const AT_ONCE: usize = 128;
/// Another device's download takes four seconds with half of the line, and eighty with one turn in so many.
const OTHER_ENDS_WITHIN: Duration = Duration::from_secs(40);
/// More than all buffers between a server and a client who reads nothing hold.
const UNREAD_BYTES: usize = 16 << 20;
/// Not to the end: a client that reads a file in parts begins once.
const PART: &str = "bytes=0-99999";

fn payload(house: &House, gadget: &Gadget, image: &Artifact) -> RequestBuilder {
    let path = format!("{PAYLOADS_PATH}{}", image.image_digest);
    house.request(Method::GET, &path, &gadget.token)
}

/// So many downloads of a part that have begun, and that nobody reads: over a narrow line they last far longer than these tests.
async fn begun(times: usize, request: impl Fn() -> RequestBuilder) -> Vec<Response> {
    let mut open = Vec::new();
    for _ in 0..times {
        let begun = request().header(RANGE, PART).send().await.unwrap();
        assert_eq!(begun.status(), StatusCode::PARTIAL_CONTENT);
        open.push(begun);
    }
    open
}

async fn first_hundred(request: RequestBuilder) -> Response {
    let part = request.header(RANGE, "bytes=0-99");
    part.send().await.unwrap()
}

/// All of an image, in time.
async fn fetched(request: RequestBuilder, image: &Artifact) {
    let whole = async { request.send().await.unwrap().bytes().await.unwrap() };
    let whole = timeout(OTHER_ENDS_WITHIN, whole).await;
    let whole = whole.expect("it isn't kept from the line");
    assert!(whole == image.image, "the pieces aren't the image");
}

#[tokio::test]
async fn a_device_that_downloads_many_times_leaves_the_line_to_others() {
    let house = House::under(&line::plan("64 kB")).await;
    let (gadgets, new) = line::promised(&house).await;
    let _many = begun(MANY, || payload(&house, &gadgets[0], &new)).await;
    fetched(payload(&house, &gadgets[1], &new), &new).await;
}

/// Else what a gateway fetches for one broken child would be all that it gets for itself and the others.
#[tokio::test]
async fn a_device_behind_a_gateway_has_turns_of_its_own() {
    let house = House::under(&line::plan("64 kB")).await;
    let (gadgets, new) = line::promised(&house).await;
    let behind = put(&house, "th-1", Some("th-2")).await;
    assert_eq!(behind.status(), StatusCode::OK);
    let for_child = || payload(&house, &gadgets[1], &new).header(FOR_HEADER, "th-1");
    let _many = begun(MANY, for_child).await;
    fetched(payload(&house, &gadgets[1], &new), &new).await;
}

#[tokio::test]
async fn a_device_has_so_many_downloads_at_once_whoever_asks_for_it() {
    let house = House::under(&line::plan("16 kB")).await;
    let (gadgets, new) = line::promised(&house).await;
    let behind = put(&house, "th-1", Some("th-2")).await;
    assert_eq!(behind.status(), StatusCode::OK);
    let for_child = || payload(&house, &gadgets[1], &new).header(FOR_HEADER, "th-1");
    let mut open = begun(AT_ONCE, for_child).await;
    for same in [for_child(), payload(&house, &gadgets[0], &new)] {
        let refused = same.send().await.unwrap();
        assert_eq!(header(&refused, "retry-after"), "30");
        assert_eq!(header(&refused, "cache-control"), "no-store");
        let told = problem(refused).await;
        assert_eq!(told, (429, "flow.downloads".to_owned()));
    }
    // The gateway itself is another device.
    let for_itself = first_hundred(payload(&house, &gadgets[1], &new)).await;
    assert_eq!(for_itself.bytes().await.unwrap(), new.image[..100]);
    open.pop();
    until("a place is free again", async || {
        let again = first_hundred(payload(&house, &gadgets[0], &new)).await;
        again.status() == StatusCode::PARTIAL_CONTENT
    })
    .await;
}

/// A server doesn't see at once that connections broke. Whoever goes on over another one isn't kept waiting by those, however many they are.
#[tokio::test]
async fn connections_that_broke_keep_nobody_from_going_on() {
    let house = House::under(&line::plan("10 GB")).await;
    let image = vec![7; UNREAD_BYTES];
    let new = packed_image(image, 0, house::CLASS, "1.1.0", 2, &[]);
    let new = house.signed(new);
    let gadgets = promised_this(&house, &new).await;
    let mut dead = Vec::new();
    for _ in 0..10 {
        dead.push(payload(&house, &gadgets[0], &new).send().await.unwrap());
    }
    let rest = payload(&house, &gadgets[0], &new).header(RANGE, "bytes=1000-");
    let rest = rest.send().await.unwrap();
    assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT);
    let rest = timeout(OTHER_ENDS_WITHIN, rest.bytes()).await;
    let rest = rest.expect("it isn't kept from the line").unwrap();
    assert!(rest == new.image[1000..]);
}

/// Two devices with another client that were offered a large file, under a plan with so narrow a line; and where each of them fetches it.
async fn offered(bytes_per_second: &str) -> (House, Artifact, [Gateway; 2], Vec<String>) {
    let narrow = gateway::plan().replacen("50 MB", bytes_per_second, 1);
    let house = House::under(&narrow).await;
    let (house, gateways) = gateway::furnished_in(house).await;
    let new = line::large(&house);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    let mut files = Vec::new();
    for device in &gateways {
        assert!(device.is_offered(&house).await);
        let number = device.order(&house).await.number;
        files.push(format!(
            "/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin"
        ));
    }
    (house, new, gateways, files)
}

#[tokio::test]
async fn another_clients_device_leaves_the_line_to_others() {
    let (house, new, gateways, files) = offered("64 kB").await;
    let file = |n: usize| gateways[n].request(&house, Method::GET, &files[n]);
    let _many = begun(MANY, || file(0)).await;
    fetched(file(1), &new).await;
}

/// Its connection is cut, as wherever a server can't send a file now: a status would be the last word to such a client. It isn't counted as a fetch.
#[tokio::test]
async fn another_clients_device_has_so_many_downloads_at_once() {
    let (house, new, gateways, files) = offered("16 kB").await;
    let file = |n: usize| gateways[n].request(&house, Method::GET, &files[n]);
    let mut open = begun(AT_ONCE, || file(0)).await;
    let before = gateways[0].order(&house).await.seen.fetches;
    let cut = file(0).send().await.unwrap();
    assert_eq!(cut.headers()[CONTENT_LENGTH], "1");
    assert!(cut.bytes().await.is_err());
    let cut = first_hundred(file(0)).await;
    assert_eq!(cut.headers()[CONTENT_RANGE], "bytes 0-0/*");
    assert!(cut.bytes().await.is_err());
    let after = gateways[0].order(&house).await.seen.fetches;
    assert_eq!(after, before);
    let by_other = first_hundred(file(1)).await;
    assert_eq!(by_other.bytes().await.unwrap(), new.image[..100]);
    open.pop();
    until("a place is free again", async || {
        let again = first_hundred(file(0)).await;
        again.headers()[CONTENT_RANGE] == "bytes 0-99/128000"
    })
    .await;
}
