//! Every verb and every sub-verb explains itself, with an example that calls it.

use crate::folder::Folder;

#[test]
fn every_verb_has_help_with_an_example() {
    let folder = Folder::new();
    let verbs = sub_verbs(&folder.good("--help"));
    assert!(verbs.len() >= 12, "verbs found: {verbs:?}");
    let leaves: usize = verbs.iter().map(|verb| check(&folder, verb)).sum();
    assert!(leaves >= 25, "only {leaves} sub-verbs found");
}

/// Checks the help of `verb` and all below it; says how many verbs these are.
fn check(folder: &Folder, verb: &str) -> usize {
    let help = folder.good(&format!("{verb} --help"));
    let (_, example) = help
        .split_once("\nExample")
        .unwrap_or_else(|| panic!("{verb}: no example"));
    assert!(
        example.contains(&format!("mainstay {verb}")),
        "{verb}: the example shows another verb"
    );
    let below = sub_verbs(&help);
    1 + below
        .iter()
        .map(|sub| check(folder, &format!("{verb} {sub}")))
        .sum::<usize>()
}

/// The verbs that a help text lists under "Commands:", each of which must have a description.
fn sub_verbs(help: &str) -> Vec<String> {
    let list = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let list = list.split("\n\n").next().unwrap_or_default();
    let lines = list
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let described = |line: &str| {
        let (verb, text) = line
            .trim()
            .split_once(' ')
            .unwrap_or_else(|| panic!("{line}: no text"));
        assert!(text.trim().len() > 10, "{line}: says too little");
        verb.to_owned()
    };
    lines.map(described).collect()
}
