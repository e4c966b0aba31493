//! RAUC: its real service installs what Mainstay verified, and U-Boot starts what RAUC told it.

use std::fs;

use mainstay_agent::status::Doing;
use mainstay_api::{RolloutView, WaveView};

use crate::bench::{Bench, approved, built, check_in, register, says};
use crate::house::House;
use crate::rauc_bench::SignedBy::{AStranger, Us};
use crate::rauc_bench::{RaucBench, SignedBy, may_mount};

/// A house that offers a bundle to a device whose slots RAUC writes.
struct Story {
    house: House,
    rauc: RaucBench,
}

impl Story {
    /// The device runs 1.0.0 from this slot, and is offered this version.
    async fn begin(runs: &str, offered: (&str, SignedBy), more: &str) -> Self {
        let house = House::new().await;
        let tokens = register(&house).await;
        let bench = Bench::new(&house.base, &tokens[0], &house.root, more);
        let mut rauc = RaucBench::new(bench);
        let old = built(&house, "1.0.0", 1, rauc.bundle("1.0.0", Us));
        let new = built(&house, "1.1.0", 2, rauc.bundle(offered.0, offered.1));
        for token in &tokens {
            check_in(&house, token, &old).await;
        }
        rauc.make(runs, "1.0.0");
        rauc.serve(runs);
        rauc.bench.provision(&approved(&house, &old));
        house.roll_out(&new).await;
        house.advance().await;
        house.later(1);
        Self { house, rauc }
    }

    /// Lets the agent install what it is offered, up to the restart.
    fn install(&self) {
        let _agent = self.rauc.bench.run();
        self.rauc
            .bench
            .wait_until("the restart", |status| status.doing == Doing::Restarting);
    }

    /// What the server says of the canary, once its horizon has passed.
    async fn canary(&self) -> WaveView {
        self.house.later(60);
        self.house.advance().await;
        let token = &self.house.tokens.engineer;
        let view: RolloutView = self.house.get("/api/v1/rollouts/1", token).await;
        view.waves[0].clone()
    }

    /// Whether a slot has the bytes of this version.
    fn holds(&self, slot: &str, version: &str) -> bool {
        self.slot(&format!("{slot}.img")) == self.rauc.image(version)
    }

    fn slot(&self, name: &str) -> Vec<u8> {
        fs::read(self.rauc.path(name)).unwrap()
    }

    /// The order and the tries of A and B, as U-Boot will find them.
    fn order(&self) -> [String; 3] {
        ["BOOT_ORDER", "BOOT_A_LEFT", "BOOT_B_LEFT"].map(|name| self.rauc.variable(name))
    }

    fn from(&self, slot: &str, version: &str) -> (String, String) {
        (slot.to_owned(), version.to_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rauc_installs_u_boot_starts_it_and_it_is_kept() {
    if !may_mount("rauc::rauc_installs_u_boot_starts_it_and_it_is_kept") {
        return;
    }
    let mut story = Story::begin("A", ("1.1.0", Us), "").await;
    story.install();
    assert!(story.holds("b", "1.1.0"));
    assert!(story.holds("a", "1.0.0"));
    assert_eq!(story.order(), ["B A", "3", "3"]);
    assert_eq!(story.rauc.power_cycle(), story.from("B", "1.1.0"));
    assert_eq!(story.order(), ["B A", "3", "2"], "U-Boot has counted");
    let agent = story.rauc.bench.run();
    let status = story.rauc.bench.wait_until("the update", |status| {
        let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
        kept && status.boot == "trial" && status.unsent_reports == 0
    });
    assert_eq!(status.running.unwrap().version, "1.1.0");
    drop(agent);
    assert_eq!(story.order(), ["B A", "3", "3"], "RAUC calls it good");
    assert_eq!(story.rauc.boot_status("B"), "good");
    assert!(!story.rauc.path("spool/B.raucb").exists());
    assert_eq!(story.canary().await.updated, 1, "the server believes it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_isnt_well_goes_back_to_the_other_slot() {
    if !may_mount("rauc::what_isnt_well_goes_back_to_the_other_slot") {
        return;
    }
    let check = "[[health]]\ncommand = [\"/bin/grep\", \"-q\", \"^1.0.0\", \"@/runs\"]";
    let mut story = Story::begin("B", ("1.1.0 ill", Us), check).await;
    story.install();
    assert_eq!(story.order()[0], "A B");
    assert_eq!(story.rauc.power_cycle(), story.from("A", "1.1.0 ill"));
    let agent = story.rauc.bench.run();
    story
        .rauc
        .bench
        .wait_until("the way back", |status| status.doing == Doing::Restarting);
    drop(agent);
    assert_eq!(story.order()[0], "B A");
    assert_eq!(story.rauc.power_cycle(), story.from("B", "1.0.0"));
    let _agent = story.rauc.bench.run();
    let status = story.rauc.bench.wait_until("the report", |status| {
        status.boot == "reverted" && status.last_contact.is_some() && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: self-test"));
    assert_eq!(story.order(), ["B A", "2", "3"]);
    assert_eq!(story.canary().await.failed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_while_rauc_writes_is_no_verdict_on_the_image() {
    if !may_mount("rauc::a_power_cut_while_rauc_writes_is_no_verdict_on_the_image") {
        return;
    }
    let mut story = Story::begin("A", ("1.1.0", Us), "").await;
    fs::write(story.rauc.path("hold"), "").unwrap();
    let agent = story.rauc.bench.run();
    story
        .rauc
        .until("an installation", || story.rauc.path("holding").exists());
    assert_eq!(story.order(), ["A", "3", "0"], "RAUC keeps B from starting");
    drop(agent);
    story.rauc.cut_power();
    fs::remove_file(story.rauc.path("hold")).unwrap();
    assert_eq!(story.rauc.power_cycle(), story.from("A", "1.0.0"));
    story.install();
    assert!(story.holds("b", "1.1.0"));
    for left in ["2", "1", "0"] {
        assert_eq!(story.rauc.power_cycle(), story.from("B", "1.1.0"));
        assert_eq!(story.order()[2], left);
    }
    assert_eq!(story.rauc.power_cycle(), story.from("A", "1.0.0"));
    let _agent = story.rauc.bench.run();
    let status = story.rauc.bench.wait_until("the report", |status| {
        status.boot == "reverted" && status.last_contact.is_some() && status.unsent_reports == 0
    });
    assert_eq!(status.outcome.as_deref(), Some("reverted: boot-limit"));
    assert_eq!(story.order(), ["A B", "3", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_was_killed_waits_for_rauc_and_trusts_no_slot_that_others_wrote() {
    if !may_mount(
        "rauc::an_agent_that_was_killed_waits_for_rauc_and_trusts_no_slot_that_others_wrote",
    ) {
        return;
    }
    let story = Story::begin("A", ("1.1.0", Us), "").await;
    fs::write(story.rauc.path("hold"), "").unwrap();
    let agent = story.rauc.bench.run();
    story
        .rauc
        .until("an installation", || story.rauc.path("holding").exists());
    drop(agent);
    let asked = fs::read_to_string(story.rauc.path("calls")).unwrap().len();
    let agent = story.rauc.bench.run();
    story.rauc.until("a question", || {
        fs::read_to_string(story.rauc.path("calls")).unwrap().len() > asked
    });
    fs::remove_file(story.rauc.path("hold")).unwrap();
    story
        .rauc
        .bench
        .wait_until("the restart", |status| status.doing == Doing::Restarting);
    drop(agent);
    assert!(story.holds("b", "1.1.0"));
    fs::write(
        story.rauc.path("by-hand.raucb"),
        story.rauc.bundle("0.9.0", Us),
    )
    .unwrap();
    let by_hand = story.rauc.path("by-hand.raucb");
    assert!(
        story
            .rauc
            .rauc(&["install", by_hand.to_str().unwrap()])
            .status
            .success()
    );
    assert!(story.holds("b", "0.9.0"));
    fs::remove_dir_all(story.rauc.path("run")).unwrap();
    story.install();
    assert!(story.holds("b", "1.1.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rauc_doesnt_trust_isnt_installed_although_mainstay_does() {
    if !may_mount("rauc::what_rauc_doesnt_trust_isnt_installed_although_mainstay_does") {
        return;
    }
    let story = Story::begin("A", ("1.1.0", AStranger), "").await;
    let before = (story.slot("a.img"), story.slot("b.img"));
    let agent = story.rauc.bench.run();
    let status = story.rauc.bench.wait_until("the refusal", |status| {
        status.outcome.as_deref() == Some("image-unusable") && status.unsent_reports == 0
    });
    drop(agent);
    assert!(says(
        &story.rauc.path("log"),
        "agent.rauc-refused: RAUC didn't install the bundle: signature verification failed"
    ));
    assert_eq!(status.running.unwrap().slot, "a");
    assert_eq!((story.slot("a.img"), story.slot("b.img")), before);
    assert_eq!(story.order(), ["A B", "3", "3"]);
    assert!(!story.rauc.path("spool/B.installed").exists());
    assert_eq!(story.canary().await.failed, 1, "the server knows");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_service_the_agent_says_so() {
    let house = House::new().await;
    let bench = Bench::new(&house.base, "token", &house.root, "");
    let rauc = RaucBench::new(bench);
    for verb in ["check", "run"] {
        let (code, said) = rauc.bench.say(&[verb]);
        assert_eq!(code, 1, "{verb}: {said}");
        let why = "agent.rauc: RAUC can't be used: Error retrieving slot status via D-Bus";
        assert!(said.contains(why), "{verb}: {said}");
        assert!(said.contains("its service must run"), "{verb}: {said}");
    }
}
