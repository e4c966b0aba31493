//! The demonstration itself, small: the story must end safely whatever the seed, the same seed must end the
//! same, and every attack must be withstood.

use std::future::Ready;
use std::path::Path;

use mainstay_simulator::demo::{
    Attack, Audience, DEVICES_MIN, DemoError, Event, Images, Options, Summary, attack, story,
};

/// Somebody who remembers everything.
#[derive(Default)]
struct Memory(Vec<Event>);

impl Audience for Memory {
    fn hear(&mut self, event: &Event) {
        self.0.push(event.clone());
    }
}

fn options(folder: &Path, devices: u32, seed: u64) -> Options {
    let folder = folder.join(format!("demo-{seed}"));
    Options {
        devices,
        seed,
        folder,
        images: Images::default(),
        port: 0,
    }
}

async fn tell(folder: &Path, seed: u64) -> (Summary, Vec<Event>) {
    let mut memory = Memory::default();
    let options = options(folder, DEVICES_MIN, seed);
    let summary = story::tell(&options, &mut memory, None::<Ready<()>>).await;
    (
        summary.unwrap_or_else(|error| panic!("seed {seed}: {error}")),
        memory.0,
    )
}

async fn ends_safely(seeds: std::ops::Range<u64>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for seed in seeds {
        let (summary, _) = tell(folder.path(), seed).await;
        assert!(summary.is_safe(), "seed {seed}: {summary:?}");
    }
}

#[tokio::test]
async fn five_seeds_end_safely() {
    ends_safely(1..6).await;
}

#[tokio::test]
async fn five_more_seeds_end_safely() {
    ends_safely(6..11).await;
}

#[tokio::test]
async fn the_same_seed_ends_the_same_and_leaves_its_papers() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (first, events) = tell(folder.path(), 42).await;
    let papers = folder.path().join("demo-42");
    for paper in [
        "plan.toml",
        "artifacts/1.2.0.mainstay",
        "server/mainstay.sqlite",
        "report.html",
    ] {
        assert!(papers.join(paper).is_file(), "{paper} is missing");
    }
    let report = std::fs::read_to_string(papers.join("report.html")).expect("a report");
    assert!(report.contains("INC-1") && report.contains("1.2.0"));
    assert_eq!(events.last(), Some(&Event::Summary(first.clone())));
    let (second, _) = tell(folder.path(), 42).await;
    assert_eq!(first, second);
}

#[tokio::test]
async fn every_attack_is_withstood_for_its_own_reason() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let expected = [
        (Attack::Unsigned, "trust.unsigned"),
        (Attack::Unapproved, "trust.approval-missing"),
        (Attack::WrongClass, "trust.wrong-class"),
        (Attack::Downgrade, "trust.downgrade"),
        (Attack::Tampered, "trust.payload-digest"),
    ];
    for (attack, reason) in expected {
        let options = options(folder.path(), DEVICES_MIN, 3);
        let summary = attack::show(&options, attack, &mut Memory::default()).await;
        let summary = summary.unwrap_or_else(|error| panic!("{attack}: {error}"));
        assert!(summary.is_safe(), "{summary:?}");
        let reasons: Vec<&str> = summary.refused.keys().map(String::as_str).collect();
        assert_eq!(reasons, [reason], "{attack}");
        assert_eq!(summary.control_installed, DEVICES_MIN as usize);
    }
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let options = options(folder.path(), DEVICES_MIN, 1);
    std::fs::create_dir(&options.folder).expect("a new folder");
    std::fs::write(options.folder.join("thesis.txt"), "years of work").expect("a new file");
    let error = story::tell(&options, &mut Memory::default(), None::<Ready<()>>).await;
    assert!(matches!(error, Err(DemoError::Folder(_))), "{error:?}");
    let kept = std::fs::read_to_string(options.folder.join("thesis.txt"));
    assert_eq!(kept.expect("still there"), "years of work");
}

#[tokio::test]
async fn a_port_in_use_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let mut options = options(folder.path(), DEVICES_MIN, 1);
    options.port = taken.local_addr().expect("bound").port();
    let told = story::tell(&options, &mut Memory::default(), None::<Ready<()>>).await;
    assert_eq!(
        told.map_err(|error| error.id().to_owned()),
        Err("serve.port-in-use".to_owned())
    );
    assert!(!options.folder.exists());
}
