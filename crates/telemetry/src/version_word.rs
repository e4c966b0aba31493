//! What a device with another update client says that it runs, and whether that is to be believed.
//!
//! Such a client names a version in an attribute. If the attribute stands in a file that no update changes, as with RAUC's updater,
//! it names the old one for ever. Taken as it stands, such a word would show each install to have gone back, and each device that is told to go back to
//! have arrived. So a word that contradicts what is known counts only once it is known to move:
//!
//! | the word | from one that moves (1) | from one that never changed, and says the same again | from one that was never heard before |
//! |---|---|---|---|
//! | names no release of the class | nothing | nothing | nothing |
//! | is what the device is known to run, or newer | said | said, if it is what the device is known to run | said |
//! | is older than that, or than what its client says it installed | said | nothing | nothing |
//! | is what the device is to install and has fetched nothing of, and it is known to run something else | said, if the plan says that it is live, or the client reported it as installed | nothing | nothing |
//!
//! (1) The plan says that it is live; or the client reported it as installed by itself; or the device has named two different
//! releases by now, of which this may be the second. That one is no proof of an installation for which nobody fetched a byte: such a file may be written by
//! whatever sets the fleet up, on all of it in one evening. Nor is it one later, once the device has fetched: what the file said before it still says, and
//! until it names something else again nobody knows.
//!
//! Nothing here decides what becomes of a device: what is *said* is folded as a check-in is ([`fold_said`](crate::fold_said)).
//! Read [`Word`], then [`heed`].

use jiff::Timestamp;
use mainstay_plan::{ClientRules, VersionWord, WithoutWord};
use mainstay_rollout::ReleaseDigest;
use serde::{Deserialize, Serialize};

use crate::event::Said;

/// By which way a version word came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In the attribute that the plan names.
    Attribute,
    /// By the client's report of what is installed (`PUT installedBase`), which it makes anew each time.
    InstalledBase,
}

/// A release of the device's class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named {
    /// Which.
    pub release: ReleaseDigest,
    /// Its sequence number.
    pub sequence: u64,
}

/// What a device says now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// The release of its class that has the version which it names; none if there is none.
    pub named: Option<Named>,
    /// By which way it came.
    pub source: Source,
}

/// What a device's attribute has said so far, as the host keeps it beside the device. Versions that no release has don't count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastWords {
    /// The release that it named last.
    pub last: ReleaseDigest,
    /// Whether it has ever named another one before, and not ahead of what it did.
    pub has_changed: bool,
    /// Whether it named the last one before it can have had that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ahead: bool,
}

/// What is known of a device when its word comes.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What its attribute has said before; none if it never named a release.
    pub past: Option<PastWords>,
    /// What the server takes it to run; none if nobody knows.
    pub running: Option<Named>,
    /// What its client says it has installed by its newest order, and hasn't confirmed; none if there is nothing of that kind.
    pub installed: Option<Named>,
    /// What it is to install, or to go back to, and has fetched nothing of ([`Seen::has_fetched`](mainstay_rollout::order::Seen::has_fetched)); none
    /// if there is nothing of that kind.
    pub unfetched: Option<ReleaseDigest>,
    /// What the plan says of the class.
    pub rules: &'a ClientRules,
}

/// What a word comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statement {
    /// The device runs this, and keeps it.
    Said(Said),
    /// Nothing was said, for this reason.
    Nothing(NoStatement),
}

/// Why a word says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoStatement {
    /// No release of the class has the version.
    UnknownVersion,
    /// It contradicts what is known, and may stand in a file that nobody changes.
    MayBeStatic,
    /// It names what the device is to install and has fetched nothing of, and may stand in a file that is written by other ways.
    NothingFetched,
}

impl NoStatement {
    /// The reason as a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::UnknownVersion => "No release of its class has the version that it names.",
            Self::MayBeStatic => {
                "It has never named another version, so that this one may stand in a file that no update changes."
            }
            Self::NothingFetched => {
                "It names what the device is to install, of which it has fetched nothing: it may stand in a file that something else writes."
            }
        }
    }
}

impl PastWords {
    /// What has been said after `word`. Only attributes are kept: what a client reports as installed is live anyway, and beside
    /// a static attribute it would look as if that had changed.
    ///
    /// What is told ahead moves nothing, and shows that this attribute may be written by others: the same word later is what was always said.
    #[must_use]
    pub fn after(situation: &Situation<'_>, word: &Word) -> Option<Self> {
        let past = situation.past;
        let Some(named) = word.named.filter(|_| word.source == Source::Attribute) else {
            return past;
        };
        let ahead = is_told_ahead(situation, word.source, named);
        let stays = |past: Self| past.ahead && past.last == named.release;
        let differs = |past: Self| past.has_changed || past.last != named.release;
        Some(Self {
            last: named.release,
            has_changed: !ahead && past.is_some_and(differs),
            ahead: ahead || past.is_some_and(stays),
        })
    }

    /// What has been said, if these words come to be kept where `kept` are by now: of two that were heard at once, each knew nothing of the other.
    /// That they ever changed is never lost, but by a word that was told ahead.
    #[must_use]
    pub fn beside(self, kept: Option<Self>) -> Self {
        let changes = |kept: Self| kept.has_changed || kept.last != self.last;
        let has_changed = self.has_changed || !self.ahead && kept.is_some_and(changes);
        Self {
            has_changed,
            ..self
        }
    }
}

/// What `word` comes to. Pure; the caller folds what was said, and keeps [`PastWords::after`] then: a word that is repeated because it was lost in
/// between is heard as if for the first time. Words that were heard at once are kept [`beside`](PastWords::beside) each other.
#[must_use]
pub fn heed(situation: &Situation<'_>, word: &Word) -> Statement {
    let Some(named) = word.named else {
        return Statement::Nothing(NoStatement::UnknownVersion);
    };
    if is_told_ahead(situation, word.source, named) {
        return Statement::Nothing(NoStatement::NothingFetched);
    }
    let is_believed = moves(situation, word) || agrees(situation, named);
    if is_believed {
        Statement::Said(kept(named))
    } else {
        Statement::Nothing(NoStatement::MayBeStatic)
    }
}

/// When a device that reported success at `installed_at` is taken at its word; none if the plan doesn't want that, or if the device
/// has named a release since (`has_named`): who names one can say it, and it would have been a confirmation if it were the right one.
#[must_use]
pub fn taken_at_its_word(
    rules: &ClientRules,
    installed_at: Timestamp,
    has_named: bool,
) -> Option<Timestamp> {
    match rules.without_version_word {
        WithoutWord::TakenAtItsWord { after } if !has_named => {
            // A span of the plan is at most 400 days: beyond the end of time nobody waits.
            installed_at.checked_add(after).ok()
        }
        _ => None,
    }
}

fn moves(situation: &Situation<'_>, word: &Word) -> bool {
    let has_changed = PastWords::after(situation, word).is_some_and(|past| past.has_changed);
    is_live(situation, word.source) || has_changed
}

/// Whether a word of this source that names no release is of the moment: somebody vouches for it, or the device has named different releases by now.
#[must_use]
pub fn is_of_the_moment(situation: &Situation<'_>, source: Source) -> bool {
    is_live(situation, source) || situation.past.is_some_and(|past| past.has_changed)
}

/// Whether somebody vouches that such a word is of the moment.
fn is_live(situation: &Situation<'_>, source: Source) -> bool {
    source == Source::InstalledBase || situation.rules.version_word == VersionWord::Live
}

/// Whether the word names what it is promised, before it can have installed that from here. Where nobody knows what it runs, it may have had it all along.
fn is_told_ahead(situation: &Situation<'_>, source: Source, named: Named) -> bool {
    let runs_another = |running: Named| running.release != named.release;
    !is_live(situation, source)
        && situation.unfetched == Some(named.release)
        && situation.running.is_some_and(runs_another)
}

/// Whether a word that isn't known to move contradicts nothing. The first one may be of a release that was installed by other
/// ways; one that was said before is no news.
fn agrees(situation: &Situation<'_>, named: Named) -> bool {
    let known = situation.running.into_iter().chain(situation.installed);
    let newest = known.map(|known| known.sequence).max().unwrap_or(0);
    let is_older = named.sequence < newest;
    let is_news = situation.past.is_none();
    !is_older && (is_news || situation.running == Some(named))
}

fn kept(named: Named) -> Said {
    Said {
        release: named.release,
        sequence: named.sequence,
        confirmed: true,
        safe_mode: false,
        last_resort: false,
        unwell: false,
    }
}
