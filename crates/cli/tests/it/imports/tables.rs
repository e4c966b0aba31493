//! Fleets from a table.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use super::House;
use crate::folder::Folder;

const HEADER: &str = "id,class,hardware,zone,bootloader,controller,token,site,attribute.floor\n";
/// As hawkBit draws them.
const TOKEN: &str = "949f1c3487125467464a960d750373c1";

/// Lines of devices that say all that must be said.
fn table(lines: &[&str]) -> String {
    format!("{HEADER}{}\n", lines.join("\n"))
}

#[test]
fn a_table_is_tried_imported_and_may_come_again() {
    let house = House::new();
    let gateway =
        format!("gw-1,device-v1,A,Europe/Berlin,1.0.0,8c:1f:64:00:0a:21,{TOKEN},store-7,3");
    let plain = "th-1,device-v1,A,America/Denver,1.0.0,,,,";
    house.folder.write("fleet.csv", table(&[&gateway, plain]));
    let told = house.good("--csv fleet.csv --dry-run");
    assert!(
        told.contains("new      gw-1") && told.contains("new      th-1"),
        "{told}"
    );
    assert!(told.contains("nothing was changed"), "{told}");
    assert_eq!(house.devices(), Vec::<String>::new());
    let tokenless = house.import("--csv fleet.csv");
    tokenless.failed(2, "import.no-tokens");
    assert_eq!(house.devices(), Vec::<String>::new());

    let drawn = "--csv fleet.csv --drawn-tokens drawn.csv";
    assert_eq!(house.counts(drawn), [2, 0, 0, 1]);
    assert_eq!(house.devices(), ["gw-1", "th-1"]);
    let tokens = String::from_utf8(house.folder.read("drawn.csv")).expect("a text");
    let lines: Vec<_> = tokens.lines().collect();
    assert!(
        lines[0] == "id,token" && lines[1].starts_with("th-1,"),
        "{tokens}"
    );
    assert_eq!((lines.len(), lines[1].len()), (2, "th-1,".len() + 64));
    // Whether or not the tokens are at hand.
    assert_eq!(house.counts(drawn), [0, 0, 2, 0]);
    assert_eq!(house.counts("--csv fleet.csv"), [0, 0, 2, 0]);
    assert_eq!(house.folder.read("drawn.csv"), tokens.as_bytes());
}

/// Who reads the file has the tokens: it is its owner's alone.
#[cfg(unix)]
#[test]
fn drawn_tokens_are_their_owners_and_are_found_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new();
    let lines = ["a", "b"].map(|id| format!("{id},device-v1,A,Europe/Berlin,1.0.0,,,,"));
    let [a, b] = &lines;
    house.folder.write("fleet.csv", table(&[a]));
    house.good("--csv fleet.csv --drawn-tokens drawn.csv");
    let first = String::from_utf8(house.folder.read("drawn.csv")).expect("a text");
    let file = house.folder.path().join("drawn.csv");
    let mode = std::fs::metadata(&file).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    house.folder.write("fleet.csv", table(&[a, b]));
    assert_eq!(
        house.counts("--csv fleet.csv --drawn-tokens drawn.csv"),
        [1, 0, 1, 1]
    );
    let both = String::from_utf8(house.folder.read("drawn.csv")).expect("a text");
    assert!(both.starts_with(first.trim_end()), "{both}");
    house.folder.write("other.csv", "id,token\na,mine\n");
    let other = house.import("--csv fleet.csv --drawn-tokens other.csv");
    other.failed(2, "drawn-tokens.other");
}

#[test]
fn who_is_declared_otherwise_is_declared_anew_only_if_that_is_said() {
    let house = House::new();
    let line =
        |id: &str, zone: &str| format!("{id},device-v1,A,{zone},1.0.0,c-{id},{TOKEN}-{id},,");
    let (a, b) = (line("a", "Europe/Berlin"), line("b", "Europe/Berlin"));
    house.folder.write("fleet.csv", table(&[&a, &b]));
    assert_eq!(house.counts("--csv fleet.csv"), [2, 0, 0, 0]);
    let (moved, c) = (line("a", "Europe/Rome"), line("c", "Europe/Rome"));
    house.folder.write("fleet.csv", table(&[&moved, &b, &c]));
    let refused = house.import("--csv fleet.csv");
    refused.failed(1, "devices.differ");
    let what = "the device a is declared otherwise: zone from Europe/Berlin to Europe/Rome";
    assert!(refused.stderr().contains(what), "{}", refused.stderr());
    assert_eq!(house.devices(), ["a", "b"]);
    let told = house.good("--csv fleet.csv --dry-run");
    let line = "changed  a: zone from Europe/Berlin to Europe/Rome";
    assert!(told.contains(line), "{told}");
    assert_eq!(house.counts("--csv fleet.csv --anew"), [1, 1, 1, 0]);
    assert_eq!(house.counts("--csv fleet.csv --anew"), [0, 0, 3, 0]);
}

/// All findings at once, each with its place and remedy; and those that only the server can know.
#[test]
fn one_bad_line_keeps_all_out() {
    let house = House::new();
    let good = format!("a,device-v1,A,Europe/Berlin,1.0.0,c-a,{TOKEN},,");
    let bad = [
        &*good,
        "b/c,device-v1,A,EST,1.0.0,,,,",
        "d,device-v1,A,Europe/Berlin,new,c-d,short,,",
        "e,device-v1",
    ];
    house.folder.write("fleet.csv", table(&bad));
    let refused = house.import("--csv fleet.csv");
    refused.failed(2, "import.findings");
    let told = refused.stdout();
    assert!(
        told.contains("line 5, the whole line: it has 2 cells"),
        "{told}"
    );
    house.folder.write("fleet.csv", table(&bad[..3]));
    let refused = house.import("--csv fleet.csv --json");
    assert_eq!(refused.code(), 2);
    let found: serde_json::Value = serde_json::from_str(&refused.stdout()).expect("one line");
    let found = found["findings"].as_array().expect("a list").clone();
    let places: Vec<_> = found
        .iter()
        .map(|it| (it["place"].clone(), it["field"].clone()))
        .collect();
    let expected = [
        ("line 3", "id"),
        ("line 3", "zone"),
        ("line 4", "bootloader"),
        ("line 4", "token"),
    ];
    let told = |(place, field): (serde_json::Value, serde_json::Value)| {
        let text = |it: serde_json::Value| it.as_str().unwrap_or_default().to_owned();
        (text(place), text(field))
    };
    let places: Vec<(String, String)> = places.into_iter().map(told).collect();
    let expected = expected.map(|(place, field)| (place.to_owned(), field.to_owned()));
    assert_eq!(places, expected);
    assert!(
        found
            .iter()
            .all(|it| it["cure"].as_str().is_some_and(|cure| cure.len() > 10))
    );
    assert_eq!(house.devices(), Vec::<String>::new());
}

#[test]
fn one_line_that_the_server_refuses_keeps_all_out() {
    let house = House::new();
    let good = format!("a,device-v1,A,Europe/Berlin,1.0.0,c-a,{TOKEN},,");
    let by_server = [
        "f,other-v9,A,Europe/Berlin,1.0.0,,,,",
        "g,device-v1,Z,Europe/Berlin,1.0.0,,,,",
    ];
    house
        .folder
        .write("fleet.csv", table(&[&good, by_server[0], by_server[1]]));
    let refused = house.import("--csv fleet.csv");
    refused.failed(1, "import.findings");
    let told = refused.stdout();
    assert!(
        told.contains("line 3, f: its class isn't in the active plan"),
        "{told}"
    );
    assert!(
        told.contains("line 4, g: its class has no such hardware revision"),
        "{told}"
    );
    assert_eq!(house.devices(), Vec::<String>::new());
}

/// The second of two runs with one file would write its tokens over those that the first has registered.
#[test]
fn a_file_of_drawn_tokens_is_for_one_import_at_a_time() {
    let house = House::new();
    let line = "a,device-v1,A,Europe/Berlin,1.0.0,,,,";
    house.folder.write("fleet.csv", table(&[line]));
    let lock = house.folder.path().join("drawn.csv.lock");
    let other = std::fs::File::create(lock).expect("a new file");
    other.lock().expect("nobody has it");
    let words = "--csv fleet.csv --drawn-tokens drawn.csv";
    house.import(words).failed(1, "drawn-tokens.busy");
    house.good(&format!("{words} --dry-run"));
    assert_eq!(house.devices(), Vec::<String>::new());
    drop(other);
    assert_eq!(house.counts(words), [1, 0, 0, 1]);
}

/// A server that tells that one device would be new, and hangs up when it is to be imported.
fn hanging_up() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    std::thread::spawn(move || {
        let (first, _) = listener.accept().expect("it asks what would be");
        answer(&first).expect("it listens");
        // Whoever comes next is heard, and told nothing.
        drop(first);
        listener.incoming().for_each(drop);
    });
    address
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut asked = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while asked.read_line(&mut line)? > "\r\n".len() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a number");
        }
        line.clear();
    }
    asked.read_exact(&mut vec![0; length])?;
    let json = r#"{"done":false,"devices":[{"id":"a","becomes":{"kind":"new"}}]}"#;
    let length = json.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{json}"
    )
}

/// The first part may be there though nobody heard of it, with the token that was drawn.
#[test]
fn after_an_answer_that_is_lost_it_is_run_again() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    folder.write(
        "fleet.csv",
        table(&["a,device-v1,A,Europe/Berlin,1.0.0,,,,"]),
    );
    let server = hanging_up();
    let ended = folder.run(&format!(
        "device import --csv fleet.csv --drawn-tokens drawn.csv --token-file kim.token --server {server}"
    ));
    ended.failed(2, "client.unreachable");
    for told in ["0 of 1 devices are known to be imported", "run it again"] {
        assert!(ended.stderr().contains(told), "{}", ended.stderr());
    }
    let tokens = String::from_utf8(folder.read("drawn.csv")).expect("a text");
    assert!(tokens.starts_with("id,token\na,"), "{tokens}");
}

/// A client that is said stays whatever its requests show: nobody says it without a reason, and the files of drawn tokens wait for it too.
#[test]
fn a_client_is_said_with_a_reason() {
    let house = House::new();
    let table = "id,controller,client\na,c-a,rauc\nb,,\n";
    house.folder.write("fleet.csv", table);
    let words = "--csv fleet.csv --class device-v1 --hardware A --zone Europe/Berlin --bootloader 1.0.0 --drawn-tokens drawn.csv";
    house.good(&format!("{words} --dry-run"));
    house.import(words).failed(2, "import.no-why");
    assert!(!house.folder.path().join("drawn.csv").exists());
    assert_eq!(house.devices(), Vec::<String>::new());
    assert_eq!(
        house.counts(&format!("{words} --why labelled")),
        [2, 0, 0, 2]
    );
    assert_eq!(house.counts(words), [0, 0, 2, 0]);
}

#[test]
fn a_large_table_goes_in_parts_and_goes_on_where_it_stopped() {
    let house = House::new();
    let line = |n: usize| format!("t-{n},c-{n},{TOKEN}{n}");
    let rest = "--class device-v1 --hardware A --zone Europe/Berlin --bootloader 1.0.0";
    let lines = |count: usize| {
        let lines: Vec<_> = (0..count).map(line).collect();
        format!("id,controller,token\n{}\n", lines.join("\n"))
    };
    house.folder.write("fleet.csv", lines(500));
    let words = format!("--csv fleet.csv {rest}");
    assert_eq!(house.counts(&words), [500, 0, 0, 0]);
    house.folder.write("fleet.csv", lines(1201));
    assert_eq!(house.counts(&words), [701, 0, 500, 0]);
    assert_eq!(house.devices().len(), 1201);
}

#[test]
fn a_table_that_isnt_one_is_told_of() {
    let folder = Folder::new();
    folder.write("kim.token", "0".repeat(64));
    for (name, text) in [
        ("header.csv", "id,class\n"),
        ("columns.csv", "id;class\na;b\n"),
    ] {
        folder.write(name, text);
        let words = format!("device import --csv {name} --token-file kim.token");
        folder.run(&words).failed(2, "import.findings");
    }
    folder.write("binary.csv", b"id\n\xff\xfe");
    folder.write("empty.csv", "");
    for (name, id) in [
        ("binary.csv", "table.not-text"),
        ("empty.csv", "table.empty"),
        ("none.csv", "table.missing"),
    ] {
        let words = format!("device import --csv {name} --token-file kim.token");
        folder.run(&words).failed(2, id);
    }
    let both = "device import --token-file kim.token --csv a --hawkbit b --hawkbit-user c";
    for words in [both, "device import --token-file kim.token"] {
        assert_eq!(folder.run(words).code(), 2, "{words}");
    }
}
