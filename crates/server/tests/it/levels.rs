//! How releases stand against the plan's goals, asked of a server whose devices have updated, failed and fallen silent.

use mainstay_api::ServiceLevels;
use mainstay_protocol::{Event, RevertCause};
use mainstay_server::PagesAccess;
use mainstay_telemetry::levels::{Measure, Standing};
use reqwest::{Method, StatusCode};

use crate::eligibility::running;
use crate::gadget::register;
use crate::house::{self, House, PLAN, packed, problem};
use crate::update::pass_hours;

const PATH: &str = "/api/v1/service-levels";
const GOALS: &str = r#"
[service_levels]
active_within = "2d"

[track.maintenance.goals]
p50_within       = "24h"
p99_within       = "4d"
failures_at_most = "10 %"
halted_within    = "1h"

[cohort.south]
query = 'hardware = "B"'
"#;

fn goals() -> String {
    format!("{PLAN}\n{GOALS}")
}

async fn text(house: &House, path: &str) -> (StatusCode, String, String) {
    let request = house.request(Method::GET, path, &house.tokens.engineer);
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let kind = headers["content-type"].to_str().unwrap().to_owned();
    (status, kind, response.text().await.unwrap())
}

fn standing(levels: &ServiceLevels, kind: &str, measure: Measure) -> (Standing, String) {
    let found = levels
        .levels
        .iter()
        .find(|level| level.subject.kind() == kind && level.measure == measure);
    let found = found.unwrap_or_else(|| panic!("{kind} {measure:?}: {levels:?}"));
    (found.standing, found.because.clone())
}

#[tokio::test]
async fn a_good_release_meets_its_goals_by_release_class_and_cohort() {
    let house = House::under(&goals()).await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    let release = house.built("1.1.0", 2, &[]);
    house.roll_out(&release).await;
    house.advance().await;
    let before: ServiceLevels = house.get(PATH, &house.tokens.manager).await;
    assert_eq!(before.updates[0].counts.adopted, 0);
    assert_eq!(
        standing(&before, "release", Measure::P50).0,
        Standing::Unsaid
    );
    pass_hours(&house, &mut gadgets, &release, 8).await;
    let after: ServiceLevels = house.get(PATH, &house.tokens.engineer).await;
    let counts = after.updates[0].counts;
    assert_eq!((counts.devices, counts.adopted), (3, 3), "{after:?}");
    for kind in ["release", "class", "cohort"] {
        assert_eq!(
            standing(&after, kind, Measure::P50).0,
            Standing::Met,
            "{kind}"
        );
        assert_eq!(
            standing(&after, kind, Measure::P99).0,
            Standing::Met,
            "{kind}"
        );
    }
    let class = &after.reach[0];
    assert_eq!((class.devices, class.unreachable), (3, 0));
    assert_eq!(class.verified[0].version, "1.1.0");
    let (status, kind, csv) = text(&house, "/api/v1/service-levels.csv").await;
    assert_eq!(
        (status, &*kind),
        (StatusCode::OK, "text/csv; charset=utf-8; header=present")
    );
    assert!(
        csv.contains(",release,thermo-v2@1.1.0,maintenance,p50,"),
        "{csv}"
    );
    let (status, kind, metrics) = text(&house, "/metrics").await;
    assert_eq!(
        (status, &*kind),
        (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8")
    );
    let line =
        "mainstay_devices_verified{subject=\"class\",name=\"thermo-v2\",version=\"1.1.0\"} 3";
    assert!(metrics.lines().any(|told| told == line), "{metrics}");
}

#[tokio::test]
async fn a_bad_release_is_missed_and_a_silent_device_told_apart() {
    let house = House::under(&goals()).await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    let release = house.built("1.1.0", 2, &[]);
    house.roll_out(&release).await;
    house.advance().await;
    house.later(60);
    let manifest = release.manifest;
    let cause = RevertCause::SelfTest;
    let events = [
        Event::DownloadStarted { manifest },
        Event::TrialBooted { manifest },
        Event::Reverted { manifest, cause },
    ];
    let reports: Vec<_> = events
        .into_iter()
        .map(|event| gadgets[0].report(event))
        .collect();
    gadgets[0].send(&house, &reports).await;
    house.later(90);
    let body = br#"{"why": "displays stay dark"}"#.to_vec();
    house
        .post("/api/v1/rollouts/1/halt", &house.tokens.operations, body)
        .await;
    house.later(3 * 24 * 60);
    gadgets[0].check_in(&house, &[]).await;
    let levels: ServiceLevels = house.get(PATH, &house.tokens.operations).await;
    let counts = levels.updates[0].counts;
    assert_eq!(
        (counts.failed, counts.reverted, counts.not_begun),
        (1, 1, 2)
    );
    assert_eq!(
        (levels.reach[0].devices, levels.reach[0].unreachable),
        (3, 2)
    );
    assert_eq!(
        standing(&levels, "release", Measure::Failures).0,
        Standing::Missed
    );
    let halted = standing(&levels, "release", Measure::TimeToHalt);
    let because = "It was halted 1h 30m after the first failure; 1h are promised.";
    assert_eq!(halted, (Standing::Missed, because.to_owned()));
    assert_eq!(standing(&levels, "class", Measure::P50).0, Standing::Unsaid);
}

/// A class that hasn't had a release for years has missed its dates; it isn't one that was never released.
#[tokio::test]
async fn dates_are_missed_also_after_years_without_a_release() {
    let house = House::under(&goals()).await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    let release = house.built("1.1.0", 2, &[]);
    house.roll_out(&release).await;
    house.advance().await;
    pass_hours(&house, &mut gadgets, &release, 8).await;
    house.later(800 * 24 * 60);
    let levels: ServiceLevels = house.get(PATH, &house.tokens.manager).await;
    let (_, because) = standing(&levels, "class", Measure::DatesKept);
    assert!(because.starts_with("0 of 13 dates since"), "{because}");
    assert!(levels.updates.iter().any(|one| one.counts.devices == 3));
}

/// However many ask, the fleet is walked once in a while.
#[tokio::test]
async fn what_was_measured_is_kept_for_some_seconds() {
    let house = House::under(&goals()).await;
    let get = async || -> ServiceLevels { house.get(PATH, &house.tokens.engineer).await };
    let first = get().await;
    let _late = register(&house, &["th-1"], &packed(house::CLASS, "1.0.0", 1, &[])).await;
    assert_eq!(get().await, first, "it is kept");
    house.later(1);
    let next = get().await;
    assert_eq!((first.reach[0].devices, next.reach[0].devices), (0, 1));
}

#[tokio::test]
async fn only_people_look_at_figures() {
    let house = House::new().await;
    let factory = packed(house::CLASS, "1.0.0", 1, &[]);
    let device = &register(&house, &["th-1"], &factory).await[0];
    for path in [PATH, "/api/v1/service-levels.csv", "/metrics"] {
        let url = format!("{}{path}", house.base);
        let nobody = house.http.get(url).send().await.unwrap();
        assert_eq!(
            problem(nobody).await,
            (401, "auth.token".to_owned()),
            "{path}"
        );
        let request = house.request(Method::GET, path, &device.token);
        let refused = problem(request.send().await.unwrap()).await;
        assert_eq!(refused, (401, "auth.token".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_home_page_tells_what_is_promised_and_how_it_stands() {
    let house = House::under(&goals()).await;
    let mut gadgets = running(&house, &["th-1", "th-2", "th-3"]).await;
    let release = house.built("1.1.0", 2, &[]);
    house.roll_out(&release).await;
    house.advance().await;
    pass_hours(&house, &mut gadgets, &release, 8).await;
    let token = &house.tokens.engineer;
    let page = house.request(Method::GET, "/", token).send().await.unwrap();
    let html = page.text().await.unwrap();
    assert!(
        html.contains("thermo-v2, maintenance: half of the active devices"),
        "{html}"
    );
    let plain = House::with(PagesAccess::Anyone).await;
    let page = plain.http.get(&plain.base).send().await.unwrap();
    assert!(!page.text().await.unwrap().contains("id=\"promises\""));
}
