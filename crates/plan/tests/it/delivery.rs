//! What `[delivery]` says, and what is found in it.

use jiff::SignedDuration;
use mainstay_plan::delivery::{By, Delivery, Links};
use mainstay_plan::{FleetFacts, Severity, check, parse};

use crate::examples::MINIMAL;

const MIRRORS: &str = r#"
[delivery]
link  = "10m"
cache = "30s"
by    = "site"

[[delivery.mirror]]
name = "frankfurt"
for  = ["eu", "uk"]
url  = "https://eu.downloads.company.example/firmware/"

[[delivery.mirror]]
name  = "tokyo"
for   = ["jp"]
links = "per-device"
url   = "https://jp.downloads.company.example"

[[delivery.mirror]]
name  = "rest"
links = "bucket"
"#;

/// The ids and lines' sections of what is found in the minimal plan with this behind it.
fn found(more: &str) -> Vec<(&'static str, String)> {
    let findings = check(&format!("{MINIMAL}\n{more}"), &FleetFacts::default()).findings;
    let told = |finding: &mainstay_plan::Finding| (finding.rule, finding.message.clone());
    let before = check(MINIMAL, &FleetFacts::default()).findings;
    let before: Vec<_> = before.iter().map(told).collect();
    let all = findings.iter().map(told);
    all.filter(|one| !before.contains(one)).collect()
}

#[test]
fn a_plan_that_says_nothing_has_no_mirrors() {
    let plan = parse(MINIMAL).expect("it passes");
    assert_eq!(plan.delivery, Delivery::default());
    assert_eq!(plan.delivery.link, SignedDuration::from_mins(15));
    assert_eq!(plan.delivery.cache, SignedDuration::from_secs(60));
    assert!(plan.delivery.mirrors.is_empty());
}

#[test]
fn mirrors_are_kept_as_they_stand() {
    let plan = parse(&format!("{MINIMAL}{MIRRORS}")).expect("it passes");
    let delivery = plan.delivery;
    assert_eq!(delivery.link, SignedDuration::from_mins(10));
    assert_eq!(delivery.cache, SignedDuration::from_secs(30));
    assert_eq!(delivery.by, By::Attribute("site".to_owned()));
    let [frankfurt, tokyo, rest] = &delivery.mirrors[..] else {
        panic!("there are three");
    };
    assert_eq!(frankfurt.near, ["eu", "uk"]);
    let url = "https://eu.downloads.company.example/firmware".to_owned();
    assert_eq!(frankfurt.links, Links::Signed { url });
    let url = "https://jp.downloads.company.example".to_owned();
    assert_eq!(tokyo.links, Links::PerDevice { url });
    assert!(rest.near.is_empty());
    assert_eq!(rest.links, Links::Bucket);
    assert_eq!(found(MIRRORS), []);
}

/// One mirror with this line in place of its own.
fn with(line: &str) -> String {
    let (key, _) = line.split_once(" =").expect("a setting");
    let lines = [
        "name = \"frankfurt\"",
        "url = \"https://eu.example/fw\"",
        "for = [\"eu\"]",
    ];
    let others = lines.iter().filter(|one| !one.starts_with(key));
    let others: Vec<_> = others.copied().collect();
    format!("[[delivery.mirror]]\n{}\n{line}\n", others.join("\n"))
}

#[test]
fn what_can_not_be_meant_is_found() {
    const WRONG: &str = "plan.wrong-value";
    for line in [
        "name = \"Frank furt\"",
        "name = \"\"",
        "url = \"http://eu.example/fw\"",
        "url = \"https://kim:secret@eu.example/fw\"",
        "url = \"https://eu.example/fw?x=1\"",
        "url = \"https:///fw\"",
        "url = \"https://\"",
        "for = []",
        "for = [\"\"]",
        "for = \"eu\"",
        "links = \"open\"",
    ] {
        let ids: Vec<_> = found(&with(line)).into_iter().map(|(id, _)| id).collect();
        // A password in an address is a secret besides.
        assert!(ids.contains(&WRONG), "{line}: {ids:?}");
    }
    for (more, id) in [
        ("[delivery]\nlink = \"30s\"", WRONG),
        ("[delivery]\nlink = \"25h\"", WRONG),
        ("[delivery]\ncache = \"2h\"", WRONG),
        ("[delivery]\nby = \"a b\"", WRONG),
        ("[delivery]\nmirrors = 1", "plan.unknown-key"),
        ("[[delivery.mirror]]\nname = \"a\"", "plan.missing"),
        (
            "[[delivery.mirror]]\nurl = \"https://eu.example\"",
            "plan.missing",
        ),
        (
            "[[delivery.mirror]]\nname = \"a\"\nlinks = \"bucket\"\nurl = \"https://eu.example\"",
            "plan.contradiction",
        ),
    ] {
        let ids: Vec<_> = found(more).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [id], "{more}");
    }
}

#[test]
fn no_device_is_near_two_mirrors() {
    let mirror = |name: &str, near: &str| {
        format!("[[delivery.mirror]]\nname = \"{name}\"\nurl = \"https://eu.example\"\n{near}\n")
    };
    for (one, other) in [
        (
            mirror("a", "for = [\"eu\"]"),
            mirror("b", "for = [\"uk\", \"eu\"]"),
        ),
        (mirror("a", "for = [\"eu\"]"), mirror("a", "for = [\"uk\"]")),
        (mirror("a", ""), mirror("b", "")),
        (mirror("a", "for = [\"eu\", \"eu\"]"), mirror("b", "")),
    ] {
        let ids: Vec<_> = found(&format!("{one}{other}"))
            .into_iter()
            .map(|(id, _)| id)
            .collect();
        assert_eq!(ids, ["plan.named-twice"], "{one}{other}");
    }
}

#[test]
fn an_open_mirror_is_warned_of() {
    let plain = with("links = \"plain\"");
    let findings = check(&format!("{MINIMAL}\n{plain}"), &FleetFacts::default()).findings;
    let open = findings
        .iter()
        .find(|finding| finding.rule == "plan.open-mirror");
    let open = open.expect("it is told");
    assert_eq!(open.severity, Severity::Warn);
    assert_eq!(open.place.section, "[[delivery.mirror]]");
}
