//! When the version that a device with another client names is believed, and what that does to its progress.

use jiff::{SignedDuration, Timestamp};
use mainstay_plan::{ClientRules, VersionWord, WithoutWord};
use mainstay_rollout::{Candidate, FailureCause, Progress, ReleaseDigest};
use mainstay_telemetry::version_word::{Named, Situation, Source};
use mainstay_telemetry::{
    NoStatement, PastWords, Said, Statement, Word, fold_said, heed, taken_at_its_word,
};

const OLD: Named = named(1);
const NEW: Named = named(2);
const NEWER: Named = named(3);

/// The release with this sequence number.
const fn named(sequence: u8) -> Named {
    Named {
        release: ReleaseDigest([sequence; 32]),
        sequence: sequence as u64,
    }
}

fn rules(version_word: VersionWord) -> ClientRules {
    ClientRules {
        version_attribute: Some("sw_version".to_owned()),
        version_word,
        ..ClientRules::default()
    }
}

fn attribute(named: Named) -> Word {
    Word {
        named: Some(named),
        source: Source::Attribute,
    }
}

fn said(named: Named) -> Statement {
    Statement::Said(Said {
        release: named.release,
        sequence: named.sequence,
        confirmed: true,
        safe_mode: false,
        last_resort: false,
        unwell: false,
    })
}

const STATIC: Statement = Statement::Nothing(NoStatement::MayBeStatic);

/// Its attribute has always named this release.
fn always(named: Named) -> Option<PastWords> {
    Some(PastWords {
        last: named.release,
        has_changed: false,
        ahead: false,
    })
}

/// Its attribute named this release before the device can have had it.
fn ahead(named: Named) -> Option<PastWords> {
    Some(PastWords {
        last: named.release,
        has_changed: false,
        ahead: true,
    })
}

/// Its attribute named another one before this.
fn lately(named: Named) -> Option<PastWords> {
    Some(PastWords {
        last: named.release,
        has_changed: true,
        ahead: false,
    })
}

/// The past, what it is known to run, what its client says it installed, what it says now, what that comes to of a static word.
type Case = (
    Option<PastWords>,
    Option<Named>,
    Option<Named>,
    Named,
    Statement,
);

#[test]
#[rustfmt::skip]
fn a_word_that_contradicts_what_is_known_counts_once_it_moves() {
    let cases: [Case; 17] = [
        // Nothing is known: the first word is all there is.
        (None, None, None, OLD, said(OLD)),
        (None, None, None, NEW, said(NEW)),
        // It has installed the new one, and has never been heard: the new one is good news, the old one may be a file.
        (None, None, Some(NEW), NEW, said(NEW)),
        (None, None, Some(NEW), OLD, STATIC),
        // As it should be: it ran the old one, installed the new one, and names that.
        (always(OLD), Some(OLD), None, OLD, said(OLD)),
        (always(OLD), Some(OLD), Some(NEW), NEW, said(NEW)),
        (always(OLD), Some(OLD), Some(NEW), NEWER, said(NEWER)),
        // It names the old one still: it hasn't restarted yet, or the word is a file.
        (always(OLD), Some(OLD), Some(NEW), OLD, STATIC),
        // It was taken at its word, or confirmed by another way, and names what it always named.
        (always(OLD), Some(NEW), None, OLD, STATIC),
        (always(NEWER), Some(NEW), None, NEWER, STATIC),
        (None, Some(NEW), None, OLD, STATIC),
        // Its word has changed with the update before, or changes now: it moves.
        (lately(NEW), Some(NEW), None, OLD, said(OLD)),
        (always(NEW), Some(NEW), None, OLD, said(OLD)),
        (lately(OLD), Some(OLD), Some(NEW), OLD, said(OLD)),
        (lately(OLD), Some(NEW), None, OLD, said(OLD)),
        (lately(NEW), Some(NEW), None, NEW, said(NEW)),
        (lately(NEW), Some(NEW), None, NEWER, said(NEWER)),
    ];
    for (past, running, installed, word, expected) in cases {
        let case = format!("{past:?} {running:?} {installed:?} {word:?}");
        let heard = |rules: &ClientRules, source| {
            let situation = Situation { past, running, installed, unfetched: None, rules };
            heed(&situation, &Word { named: Some(word), source })
        };
        let (stale, live) = (rules(VersionWord::Static), rules(VersionWord::Live));
        assert_eq!(heard(&stale, Source::Attribute), expected, "{case}");
        assert_eq!(heard(&live, Source::Attribute), said(word), "{case}");
        assert_eq!(heard(&stale, Source::InstalledBase), said(word), "{case}");
    }
}

/// A file that the fleet's own tools write names the new version on all canaries in one evening: none of them has fetched a byte.
#[test]
fn no_file_confirms_what_nobody_fetched() {
    const AHEAD: Statement = Statement::Nothing(NoStatement::NothingFetched);
    for (past, running, unfetched, word, expected) in [
        (always(OLD), Some(OLD), Some(NEW), NEW, AHEAD),
        (lately(OLD), Some(OLD), Some(NEW), NEW, AHEAD),
        (None, Some(OLD), Some(NEW), NEW, AHEAD),
        // It fetched it, or nobody promised it that.
        (always(OLD), Some(OLD), None, NEW, said(NEW)),
        (always(OLD), Some(OLD), Some(NEW), NEWER, said(NEWER)),
        // Nobody knows what it ran, or it is known to run just that.
        (None, None, Some(NEW), NEW, said(NEW)),
        (lately(NEW), Some(NEW), Some(NEW), NEW, said(NEW)),
        (lately(OLD), Some(OLD), Some(NEW), OLD, said(OLD)),
    ] {
        let case = format!("{past:?} {running:?} {unfetched:?} {word:?}");
        let heard = |rules: &ClientRules, source| {
            let unfetched = unfetched.map(|named: Named| named.release);
            let situation = Situation {
                past,
                running,
                installed: None,
                unfetched,
                rules,
            };
            let word = Word {
                named: Some(word),
                source,
            };
            heed(&situation, &word)
        };
        let (file, live) = (rules(VersionWord::Static), rules(VersionWord::Live));
        assert_eq!(heard(&file, Source::Attribute), expected, "{case}");
        assert_eq!(heard(&live, Source::Attribute), said(word), "{case}");
        assert_eq!(heard(&file, Source::InstalledBase), said(word), "{case}");
    }
}

#[test]
fn of_two_words_at_once_neither_undoes_the_other() {
    let kept = |words: Option<PastWords>, kept| words.map(|words| words.beside(kept));
    for (words, by_then, expected) in [
        (always(OLD), None, always(OLD)),
        (always(OLD), always(OLD), always(OLD)),
        // The slower one had read the past before the new version was said.
        (always(OLD), lately(NEW), lately(OLD)),
        (always(OLD), always(NEW), lately(OLD)),
        (lately(NEW), always(OLD), lately(NEW)),
        (always(OLD), lately(OLD), lately(OLD)),
        // What is told ahead moves nothing, and what is said beside it does.
        (ahead(NEW), always(OLD), ahead(NEW)),
        (ahead(NEW), lately(OLD), ahead(NEW)),
    ] {
        assert_eq!(kept(words, by_then), expected, "{words:?} {by_then:?}");
    }
}

#[test]
fn a_version_that_no_release_has_says_nothing() {
    for version_word in [VersionWord::Static, VersionWord::Live] {
        let situation = Situation {
            past: lately(NEW),
            running: Some(NEW),
            installed: None,
            unfetched: None,
            rules: &rules(version_word),
        };
        let word = Word {
            named: None,
            source: Source::InstalledBase,
        };
        let nothing = Statement::Nothing(NoStatement::UnknownVersion);
        assert_eq!(heed(&situation, &word), nothing);
    }
}

/// What its attribute has said after a few words.
fn after(words: &[(Option<Named>, Source)]) -> Option<PastWords> {
    words.iter().fold(None, |past, (named, source)| {
        let word = Word {
            named: *named,
            source: *source,
        };
        let rules = rules(VersionWord::Static);
        let situation = Situation {
            past,
            running: None,
            installed: None,
            unfetched: None,
            rules: &rules,
        };
        PastWords::after(&situation, &word)
    })
}

/// A file that names the new version on the evening before still names it when the device has fetched it, and hasn't restarted.
#[test]
fn what_was_told_ahead_is_no_proof_later() {
    let rules = rules(VersionWord::Static);
    let mut situation = Situation {
        past: lately(OLD),
        running: Some(OLD),
        installed: None,
        unfetched: Some(NEW.release),
        rules: &rules,
    };
    let word = attribute(NEW);
    situation.past = PastWords::after(&situation, &word);
    assert_eq!(situation.past, ahead(NEW));
    for installed in [None, Some(NEW)] {
        situation.installed = installed;
        situation.unfetched = None;
        assert_eq!(heed(&situation, &word), STATIC, "{installed:?}");
        situation.past = PastWords::after(&situation, &word);
        assert_eq!(situation.past, ahead(NEW), "{installed:?}");
    }
    // Once it names something else, it moves again.
    let word = attribute(NEWER);
    assert_eq!(heed(&situation, &word), said(NEWER));
    assert_eq!(PastWords::after(&situation, &word), lately(NEWER));
}

/// What a client reports as installed would make a file beside it look alive.
#[test]
fn only_attributes_that_name_two_releases_have_changed() {
    use Source::{Attribute, InstalledBase};
    for (words, expected) in [
        (&[][..], None),
        (&[(None, Attribute)], None),
        (&[(Some(OLD), Attribute)], always(OLD)),
        (
            &[(Some(OLD), Attribute), (Some(OLD), Attribute)],
            always(OLD),
        ),
        (&[(Some(OLD), Attribute), (None, Attribute)], always(OLD)),
        (
            &[
                (Some(OLD), Attribute),
                (Some(NEW), InstalledBase),
                (Some(OLD), Attribute),
            ],
            always(OLD),
        ),
        (
            &[(Some(OLD), Attribute), (Some(NEW), Attribute)],
            lately(NEW),
        ),
        (
            &[
                (Some(OLD), Attribute),
                (Some(NEW), Attribute),
                (Some(NEW), Attribute),
            ],
            lately(NEW),
        ),
        (
            &[
                (Some(OLD), Attribute),
                (Some(NEW), Attribute),
                (Some(OLD), Attribute),
            ],
            lately(OLD),
        ),
    ] {
        assert_eq!(after(words), expected, "{words:?}");
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a small number")
}

fn candidate() -> Candidate {
    Candidate {
        release: NEW.release,
        version: "1.1.0".to_owned(),
        sequence: NEW.sequence,
        class: "gateway-v1".to_owned(),
        returns_to: vec![OLD.release],
        image_bytes: 0,
    }
}

/// The progress of a device that always said it runs the old one, and says so again after its client installed the new one.
fn stale_word(progress: Progress, running: Named, version_word: VersionWord) -> Progress {
    let situation = Situation {
        past: always(OLD),
        running: Some(running),
        installed: Some(NEW),
        unfetched: None,
        rules: &rules(version_word),
    };
    match heed(&situation, &attribute(OLD)) {
        Statement::Said(said) => fold_said(progress, &candidate(), &said, at(9)),
        Statement::Nothing(_) => progress,
    }
}

/// The trap: a file's old version would fail each device that was taken at its word, and bring each back that was told to go.
#[test]
fn a_stale_file_neither_fails_a_device_nor_brings_it_back() {
    let confirmed = Progress::Confirmed {
        began: at(1),
        booted: at(5),
        at: at(5),
    };
    let returning = Progress::Returning {
        began: at(1),
        at: at(5),
        to: OLD.release.into(),
    };
    for progress in [confirmed.clone(), returning.clone()] {
        let heard = stale_word(progress.clone(), NEW, VersionWord::Static);
        assert_eq!(heard, progress);
    }
    assert!(matches!(
        stale_word(confirmed, NEW, VersionWord::Live),
        Progress::Failed {
            cause: FailureCause::WentBack,
            ..
        }
    ));
    assert!(matches!(
        stale_word(returning, NEW, VersionWord::Live),
        Progress::Returned { .. }
    ));
}

/// Some clients report success before they restart: the old version is true then, and no failure.
#[test]
fn who_has_not_restarted_yet_has_not_gone_back() {
    for version_word in [VersionWord::Static, VersionWord::Live] {
        let began = Progress::Began { at: at(1) };
        assert_eq!(stale_word(began.clone(), OLD, version_word), began);
    }
}

#[test]
fn who_never_says_a_version_is_believed_only_if_the_plan_wants_that() {
    let hour = SignedDuration::from_hours(1);
    let taken = ClientRules {
        without_version_word: WithoutWord::TakenAtItsWord { after: hour },
        ..ClientRules::default()
    };
    let endless = ClientRules {
        without_version_word: WithoutWord::TakenAtItsWord {
            after: SignedDuration::MAX,
        },
        ..ClientRules::default()
    };
    for (rules, has_named, expected) in [
        (&taken, false, Some(at(3600 + 7))),
        (&taken, true, None),
        (&ClientRules::default(), false, None),
        (&endless, false, None),
    ] {
        assert_eq!(taken_at_its_word(rules, at(7), has_named), expected);
    }
}
