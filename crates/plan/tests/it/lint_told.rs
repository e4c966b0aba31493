//! How bad a finding is, where it points and what it advises: what the table of the rules doesn't ask.

use mainstay_plan::{Finding, FleetFacts, Severity, check};

use crate::examples::THERMOSTAT;
use crate::lint_rows::{GATES, ROOT, STRATEGY, SUPPORT, TRUST, WINDOW, gated};

/// All findings after some edits.
pub(crate) fn found(plan: &str, edits: &[(&str, &str)]) -> Vec<Finding> {
    let mut plan = plan.to_owned();
    for (from, to) in edits {
        assert!(plan.contains(from), "the plan has no {from}");
        plan = plan.replacen(from, to, 1);
    }
    check(&plan, &FleetFacts::default()).findings
}

/// The only finding after some edits.
pub(crate) fn only(plan: &str, edits: &[(&str, &str)]) -> Finding {
    let mut found = found(plan, edits);
    assert_eq!(found.len(), 1, "{found:#?}");
    found.remove(0)
}

const TWO_CLASSES: &str = r#"[[class]]
id = "gate-v1"
vendor = "northwind.example"
hardware = ["A", "B"]
bootloader = ">=1.0.0"
install = "swap"
revert = { boots = 3, confirm_within = "10m" }
support = { sold_until = 2027-06-30, security_until = 2032-06-30 }

[role.operations]"#;

/// A plan, an edit of it, the only finding's rule and severity, and words of its remedy.
type Told<'a> = (&'a str, (&'a str, &'a str), &'a str, Severity, &'a str);

fn are_told(cases: &[Told<'_>]) {
    for (plan, edit, rule, severity, fix) in cases {
        let found = only(plan, &[*edit]);
        assert_eq!(
            (found.rule, found.severity),
            (*rule, *severity),
            "{}",
            edit.1
        );
        assert!(found.fix.contains(fix), "{}", found.fix);
    }
}

/// Gates stop a track until they read evidence: going without all of them is a warning.
#[test]
#[rustfmt::skip]
fn how_bad_it_is_to_go_without_gates() {
    let few = "gates = [\"unit\", \"integration\", \"coverage\", \"hil\"]";
    let fuzz = "[gate]\nfuzz = { expires = \"30d\" }";
    let gated = gated();
    are_told(&[
        (&gated, (GATES, few), "FMP023", Severity::Error, "can't release yet"),
        (&gated, (GATES, ""), "FMP023", Severity::Warn, "can't release yet"),
        (&gated, ("[gate]", fuzz), "FMP023", Severity::Warn, "drop [gate.fuzz]"),
    ]);
}

#[test]
#[rustfmt::skip]
fn how_bad_it_is() {
    let hash = "# token 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n[trust]";
    let key = "# -----BEGIN PRIVATE KEY-----\n[trust]";
    let late = "local = \"01:00-04:00\", days = \"Mon-Thu\", dst_gap = \"skip\"";
    are_told(&[
        (THERMOSTAT, (ROOT, "root_lifetime = \"100d\""), "FMP011", Severity::Warn, "\"196d\""),
        (THERMOSTAT, (WINDOW, late), "FMP042", Severity::Warn, "give_up_after = \"4d\""),
        (THERMOSTAT, (TRUST, hash), "FMP090", Severity::Warn, "take it out"),
        (THERMOSTAT, (TRUST, key), "FMP090", Severity::Error, "take it out"),
    ]);
}

/// What is advised for one class must not make a finding of another.
#[test]
fn a_rig_for_several_classes_names_them_and_its_remedy_is_one() {
    let several = gated().replacen("[role.operations]", TWO_CLASSES, 1);
    let told = only(&several, &[]);
    assert_eq!((told.rule, told.severity), ("FMP024", Severity::Error));
    let all = "on = [\"thermo-v2/B\", \"thermo-v2/C\", \"gate-v1/A\", \"gate-v1/B\"]";
    assert!(told.fix.starts_with(all), "{}", told.fix);
    assert_eq!(found(&several, &[("on = [\"B\", \"C\"]", all)]), []);
    let more = all.replace("]", ", \"gate-v1/C\"]");
    let stranger = only(&several, &[("on = [\"B\", \"C\"]", &more)]);
    assert_eq!(stranger.severity, Severity::Warn);
    assert!(
        stranger.message.contains("gate-v1/C"),
        "{}",
        stranger.message
    );
    let alone = "on = [\"thermo-v2/B\", \"C\"]";
    assert_eq!(found(&gated(), &[("on = [\"B\", \"C\"]", alone)]), []);
    let wrong = found(&several, &[("on = [\"B\", \"C\"]", "on = [\"a/b/c\"]")]);
    assert!(
        wrong
            .iter()
            .any(|finding| finding.rule == "plan.wrong-value")
    );
}

/// The fourth of a weekday is the last one in most months.
#[test]
fn the_fourth_and_the_last_of_a_weekday_meet() {
    let maintenance = "month on the second Tuesday";
    let feature = "quarter on the first Monday";
    for (one, other, meets) in [
        (
            "month on the fourth Tuesday",
            "quarter on the last Tuesday",
            true,
        ),
        (
            "month on the last Tuesday",
            "quarter on the fourth Tuesday",
            true,
        ),
        (
            "month on the last Tuesday",
            "quarter on the third Tuesday",
            false,
        ),
        (
            "month on the fourth Tuesday",
            "quarter on the last Monday",
            false,
        ),
    ] {
        let told = found(THERMOSTAT, &[(maintenance, one), (feature, other)]);
        let rules: Vec<_> = told.iter().map(|finding| finding.rule).collect();
        let expected = if meets { vec!["FMP049"] } else { vec![] };
        assert_eq!(rules, expected, "{one}, {other}");
    }
}

#[test]
fn clocks_for_reports_are_in_order_and_are_for_customers_devices() {
    let sold = ("market      = [\"us\"]", "market = [\"us\", \"de\"]");
    assert_eq!(only(THERMOSTAT, &[sold]).rule, "FMP087");
    let bench = ("\"production\"", "\"staging\"");
    assert_eq!(found(THERMOSTAT, &[sold, bench]), []);
    let clocks = |early: &str, last: &str| {
        format!(
            "[compliance]\nreport = {{ early_warning = \"{early}\", notification = \"48h\", \
             final = \"{last}\" }}\n[trust]"
        )
    };
    let told = only(THERMOSTAT, &[(TRUST, &clocks("49h", "14d"))]);
    assert_eq!(told.rule, "plan.contradiction");
    // The final report is counted from another moment.
    assert_eq!(found(THERMOSTAT, &[(TRUST, &clocks("48h", "24h"))]), []);
}

/// What can't be read before it doesn't move what is found to another one's lines.
#[test]
fn findings_keep_to_the_table_they_are_about() {
    let unread = "[[waiver]]\ngate = \"static\"\n\n[[waiver]]\n";
    let owner = ("owner   = \"sam@", "owner   = \"ana@");
    let gated = gated();
    let told = found(&gated, &[("[[waiver]]\n", unread), owner]);
    let by_ana = gated.replacen("[[waiver]]\n", unread, 1);
    let line = by_ana.lines().position(|line| line.starts_with("owner "));
    let line = u32::try_from(line.expect("it is there") + 1).expect("a small file");
    let ana = told.iter().find(|f| f.message.contains("ana@"));
    assert_eq!(ana.expect("it is found").place.line, line);

    let upstream = format!(
        "{STRATEGY}\nupstream = [\n  {{ until = 2040-01-01 }},\n  {{ name = \"kernel\", until = 2030-01-01 }},\n]"
    );
    let told = found(THERMOSTAT, &[(STRATEGY, &upstream)]);
    let plan = THERMOSTAT.replacen(STRATEGY, &upstream, 1);
    let line = plan.lines().position(|line| line.contains("\"kernel\""));
    let line = u32::try_from(line.expect("it is there") + 1).expect("a small file");
    let kernel = told.iter().find(|finding| finding.rule == "FMP071");
    assert_eq!(kernel.expect("it is found").place.line, line);
}

#[test]
fn nothing_is_named_twice() {
    let gated = gated();
    let waiver = gated.split_once("[[waiver]]").expect("there is one").1;
    let waiver = waiver.split_once("[trust]").expect("it ends").0;
    let again = format!("[[waiver]]{waiver}[trust]");
    let gates = GATES.replace("\"hil\"", "\"hil\", \"unit\"");
    let packs = "[compliance]\npacks = [\"nist-ir-8425\", \"nist-ir-8425\"]\n[trust]";
    for (plan, edit) in [
        (&gated[..], (TRUST, &again[..])),
        (&gated, (GATES, &gates)),
        (THERMOSTAT, (TRUST, packs)),
    ] {
        assert_eq!(only(plan, &[edit]).rule, "plan.named-twice", "{}", edit.1);
    }
}

/// A remedy that is a minute short isn't one.
#[test]
fn the_soak_that_is_advised_is_enough() {
    let cycle = format!("{STRATEGY}\nusage_cycle = \"9030s\"");
    let told = found(THERMOSTAT, &[(STRATEGY, &cycle)]);
    assert!(
        told[0].fix.starts_with("soak = \"2h 1m\""),
        "{}",
        told[0].fix
    );
}

/// CNSA 2.0 wants the strongest of them, and wants it now.
#[test]
fn who_keeps_cnsa_2_signs_with_ml_dsa_87() {
    let pack = (TRUST, "[compliance]\npacks = [\"nsa-cnsa-2\"]\n[trust]");
    let named = |algorithms| ("algorithms        = [\"esp256\"]", algorithms);
    let weaker = named("algorithms = [\"esp256\", \"ml-dsa-65\"]");
    let told = only(THERMOSTAT, &[weaker, pack]);
    assert_eq!(told.rule, "FMP016");
    assert!(told.fix.contains("\"ml-dsa-87\""), "{}", told.fix);
    let long = SUPPORT.replace("2032-06-30", "2040-06-30");
    let strong = named("algorithms = [\"esp256\", \"ml-dsa-87\"]");
    assert_eq!(found(THERMOSTAT, &[(SUPPORT, &long), strong, pack]), []);
}

/// With a fifth of alpha for soft signals, a canary that was just large enough no more is; on tracks of one wave it still is.
#[test]
fn a_canary_that_is_too_small_for_its_share_of_alpha_is_told_why() {
    let halt = ("halt    = 12.0", "halt    = 5.0 ");
    let told = only(THERMOSTAT, &[halt, ("devices = 40", "devices = 157")]);
    assert_eq!(told.rule, "FMP030");
    assert_eq!(
        told.message,
        "Noticing 5.0 % instead of 1.0 % with 90 % power needs 158 devices; the canary of thermo-v2 has 157. \
         Where soft signals are declared, hard failures have four fifths of alpha, 4.0 of 5 %; all of it would need 132."
    );
    let whole = THERMOSTAT
        .split("[health.error-log]")
        .next()
        .expect("a first part");
    let rest = THERMOSTAT.split_once("[trust]").expect("it has one").1;
    let without = format!("{whole}[trust]{rest}");
    let told = only(&without, &[halt, ("devices = 40", "devices = 131")]);
    assert!(
        told.message
            .ends_with("needs 132 devices; the canary of thermo-v2 has 131.")
    );
    let in_one = THERMOSTAT
        .lines()
        .map(|line| match line.starts_with("waves = ") {
            true => "waves = [\"canary\"]",
            false => line,
        });
    let in_one = in_one.collect::<Vec<_>>().join("\n");
    let is_too_small = |devices| {
        let found = found(&in_one, &[halt, ("devices = 40", devices)]);
        found.iter().any(|finding| finding.rule == "FMP030")
    };
    assert!(is_too_small("devices = 131") && !is_too_small("devices = 132"));
}

/// A promise is broken by what waves really wait for between them, and that is what has to become shorter.
#[test]
fn what_waves_wait_for_is_advised_to_be_shorter() {
    let promise = |soak: &str, horizon: &str| {
        let signals = format!("horizon          = \"{horizon}\"");
        let soft = ("horizon          = \"48h\"", &signals[..]);
        let soak = format!("soak  = \"{soak}\"\nfleet_within = \"1h\"");
        let edits = [("soak  = \"24h\"", &soak[..]), soft, soft, soft];
        let mut found = found(THERMOSTAT, &edits);
        found.retain(|one| one.rule == "FMP053");
        assert_eq!(found.len(), 1, "{found:#?}");
        found.remove(0).fix
    };
    for (soak, horizon, shorter) in [
        ("54h", "48h", "a shorter soak"),
        ("53h", "48h", "a shorter horizon of the soft signals"),
        ("24h", "12h", "a shorter soak"),
        // What is left is silence, which is told three polls later.
        ("1h", "30m", "a shorter poll"),
    ] {
        let fix = promise(soak, horizon);
        assert!(fix.ends_with(&format!("fewer waves, {shorter}")), "{fix}");
    }
}
