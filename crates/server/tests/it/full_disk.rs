//! A disk that is really full, with database and payloads on it: reports and uploads come on and on while something else takes all room.

use std::fs;
use std::process::Command;

use mainstay_server::AppConfig;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use crate::gadget::{Gadget, register};
use crate::house::{self, Artifact, CLASS, House, packed, packed_image, problem};
use crate::payloads::file;
use crate::readiness::{becomes, get, kept, report, unavailable};
use crate::serving::listen;
use crate::small_disk::{SmallDisk, fill};

/// Uploads leave 64 MiB of any disk to what devices report (`crates/store/src/blobs/room.rs`), so there is room for a few of them.
const DISK_MIB: u32 = 80;
const IMAGE_BYTES: usize = 3 << 20;
/// Fewer than a timeline keeps, and many more than find room in what the database's log has already.
const REPORTS_MAX: u32 = 900;

async fn house_on(disk: &SmallDisk) -> (House, Gadget) {
    let folder = tempfile::tempdir_in(disk.path()).unwrap();
    let mut house = House::furnished_in(folder, house::PLAN, AppConfig::default()).await;
    house.base = listen(house.app.clone()).await;
    let factory = packed(CLASS, "1.0.0", 1, &[]);
    let mut gadget = register(&house, &["th-1"], &factory).await.remove(0);
    gadget.check_in(&house, &[]).await;
    (house, gadget)
}

fn full() -> (u16, String) {
    (503, "store.full".to_owned())
}

/// That whoever asked hears that the disk is full, and when to come back.
async fn assert_full(answer: Response) {
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[RETRY_AFTER], "60");
    assert_eq!(problem(answer).await, full());
}

/// Hands in one release after the other until one finds no room: those that were taken, and that one.
async fn upload_until_full(house: &House) -> (Vec<Artifact>, Artifact) {
    let mut taken = Vec::new();
    for number in 1..12 {
        let (image, version) = (vec![number; IMAGE_BYTES], format!("1.{number}.0"));
        let new = packed_image(image, 0, CLASS, &version, u64::from(number) + 1, &[]);
        let new = house.signed(new);
        let answer = house.submit(&new).await;
        if answer.status() != StatusCode::CREATED {
            assert_full(answer).await;
            return (taken, new);
        }
        taken.push(new);
    }
    panic!("it never fills");
}

/// Reports until one isn't acknowledged, while the disk is filled beside.
async fn report_until_full(house: &House, gadget: &mut Gadget, disk: &SmallDisk) {
    let junk = disk.junk();
    let filling = tokio::task::spawn_blocking(move || fill(&junk));
    loop {
        if let Err(refused) = report(house, gadget).await {
            assert_eq!(refused, full());
            break;
        }
        assert!(gadget.seq < REPORTS_MAX, "it never fills");
    }
    filling.await.unwrap();
}

fn assert_kept_whole(house: &House, taken: &[Artifact]) {
    for release in taken {
        assert_eq!(fs::read(file(house, release)).unwrap(), release.image);
    }
    let names = fs::read_dir(house.data.blobs()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let halves: Vec<String> = names.filter(|name| name.ends_with(".partial")).collect();
    assert_eq!(halves, Vec::<String>::new());
}

fn enlarge(disk: &SmallDisk, mib: u32) {
    let size = format!("remount,size={mib}m");
    let mut mount = Command::new("mount");
    let done = mount.args(["-o", &size]).arg(disk.path()).status();
    assert!(done.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_a_full_disk_loses_nothing_acknowledged_and_goes_on_by_itself() {
    let disk = SmallDisk::new(DISK_MIB);
    let (house, mut gadget) = house_on(&disk).await;
    becomes(&house, Ok(())).await;
    let (mut taken, refused) = upload_until_full(&house).await;
    assert!(taken.len() >= 2, "{}", taken.len());
    becomes(&house, Ok(())).await;
    report(&house, &mut gadget)
        .await
        .expect("uploads leave it room");

    report_until_full(&house, &mut gadget, &disk).await;
    becomes(&house, unavailable("store.full")).await;
    assert_full(house.submit(&refused).await).await;
    for path in ["/healthz", "/api/v1/health"] {
        assert_eq!(get(&house, path).await.status(), StatusCode::OK);
    }
    let acknowledged = gadget.seq as usize;
    assert_eq!(kept(&house, &gadget).await, acknowledged);
    assert_kept_whole(&house, &taken);

    disk.make_room();
    becomes(&house, Ok(())).await;
    let seq = report(&house, &mut gadget).await.unwrap();
    assert_eq!(seq as usize, acknowledged + 1, "the one that was refused");
    assert_full(house.submit(&refused).await).await;
    enlarge(&disk, DISK_MIB + 16);
    assert_eq!(house.submit(&refused).await.status(), StatusCode::CREATED);
    taken.push(refused);
    assert_kept_whole(&house, &taken);
    assert_eq!(kept(&house, &gadget).await, acknowledged + 1);
}
