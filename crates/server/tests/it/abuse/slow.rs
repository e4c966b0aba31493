//! Connections that say little, or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mainstay_protocol::CHECK_IN_PATH;
use mainstay_server::{AppConfig, Bounds};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::raw::{PATIENCE, address, asked, assert_well, connect, exchange, heard};
use crate::gadget::{Gadget, register};
use crate::house::{self, House, packed};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";

async fn within(bounds: Bounds) -> House {
    House::told(AppConfig {
        bounds,
        ..AppConfig::default()
    })
    .await
}

/// Connections that send one byte of a head after the other, and begin anew when they are cut off.
struct Drips {
    ended: Arc<AtomicBool>,
    cut_off: Arc<AtomicUsize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drips {
    fn begin(house: &House, connections: usize) -> Self {
        let (ended, cut_off) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let address = address(house).to_owned();
        let tasks = (0..connections).map(|_| {
            let (address, ended, cut_off) = (address.clone(), ended.clone(), cut_off.clone());
            tokio::spawn(async move {
                while !ended.load(Ordering::Relaxed) {
                    if let Ok(line) = TcpStream::connect(&address).await {
                        drip(line, &ended).await;
                        cut_off.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            })
        });
        let tasks = tasks.collect();
        Self {
            ended,
            cut_off,
            tasks,
        }
    }

    async fn end(self) -> usize {
        self.ended.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.cut_off.load(Ordering::Relaxed)
    }
}

async fn drip(mut line: TcpStream, ended: &AtomicBool) {
    let head = b"GET / HTTP/1.1\r\nx: "
        .iter()
        .chain(std::iter::repeat(&b'y'));
    for byte in head {
        if ended.load(Ordering::Relaxed) || line.write_all(&[*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether a poll on a new connection was answered.
async fn polls(house: &House, gadget: &mut Gadget) -> bool {
    let message = gadget.check_in_message(&[]);
    let place = format!("POST {CHECK_IN_PATH}");
    let heard = asked(house, &place, &gadget.token, &message).await;
    heard.statuses == [200]
}

/// Three times as many as there may be, for as long as they like: whoever has something to say is heard. A newcomer may be taken for one more of them
/// where very many come at once, and comes again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drips_keep_nobody_out() {
    let house = within(Bounds {
        connections: 100,
        of_one: 100,
        ..Bounds::default()
    })
    .await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &old).await.remove(0);
    let drips = Drips::begin(&house, 300);
    let mut tries = 0;
    for _ in 0..30 {
        while !polls(&house, &mut gadget).await {
            tries += 1;
        }
        while exchange(&house, HEALTH).await.statuses != [200] {
            tries += 1;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let cut_off = drips.end().await;
    assert!(tries <= 60, "{tries} in vain for 60 answers");
    assert!(cut_off > 200, "{cut_off} made room");
    assert_well(&house).await;
}

/// A head that takes too long ends its connection, though there is room for it.
#[tokio::test]
async fn a_drip_is_cut_off_where_there_is_room_too() {
    let house = within(Bounds {
        head_time: Duration::from_millis(300),
        ..Bounds::default()
    })
    .await;
    let ended = AtomicBool::new(false);
    let line = connect(&house).await;
    tokio::time::timeout(PATIENCE, drip(line, &ended))
        .await
        .expect("it is cut off");
    let mut silent = connect(&house).await;
    assert!(heard(&mut silent).await.statuses.is_empty());
}

/// Whoever rests makes room for whoever comes; who is being answered doesn't.
#[tokio::test]
async fn who_rests_makes_room() {
    let house = within(Bounds {
        connections: 16,
        of_one: 16,
        ..Bounds::default()
    })
    .await;
    let kept = HEALTH.replace("connection: close\r\n", "");
    let mut resting = Vec::new();
    for _ in 0..40 {
        let mut line = connect(&house).await;
        line.write_all(kept.as_bytes()).await.unwrap();
        line.readable().await.unwrap();
        resting.push(line);
    }
    let mut first = resting.swap_remove(0);
    assert_eq!(heard(&mut first).await.statuses, [200], "and then it left");
    let mut newest = resting.pop().unwrap();
    newest.write_all(HEALTH.as_bytes()).await.unwrap();
    assert_eq!(heard(&mut newest).await.statuses, [200, 200], "it stayed");
}
