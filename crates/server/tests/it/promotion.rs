//! A class on which people's safety hangs: a person opens each wave but the first.

use mainstay_api::{RolloutView, Why};
use reqwest::StatusCode;

use crate::gadget::register;
use crate::house::{self, House, PLAN, packed};

const STRATEGY: &str = "install    = \"dual-bank\"";

#[tokio::test]
async fn the_next_wave_waits_for_the_word_of_operations() {
    let safe = PLAN.replacen(STRATEGY, &format!("{STRATEGY}\nsafety = \"relevant\""), 1);
    assert_ne!(safe, PLAN);
    let house = House::under(&safe).await;
    let (old, new) = (
        packed(house::CLASS, "1.0.0", 1, &[]),
        house.built("1.1.0", 2, &[]),
    );
    let ids = ["th-0", "th-1", "th-2", "th-3", "th-4", "th-5"];
    let mut gadgets = register(&house, &ids, &old).await;
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    let path = format!("/api/v1/rollouts/{}", house.roll_out(&new).await);
    house.advance().await;
    // Two days: time enough for all waves, if nobody were asked.
    for _ in 0..48 {
        house.later(60);
        for gadget in &mut gadgets {
            if gadget.check_in(&house, &[]).await.install.is_some() {
                gadget.update_to(&house, &new).await;
            }
        }
        house.advance().await;
    }
    let (engineer, operations) = (&house.tokens.engineer, &house.tokens.operations);
    let view: RolloutView = house.get(&path, engineer).await;
    assert_eq!((view.phase.as_str(), view.wave), ("awaits-human", 0));
    let why: Why = house.get(&format!("{path}/why"), engineer).await;
    let asked = "the canary has passed and rested (2 healthy, 0 failed, 0 neither)";
    assert!(why.sentence.contains(asked), "{}", why.sentence);

    let go_on = || br#"{"go_on":true}"#.to_vec();
    let answer = format!("{path}/answer");
    for other in [engineer, &house.tokens.manager] {
        assert_eq!(house.refused(&answer, other, go_on()).await.0, 403);
    }
    for why in ["  ".to_owned(), "x".repeat(501)] {
        let body = format!("{{\"go_on\":true,\"why\":\"{why}\"}}").into_bytes();
        let (status, id) = house.refused(&answer, operations, body).await;
        assert_eq!((status, &id[..]), (400, "rollouts.why"));
    }
    let because = br#"{"go_on":true,"why":" warm rooms for a week "}"#.to_vec();
    let answered = house.post(&answer, operations, because).await;
    assert_eq!(answered.status(), StatusCode::OK);
    let id = mainstay_rollout::RolloutId(path.rsplit('/').next().unwrap().parse().unwrap());
    let kept = house.app.store().rollout(id).await.unwrap().unwrap();
    assert_eq!(kept.waves[0].answers[0].why, "warm rooms for a week");
    house.advance().await;
    let view: RolloutView = house.get(&path, engineer).await;
    assert_eq!(view.phase, "rolling");
    assert!(view.wave > 0, "{view:?}");
}
