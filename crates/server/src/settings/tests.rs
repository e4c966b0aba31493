//! What holds when several say something, and that everything wrong is found at once.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::flow::Rate;

mod acme;
mod oidc;
mod places;
mod secrets;
mod tls;

/// A folder in which a file of settings may lie.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// These settings in a file.
    fn file(&self, text: impl AsRef<[u8]>) -> Asked {
        let path = self.path("mainstay-server.toml");
        fs::write(&path, text).unwrap();
        Asked {
            file: Some(path),
            ..Asked::default()
        }
    }
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    let own = |(name, value): &(&str, &str)| (name.into(), value.into());
    pairs.iter().map(own).collect()
}

fn in_variables(pairs: &[(&str, &str)]) -> Asked {
    Asked {
        variables: variables(pairs),
        ..Asked::default()
    }
}

/// Severity, id, setting and source of each finding.
fn found(asked: &Asked) -> Vec<(Severity, &'static str, String, String)> {
    let findings = read(asked).findings;
    for finding in &findings {
        assert!(
            !finding.what.is_empty() && finding.cure.len() > 5,
            "{finding:?}"
        );
    }
    let short = |f: Finding| (f.severity, f.id, f.setting, f.source.to_string());
    findings.into_iter().map(short).collect()
}

fn settled(asked: &Asked) -> Settings {
    let (settings, warnings) = read(asked).settled().unwrap();
    assert_eq!(warnings, []);
    settings
}

#[test]
fn every_default_can_be_read_and_only_the_folder_must_be_said() {
    let answered = read(&Asked::default());
    let missing = &answered.findings[..];
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(
        (missing[0].id, &*missing[0].setting),
        ("settings.missing", "data")
    );
    for way in ["--data", "MAINSTAY_DATA", "data = "] {
        assert!(missing[0].cure.contains(way), "{}", missing[0].cure);
    }
    let settings = settled(&in_variables(&[("MAINSTAY_DATA", "data")]));
    assert_eq!(settings.data, Path::new("data"));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(settings.shutdown_grace, Duration::from_secs(10));
    assert_eq!(settings.hawkbit_tenant, Tenant::default());
    assert_eq!(settings.trusted_proxies, TrustedProxies::default());
    let rate = Some(Rate::per_second(50));
    let limits = (settings.limits.device, settings.limits.address);
    assert_eq!(limits, (rate, rate));
    assert_eq!(
        (settings.public_url, settings.passphrase_file),
        (None, None)
    );
}

#[test]
fn a_flag_goes_before_a_variable_and_that_before_the_file() {
    let place = Place::new();
    let mut asked = place.file("data = \"d\"\n\n[log]\nlevel = \"warn\"\nformat = \"json\"\n");
    let source = |asked: &Asked| {
        let answered = read(asked);
        let told = answered
            .told
            .iter()
            .find(|told| told.name == "log.level")
            .unwrap();
        (told.value.clone().unwrap(), told.source.to_string())
    };
    let file = place.path("mainstay-server.toml");
    let line = format!("{} line 4", file.display());
    assert_eq!(source(&asked), ("warn".to_owned(), line));
    asked.variables = variables(&[("RUST_LOG", "trace")]);
    assert_eq!(
        source(&asked),
        ("trace".to_owned(), "variable RUST_LOG".to_owned())
    );
    asked
        .variables
        .extend(variables(&[("MAINSTAY_LOG_LEVEL", "debug")]));
    assert_eq!(
        source(&asked),
        ("debug".to_owned(), "variable MAINSTAY_LOG_LEVEL".to_owned())
    );
    asked.flags.push(("log.level", "error".into()));
    assert_eq!(
        source(&asked),
        ("error".to_owned(), "flag --log-level".to_owned())
    );
    let settings = settled(&asked);
    assert_eq!(
        (settings.log_level.as_str(), settings.log_format),
        ("error", LogFormat::Json)
    );
    assert_eq!(
        settings.data,
        place.path("d"),
        "it counts from the file's folder"
    );
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let asked = in_variables(&[("MAINSTAY_DATA", "d"), ("MAINSTAY_LISTEN", "")]);
    assert_eq!(settled(&asked).listen.port(), 8480);
}

#[test]
fn everything_wrong_is_found_at_once_with_its_place() {
    let place = Place::new();
    let text = "listen = \"localhost\"\nshutdown_grace = 10\n[log]\nlevel = [\"info\"]\nformatt = \"json\"\n";
    let mut asked = place.file(text);
    asked.variables = variables(&[
        ("MAINSTAY_HAWKBIT_TENANT", "a/b"),
        ("MAINSTAY_PUBLIC_URL", "updates.example"),
        ("MAINSTAY_LISTN", "0.0.0.0:80"),
        ("MAINSTAY_TOKEN", "0000"),
        ("MAINSTAY_SERVICE_HOST", "10.0.0.1"),
    ]);
    asked.flags = vec![("log.format", "xml".into())];
    let file = |line| {
        format!(
            "{} line {line}",
            place.path("mainstay-server.toml").display()
        )
    };
    let (error, warning) = (Severity::Error, Severity::Warning);
    let row =
        |severity, id, setting: &str, source: String| (severity, id, setting.to_owned(), source);
    let expected = [
        row(error, "settings.missing", "data", "default".to_owned()),
        row(error, "settings.value", "listen", file(1)),
        row(
            error,
            "settings.value",
            "public_url",
            "variable MAINSTAY_PUBLIC_URL".to_owned(),
        ),
        row(error, "settings.value", "shutdown_grace", file(2)),
        row(error, "settings.value", "log.level", file(4)),
        row(
            error,
            "settings.value",
            "log.format",
            "flag --log-format".to_owned(),
        ),
        row(
            error,
            "settings.value",
            "hawkbit.tenant",
            "variable MAINSTAY_HAWKBIT_TENANT".to_owned(),
        ),
        row(error, "settings.unknown", "log.formatt", file(5)),
        row(
            warning,
            "settings.unknown",
            "MAINSTAY_LISTN",
            "variable MAINSTAY_LISTN".to_owned(),
        ),
    ];
    assert_eq!(found(&asked), expected);
    let cures = read(&asked).findings;
    assert_eq!(cures[7].cure, "did you mean log.format?");
    assert_eq!(cures[8].cure, "did you mean MAINSTAY_LISTEN?");
}

#[test]
fn what_is_wrong_and_does_not_count_is_warned_of() {
    let place = Place::new();
    let mut asked = place.file("data = \"d\"\nlisten = \"nowhere\"\n");
    asked.flags = vec![("listen", "[::1]:0".into())];
    let (settings, warnings) = read(&asked).settled().unwrap();
    assert_eq!(settings.listen.to_string(), "[::1]:0");
    assert_eq!((warnings.len(), &*warnings[0].setting), (1, "listen"));
}

#[test]
fn a_file_that_is_none_says_so() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).unwrap();
    let named = |name| Asked {
        file: Some(place.path(name)),
        ..in_variables(&[("MAINSTAY_DATA", "d")])
    };
    for (name, id) in [
        ("nothing", "settings.missing-file"),
        ("folder", "settings.unreadable"),
    ] {
        assert_eq!(found(&named(name))[0].1, id);
    }
    let long = format!("data = \"d\" # {}", "x".repeat(64 * 1024));
    let cases: [(&[u8], &str, usize); 5] = [
        (&[0xff; 3], "settings.not-text", 1),
        (long.as_bytes(), "settings.too-large", 1),
        (
            b"data = \"a\"\nlisten 80\n\nlog = [\n",
            "settings.syntax",
            2,
        ),
        (b"data = \"a\"\ndata = \"b\"\n", "settings.syntax", 1),
        (b"log = \"info\"\n", "settings.unknown", 1),
    ];
    for (bytes, id, count) in cases {
        let found = found(&place.file(bytes));
        let of_file = found.iter().filter(|(_, known, ..)| *known == id).count();
        assert_eq!(of_file, count, "{id}: {found:?}");
        let unread = id != "settings.unknown" && found.len() > count;
        assert!(!unread, "what else is missing isn't known: {found:?}");
    }
}

#[test]
fn public_urls() {
    let check = |url: &str| {
        let asked = in_variables(&[("MAINSTAY_DATA", "d"), ("MAINSTAY_PUBLIC_URL", url)]);
        let answered = read(&asked);
        let told = answered.findings.first().map(ToString::to_string);
        let settled = answered
            .settled()
            .ok()
            .and_then(|(settings, _)| settings.public_url);
        (settled.map(|url| url.as_str().to_owned()), told)
    };
    for (url, taken) in [
        ("https://updates.example", "https://updates.example"),
        ("https://updates.example/", "https://updates.example"),
        ("http://127.0.0.1:8480", "http://127.0.0.1:8480"),
        ("http://[fd00::1]:8480", "http://[fd00::1]:8480"),
        ("http://[fd00::1]", "http://[fd00::1]"),
    ] {
        assert_eq!(check(url), (Some(taken.to_owned()), None));
    }
    for url in [
        "updates.example",
        "ftp://updates.example",
        "https://",
        "https:///",
        "https://updates.example//",
        "https://updates.example/a",
        "https://updates.example/../b",
        "https://updates.example/%2e%2e",
        "https://updates.example?x",
        "https://updates.example#x",
        "https://updates.example\\x",
        "https://updates.example:",
        "https://updates.example:0",
        "https://updates.example:+1",
        "https://updates.example:65536",
        "https://[fd00::1",
        "https://[fd00::1]x",
        "https://-a.example",
        "https://a..example",
        "https://a b.example",
        "https://a\n.example",
    ] {
        assert_eq!(check(url).0, None, "{url}");
    }
    let (taken, told) = check("https://me:secret-word@updates.example");
    let told = told.unwrap();
    assert_eq!(taken, None);
    assert!(
        told.contains("names a user") && !told.contains("secret-word"),
        "{told}"
    );
}

#[test]
fn tenants_levels_and_graces() {
    let check = |variable: &str, value: &str| {
        let asked = in_variables(&[("MAINSTAY_DATA", "d"), (variable, value)]);
        read(&asked).settled().is_ok()
    };
    let cases = [
        ("MAINSTAY_HAWKBIT_TENANT", "DEFAULT", true),
        ("MAINSTAY_HAWKBIT_TENANT", "north_wind-2", true),
        ("MAINSTAY_HAWKBIT_TENANT", "..", false),
        ("MAINSTAY_HAWKBIT_TENANT", "Device", false),
        ("MAINSTAY_HAWKBIT_TENANT", "ü", false),
        ("MAINSTAY_LOG_LEVEL", "WARN", true),
        ("MAINSTAY_LOG_LEVEL", "info,mainstay_server=debug", true),
        ("MAINSTAY_LOG_LEVEL", "inof", false),
        ("MAINSTAY_LOG_LEVEL", "info,", false),
        ("MAINSTAY_LOG_FORMAT", "JSON", false),
        ("MAINSTAY_SHUTDOWN_GRACE", "0s", true),
        ("MAINSTAY_SHUTDOWN_GRACE", "10m", true),
        ("MAINSTAY_SHUTDOWN_GRACE", "11m", false),
        ("MAINSTAY_SHUTDOWN_GRACE", "4294967295m", false),
        ("MAINSTAY_SHUTDOWN_GRACE", "-1s", false),
        ("MAINSTAY_SHUTDOWN_GRACE", "1h", false),
        ("MAINSTAY_LIMITS_DEVICE", "1", true),
        ("MAINSTAY_LIMITS_DEVICE", "1000000", true),
        ("MAINSTAY_LIMITS_DEVICE", "off", true),
        ("MAINSTAY_LIMITS_DEVICE", "0", false),
        ("MAINSTAY_LIMITS_DEVICE", "1000001", false),
        ("MAINSTAY_LIMITS_ADDRESS", "2.5", false),
        ("MAINSTAY_LIMITS_ADDRESS", "many", false),
    ];
    for (variable, value, is_good) in cases {
        assert_eq!(check(variable, value), is_good, "{variable}={value}");
    }
}

/// A name of the table, its variable and its flag are one name; what the page says is what the table says.
#[test]
fn names_go_together_and_none_comes_twice() {
    for (nth, setting) in SETTINGS.iter().enumerate() {
        let name = setting.name;
        let upper = name.replace('.', "_").to_ascii_uppercase();
        assert_eq!(setting.variable, format!("MAINSTAY_{upper}"));
        assert_eq!(setting.flag, name.replace(['.', '_'], "-"));
        assert_eq!(
            setting.is_secret_file,
            name.ends_with("_file") || ["tls_key", "device_issuer_key"].contains(&name),
            "secrets come by files"
        );
        assert!(
            setting.what.ends_with('.') && !setting.form.is_empty(),
            "{name}"
        );
        assert!(
            SETTINGS[..nth].iter().all(|other| other.name != name),
            "{name}"
        );
    }
}

/// Remade by `cargo xtask settings`, which asks for it by this variable.
#[test]
fn the_page_has_this_table() {
    const REMAKE: &str = "MAINSTAY_REMAKE_PAGE";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/running-the-server.md");
    let text = fs::read_to_string(&path).unwrap();
    let remade = page::with_table(&text).expect("the page has the marks");
    if std::env::var_os(REMAKE).is_some() {
        fs::write(&path, &remade).unwrap();
    } else {
        assert_eq!(text, remade, "remake it: cargo xtask settings");
    }
}
