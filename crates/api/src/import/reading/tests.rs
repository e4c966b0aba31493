//! Drafts that are read, and those that can't be.

use super::*;

fn draft(line: u64, said: &[(&str, &str)]) -> Draft {
    let mut draft = Draft::new(Place::Line(line));
    for (field, text) in said {
        draft.say(field.parse().expect("a field"), text);
    }
    draft
}

/// What a device must say, with these changes.
fn device(line: u64, otherwise: &[(&str, &str)]) -> Draft {
    let mut said = vec![
        ("id", "gw-1"),
        ("class", "gateway"),
        ("hardware", "B"),
        ("zone", "America/Denver"),
        ("bootloader", "1.4.0"),
    ];
    said.retain(|(field, _)| otherwise.iter().all(|(other, _)| other != field));
    said.extend(otherwise);
    draft(line, &said)
}

/// The field and id of each finding.
fn found(drafts: &[Draft]) -> Vec<(String, String)> {
    let findings = read(drafts, &BTreeMap::new()).expect_err("something is wrong");
    let told = |finding: Finding| (finding.field, finding.id);
    findings.into_iter().map(told).collect()
}

#[test]
fn a_draft_becomes_a_device() {
    let said = [
        ("controller", "8c:1f:64:00:0a:21"),
        ("token", "949f1c3487125467464a960d750373c1"),
        ("client", "rauc"),
        ("site", "store-7"),
        ("attribute.floor", "3"),
    ];
    let rows = read(&[device(2, &said)], &BTreeMap::new()).expect("nothing is wrong");
    let ImportedDevice { device, client } = &rows[0].wanted;
    assert_eq!(rows[0].place, Place::Line(2));
    assert_eq!(client, &Some(ClientProfile::Rauc));
    assert_eq!(
        (device.id.as_str(), device.bootloader.as_str()),
        ("gw-1", "1.4.0")
    );
    assert_eq!(device.attributes["floor"], "3");
    assert_eq!(device.site, Site::new("store-7").ok());
    assert!(device.token.is_some());
}

#[test]
fn who_has_no_name_is_called_as_its_controller() {
    let said = [("id", ""), ("controller", "8c:1f:64 Süd")];
    let rows = read(&[device(2, &said)], &BTreeMap::new()).expect("nothing is wrong");
    assert_eq!(rows[0].wanted.device.id.as_str(), "8c-1f-64-S-d");
    let long = "x".repeat(65);
    let too_long = [("id", ""), ("controller", long.as_str())];
    let expected = ("id".to_owned(), "fleet.device-id".to_owned());
    assert_eq!(found(&[device(2, &too_long)]), [expected]);
}

#[test]
fn the_rest_is_said_of_whoever_does_not_say_it() {
    let rest = [
        (Field::Class, "gateway"),
        (Field::Hardware, "B"),
        (Field::Zone, "America/Denver"),
        (Field::Bootloader, "1.0.0"),
    ];
    let rest = rest.map(|(field, text)| (field, text.to_owned())).into();
    let drafts = [
        draft(2, &[("id", "a"), ("hardware", "C")]),
        draft(3, &[("id", "b")]),
    ];
    let rows = read(&drafts, &rest).expect("nothing is wrong");
    let hardware: Vec<_> = rows.iter().map(|row| &row.wanted.device.hardware).collect();
    assert_eq!(hardware, ["C", "B"]);
}

/// The store would find it, but not before the parts ahead of it are in.
#[test]
fn a_token_of_ours_is_the_same_in_either_case() {
    let ours = "0123456789abcdef".repeat(4);
    let foreign = "949f1c3487125467464a960d750373c1";
    for (token, is_one) in [(ours.as_str(), true), (foreign, false)] {
        let other = token.to_ascii_uppercase();
        let drafts = [
            device(2, &[("controller", "c-1"), ("token", token)]),
            device(
                3,
                &[
                    ("id", "gw-2"),
                    ("controller", "c-2"),
                    ("token", other.as_str()),
                ],
            ),
        ];
        match read(&drafts, &BTreeMap::new()) {
            Ok(rows) => assert!(!is_one && rows.len() == 2),
            Err(findings) => {
                assert!(is_one && findings.len() == 1);
                assert_eq!(findings[0].id, "import.twice");
                assert_eq!(findings[0].field, "token");
            }
        }
    }
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let told = found(&[
        draft(2, &[("id", "a/b"), ("class", "gateway"), ("zone", "EST")]),
        device(
            3,
            &[
                ("bootloader", "new"),
                ("attribute.floor", "a\nb"),
                ("site", "a b"),
            ],
        ),
        device(
            4,
            &[
                ("controller", "a/b"),
                ("client", "swupdate"),
                ("token", "short"),
            ],
        ),
        draft(5, &[("class", "gateway")]),
    ]);
    let told: Vec<_> = told
        .iter()
        .map(|(f, id)| (f.as_str(), id.as_str()))
        .collect();
    let expected = [
        ("id", "fleet.device-id"),
        ("hardware", "import.unsaid"),
        ("zone", "fleet.zone"),
        ("bootloader", "import.unsaid"),
        ("bootloader", "devices.bootloader"),
        ("site", "fleet.site"),
        ("attribute.floor", "fleet.attribute"),
        ("id", "import.twice"),
        ("controller", "fleet.controller-id"),
        ("token", "devices.token"),
        ("id", "import.unsaid"),
        ("hardware", "import.unsaid"),
        ("zone", "import.unsaid"),
        ("bootloader", "import.unsaid"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_name_a_controller_and_a_token_are_one_devices_alone() {
    let token = "949f1c3487125467464a960d750373c1";
    let one = [("id", ""), ("controller", "a:b"), ("token", token)];
    let other = [("id", "a-b"), ("controller", "c"), ("token", token)];
    let findings = read(&[device(2, &one), device(3, &other)], &BTreeMap::new());
    let findings = findings.expect_err("two are the same");
    let told: Vec<_> = findings.iter().map(|it| it.because.as_str()).collect();
    assert_eq!(
        told,
        [
            "it has the same id as line 2",
            "it has the same token as line 2"
        ]
    );
    assert!(!format!("{findings:?}").contains(token));
}

#[test]
fn clients_and_tokens_fit_the_controller() {
    let ours = "0123456789abcdef".repeat(4);
    for (said, good) in [
        (&[("client", "native")][..], true),
        (&[("client", "rauc")], false),
        (&[("client", "native"), ("controller", "a")], false),
        (&[("client", "SWUpdate"), ("controller", "a")], false),
        (&[("token", &ours)], true),
        (&[("token", &ours), ("controller", "a")], true),
        (&[("token", "949f1c3487125467464a960d750373c1")], false),
        (&[("token", "0000000000000000"), ("controller", "a")], false),
        (
            &[("token", "a token with blanks"), ("controller", "a")],
            false,
        ),
    ] {
        let read = read(&[device(2, said)], &BTreeMap::new());
        assert_eq!(read.is_ok(), good, "{said:?}: {read:?}");
    }
}
