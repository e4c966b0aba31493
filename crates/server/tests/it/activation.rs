//! What a server knows of its fleet, of the day and of the plan in force is asked when a plan is put into
//! force.

use mainstay_api::{NewDevices, PlanView, Problem};
use mainstay_protocol::{Health, Measures};
use reqwest::{Method, Response, StatusCode};

use crate::gadget::{new_device, register};
use crate::house::{self, House, PLAN, packed, read};

const HARDWARE: &str = "hardware   = [\"B\", \"C\"]";

/// The test plan after one edit, handed in by the release manager.
async fn put(house: &House, from: &str, to: &str) -> Response {
    assert!(PLAN.contains(from), "the plan has no {from}");
    let request = house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let plan = PLAN.replacen(from, to, 1);
    request.body(plan).send().await.unwrap()
}

/// What is said of the errors of a plan that isn't put into force.
async fn refused(house: &House, from: &str, to: &str) -> String {
    let answer = put(house, from, to).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{to}");
    let problem: Problem = read(answer).await;
    assert_eq!(problem.id, "plan.errors", "{to}");
    problem.detail
}

/// A house with th-1 of hardware B and th-2 of hardware C.
async fn inhabited() -> House {
    let house = House::new().await;
    let factory = packed(house::CLASS, "1.0.0", 1, &[]);
    register(&house, &["th-1", "th-2"], &factory).await;
    house
}

#[tokio::test]
async fn a_list_of_hardware_stays_while_there_are_devices() {
    let house = inhabited().await;
    let dropped = refused(&house, HARDWARE, "hardware = [\"B\"]").await;
    assert!(
        dropped.contains("FMP001 ([[class]], line 11): thermo-v2 doesn't list the hardware of all its devices: there are 1 of hardware C."),
        "{dropped}"
    );
    let added = refused(&house, HARDWARE, "hardware = [\"B\", \"C\", \"D\"]").await;
    assert!(
        added.contains("FMP001") && added.contains("hardware D"),
        "{added}"
    );
    let turned = put(&house, HARDWARE, "hardware = [\"C\", \"B\"]").await;
    assert_eq!(
        turned.status(),
        StatusCode::OK,
        "the order is no part of a name"
    );
}

#[tokio::test]
async fn a_list_of_hardware_is_free_before_there_are_devices() {
    let house = House::new().await;
    for list in ["[\"B\"]", "[\"A\", \"B\"]"] {
        let free = put(&house, HARDWARE, &format!("hardware = {list}")).await;
        assert_eq!(free.status(), StatusCode::OK, "{list}");
    }
}

#[tokio::test]
async fn a_plan_whose_acceptance_of_a_risk_is_over_isnt_put_into_force() {
    let house = inhabited().await;
    let today = jiff::tz::TimeZone::UTC.to_datetime(house::start()).date();
    let accepted = |until: jiff::civil::Date| {
        format!(
            "install = \"overwrite\"\naccepts_risk = {{ owner = \"sam@northwind.example\", \
             until = {until}, reason = \"one slot\" }}"
        )
    };
    let install = "install    = \"dual-bank\"";
    let over = refused(&house, install, &accepted(today.yesterday().unwrap())).await;
    assert!(over.contains("FMP004"), "{over}");
    let good = put(&house, install, &accepted(today)).await;
    assert_eq!(good.status(), StatusCode::OK);
}

/// Three devices would notice it, and the plan's canary asks for three; the fleet has two.
#[tokio::test]
async fn a_canary_that_the_fleet_cant_power_is_refused() {
    let house = inhabited().await;
    let plan = PLAN.replacen("halt    = 90.0", "halt    = 60.0", 1);
    let plan = plan.replacen("devices = 2,", "devices = 3,", 1);
    let request = || house.request(Method::PUT, "/api/v1/plan", &house.tokens.manager);
    let answer = request().body(plan.clone()).send().await.unwrap();
    let problem: Problem = read(answer).await;
    let expected = "needs 3 devices; the fleet of thermo-v2 has 2.";
    assert!(problem.detail.contains(expected), "{}", problem.detail);
    let third = serde_json::to_vec(&NewDevices {
        devices: vec![new_device("th-3", "B")],
    });
    let added = house.post("/api/v1/devices", &house.tokens.operations, third.unwrap());
    assert_eq!(added.await.status(), StatusCode::CREATED);
    let answer = request().body(plan).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

/// What a later version can't read is put out of force by a plan that it can.
#[tokio::test]
async fn a_plan_in_force_that_cant_be_read_is_replaced() {
    let house = inhabited().await;
    let sam = mainstay_access::Email::new("sam@northwind.example").unwrap();
    let store = house.app.store();
    let stored = store.activate_plan("[plan", [7; 32], &sam, house::start());
    stored.await.unwrap();
    let broken = house.request(Method::GET, "/api/v1/plan", &house.tokens.manager);
    assert!(broken.send().await.unwrap().status().is_server_error());
    let good = put(&house, HARDWARE, HARDWARE).await;
    assert_eq!(good.status(), StatusCode::OK);
    let view: PlanView = house.get("/api/v1/plan", &house.tokens.manager).await;
    assert_eq!(view.text, PLAN);
}

/// A class that has devices and stands in the plan no more: only the server can know.
#[tokio::test]
async fn what_only_the_server_knows_is_told_with_the_answer() {
    let house = inhabited().await;
    let rules = |view: &PlanView| -> Vec<String> {
        let warnings = view.warnings.iter();
        warnings.map(|warning| warning.rule.clone()).collect()
    };
    let plain: PlanView = read(put(&house, HARDWARE, HARDWARE).await).await;
    let of_the_plan = ["FMP016", "FMP043"];
    assert_eq!(rules(&plain), of_the_plan, "long support, no holidays");
    let answer = put(&house, "\"thermo-v2\"", "\"thermo-v3\"").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let view: PlanView = read(answer).await;
    let (of_the_fleet, others): (Vec<_>, Vec<_>) = view
        .warnings
        .iter()
        .partition(|warning| warning.rule == "FMP001");
    assert_eq!(others.len(), of_the_plan.len(), "{view:?}");
    let [orphans] = &of_the_fleet[..] else {
        panic!("one warning: {of_the_fleet:?}")
    };
    let expected = "There are 2 devices of thermo-v2, a class that the plan doesn't have.";
    assert_eq!(orphans.message, expected);
    let later: PlanView = house.get("/api/v1/plan", &house.tokens.manager).await;
    assert_eq!(later.warnings, [], "it is said once");
}

#[tokio::test]
async fn a_cohort_that_nobody_is_in_is_told() {
    let house = inhabited().await;
    let cohorts = "[cohort.early]\nquery = 'hardware = \"B\"'\n[cohort.late]\nquery = 'hardware = \"b\"'\n[health.tripwire]";
    let view: PlanView = read(put(&house, "[health.tripwire]", cohorts).await).await;
    let empty = view.warnings.iter();
    let empty: Vec<_> = empty
        .filter(|one| one.rule == "plan.empty-cohort")
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(empty, ["None of 2 devices is in the cohort late."]);
}

#[tokio::test]
async fn devices_know_vendor_and_environment_as_well() {
    let house = inhabited().await;
    let vendor = "vendor     = \"northwind.example\"";
    for (from, to) in [
        (vendor, "vendor = \"southwind.example\""),
        ("\"production\"", "\"staging\""),
    ] {
        let told = refused(&house, from, to).await;
        assert!(
            told.contains("FMP001") && told.contains("would refuse"),
            "{told}"
        );
        // Nor is the server's root for it, which never changes in this.
        assert!(
            told.contains("FMP014")
                && told.contains("Root 1 is for production of northwind.example"),
            "{told}"
        );
    }
}

/// Releases were approved under it, and would be cut off for good.
#[tokio::test]
async fn a_plan_that_was_in_force_comes_back_after_a_date_in_it() {
    let house = inhabited().await;
    let today = jiff::tz::TimeZone::UTC.to_datetime(house::start()).date();
    let install = "install    = \"dual-bank\"";
    let accepted = format!(
        "install = \"overwrite\"\naccepts_risk = {{ owner = \"sam@northwind.example\", until = {today}, \
         reason = \"one slot\" }}"
    );
    assert_eq!(
        put(&house, install, &accepted).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        put(&house, HARDWARE, HARDWARE).await.status(),
        StatusCode::OK
    );
    house.later(48 * 60);
    let back = put(&house, install, &accepted).await;
    assert_eq!(back.status(), StatusCode::OK);
    let view: PlanView = read(back).await;
    assert!(
        view.warnings.iter().any(|one| one.rule == "FMP004"),
        "{view:?}"
    );
    let other = accepted.replace("one slot", "another word");
    let told = refused(&house, install, &other).await;
    assert!(told.contains("FMP004"), "{told}");
}

/// How many warnings there are of signals, once this stands in the plan.
async fn of_signals(house: &House, health: &str) -> usize {
    let answer = put(
        house,
        "[health.tripwire]",
        &format!("{health}[health.tripwire]"),
    )
    .await;
    assert_eq!(answer.status(), StatusCode::OK);
    let view: PlanView = read(answer).await;
    let rules = view.warnings.iter();
    rules.filter(|warning| warning.rule == "FMP037").count()
}

#[tokio::test]
async fn signals_are_compared_with_what_devices_say_that_they_measure() {
    const BATTERY: &str = "[health.battery]\nworse_by_at_most = \"10 %\"\n\n";
    let house = House::new().await;
    let factory = packed(house::CLASS, "1.0.0", 1, &[]);
    let mut gadgets = register(&house, &["th-1", "th-2"], &factory).await;
    assert_eq!(of_signals(&house, BATTERY).await, 0, "nobody was heard");
    for gadget in &mut gadgets {
        gadget.check_in(&house, &[]).await;
    }
    assert_eq!(of_signals(&house, BATTERY).await, 1, "nobody measures it");
    assert_eq!(of_signals(&house, "").await, 0);
    for gadget in &mut gadgets {
        gadget.health = Health {
            measures: Some(Measures {
                error_log: false,
                battery: true,
            }),
            ..Health::default()
        };
        gadget.check_in(&house, &[]).await;
    }
    assert_eq!(of_signals(&house, BATTERY).await, 0);
    assert_eq!(of_signals(&house, "").await, 1, "nothing judges it");
}
