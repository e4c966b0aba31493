//! Every page, rendered from the gallery's models: well-formed, self-contained, escaped, readable.

mod contrast;
mod documents;
mod escaping;
mod html;
#[path = "../../../examples/gallery/sample/mod.rs"]
mod sample;
mod words;

use html::Html;

/// The pages with forms: those by which people come in.
fn door() -> Vec<(&'static str, String)> {
    [
        ("sign in", sample::sign_in_page().to_html()),
        ("code", sample::code_page().to_html()),
        ("setup", sample::setup_page().to_html()),
        ("first setup", sample::first_setup_page().to_html()),
        ("second factor", sample::second_factor_page().to_html()),
        ("account", sample::account_page().to_html()),
        ("people", sample::people_page().to_html()),
    ]
    .map(|(name, page)| (name, page.expect("the gallery renders")))
    .to_vec()
}

/// Every HTML document that the gallery shows.
fn gallery() -> Vec<(&'static str, String)> {
    let mut pages = looked_at();
    pages.extend(door());
    pages
}

/// Those that people only look at.
fn looked_at() -> Vec<(&'static str, String)> {
    [
        ("dashboard", sample::dashboard().to_html()),
        ("quiet dashboard", sample::quiet_dashboard().to_html()),
        (
            "uncounted dashboard",
            sample::uncounted_dashboard().to_html(),
        ),
        ("device list", sample::device_list().to_html()),
        ("device", sample::device_page().to_html()),
        ("rollout", sample::rollout_page().to_html()),
        ("rollout devices", sample::rollout_devices_page().to_html()),
        ("incident", sample::incident_page().to_html()),
        ("problem", sample::problem_page().to_html()),
        ("report", sample::story_report().to_html()),
    ]
    .map(|(name, page)| (name, page.expect("the gallery renders")))
    .to_vec()
}

#[test]
fn every_page_is_balanced_with_unique_ids_and_one_main_heading() {
    for (name, page) in gallery() {
        let html = Html::parse(&page).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let ids = html.attributes("id");
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{name}: {ids:?}");
        assert_eq!(html.count("h1"), 1, "{name}");
        assert_eq!(html.count("main"), 1, "{name}");
    }
}

#[test]
fn headings_never_skip_a_level() {
    for (name, page) in gallery() {
        let html = Html::parse(&page).expect("balanced");
        let mut last = 0;
        for level in html.heading_levels() {
            assert!(level <= last + 1, "{name}: h{level} after h{last}");
            last = level;
        }
    }
}

#[test]
fn every_table_has_a_caption_and_every_chart_a_name() {
    for (name, page) in gallery() {
        let html = Html::parse(&page).expect("balanced");
        assert_eq!(html.count("table"), html.count("caption"), "{name}");
        let images = html
            .attributes("role")
            .iter()
            .filter(|r| **r == "img")
            .count();
        // The document's own title is one more; those of the svg elements name the images.
        assert_eq!(html.count("title"), images + 1, "{name}");
        let cells = html.count("th");
        assert_eq!(html.attributes("scope").len(), cells, "{name}");
    }
}

#[test]
fn pages_fetch_and_run_nothing() {
    for (name, page) in gallery() {
        let html = Html::parse(&page).expect("balanced");
        for tag in ["script", "img", "iframe", "object"] {
            assert_eq!(html.count(tag), 0, "{name}: {tag}");
        }
        let elsewhere = html.attributes("href").into_iter().find(|href| {
            let local = href.starts_with('/') && !href.starts_with("//");
            !local && !href.starts_with('#') && !href.starts_with("data:image/svg+xml,")
        });
        assert_eq!(elsewhere, None, "{name}");
        assert!(html.attributes("style").is_empty(), "{name}");
    }
}

/// One that a server keeps as it is runs that server's one script, and has a place in which that says whether it does.
#[test]
fn a_live_page_runs_one_script_of_its_server() {
    let mut page = sample::rollout_page();
    page.frame.live = Some(mainstay_report::Live {
        after: 17,
        about: Some("rollout/2".into()),
    });
    let page = page.to_html().expect("the gallery renders");
    let html = Html::parse(&page).expect("balanced");
    assert_eq!(html.count("script"), 1);
    assert_eq!(
        html.attributes("src"),
        [mainstay_report::LiveScript::href()]
    );
    let at = html.attributes("data-live");
    assert_eq!(at, ["/live?after=17&amp;about=rollout%2F2"]);
    assert_eq!(
        html.attributes("id")
            .iter()
            .filter(|id| **id == "live")
            .count(),
        1
    );
    assert!(html.attributes("role").contains(&"status"));
}

#[test]
fn pages_that_are_looked_at_send_nothing() {
    for (name, page) in looked_at() {
        let html = Html::parse(&page).expect("balanced");
        for tag in ["form", "input", "button"] {
            assert_eq!(html.count(tag), 0, "{name}: {tag}");
        }
    }
}

/// What a form sends never stands in an address; and every form but those of nobody carries the browser's own token.
#[test]
fn forms_are_posted_here_and_say_whose_they_are() {
    for (name, page) in door() {
        let html = Html::parse(&page).expect("balanced");
        let forms = html.count("form");
        assert!(forms > 0, "{name}");
        assert_eq!(html.attributes("method"), vec!["post"; forms], "{name}");
        let here = |action: &&str| action.starts_with('/') && !action.starts_with("//");
        assert_eq!(
            html.attributes("action").iter().filter(|a| here(a)).count(),
            forms,
            "{name}"
        );
        let tokens = page.matches("name=\"form\"").count();
        let of_nobody = ["sign in", "setup", "first setup"].contains(&name);
        assert_eq!(tokens, if of_nobody { 0 } else { forms }, "{name}");
    }
}

/// What is typed or chosen has a label.
#[test]
fn every_field_has_a_label() {
    for (name, page) in door() {
        let html = Html::parse(&page).expect("balanced");
        let ids = html.attributes("id");
        let labels = html.attributes("for");
        for label in &labels {
            assert!(ids.contains(label), "{name}: {label}");
        }
        let hidden = page.matches("type=\"hidden\"").count();
        let fields = html.count("input") + html.count("select") - hidden;
        assert_eq!(labels.len(), fields, "{name}");
    }
}

#[test]
fn the_report_needs_no_server() {
    let page = sample::story_report().to_html().expect("renders");
    let html = Html::parse(&page).expect("balanced");
    let ids = html.attributes("id");
    for href in html.attributes("href") {
        let target = href.strip_prefix('#');
        let inside = target.is_some_and(|target| ids.contains(&target));
        assert!(inside || href.starts_with("data:"), "{href}");
    }
}
