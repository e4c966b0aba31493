//! While there is more to do than is comfortable, devices come a little later, each at its own moment.

use std::time::Duration;

use reqwest::StatusCode;

use crate::ddi::gateway::{plan as gateways_plan, strangers_in};
use crate::gadget::register;
use crate::house::{self, House, PLAN, packed};

/// The plan's poll.
const POLL_S: u32 = 3600;
/// A timer that is so late shows that no processor is free.
const LATE: Duration = Duration::from_secs(2);

/// Judges twice that no processor is free: once may be chance.
fn strain(house: &House) {
    house.app.feel_load(LATE);
    house.app.feel_load(LATE);
}

/// Judges so often that every place is there again.
fn calm_down(house: &House) {
    for _ in 0..100 {
        house.app.feel_load(Duration::ZERO);
    }
}

#[tokio::test]
async fn a_strained_server_sends_devices_apart_and_remembers_none_of_it() {
    let house = House::unfelt(PLAN).await;
    let old = packed(house::CLASS, "1.0.0", 1, &[]);
    let ids: Vec<_> = (0..8).map(|nth| format!("th-{nth}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut gadgets = register(&house, &ids, &old).await;
    for gadget in &mut gadgets {
        // It says for the first time what it runs.
        gadget.check_in(&house, &[]).await;
    }
    house.app.feel_pulse().await.unwrap();
    strain(&house);
    let mut told = Vec::new();
    for gadget in &mut gadgets {
        told.push(gadget.check_in(&house, &[]).await.poll_after_s);
    }
    assert!(
        told.iter().all(|s| (POLL_S..=POLL_S * 5 / 4).contains(s)),
        "{told:?}"
    );
    let mut apart = told.clone();
    apart.sort_unstable();
    apart.dedup();
    assert!(apart.len() >= 6, "{told:?}");
    // What is said from memory is what the plan says.
    for gadget in &mut gadgets {
        assert_eq!(gadget.check_in(&house, &[]).await.poll_after_s, POLL_S);
    }
    calm_down(&house);
    let mut late = register(&house, &["th-late"], &old).await.remove(0);
    assert_eq!(late.check_in(&house, &[]).await.poll_after_s, POLL_S);
}

#[tokio::test]
async fn clients_of_others_sleep_longer_too() {
    let house = House::unfelt(&gateways_plan()).await;
    let names = ["02:00:5e:10:00:01", "Gate way 2+"];
    let (house, _, [gateway, _]) = strangers_in(house, names).await;
    let sleep_s = async || {
        let answer = gateway.get(&house, "").await;
        assert_eq!(answer.status(), StatusCode::OK);
        let base: serde_json::Value = house::read(answer).await;
        let sleep = base["config"]["polling"]["sleep"].as_str().unwrap();
        let parts: Vec<u32> = sleep.split(':').map(|part| part.parse().unwrap()).collect();
        parts.iter().fold(0, |all, part| all * 60 + part)
    };
    let usual_s = sleep_s().await;
    strain(&house);
    let eased_s = sleep_s().await;
    assert!(eased_s > usual_s, "{usual_s} {eased_s}");
    calm_down(&house);
    assert_eq!(sleep_s().await, usual_s);
}
