//! The table of the rules: for each, an edit of the thermostat plan that just keeps it, and one that just
//! breaks it. A new rule is a new row here, or in `lint_known` if it asks for what no plan says.

use crate::examples::THERMOSTAT;

/// A rule, an edit (what to find, what to put there) that keeps it, and one that breaks it.
pub(crate) type Row = (
    &'static str,
    (&'static str, &'static str),
    (&'static str, &'static str),
);

pub(crate) const BOOTLOADER: &str = "bootloader = \">=1.4.0\"";
pub(crate) const STRATEGY: &str = "install    = \"dual-bank\"";
pub(crate) const REVERT: &str = "revert     = { boots = 3, confirm_within = \"10m\" }";
pub(crate) const SUPPORT: &str =
    "support    = { sold_until = 2027-06-30, security_until = 2032-06-30, then = \"thermo-v3\" }";
pub(crate) const KIM: &str = "people   = [\"kim@northwind.example\"]";
pub(crate) const SAM: &str = "people   = [\"sam@northwind.example\"]";
pub(crate) const JOE: &str = "deputies = [\"joe@northwind.example\"]";
pub(crate) const FEATURE: &str = "waves = [\"canary\", \"10 %\", \"50 %\", \"100 %\"]";
pub(crate) const CANARY: &str = "devices = 40";
pub(crate) const WINDOW: &str = "local = \"01:00-04:00\", days = \"daily\", dst_gap = \"skip\"";
pub(crate) const LIMIT: &str = "limit         = { downloads = 100, bytes_per_second = \"50 MB\" }";
pub(crate) const JITTER: &str = "jitter        = \"20m\"";
pub(crate) const EVERY: &str = "every = \"quarter on the first Monday\"";
pub(crate) const STRATA: &str = "at_least_per_hardware = 10";
pub(crate) const BLACKOUT: &str = "blackout      = [\"us-federal-holidays\"]";
pub(crate) const ROOT: &str = "root_lifetime     = \"365d\"";
pub(crate) const TRUST: &str = "[trust]";
pub(crate) const THERMO: &str = "[[class]]\nid         = \"thermo-v2\"";

/// A gateway's class before the thermostat's, each with its `needs`.
macro_rules! two_classes {
    ($gateway:literal, $thermo:literal) => {
        concat!(
            "[[class]]\nid = \"gateway-v1\"\nvendor = \"northwind.example\"\nhardware = [\"A\"]\nbootloader = \">=1.0.0\"\n",
            "install = \"swap\"\nrevert = { boots = 3, confirm_within = \"10m\" }\n",
            "support = { sold_until = 2027-06-30, security_until = 2032-06-30 }\nneeds = [",
            $gateway,
            "]\n\n[[class]]\nid = \"thermo-v2\"\nneeds = [",
            $thermo,
            "]",
        )
    };
}

/// A kind of risk whose fixes go by the hotfix track: time to a fix, to the fleet, deadline, and what else.
macro_rules! risk {
    ($fix:literal, $fleet:literal, $deadline:literal) => {
        risk!($fix, $fleet, $deadline, "")
    };
    ($fix:literal, $fleet:literal, $deadline:literal, $more:literal) => {
        concat!(
            $more,
            "[risk.exploited]\ntrack = \"hotfix\"\nfix_within = \"",
            $fix,
            "\"\ndeadline = \"",
            $deadline,
            "\"\n[track.hotfix.goals]\np99_within = \"",
            $fleet,
            "\"\n[service_levels]\nactive_within = \"14d\"\n[trust]",
        )
    };
}

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("FMP001", (BOOTLOADER, "bootloader = \">=0.0.1\""), (BOOTLOADER, "bootloader = \">=0.0.0\"")),
    ("FMP001", (BOOTLOADER, BOOTLOADER), (BOOTLOADER, "")),
    ("FMP001", ("hardware   = [\"B\", \"C\"]", "hardware = [\"B\"]"), ("hardware   = [\"B\", \"C\"]", "")),
    ("FMP002", (STRATEGY, "install = \"swap\"\nneeds = [{ from = \"3.0.0\", at_least = \"2.99.0\" }]"), (STRATEGY, "install = \"swap\"\nneeds = [{ from = \"3.0.0\", at_least = \"3.0.0\" }]")),
    ("FMP002", (THERMO, two_classes!("", "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\" }")), (THERMO, two_classes!("", "{ from = \"3.0.0\", class = \"gateway-v2\", at_least = \"2.0.0\" }"))),
    ("FMP002", (THERMO, two_classes!("", "{ from = \"3.0.0\", at_least = \"2.0.0\" }")), (THERMO, two_classes!("", "{ from = \"3.0.0\", class = \"thermo-v2\", at_least = \"2.0.0\" }"))),
    ("FMP002", (THERMO, two_classes!("{ from = \"2.0.1\", class = \"thermo-v2\", at_least = \"3.0.0\" }", "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\" }")), (THERMO, two_classes!("{ from = \"2.0.0\", class = \"thermo-v2\", at_least = \"3.0.0\" }", "{ from = \"3.0.0\", class = \"gateway-v1\", at_least = \"2.0.0\" }"))),
    ("FMP004", (STRATEGY, "install = \"overwrite\"\naccepts_risk = { owner = \"sam@northwind.example\", until = 2027-01-01, reason = \"no second slot\" }"), (STRATEGY, "install = \"overwrite\"")),
    ("FMP004", (STRATEGY, "install = \"swap\""), (STRATEGY, "")),
    ("FMP005", (REVERT, "revert = { boots = 1, confirm_within = \"30m\" }"), (REVERT, "revert = { boots = 1, confirm_within = \"31m\" }")),
    ("FMP005", (REVERT, REVERT), (REVERT, "")),
    ("FMP011", (ROOT, "root_lifetime = \"196d\""), (ROOT, "root_lifetime = \"195d\"")),
    ("FMP013", (SAM, "people = [\"ana2@northwind.example\"]"), (SAM, "people = [\"ANA@northwind.example\"]")),
    ("FMP013", ("release_threshold = 1", "release_threshold = 2"), ("release_threshold = 1", "release_threshold = 3")),
    ("FMP016", (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2035-12-31 }"), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2036-01-01 }")),
    ("FMP022", (FEATURE, "waves = [\"canary\", \"10 %\", \"100 %\"]"), (FEATURE, "waves = [\"10 %\", \"50 %\", \"100 %\"]")),
    ("FMP030", (CANARY, "devices = 31"), (CANARY, "devices = 30")),
    ("FMP032", (STRATEGY, "install = \"swap\"\nclient = \"swupdate\"\nversion_attribute = \"sw_version\""), (STRATEGY, "install = \"swap\"\nclient = \"swupdate\"")),
    ("FMP032", (STRATEGY, "install = \"swap\"\nclient = \"zephyr\"\nwithout_version_word = \"taken-at-its-word after 29m\""), (STRATEGY, "install = \"swap\"\nclient = \"zephyr\"\nwithout_version_word = \"taken-at-its-word after 30m\"")),
    ("FMP034", (STRATA, "at_least_per_hardware = 1"), (STRATA, "at_least_per_hardware = 0")),
    ("FMP034", (", at_least_per_hardware = 10", ""), (STRATA, "at_least_per_hardware = 0")),
    ("FMP034", ("hardware   = [\"B\", \"C\"]", "hardware = [\"B\"]"), (STRATA, "at_least_per_hardware = 0")),
    ("FMP035", (STRATEGY, "install = \"swap\"\nusage_cycle = \"150m\""), (STRATEGY, "install = \"swap\"\nusage_cycle = \"151m\"")),
    ("FMP040", (WINDOW, "local = \"22:00-02:00\", dst_gap = \"skip\""), (WINDOW, "local = \"22:00-02:00 +03:00\", dst_gap = \"skip\"")),
    ("FMP040", (WINDOW, WINDOW), (WINDOW, "local = \"01:00-04:00\", dst_gap = \"skip\", zone = \"EST\"")),
    ("FMP041", (WINDOW, "local = \"00:00-24:00\""), (WINDOW, "local = \"00:00-23:59\"")),
    ("FMP042", (STRATEGY, "install = \"swap\"\nslot = \"4500 MB\""), (STRATEGY, "install = \"swap\"\nslot = \"4501 MB\"")),
    ("FMP042", (WINDOW, "local = \"01:00-04:00\", days = \"Sun-Wed,Fri\", dst_gap = \"skip\""), (WINDOW, "local = \"01:00-04:00\", days = \"Mon-Thu\", dst_gap = \"skip\"")),
    ("FMP043", ("market      = [\"us\"]", "market = [\"ca\"]"), (BLACKOUT, "blackout = [\"2026-12-24\"]")),
    ("FMP043", (BLACKOUT, "blackout = [\"us-federal-eves\", \"us-federal-holidays\"]"), (BLACKOUT, "blackout = [\"us-federal-eves\"]")),
    ("FMP043", (BLACKOUT, "blackout = [\"2026-12-24\", \"us-federal-holidays\"]"), (BLACKOUT, "")),
    ("FMP045", (JITTER, "jitter = \"179m\""), (JITTER, "jitter = \"180m\"")),
    ("FMP045", (JITTER, "jitter = \"1ms\""), (JITTER, "")),
    ("FMP045", (LIMIT, "limit = { downloads = 1000, bytes_per_second = \"1 MB\" }"), (LIMIT, "limit = { downloads = 1001, bytes_per_second = \"1 MB\" }")),
    ("FMP045", (LIMIT, LIMIT), (LIMIT, "")),
    ("FMP046", (FEATURE, "waves = [\"canary\", \"5 %\", \"50 %\", \"100 %\"]"), (FEATURE, "waves = [\"canary\", \"4 %\", \"50 %\", \"100 %\"]")),
    ("FMP046", (FEATURE, "waves = [\"canary\", \"10 %\", \"11 %\", \"100 %\"]"), (FEATURE, "waves = [\"canary\", \"10 %\", \"10 %\", \"100 %\"]")),
    ("FMP046", (FEATURE, "waves = [\"canary\", \"10 %\", \"100 %\"]"), (FEATURE, "waves = [\"canary\", \"11 %\", \"100 %\"]")),
    ("FMP046", (FEATURE, FEATURE), (FEATURE, "waves = [\"canary\", \"10 %\", \"99 %\"]")),
    ("FMP046", (FEATURE, FEATURE), (FEATURE, "waves = [\"canary\", \"canary\", \"10 %\", \"100 %\"]")),
    ("FMP047", ("status_lifetime   = \"1h\"", "status_lifetime = \"24h\""), ("status_lifetime   = \"1h\"", "status_lifetime = \"25h\"")),
    ("FMP049", (EVERY, "every = \"quarter on the third Tuesday\""), (EVERY, "every = \"quarter on the second Tuesday\"")),
    ("FMP050", (TRUST, risk!("24h", "48h", "3d")), (TRUST, risk!("25h", "48h", "3d"))),
    ("FMP050", (TRUST, risk!("24h", "48h", "3d")), (TRUST, "[risk.exploited]\ntrack = \"hotfix\"\nfix_within = \"24h\"\n[trust]")),
    ("FMP050", (TRUST, risk!("24h", "48h", "3d")), (TRUST, "[risk.exploited]\ntrack = \"hotfix\"\n[track.hotfix.goals]\np99_within = \"48h\"\n[service_levels]\nactive_within = \"14d\"\n[trust]")),
    ("FMP050", (TRUST, risk!("24h", "48h", "3d", "[compliance]\npacks = [\"us-cisa-bod-26-04\"]\n")), (TRUST, "[compliance]\npacks = [\"us-cisa-bod-26-04\"]\n[trust]")),
    ("FMP052", (TRUST, "[compliance]\npacks = [\"us-cisa-bod-26-02\", \"nist-ir-8259r1\"]\n[trust]"), (TRUST, "[compliance]\npacks = [\"us-cisa-bod-22-01\"]\n[trust]")),
    ("FMP053", ("waves = [\"canary\", \"10 %\", \"50 %\", \"100 %\"]\nsoak  = \"24h\"", "waves = [\"canary\", \"10 %\", \"100 %\"]\nfleet_within = \"173h\"\nsoak = \"24h\"\n[service_levels]\nactive_within = \"14d\""), ("waves = [\"canary\", \"10 %\", \"50 %\", \"100 %\"]\nsoak  = \"24h\"", "waves = [\"canary\", \"10 %\", \"100 %\"]\nfleet_within = \"172h\"\nsoak = \"24h\"\n[service_levels]\nactive_within = \"14d\"")),
    ("FMP054", (TRUST, "[track.feature.goals]\np90_within = \"3d\"\n[service_levels]\nactive_within = \"4h\"\n[trust]"), (TRUST, "[track.feature.goals]\np90_within = \"3d\"\n[service_levels]\nactive_within = \"239m\"\n[trust]")),
    ("FMP054", (TRUST, "[track.feature.goals]\nfailures_at_most = \"2 %\"\n[trust]"), (TRUST, "[track.feature.goals]\np90_within = \"3d\"\n[trust]")),
    ("FMP054", (FEATURE, FEATURE), (FEATURE, "waves = [\"canary\", \"10 %\", \"100 %\"]\nfleet_within = \"173h\"")),
    ("FMP070", (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2032-06-30, life_until = 2032-06-30 }"), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2032-06-30, life_until = 2032-06-29 }")),
    ("FMP070", (SUPPORT, SUPPORT), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2027-06-29 }")),
    ("FMP070", (SUPPORT, SUPPORT), (SUPPORT, "")),
    ("FMP071", (STRATEGY, "install = \"swap\"\nupstream = [{ name = \"kernel\", until = 2032-06-30 }, { name = \"radio\", until = 2030-01-01, then = \"we do\" }]"), (STRATEGY, "install = \"swap\"\nupstream = [{ name = \"kernel\", until = 2032-06-29 }]")),
    ("FMP074", (SUPPORT, "support = { sold_until = 2024-02-29, security_until = 2029-02-28 }"), (SUPPORT, "support = { sold_until = 2027-06-30, security_until = 2032-06-29 }")),
    ("FMP075", (STRATEGY, "install = \"swap\"\nfcc_list = \"clear\""), (STRATEGY, "install = \"swap\"\nfcc_list = \"covered\"")),
    ("FMP080", (JOE, "deputies = [\"mo@northwind.example\"]"), (JOE, "")),
    ("FMP081", (KIM, "people = [\"mo@northwind.example\"]"), (KIM, "people = [\"li@northwind.example\"]")),
    ("FMP081", (KIM, KIM), (KIM, "people = [\"noor@northwind.example\"]")),
    ("FMP083", (TRUST, "[compliance]\npacks = [\"eu-cra\"]\ndisclosure = { acknowledge = \"3d\", status = \"14d\", security_txt_until = 2027-06-30 }\n[trust]"), (TRUST, "[compliance]\npacks = [\"eu-cra\"]\n[trust]")),
    ("FMP087", ("market      = [\"us\"]", "market = [\"us\", \"gb\"]"), ("market      = [\"us\"]", "market = [\"us\", \"de\"]")),
    ("FMP089", (TRUST, "[compliance]\npacks = [\"nist-ir-8425\"]\n[trust]"), (TRUST, "[compliance]\npacks = [\"us-ca-sb327\"]\n[trust]")),
    ("FMP090", (TRUST, "# -----BEGIN PUBLIC KEY-----\n[trust]"), (TRUST, "# -----BEGIN PRIVATE KEY-----\n[trust]")),
];

pub(crate) const GATES: &str =
    "gates = [\"unit\", \"integration\", \"coverage\", \"static\", \"hil\"]";
const GATE_TABLES: &str = r#"
[gate]
unit        = { expires = "30d" }
integration = { expires = "30d" }
coverage    = { expires = "30d", min = 80 }
static      = { expires = "30d" }
hil         = { expires = "14d", on = ["B", "C"] }

[[waiver]]
gate    = "integration"
track   = "hotfix"
owner   = "sam@northwind.example"
reason  = "the long run takes two days"
instead = "it runs after the release, and a failure halts the rollout"
until   = 2027-06-30

[trust]"#;

/// The thermostat plan with all gates on all tracks, but for one that has a waiver.
pub(crate) fn gated() -> String {
    let all = THERMOSTAT.replace("waves = ", &format!("{GATES}\nwaves = "));
    let (before, hotfix) = all.split_once("[track.hotfix]").expect("a hotfix track");
    let hotfix = hotfix.replacen("\"integration\", ", "", 1);
    format!("{before}[track.hotfix]{hotfix}").replacen(TRUST, GATE_TABLES, 1)
}

/// The thermostat plan for thermostats on which people's safety hangs.
pub(crate) fn safe() -> String {
    let edits = [
        (STRATEGY, "install = \"swap\"\nsafety = \"relevant\""),
        ("halt    = 12.0", "halt = 4.9"),
        ("power   = 90", "power = 91"),
        (CANARY, "devices = 400"),
    ];
    edits
        .iter()
        .fold(THERMOSTAT.to_owned(), |plan, (from, to)| {
            assert!(plan.contains(from), "the plan has no {from}");
            plan.replacen(from, to, 1)
        })
}

/// Rows for the plan of that.
pub(crate) const SAFE_ROWS: &[Row] = &[
    (
        "FMP039",
        ("halt = 4.9", "halt = 4.0"),
        ("halt = 4.9", "halt = 5.0"),
    ),
    (
        "FMP039",
        ("power = 91", "power = 99"),
        ("power = 91", "power = 90"),
    ),
];

pub(crate) use two_classes;

/// Rows for the plan with gates.
#[rustfmt::skip]
pub(crate) const GATED_ROWS: &[Row] = &[
    ("FMP023", (GATES, "gates = [\"static\", \"coverage\", \"hil\", \"unit\", \"integration\"]"), (GATES, "gates = [\"unit\", \"integration\", \"coverage\", \"hil\"]")),
    ("FMP023", (GATES, GATES), (GATES, "")),
    ("FMP024", ("on = [\"B\", \"C\"]", "on = [\"C\", \"B\"]"), ("on = [\"B\", \"C\"]", "on = [\"B\"]")),
    ("FMP024", (GATES, GATES), (", on = [\"B\", \"C\"]", "")),
    ("FMP024", (GATES, GATES), ("on = [\"B\", \"C\"]", "on = [\"B\", \"C\", \"D\"]")),
    ("FMP026", ("min = 80", "min = 1"), (", min = 80", "")),
    ("FMP027", ("owner   = \"sam@", "owner = \"eve@"), ("owner   = \"sam@", "owner = \"ana@")),
    ("FMP028", ("static      = { expires = \"30d\" }", "static = { expires = \"400d\" }"), ("static      = { expires = \"30d\" }", "")),
];
