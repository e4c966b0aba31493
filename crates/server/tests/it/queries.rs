//! Devices are listed by query and by cohort, and a plan with a broken query isn't put into force.

use mainstay_api::{DevicePage, NewDevice, NewDevices};
use reqwest::{Method, StatusCode};

use crate::gadget::new_device;
use crate::house::{House, PLAN, problem};

const COHORTS: &str = r#"
[cohort.upstairs]
about = "where heat gathers"
query = 'attributes.floor = "3"'

[cohort.nobody]
query = 'has running'
"#;

/// Three devices: two of revision B, one of them at a site and upstairs, and one of C.
async fn house() -> House {
    let house = House::under(&format!("{PLAN}\n{COHORTS}")).await;
    let upstairs = NewDevice {
        site: Some(mainstay_fleet::Site::new("store-7").unwrap()),
        attributes: [("floor".to_owned(), "3".to_owned())].into(),
        ..new_device("th-2", "B")
    };
    let devices = NewDevices {
        devices: vec![new_device("th-1", "B"), upstairs, new_device("th-3", "C")],
    };
    let body = serde_json::to_vec(&devices).unwrap();
    let answer = house.post("/api/v1/devices", &house.tokens.operations, body);
    assert_eq!(answer.await.status(), StatusCode::CREATED);
    house
}

async fn listed(house: &House, words: &[(&str, &str)]) -> Result<String, (u16, String)> {
    let request = house.request(Method::GET, "/api/v1/devices", &house.tokens.engineer);
    let mut request = request.build().unwrap();
    request.url_mut().query_pairs_mut().extend_pairs(words);
    let answer = house.http.execute(request).await.unwrap();
    if answer.status() != StatusCode::OK {
        return Err(problem(answer).await);
    }
    let page: DevicePage = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let ids: Vec<_> = page
        .devices
        .iter()
        .map(|device| device.id.as_str())
        .collect();
    Ok(ids.join(" "))
}

#[tokio::test]
async fn a_list_holds_the_devices_that_are_meant() {
    let house = house().await;
    let refused = |status, id: &str| Err((status, id.to_owned()));
    let long = format!("has id{}", " ".repeat(2000));
    for (words, expected) in [
        (&[][..], Ok("th-1 th-2 th-3")),
        (&[("query", "hardware = \"B\"")], Ok("th-1 th-2")),
        (&[("query", "not site ~ \"store-*\"")], Ok("th-1 th-3")),
        (&[("query", "bootloader < 1.4.0")], Ok("")),
        (&[("query", "registered > 1h ago")], Ok("th-1 th-2 th-3")),
        (&[("cohort", "upstairs")], Ok("th-2")),
        (&[("cohort", "nobody")], Ok("")),
        (
            &[("cohort", "upstairs"), ("query", "hardware = \"C\"")],
            Ok(""),
        ),
        (
            &[("query", "hardware = B")],
            Err((400, "fleet.query-value")),
        ),
        (&[("query", "")], Err((400, "fleet.query-syntax"))),
        (&[("query", &long)], Err((400, "fleet.query-too-large"))),
        (&[("cohort", "downstairs")], Err((404, "devices.cohort"))),
        (&[("class", "thermo-v2")], Err((400, "devices.choice"))),
        (&[("limit", "2")], Ok("th-1 th-2")),
        (&[("limit", "2"), ("after", "th-2")], Ok("th-3")),
        (&[("after", "th-3")], Ok("")),
        (&[("after", "th-1"), ("cohort", "upstairs")], Ok("th-2")),
        (&[("after", "th-2"), ("cohort", "upstairs")], Ok("")),
        (&[("limit", "0")], Err((400, "devices.page"))),
        (&[("limit", "2001")], Err((400, "devices.page"))),
        (&[("limit", "-1")], Err((400, "devices.choice"))),
        (&[("after", "../th-1")], Err((400, "devices.page"))),
    ] {
        let expected = expected.map(str::to_owned);
        let expected = expected.or_else(|(status, id)| refused(status, id));
        assert_eq!(listed(&house, words).await, expected, "{words:?}");
    }
}

/// Page after page by what each answer names as the next one.
#[tokio::test]
async fn a_walk_over_all_pages_has_each_device_once() {
    let house = house().await;
    let walk = async |path: &str, words: &str| {
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/{path}?limit=1{words}{after}");
            let page: DevicePage = house.get(&path, &house.tokens.engineer).await;
            let ids = page.devices.iter().map(|device| device.id.to_string());
            pages.push(ids.collect::<Vec<_>>().join(" "));
            let Some(next) = page.next else { break pages };
            after = format!("&after={next}");
        }
    };
    assert_eq!(walk("devices", "").await, ["th-1", "th-2", "th-3", ""]);
    let upstairs = walk("devices", "&cohort=upstairs").await;
    assert_eq!(upstairs, ["th-2", ""]);
    let nobody = walk("devices", "&cohort=nobody").await;
    assert_eq!(nobody, [""]);
}

#[tokio::test]
async fn a_plan_with_a_broken_query_isnt_put_into_force() {
    let house = House::new().await;
    let put = |plan: String| {
        house
            .request(Method::PUT, "/api/v1/plan", &house.tokens.manager)
            .body(plan)
    };
    let broken = format!("{PLAN}\n[cohort.early]\nquery = 'hardware = B'\n");
    let refused = problem(put(broken).send().await.unwrap()).await;
    assert_eq!(refused, (422, "plan.errors".to_owned()));
    let good = put(format!("{PLAN}\n{COHORTS}")).send().await.unwrap();
    assert_eq!(good.status(), StatusCode::OK);
}
