//! When devices are told to come back.

use mainstay_server::{Clock as _, VirtualClock};

use crate::gadget::register;
use crate::house::{self, House, PLAN, packed};

#[tokio::test]
async fn a_device_comes_at_its_own_time_in_its_window() {
    let plan = PLAN
        .replace("00:00-24:00", "01:00-04:00")
        .replace("jitter       = \"1s\"", "jitter       = \"20m\"");
    let house = House::under(&plan).await;
    let (old, new) = (
        packed(house::CLASS, "1.0.0", 1, &[]),
        house.built("1.1.0", 2, &[]),
    );
    let mut gadgets = register(&house, &["th-1", "th-2"], &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    house.roll_out(&new).await;
    house.advance().await;
    // Noon UTC is 05:00 in Denver: the window opens in twenty hours, and polls go on as planned.
    assert_eq!(gadgets[0].check_in(&house, &[]).await.poll_after_s, 3600);
    let half_past_midnight = "2026-12-02T07:30:00Z".parse().unwrap();
    let mut turns = Vec::new();
    for gadget in &mut gadgets {
        house.clock.set(half_past_midnight);
        let told = gadget.check_in(&house, &[]).await;
        assert_eq!(told.install, None);
        assert!(
            (1800..1800 + 1200).contains(&told.poll_after_s),
            "{}",
            told.poll_after_s
        );
        turns.push(told.poll_after_s);
        come_back(&house.clock, told.poll_after_s);
        assert!(gadget.check_in(&house, &[]).await.install.is_some());
    }
    assert_ne!(turns[0], turns[1], "the jitter spreads them");
}

fn come_back(clock: &VirtualClock, after_s: u32) {
    clock.set(clock.now() + jiff::SignedDuration::from_secs(after_s.into()));
}
