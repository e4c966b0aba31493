//! A server that is told to stop while requests are under way: what is short ends well, and what would take too long is cut. Read [`Served`].

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use mainstay_protocol::PAYLOADS_PATH;
use mainstay_server::{App, AppConfig, Grace, serve};
use reqwest::{Method, Response, StatusCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::abuse::raw::{address, connect, heard};
use crate::house::House;
use crate::line;
use crate::patience::until;

/// The line of the plan: the image of [`line::large`] takes two minutes over it.
const RATE: &str = "1 kB";
/// Longer than where nobody says anything, so that a server which goes by that ends too early; and long enough for a short request on a machine that has
/// much else to do.
const GRACE: Duration = Duration::from_secs(11);
/// The server has ended by then, and the download is far from its end.
const ENDED_BY: Duration = Duration::from_secs(60);
const DEVICE: &str = r#"{"devices":[{"id":"th-9","class":"thermo-v2","hardware":"B","zone":"Europe/Berlin","bootloader":"1.4.0"}]}"#;

/// A server as the program runs it: on threads of its own, with which everything ends that is still under way when it has ended.
struct Served {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

impl Served {
    /// This one, and its address.
    async fn begin(app: Arc<App>) -> (Self, SocketAddr) {
        let (stop, stopped) = oneshot::channel();
        let (ends, ended) = oneshot::channel();
        let (bound, address) = oneshot::channel();
        let told_to_stop = async move {
            let _ = stopped.await;
        };
        thread::spawn(move || {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(async {
                let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                let listener = serve::bind(free).await.unwrap();
                bound.send(listener.local_addr().unwrap()).unwrap();
                serve::run(listener, app, told_to_stop).await;
            });
            drop(runtime);
            // A test that has failed meanwhile doesn't hear it.
            let _ = ends.send(());
        });
        (Self { stop, ended }, address.await.unwrap())
    }
}

/// A registration whose head was sent, and taken: the server waits for its body.
async fn begun(house: &House) -> TcpStream {
    let mut stream = connect(house).await;
    let head = format!(
        "POST /api/v1/devices HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        house.tokens.operations,
        DEVICE.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = Vec::new();
    let goes_on = async {
        while !told.ends_with(b"\r\n\r\n") {
            assert!(stream.read_buf(&mut told).await.unwrap() > 0);
        }
    };
    timeout(ENDED_BY, goes_on).await.expect("it is taken");
    assert!(told.starts_with(b"HTTP/1.1 100 "), "{told:?}");
    stream
}

/// How much more came of a download before it was cut; none if it came to its end.
async fn cut_after(mut download: Response) -> Option<usize> {
    let mut came = 0;
    loop {
        match timeout(ENDED_BY, download.chunk()).await.expect("it ends") {
            Ok(Some(piece)) => came += piece.len(),
            Ok(None) => return None,
            Err(_cut) => return Some(came),
        }
    }
}

#[tokio::test]
async fn what_is_short_ends_well_and_what_is_long_is_cut_when_the_grace_is_over() {
    assert!(GRACE > Grace::default().0);
    let config = AppConfig {
        grace: Grace(GRACE),
        ..AppConfig::default()
    };
    let mut house = House::furnished(&line::plan(RATE), config).await;
    let (server, bound) = Served::begin(house.app.clone()).await;
    house.base = format!("http://{bound}");
    let (gadgets, new) = line::promised(&house).await;
    let payload = format!("{PAYLOADS_PATH}{}", new.image_digest);
    let download = house.request(Method::GET, &payload, &gadgets[0].token);
    let mut download = download.send().await.unwrap();
    assert_eq!(download.status(), StatusCode::OK);
    assert!(download.chunk().await.unwrap().is_some());
    let mut short = begun(&house).await;

    let told = Instant::now();
    server.stop.send(()).unwrap();
    until("nobody else is taken in", async || {
        TcpStream::connect(address(&house)).await.is_err()
    })
    .await;
    short.write_all(DEVICE.as_bytes()).await.unwrap();
    let answer = heard(&mut short).await;
    assert_eq!(answer.statuses, [201], "{answer:?}");
    let devices = house.app.store().devices(None).await.unwrap();
    assert!(devices.iter().any(|device| device.id.as_str() == "th-9"));

    let came = cut_after(download).await.expect("it is cut");
    assert!(came < new.image.len() / 2, "{came}");
    assert!(told.elapsed() >= GRACE, "{:?}", told.elapsed());
    let ended = timeout(ENDED_BY, server.ended).await;
    ended.expect("the server ends").unwrap();
}
