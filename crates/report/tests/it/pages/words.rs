//! What the pages say.

use mainstay_fleet::{ClientProfile, DeviceClient};
use mainstay_report::{
    ATTENTION_MAX, ClientFacts, DEVICE_ROWS_MAX, IncidentState, Reopened, SprtVerdict,
};

use super::html::Html;
use super::sample;

fn check(page: &str, expected: &[&str]) {
    for text in expected {
        assert!(page.contains(text), "{text}\nis not in\n{page}");
    }
}

#[test]
fn the_home_page_answers_at_a_glance() {
    let page = sample::dashboard().to_html().expect("renders");
    check(
        &page,
        &[
            "<h1 id=\"needs\">3 things need you</h1>",
            "<a class=\"go\" href=\"/incidents/1\">Read INC-1</a>",
            "<code>mainstay release approve thermo-v2@1.1.2</code>",
            "1.2.0, canary: 0 of 40 devices updated",
            "Failed: 2. Taken back: 13. Not begun: 25.",
            "<p class=\"notes\">2 failed, 13 taken back</p>",
            "Halted after 6 devices, 2 failed.",
            "Undecided after 21 devices, 1 failed.",
            "<strong>500</strong> devices, <strong>498</strong> reachable",
            "1.1.0: 493 of 500 devices",
            "Devices 1 to 100 of 500",
        ],
    );
}

/// What is told of large numbers of devices says of when it is: of the fleet, and of what is rolling.
#[test]
fn a_home_page_says_when_devices_were_counted() {
    let mut dashboard = sample::dashboard();
    let page = dashboard.to_html().expect("renders");
    assert!(!page.contains("ounted <time"), "just now: {page}");
    dashboard.rollouts_counted_at = Some(dashboard.frame.generated_at);
    let page = dashboard.to_html().expect("renders");
    check(&page, &["<p class=\"quiet\">Devices counted <time"]);
    assert!(!page.contains("<p class=\"quiet\">Counted <time"), "{page}");
    let counted = dashboard.fleet.as_mut().expect("it is counted");
    counted.counted_at = Some(dashboard.frame.generated_at);
    let page = dashboard.to_html().expect("renders");
    check(&page, &["<p class=\"quiet\">Counted <time"]);
}

/// A fleet of a million isn't counted in a moment, and nobody waits for it.
#[test]
fn a_home_page_says_what_is_still_being_counted() {
    let known = sample::dashboard().to_html().expect("renders");
    let notes = [
        "It is being counted.",
        "Its devices are being counted.",
        "How they stand is being measured.",
        "Counting devices failed <time",
    ];
    assert!(!notes.iter().any(|note| known.contains(note)), "{known}");
    let page = sample::uncounted_dashboard().to_html().expect("renders");
    check(&page, &notes);
    for figure in ["reachable", "Why it stopped", "class=\"wave-chart\""] {
        assert!(known.contains(figure) && !page.contains(figure), "{figure}");
    }
}

/// Incidents are kept for good, and a page ends somewhere.
#[test]
fn a_home_page_that_has_not_all_incidents_says_so() {
    let mut dashboard = sample::dashboard();
    let note = "<code>mainstay incident list</code> tells of all";
    let page = dashboard.to_html().expect("renders");
    assert!(!page.contains(note), "{page}");
    dashboard.incidents_go_on = true;
    check(&dashboard.to_html().expect("renders"), &[note]);
}

#[test]
fn a_quiet_home_page_says_so() {
    let page = sample::quiet_dashboard().to_html().expect("renders");
    check(
        &page,
        &[
            "Nothing needs you",
            "No rollout yet",
            "No device is registered yet",
        ],
    );
    assert!(!page.contains("id=\"promises\""), "no empty section");
}

#[test]
fn long_lists_are_cut_and_the_rest_is_counted() {
    let mut dashboard = sample::dashboard();
    let need = dashboard.needs_me[0].clone();
    dashboard.needs_me = vec![need; ATTENTION_MAX + 2];
    let row = dashboard.devices.rows[0].clone();
    dashboard.devices.rows = vec![row; DEVICE_ROWS_MAX + 1];
    let page = dashboard.to_html().expect("renders");
    check(
        &page,
        &["And 2 things less urgent.", "Devices 1 to 100 of 500"],
    );
    assert_eq!(page.matches("class=\"go\"").count(), ATTENTION_MAX);
    assert_eq!(
        page.matches("href=\"/devices/th-0001\"").count(),
        DEVICE_ROWS_MAX
    );
}

#[test]
fn the_device_list_links_to_its_neighbours() {
    let mut list = sample::device_list();
    let links = |list: &mainstay_report::DeviceList| -> Vec<String> {
        let page = list.to_html().expect("renders");
        let html = Html::parse(&page).expect("balanced");
        html.attributes("rel")
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(links(&list), ["icon", "prev", "next"]);
    list.table.page = 5;
    assert_eq!(links(&list), ["icon", "prev"]);
    list.table.total = 100;
    list.table.page = 1;
    assert_eq!(links(&list), ["icon"]);
}

#[test]
fn a_rollouts_devices_go_on_after_the_last_of_a_page() {
    let mut devices = sample::rollout_devices_page();
    let page = devices.to_html().expect("renders");
    let next = "href=\"/rollouts/3/devices?after=th-0200\" rel=\"next\"";
    check(&page, &["500 devices to get", "after th-0100", next]);
    (devices.after, devices.next) = (None, None);
    let page = devices.to_html().expect("renders");
    assert!(
        !page.contains("rel=\"next\"") && !page.contains("after th-0100"),
        "{page}"
    );
    // A rollout's own page shows some, and leads to all.
    let rollout = sample::rollout_page().to_html().expect("renders");
    check(
        &rollout,
        &[
            "500 devices in this rollout; 12 are shown",
            "href=\"/rollouts/3/devices\"",
        ],
    );
}

#[test]
fn a_device_page_tells_times_in_the_devices_zone() {
    let mut device = sample::device_page();
    let page = device.to_html().expect("renders");
    check(
        &page,
        &[
            "2026-11-11 00:56 MST",
            "2026-11-11 07:56 UTC",
            "there it is",
        ],
    );
    device.zone = "Mars/Olympus".into();
    let page = device.to_html().expect("renders");
    assert!(!page.contains("there it is") && !page.contains("MST"));
    check(&page, &["2026-11-11 07:56 UTC"]);
}

#[test]
fn the_verdict_is_told_in_words() {
    let mut page = sample::incident_page();
    let mut say = |verdict| {
        let sprt = page.incident.sprt.as_mut().expect("the sample has one");
        sprt.verdict = verdict;
        page.to_html().expect("renders")
    };
    check(
        &say(SprtVerdict::Accept { after: 1 }),
        &["Accepted after 1 device, 2 failed."],
    );
    check(
        &say(SprtVerdict::Continue),
        &["Undecided after 6 devices, 2 failed."],
    );
}

#[test]
fn a_review_is_told_in_the_words_of_those_who_wrote_it() {
    let mut page = sample::incident_page();
    page.incident.review.reopens = Some(Reopened {
        id: 2,
        why: "It came back after a cold start.".into(),
    });
    check(
        &page.to_html().expect("renders"),
        &[
            "Open. The review lacks its plan change.",
            "<dt>Missing test</dt><dd>The display self-test on a rig of revision B.",
            "ana@northwind.example, <time",
            "<a href=\"/incidents/2\">INC-2</a> up again: It came back after a cold start.",
        ],
    );
    assert!(!page.to_html().expect("renders").contains(">opened <time"));
    page.incident.line.state = IncidentState::Closed;
    page.incident.review.parts.clear();
    page.incident.review.reopens = None;
    page.incident.review.reopened_as = Some(7);
    let bare = page.to_html().expect("renders");
    check(
        &bare,
        &[
            "taken up again as <a href=\"/incidents/7\">INC-7</a>.",
            "<span class=\"quiet\">opened <time",
        ],
    );
    assert!(!bare.contains("class=\"facts review\""), "no empty list");
}

#[test]
fn charts_of_nothing_are_still_pages() {
    let mut dashboard = sample::dashboard();
    for rollout in &mut dashboard.rollouts {
        rollout.waves.clear();
        let sprt = rollout.sprt.as_mut().expect("the samples have one");
        sprt.points.clear();
        (sprt.accept_at, sprt.reject_at) = (0.0, f64::NAN);
        sprt.verdict = SprtVerdict::Continue;
    }
    let page = dashboard.to_html().expect("renders");
    check(&page, &["Undecided after 0 devices, 0 failed."]);
    assert!(Html::parse(&page).is_ok());
    let drawn = page.split_once("<main").expect("a main part").1;
    assert!(!drawn.contains("=\"NaN\"") && !drawn.contains("=\"inf\""));
}

/// Every device shows who would notice firmware that nobody approved, and whose word its client is.
#[test]
fn a_device_shows_how_sure_one_can_be_of_it() {
    use ClientProfile::{Generic, Rauc, Swupdate};
    let seen = |profile| DeviceClient::after(None, profile);
    let (mut page, mut list) = (sample::device_page(), sample::device_list());
    for (client, checks_signature, about, label) in [
        (
            Some(seen(Swupdate)),
            false,
            "<dt>Client</dt><dd>SWUpdate <span class=\"sub\">detected</span></dd>",
            "trusts the server alone",
        ),
        (
            Some(seen(Swupdate)),
            true,
            "<dt>Client</dt><dd>SWUpdate <span class=\"sub\">detected</span></dd>",
            "signature checked by its client",
        ),
        (
            Some(DeviceClient::chosen(Some(Rauc))),
            false,
            "<dt>Client</dt><dd>RAUC <span class=\"sub\">set by people</span></dd>",
            "signature checked by its client",
        ),
        (
            Some(seen(Generic)),
            false,
            "<dd>another hawkBit client <span class=\"sub\">detected</span></dd>",
            "trusts the server alone",
        ),
        (
            None,
            false,
            "<dt>Client</dt><dd>Mainstay</dd>",
            "checked by the device",
        ),
    ] {
        let native = ClientFacts::native();
        let facts = client.map_or(native, |client| ClientFacts::of(client, checks_signature));
        page.client = facts.clone();
        let shown = page.to_html().expect("renders");
        let meaning = facts.meaning.replace('\'', "&#39;");
        check(&shown, &[about, label, &meaning]);
        list.table.rows.truncate(1);
        list.table.rows[0].client = facts;
        let shown = list.to_html().expect("renders");
        check(&shown, &[&format!("<span class=\"sub\">{label}</span>")]);
    }
}
