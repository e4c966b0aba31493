//! What is packaged goes with these settings: the systemd unit, the container, and what the documentation names.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Asked, Need, SETTINGS, read};

const UNIT: &str = include_str!("../../../../packaging/systemd/mainstay-server.service");
const BACKUP: &str = include_str!("../../../../packaging/systemd/mainstay-backup.service");
const EVERY_NIGHT: &str = include_str!("../../../../packaging/systemd/mainstay-backup.timer");
const CONTAINER: &str = include_str!("../../../../packaging/container/Containerfile");
const PAGE: &str = include_str!("../../../../docs/running-the-server.md");
const BACKUP_PAGE: &str = include_str!("../../../../docs/backup.md");
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");

fn of_the_unit(name: &str) -> Vec<&'static str> {
    of(UNIT, name)
}

fn of(unit: &'static str, name: &str) -> Vec<&'static str> {
    let lines = unit.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs
        .filter(|(known, _)| *known == name)
        .map(|(_, value)| value)
        .collect()
}

/// Words of the container's file, by instruction.
fn of_the_container(instruction: &str) -> Vec<&'static str> {
    let lines = CONTAINER.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter(|(known, _)| *known == instruction)
        .map(|(_, rest)| rest)
        .collect()
}

/// What the allocator is told, which is no setting of ours.
const ALLOCATOR: &str = "MALLOC_ARENA_MAX";

fn is_known(variable: &str) -> bool {
    variable == ALLOCATOR || SETTINGS.iter().any(|setting| setting.variable == variable)
}

/// Servers are measured with what the unit tells it.
#[test]
fn unit_and_container_tell_the_allocator_the_same() {
    let told = format!("{ALLOCATOR}=2");
    assert!(of_the_unit("Environment").contains(&&*told));
    assert!(of_the_container("ENV").contains(&&*told));
}

#[test]
fn the_unit_says_nothing_but_settings_and_waits_for_the_end() {
    let start = of_the_unit("ExecStart");
    assert_eq!(
        start,
        ["/usr/bin/mainstay serve --settings /etc/mainstay/mainstay-server.toml"]
    );
    for line in of_the_unit("Environment") {
        let (name, _) = line.split_once('=').unwrap();
        assert!(is_known(name), "{name}");
    }
    let grace = SETTINGS
        .iter()
        .find(|setting| setting.name == "shutdown_grace")
        .unwrap();
    let Need::Default(grace) = grace.need else {
        panic!("it has a default");
    };
    let grace_s: u64 = grace.trim_end_matches('s').parse().unwrap();
    // What may follow the grace: a last write behind another one's, and work on threads.
    let rest_s = 30;
    let timeout_s: u64 = of_the_unit("TimeoutStopSec")[0].parse().unwrap();
    assert!(timeout_s >= grace_s + rest_s, "{timeout_s}");
}

/// systemd itself reads the unit, and says how closed it is: 0 is wholly, 10 not at all.
#[test]
fn systemd_takes_the_unit_and_finds_it_closed() {
    is_taken_and_closed("mainstay-server.service", UNIT);
}

/// The same of the backup's; and of its timer, beside it.
#[test]
fn systemd_takes_the_backups_unit_and_timer() {
    let folder = is_taken_and_closed("mainstay-backup.service", BACKUP);
    let timer = folder.path().join("mainstay-backup.timer");
    fs::write(&timer, EVERY_NIGHT).unwrap();
    assert_eq!(told_of_ours(&timer), Vec::<String>::new());
    fs::write(&timer, EVERY_NIGHT.replace("02:30:00", "26:30:00")).unwrap();
    assert_ne!(told_of_ours(&timer), Vec::<String>::new(), "it is read");
}

/// It keeps the server that the other unit runs, as that one's user, where that one may write.
#[test]
fn the_backup_is_of_the_server_that_runs() {
    let start = of(BACKUP, "ExecStart");
    let settings = of_the_unit("ExecStart")[0].split_once("serve ").unwrap().1;
    let into = "--into /var/lib/mainstay-server/backups";
    assert_eq!(
        start,
        [format!("/usr/bin/mainstay server backup {settings} {into}")]
    );
    for name in [
        "User",
        "Group",
        "ReadWritePaths",
        "StateDirectoryMode",
        "UMask",
    ] {
        assert_eq!(of(BACKUP, name), of_the_unit(name), "{name}");
    }
    let folders = of(BACKUP, "StateDirectory");
    assert_eq!(folders, ["mainstay-server mainstay-server/backups"]);
}

/// A backup has the data folder alone, so whoever keeps one is told what else to keep.
#[test]
fn each_file_that_a_setting_names_is_told_of_as_kept_elsewhere() {
    let (_, told) = BACKUP_PAGE.split_once("What isn't in it").unwrap();
    let (told, _) = told.split_once("\n## ").unwrap();
    let files = SETTINGS.iter().filter(|setting| setting.form == "FILE");
    let names: Vec<_> = files.map(|setting| setting.name).collect();
    assert!(names.contains(&"oidc.client_secret_file"), "{names:?}");
    for name in names {
        assert!(told.contains(&format!("`{name}`")), "{name}");
    }
}

/// Gives the folder in which the unit is.
fn is_taken_and_closed(name: &str, unit: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    // It asks whether the program is there, and it need not be installed here.
    fs::write(&path, unit.replace("/usr/bin/mainstay", "/bin/true")).unwrap();
    assert_eq!(told_of_ours(&path), Vec::<String>::new());
    let judged = analyze("security", &["--offline=true", "--no-pager"], &path);
    let last = judged
        .lines()
        .rfind(|line| line.contains("exposure level"))
        .unwrap_or_default();
    let level = last
        .split_whitespace()
        .find_map(|word| word.parse::<f32>().ok());
    assert!(level.is_some_and(|level| level <= 2.0), "{judged}");
    folder
}

/// What systemd finds wrong with a unit of ours.
fn told_of_ours(path: &Path) -> Vec<String> {
    let verified = analyze("verify", &["--man=no"], path);
    let ours = verified.lines().filter(|line| line.contains("mainstay-"));
    ours.map(str::to_owned).collect()
}

fn analyze(verb: &str, options: &[&str], path: &Path) -> String {
    let output = Command::new("systemd-analyze")
        .arg(verb)
        .args(options)
        .arg(path)
        .output()
        .unwrap_or_else(|error| {
            panic!("systemd-analyze ({error}): `cargo xtask test` installs it")
        });
    let (told, errors) = (output.stdout, output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(&told),
        String::from_utf8_lossy(&errors)
    )
}

#[test]
fn the_container_has_settings_that_a_server_starts_with() {
    let pairs = of_the_container("ENV")
        .into_iter()
        .map(|line| line.split_once('=').unwrap());
    let pairs: Vec<_> = pairs.collect();
    for (name, _) in &pairs {
        assert!(is_known(name), "{name}");
    }
    let variables = pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let asked = Asked {
        variables,
        ..Asked::default()
    };
    let (settings, warnings) = read(&asked).settled().unwrap();
    assert_eq!(warnings, []);
    let port = settings.listen.port().to_string();
    assert_eq!(of_the_container("EXPOSE"), [port]);
    let volume = of_the_container("VOLUME")[0];
    assert_eq!(settings.data.parent(), Some(Path::new(volume)));
}

#[test]
fn the_container_is_not_root_and_is_built_by_the_workspaces_compiler() {
    let user = of_the_container("USER")[0];
    let (user, group) = user.split_once(':').unwrap();
    for number in [user, group] {
        assert!(number.parse::<u32>().unwrap() > 0);
    }
    let line = WORKSPACE
        .lines()
        .find(|line| line.starts_with("rust-version"))
        .unwrap();
    let version = line.split('"').nth(1).unwrap();
    let from = of_the_container("FROM");
    assert!(
        from[0].starts_with(&format!("rust:{version}-")),
        "{}",
        from[0]
    );
}

/// Whoever runs containers kills them after ten seconds, unless told otherwise.
#[test]
fn a_container_that_is_told_to_stop_ends_before_it_is_killed() {
    let grace = of_the_container("ENV")
        .into_iter()
        .find_map(|line| line.strip_prefix("MAINSTAY_SHUTDOWN_GRACE="));
    let grace_s: u64 = grace
        .and_then(|grace| grace.strip_suffix('s'))
        .unwrap()
        .parse()
        .unwrap();
    assert!(grace_s + 5 <= 10, "{grace_s}");
}

/// No client over TLS can be made where no authority is known, and the slim image knows none.
#[test]
fn the_container_that_runs_knows_authorities() {
    let (_, last) = CONTAINER.rsplit_once("\nFROM ").unwrap();
    let installs = "apt-get install --yes --no-install-recommends ca-certificates";
    assert!(last.contains(installs));
}

/// The lines of the page's table of the log stand in the code as they are told.
#[test]
fn what_the_page_says_of_the_log_is_what_is_logged() {
    let names = names_of_the_log();
    assert!(names.len() > 100, "{names:?}");
    let code = code_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for name in names {
        assert!(code.contains(&format!("\"{name}")), "nothing logs {name}");
    }
}

/// Whatever is logged for people has its line there.
#[test]
fn what_is_logged_is_on_the_page() {
    let code = code_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let names = names_of_the_log();
    let mut looked_at = 0;
    for level in ["error", "warn", "info"] {
        for event in code.split(&format!("tracing::{level}!(")).skip(1) {
            let text = told_by(event);
            assert!(names.contains(&text), "{level}: {text} isn't on the page");
            looked_at += 1;
        }
    }
    assert!(looked_at > 100, "{looked_at}");
}

/// What the page's table calls the events, as the log does.
fn names_of_the_log() -> Vec<&'static str> {
    let (_, table) = PAGE.split_once("| in the log |").unwrap();
    let table = table.split("\n\n").next().unwrap();
    let cells = table.lines().filter_map(|row| row.split('|').nth(1));
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect()
}

/// The name of an event: its last text, up to what differs each time. `event` begins behind the bracket that opens it.
fn told_by(event: &str) -> &str {
    let mut open = 1_usize;
    let mut last = "";
    let mut rest = event;
    while open > 0 {
        let at = rest.find(['"', '(', ')']).unwrap();
        let (sign, after) = (rest.as_bytes()[at], &rest[at + 1..]);
        rest = after;
        match sign {
            b'(' => open += 1,
            b')' => open -= 1,
            _ => {
                let end = after.find('"').unwrap();
                (last, rest) = (&after[..end], &after[end + 1..]);
            }
        }
    }
    let same = last.split('{').next().unwrap_or(last);
    same.trim_end_matches([' ', ':'])
}

/// All of this crate's code but this file.
fn code_below(folder: &Path) -> String {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| match path.is_dir() {
        true => code_below(&path),
        false if path.ends_with("packaging.rs") => String::new(),
        false => fs::read_to_string(&path).unwrap(),
    });
    texts.collect()
}
