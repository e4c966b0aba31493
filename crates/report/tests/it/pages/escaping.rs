//! Whatever text the models carry, the pages' structure stays the templates' own.

use std::collections::BTreeSet;

use mainstay_report::{
    Dashboard, DeviceList, DevicePage, IncidentPage, ProblemPage, RenderError, Reopened,
    RolloutPage, StoryReport,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::html::Html;
use super::sample;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 6 }}&#60;";

/// `model` with every text that may be any text replaced by [`HOSTILE`]: those that are timestamps
/// or names of variants refuse it, and stay. Returns how many were replaced, too.
fn hostile<M: Serialize + DeserializeOwned>(model: &M) -> (M, usize) {
    let mut json = serde_json::to_value(model).expect("models are JSON");
    let mut paths = Vec::new();
    texts(&json, "", &mut paths);
    let mut replaced = 0;
    for path in paths {
        let old = std::mem::replace(at(&mut json, &path), HOSTILE.into());
        match M::deserialize(&json) {
            Ok(_) => replaced += 1,
            Err(_) => *at(&mut json, &path) = old,
        }
    }
    (serde_json::from_value(json).expect("as checked"), replaced)
}

fn at<'a>(json: &'a mut Value, path: &str) -> &'a mut Value {
    json.pointer_mut(path).expect("the path was just found")
}

fn texts(json: &Value, path: &str, found: &mut Vec<String>) {
    match json {
        Value::String(_) => found.push(path.to_owned()),
        Value::Array(all) => (all.iter().enumerate())
            .for_each(|(place, value)| texts(value, &format!("{path}/{place}"), found)),
        Value::Object(all) => {
            (all.iter()).for_each(|(key, value)| texts(value, &format!("{path}/{key}"), found))
        }
        _ => {}
    }
}

fn check<M: Serialize + DeserializeOwned>(
    model: &M,
    render: impl Fn(&M) -> Result<String, RenderError>,
) {
    let harmless = render(model).expect("renders");
    let (model, replaced) = hostile(model);
    assert!(replaced > 4, "only {replaced} texts replaced");
    let page = render(&model).expect("renders hostile text too");
    let structure = |page| -> BTreeSet<_> {
        let html = Html::parse(page).unwrap_or_else(|fault| panic!("{fault}"));
        html.names().into_iter().collect()
    };
    assert_eq!(
        structure(&page).difference(&structure(&harmless)).next(),
        None
    );
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("{{ 7 * 6 }}"), "text is no template");
}

#[test]
fn hostile_text_stays_text_on_every_page() {
    check(&sample::dashboard(), Dashboard::to_html);
    check(&sample::device_list(), DeviceList::to_html);
    check(&sample::device_page(), DevicePage::to_html);
    check(&sample::rollout_page(), RolloutPage::to_html);
    let mut taken_up = sample::incident_page();
    taken_up.incident.review.reopens = Some(Reopened {
        id: 2,
        why: "It came back.".to_owned(),
    });
    check(&taken_up, IncidentPage::to_html);
    check(&sample::problem_page(), ProblemPage::to_html);
    check(&sample::story_report(), StoryReport::to_html);
}

#[test]
fn hostile_text_stays_text_in_markdown() {
    let (report, _) = hostile(&sample::story_report());
    let markdown = report.to_markdown().expect("renders");
    assert!(!markdown.contains("<script"), "{markdown}");
    assert!(markdown.contains("&lt;script\\>"));
}
