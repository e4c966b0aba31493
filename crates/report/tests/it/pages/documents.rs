//! The report as Markdown and as JSON.

use mainstay_report::StoryReport;

use super::sample;

#[test]
fn json_holds_the_whole_report() {
    let report = sample::story_report();
    let json = report.to_json().expect("renders");
    let read: StoryReport = serde_json::from_str(&json).expect("reads back");
    assert_eq!(read, report);
}

#[test]
fn every_markdown_table_is_rectangular() {
    let mut report = sample::story_report();
    report.artifacts[0].file = "a|b\nc".into();
    let markdown = report.to_markdown().expect("renders");
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut rows = 0;
    for pair in markdown.lines().collect::<Vec<_>>().windows(2) {
        if pair.iter().all(|line| line.starts_with('|')) {
            assert_eq!(columns(pair[0]), columns(pair[1]), "{pair:#?}");
            rows += 1;
        }
    }
    assert!(rows > 20, "{rows} rows");
}

#[test]
fn markdown_tells_the_halt() {
    let markdown = sample::story_report().to_markdown().expect("renders");
    for line in [
        "### 1.2.0 to thermo-v2 (maintenance): halted",
        "| canary | 40 | 0 | 0 | 2 | 13 | 0 | 25 |",
        "485 devices were never offered it.",
        "| built and signed | ana@northwind.example | engineer | 2026-11-11 06:20 UTC |",
    ] {
        assert!(
            markdown.lines().any(|l| l == line),
            "{line}\nin\n{markdown}"
        );
    }
}
