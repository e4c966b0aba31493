//! Every page, rendered from the gallery's models: well-formed, self-contained, escaped, readable.

mod contrast;
mod documents;
mod escaping;
mod html;
#[path = "../../examples/gallery/sample/mod.rs"]
mod sample;
mod words;

use html::Html;

/// Every HTML document that the gallery shows.
fn gallery() -> Vec<(&'static str, String)> {
    [
        ("dashboard", sample::dashboard().to_html()),
        ("quiet dashboard", sample::quiet_dashboard().to_html()),
        ("device list", sample::device_list().to_html()),
        ("device", sample::device_page().to_html()),
        ("rollout", sample::rollout_page().to_html()),
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
        for tag in ["script", "img", "iframe", "object", "form"] {
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
