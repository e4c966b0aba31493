//! Service levels as the files that others read. The figures come as JSON, which is read by scripts, too: so its shape is
//! held here.

use mainstay_report::service_levels::{csv, prometheus};
use mainstay_telemetry::ServiceLevels;

const PAGE: &str = include_str!("../../../../../docs/reference/service-levels.md");
const FIGURES: &str = r#"{
  "as_of": "2027-01-20T12:00:00Z",
  "plan_revision": "00ff",
  "reach": [
    { "subject": { "kind": "class", "name": "thermo-v2" }, "devices": 10, "unreachable": 2, "unverified": 1,
      "verified": [{ "version": "1.1.0", "devices": 6 }, { "version": "1\"\\0", "devices": 1 }] }
  ],
  "updates": [
    { "subject": { "kind": "release", "name": "thermo-v2@1.1.0" }, "track": "maintenance", "devices": 10,
      "unreachable": 2, "not_begun": 1, "under_way": 1, "adopted": 6, "failed": 2, "reverted": 1, "sent_back": 0 }
  ],
  "levels": [
    { "subject": { "kind": "release", "name": "thermo-v2@1.1.0" }, "track": "maintenance", "measure": "p50",
      "figure": { "unit": "time", "seconds": 3600 }, "goal": { "goal": "within", "seconds": 86400 },
      "standing": "met", "because": "It is \"so\", they say." },
    { "subject": { "kind": "release", "name": "thermo-v2@1.1.0" }, "track": "maintenance", "measure": "failures",
      "figure": { "unit": "share", "part": 2, "of": 8 }, "goal": { "goal": "at-most", "hundredths": 250 },
      "standing": "missed", "because": "Two failed." },
    { "subject": { "kind": "release", "name": "thermo-v2@1.1.0" }, "track": "maintenance", "measure": "recovery",
      "figure": null, "goal": null, "standing": "no-goal", "because": "=HYPERLINK()" },
    { "subject": { "kind": "class", "name": "thermo-v2" }, "track": "maintenance", "measure": "dates-kept",
      "figure": { "unit": "share", "part": 3, "of": 4 }, "goal": { "goal": "at-least", "hundredths": 9000 },
      "standing": "missed", "because": "One was late." }
  ]
}"#;

fn figures() -> ServiceLevels {
    serde_json::from_str(FIGURES).expect("figures")
}

#[test]
fn the_shape_of_the_json_is_held() {
    let told = serde_json::to_value(figures()).expect("JSON");
    let expected: serde_json::Value = serde_json::from_str(FIGURES).expect("JSON");
    assert_eq!(told, expected);
}

#[test]
fn a_row_for_each_figure() {
    let expected = [
        "as_of,subject,name,track,measure,seconds,part,of,goal_seconds,goal_percent,standing,because",
        "2027-01-20T12:00:00Z,release,thermo-v2@1.1.0,maintenance,p50,3600,6,8,86400,,met,\"It is \"\"so\"\", they say.\"",
        "2027-01-20T12:00:00Z,release,thermo-v2@1.1.0,maintenance,failures,,2,8,,2.5 %,missed,Two failed.",
        "2027-01-20T12:00:00Z,release,thermo-v2@1.1.0,maintenance,recovery,,,,,,no-goal,'=HYPERLINK()",
        "2027-01-20T12:00:00Z,class,thermo-v2,maintenance,dates-kept,,3,4,,90 %,missed,One was late.",
        "",
    ];
    assert_eq!(csv(&figures()).split("\r\n").collect::<Vec<_>>(), expected);
}

#[test]
fn what_monitors_read() {
    let text = prometheus(&figures());
    let on = r#"subject="release",name="thermo-v2@1.1.0",track="maintenance""#;
    let class = r#"subject="class",name="thermo-v2""#;
    for line in [
        format!("mainstay_devices{{{class}}} 10"),
        format!("mainstay_devices_unreachable{{{class}}} 2"),
        format!("mainstay_devices_unverified{{{class}}} 1"),
        format!("mainstay_devices_verified{{{class},version=\"1.1.0\"}} 6"),
        format!(r#"mainstay_devices_verified{{{class},version="1\"\\0"}} 1"#),
        format!("mainstay_updates{{{on},state=\"under-way\"}} 1"),
        format!("mainstay_updates{{{on},state=\"adopted\"}} 6"),
        format!("mainstay_updates_reverted{{{on}}} 1"),
        format!("mainstay_adoption_seconds{{{on},quantile=\"0.5\"}} 3600"),
        format!("mainstay_dates{{{class},track=\"maintenance\"}} 4"),
        format!("mainstay_dates_kept{{{class},track=\"maintenance\"}} 3"),
        format!("mainstay_service_level_missed{{{on},measure=\"p50\"}} 0"),
        format!("mainstay_service_level_missed{{{on},measure=\"failures\"}} 1"),
        format!("mainstay_service_level_goal_seconds{{{on},measure=\"p50\"}} 86400"),
        format!("mainstay_service_level_goal_ratio{{{on},measure=\"failures\"}} 0.0250"),
        "mainstay_service_levels_measured_timestamp_seconds 1800446400".to_owned(),
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    assert!(
        !text.contains("measure=\"recovery\""),
        "nothing is promised of it"
    );
}

/// Every family is told once, before its samples, with its help (the format's rules).
#[test]
fn the_text_keeps_to_its_format() {
    let text = prometheus(&figures());
    let (mut families, mut family) = (Vec::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split(' ').next().unwrap_or_default().to_owned();
            assert!(!families.contains(&family), "{family} comes twice");
            assert!(help.ends_with('.'), "{help}");
            families.push(family.clone());
        } else if line.starts_with("# ") {
            assert_eq!(line, format!("# TYPE {family} gauge"));
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            let name = series.split('{').next().unwrap_or_default();
            assert_eq!(name, family, "{line}");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    assert!(text.ends_with('\n'));
    for family in families {
        assert!(
            PAGE.contains(&format!("`{family}`")),
            "the reference lacks {family}"
        );
    }
}
