//! A plan's dates, as a person reads them, as a script does, and as a calendar program does.

use std::process::Command;

use crate::folder::Folder;

/// A folder with a starting plan that also has a feature track.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.good("plan init");
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    let feature = "[track.feature]\nevery = \"quarter on the first Monday\"\n\
                   waves = [\"canary\", \"10 %\", \"100 %\"]\n\n[track.hotfix]";
    folder.write("plan.toml", plan.replacen("[track.hotfix]", feature, 1));
    folder
}

#[test]
fn a_summer_reads_as_a_table_by_date() {
    let folder = folder();
    let said = folder.good("plan calendar --from 2027-06-01 --months 3");
    let expected = "\
My first plan: 2027-06-01 to 2027-08-31

2027-06-08 Tue   maintenance
2027-06-18 Fri   freeze       Juneteenth, until 2027-06-19 Sat
2027-07-04 Sun   freeze       Independence Day, until 2027-07-05 Mon
2027-07-06 Tue   feature      moved from 2027-07-05 because of Independence Day
2027-07-13 Tue   maintenance
2027-08-10 Tue   maintenance
2027-12-31 Fri   support      last day on which device-v1 is sold
2032-12-31 Fri   support      last day of security updates for device-v1

hotfix has no dates: an emergency sets them, and waits for windows and freezes like any other.
";
    assert_eq!(said, expected);
}

#[test]
fn the_page_about_it_shows_what_it_says() {
    const PAGE: &str = include_str!("../../../../docs/concepts/calendar.md");
    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
    let block = PAGE.split("```\n$ mainstay ").nth(1).expect("an example");
    let (words, shown) = block.split_once('\n').expect("its output");
    let (shown, _) = shown.split_once("```").expect("its end");
    let words = words.replace("plans/", &format!("{ROOT}plans/"));
    assert_eq!(Folder::new().good(&words), shown);
}

#[test]
fn a_script_gets_the_same() {
    let folder = folder();
    let said = folder.good("--json plan calendar plan.toml --from 2027-07-01 --months 1");
    let answer: serde_json::Value = serde_json::from_str(&said).expect("one JSON value");
    assert_eq!(answer["to"], "2027-07-31");
    let entries = answer["entries"].as_array().expect("a list");
    let days: Vec<_> = entries.iter().map(|entry| &entry["date"]).collect();
    let expected = [
        "2027-07-04",
        "2027-07-06",
        "2027-07-13",
        "2027-12-31",
        "2032-12-31",
    ];
    assert_eq!(days, expected);
    let feature = &entries[1];
    assert_eq!(feature["kind"], "release");
    assert_eq!(feature["track"], "feature");
    assert_eq!(feature["declared"], "2027-07-05");
    assert_eq!(feature["left_out"], false);
    assert_eq!(entries[0]["until"], "2027-07-05");
    assert_eq!(entries[4]["ends"], "security");
    assert_eq!(answer["undated"][0]["track"], "hotfix");
}

#[test]
fn a_track_that_missed_its_dates_is_late() {
    let folder = folder();
    let said = folder.good("--json plan calendar");
    let answer: serde_json::Value = serde_json::from_str(&said).expect("one JSON value");
    let today = answer["from"].as_str().expect("a day");
    let words = format!(
        "plan calendar --released maintenance=2020-01-14 --released feature={today} \
         --released hotfix=2020-01-01"
    );
    let said = folder.good(&words);
    let lines: Vec<_> = said.lines().rev().take(3).collect();
    let late = "maintenance was due on 2020-02-11 and is ";
    assert!(lines[2].starts_with(late), "{said}");
    assert!(lines[2].contains("more dates have passed since"), "{said}");
    let on_time = "feature is on time: due on ";
    assert!(lines[1].starts_with(on_time), "{said}");
    assert_eq!(lines[0], "hotfix has no dates that it could miss.");
    let said = folder.good(&format!("--json {words}"));
    let answer: serde_json::Value = serde_json::from_str(&said).expect("one JSON value");
    let lateness = &answer["stands"][0]["lateness"];
    assert_eq!(
        (&lateness["kind"], &lateness["due"]),
        (&"late".into(), &"2020-02-11".into())
    );
}

#[test]
fn a_calendar_file_is_written_once_and_is_what_standard_output_gets() {
    let folder = folder();
    let words = "plan calendar --from 2027-06-01 --months 3 --ics";
    let said = folder.good(&format!("{words} dates.ics"));
    assert!(said.contains("dates.ics has 8 entries"), "{said}");
    folder
        .run(&format!("{words} dates.ics"))
        .failed(2, "calendar.exists");
    let undated = |text: &str| {
        let lines = text.split_inclusive("\r\n");
        let of_now = |line: &&str| line.starts_with("DTSTAMP:") || line.starts_with("SEQUENCE:");
        let kept = lines.filter(|line| !of_now(line));
        kept.collect::<String>()
    };
    let file = String::from_utf8(folder.read("dates.ics")).expect("text");
    let printed = folder.good(&format!("{words} -"));
    assert_eq!(undated(&printed), undated(&file));
    assert!(printed.ends_with("END:VCALENDAR\r\n"), "{printed}");
}

/// Another program's reading of it: a line for each entry.
#[test]
fn another_program_reads_the_calendar_as_it_is_meant() {
    let folder = folder();
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    let name = "Größe; „drei“, \\\\ und noch viel mehr Wörter, damit die Zeile gefaltet wird";
    let plan = plan.replacen("My first plan", name, 1);
    folder.write("plan.toml", plan);
    folder.good("plan calendar --from 2027-07-01 --months 1 --ics dates.ics");
    let judge = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/judges/read_calendar.py"
    );
    let ended = Command::new(judges::program("python3"))
        .arg(judge)
        .arg(folder.path().join("dates.ics"))
        .output()
        .expect("the judge runs");
    let complaint = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{complaint}");
    let read = String::from_utf8(ended.stdout).expect("text");
    let title = name.replace("\\\\", "\\");
    let expected = [
        "2027-07-04 2027-07-06 FREEZE CONFIRMED: no updates (Independence Day)",
        "2027-07-06 2027-07-07 RELEASE CONFIRMED: feature release",
        "2027-07-13 2027-07-14 RELEASE CONFIRMED: maintenance release",
        "2027-12-31 2028-01-01 SUPPORT CONFIRMED: last day on which device-v1 is sold",
        "2032-12-31 2033-01-01 SUPPORT CONFIRMED: last day of security updates for device-v1",
    ];
    let expected = expected.map(|line| line.replacen(": ", &format!(" {title}: "), 1));
    assert_eq!(read.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_plan_with_errors_has_dates_and_a_remark() {
    let folder = folder();
    let plan = String::from_utf8(folder.read("plan.toml")).expect("text");
    let words = "plan calendar --ics -";
    assert_eq!(folder.run(words).stderr(), "");
    let sooner = plan.replacen(
        "security_until = 2032-12-31",
        "security_until = 2026-12-31",
        1,
    );
    folder.write("plan.toml", sooner);
    let ended = folder.run(words);
    assert_eq!(ended.code(), 0);
    let remark = "plan.toml has 1 error(s): `mainstay plan check plan.toml` tells them\n";
    assert_eq!(ended.stderr(), remark);
}

#[test]
fn senseless_questions_are_refused() {
    let folder = folder();
    folder.write("bad.toml", "class = 7");
    for (words, id) in [
        ("plan calendar none.toml", "plan.missing"),
        ("plan calendar bad.toml", "plan.unread"),
        ("plan calendar --released maintenance", "plan.released"),
        (
            "plan calendar --released maintenance=yesterday",
            "plan.released",
        ),
        (
            "plan calendar --released weekly=2026-11-10",
            "plan.released",
        ),
        (
            "plan calendar --released feature=9000-01-01",
            "plan.released",
        ),
    ] {
        folder.run(words).failed(2, id);
    }
    let ended = folder.run("--json plan calendar --ics -");
    assert_eq!(ended.code(), 2);
    assert!(
        ended.stderr().contains("plan.two-outputs"),
        "{}",
        ended.stderr()
    );
    for words in [
        "--ics - --released feature=2026-01-05",
        "--months 0",
        "--months 121",
        "--from tomorrow",
        "--from 2027-02-30",
        "--from 1969-12-31",
        "--from 9999-01-01",
        "--from 2027-01-01T00:00:00",
    ] {
        let ended = folder.run(&format!("plan calendar {words}"));
        assert_eq!(ended.code(), 2, "{words}: {}", ended.stderr());
    }
}
