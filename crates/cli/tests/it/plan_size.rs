//! How large a canary must be, as a person reads it and as a machine does.

use crate::folder::Folder;

fn answer(folder: &Folder, words: &str) -> serde_json::Value {
    let said = folder.good(&format!("--json plan size {words}"));
    serde_json::from_str(&said).expect("one JSON value")
}

#[test]
fn rates_alone_are_enough() {
    let folder = Folder::new();
    let said = folder.good("plan size --expect 0.5 --halt 2 --devices 300");
    let row = |devices: &str| {
        let mut rows = said
            .lines()
            .filter(|line| line.trim_start().starts_with(devices));
        rows.next()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert!(
        row("300").starts_with("300 69.2 % 28.7 % 2.1 % 66.8 % 26.3 % 6.9 %"),
        "{said}"
    );
    assert!(
        row("462").ends_with("the least that `plan check` takes"),
        "{said}"
    );
    assert!(row("613").ends_with("asks you 1 in 20"), "{said}");
    // With 300, the test can't tell in a quarter of canaries: nobody is told that it does.
    let scored = "do: until the test can tell, or all of them where it can't.";
    assert!(said.contains(scored), "{said}");
    assert!(said.contains("149 devices show a failure at all"), "{said}");
}

#[test]
fn a_plan_is_sized_by_its_own_rates_unless_others_are_named() {
    let folder = Folder::new();
    folder.good("plan init");
    let own = answer(&folder, "");
    assert_eq!(
        (&own["rates"]["expect"], &own["rates"]["halt"]),
        (&0.5.into(), &5.0.into())
    );
    let because = |answer: &serde_json::Value, devices: u32| {
        let sizes = answer["sizes"].as_array().expect("rows").iter();
        let mut size = sizes.filter(|size| size["devices"] == devices);
        size.next()
            .map(|size| size["because"].to_string())
            .unwrap_or_default()
    };
    assert!(
        because(&own, 105).contains("plan check")
            && because(&own, 105).contains("this plan's canary")
    );
    let other = answer(&folder, "plan.toml --halt 2");
    assert!(because(&other, 105).contains("this plan's canary"));
    assert!(because(&other, 462).contains("plan check"));
    for size in own["sizes"].as_array().expect("rows") {
        for rate in ["good", "bad"] {
            let part = |name: &str| size[rate][name].as_f64().expect("a number");
            let sum = part("halts") + part("asks") + part("goes_on");
            assert!((sum - 1.0).abs() < 1e-9, "{size}");
        }
    }
}

#[test]
fn senseless_questions_are_refused() {
    let folder = Folder::new();
    folder.write("bad.toml", "class = 7");
    for (words, id) in [
        ("plan size", "plan.missing"),
        ("plan size bad.toml", "plan.unread"),
        ("plan size --expect 5 --halt 2", "plan.size-rates"),
        ("plan size --expect 0 --halt 2", "plan.size-rates"),
        ("plan size --expect NaN --halt 2", "plan.size-rates"),
        (
            "plan size --expect 1 --halt 2 --alpha 50 --power 50",
            "plan.size-rates",
        ),
    ] {
        folder.run(words).failed(2, id);
    }
    let ended = folder.run("plan size --expect 1 --halt 2 --devices 0");
    assert_eq!(ended.code(), 2, "{}", ended.stderr());
}

#[test]
fn what_is_halted_by_mistake_is_held_against_alpha() {
    let folder = Folder::new();
    folder.good("plan init");
    let starting = std::fs::read_to_string(folder.path().join("plan.toml")).expect("just made");
    let said = folder.good("plan size");
    assert!(!said.contains("soft signals"), "{said}");
    assert!(said.contains("is within the alpha of 5 %"), "{said}");
    assert!(said.contains("Each later wave begins this test afresh and has 5.0 % for it"));
    let battery = "\n[health.battery]\nworse_by_at_most = \"10 %\"\n";
    folder.write("soft.toml", format!("{starting}{battery}"));
    let found = answer(&folder, "soft.toml");
    assert_eq!(found["rates"]["alpha_of_test"], 4.0);
    let mistakes = |answer: &serde_json::Value, name: &str| {
        answer["mistakes"][name].as_f64().expect("a number")
    };
    let parts = ["by_test", "by_soft_signals", "by_tripwire"];
    let sum: f64 = parts.iter().map(|part| mistakes(&found, part)).sum();
    assert!((mistakes(&found, "canary") - sum).abs() < 1e-9, "{found}");
    assert!(
        (mistakes(&found, "by_soft_signals") - 1.0).abs() < 1e-9 && sum <= 5.0,
        "{found}"
    );
    assert!(mistakes(&found, "by_test") <= 4.0 && mistakes(&found, "by_tripwire") > 0.0);
    assert!(mistakes(&found, "rollout") > mistakes(&found, "canary"));
    let said = folder.good("plan size soft.toml");
    assert!(
        said.contains("5 % false halts, of which this test has 4.0 %"),
        "{said}"
    );
    assert!(said.contains("1.00 % by soft signals"), "{said}");
    let wire = "\n[health.tripwire]\nbricks = 1\nfailures_in_one_stratum = 1\n";
    folder.write("tight.toml", format!("{starting}{wire}"));
    let said = folder.good("plan size tight.toml");
    assert!(said.contains("is more than the alpha of 5 %"), "{said}");
    let rates = answer(&folder, "--expect 0.5 --halt 2");
    assert!(
        rates["mistakes"].is_null(),
        "without a plan there is no tripwire"
    );
}

/// Where sites count, later waves bring more devices of the same ones; and where one wave is all, there are no later ones.
#[test]
fn only_what_is_bounded_is_told() {
    let folder = Folder::new();
    folder.good("plan init");
    let starting = std::fs::read_to_string(folder.path().join("plan.toml")).expect("just made");
    let by_site = starting.replace("unit    = \"device\"", "unit    = \"site\"");
    let in_one = starting
        .lines()
        .map(|line| match line.starts_with("waves = ") {
            true => "waves = [\"canary\"]",
            false => line,
        });
    let in_one = in_one.collect::<Vec<_>>().join("\n");
    for (name, plan, told) in [("site.toml", by_site, true), ("one.toml", in_one, false)] {
        assert_ne!(plan, starting, "{name}");
        folder.write(name, &plan);
        let said = folder.good(&format!("plan size {name}"));
        let says = |words: &str| said.contains(words);
        assert!(says("% of canaries of 105"), "{said}");
        assert_eq!(says("each site for itself"), told, "{said}");
        assert!(
            !says("Each later wave") && !says("waves all of that"),
            "{said}"
        );
        assert_eq!(
            says("Of all waves together nothing is said"),
            told,
            "{said}"
        );
        assert!(answer(&folder, name)["mistakes"]["rollout"].is_null());
    }
}
