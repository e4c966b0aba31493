//! What a mirror says that it holds: one file beside the payloads, `mainstay-mirror.json`.
//!
//! It is written before anything is put or removed, so that nothing of ours lies in a mirror that its manifest doesn't name. Read [`Manifest`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mainstay_api::PayloadView;
use mainstay_store::MirrorHome;
use mainstay_trust::Digest;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The form of the file; a later one isn't read.
const FORM: u32 = 1;

/// Disks and buckets lose bits without a word: each payload is read again after so long, as a server does with its own.
const READ_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form.
    pub mainstay_mirror: u32,
    /// The address of the server that it mirrors.
    pub server: String,
    /// When it was in step with that last; none before the first time.
    pub in_step_at: Option<Timestamp>,
    /// The digest of the revocations of which caches were told last; none before the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocations: Option<String>,
    /// By digests, in hexadecimal.
    pub payloads: BTreeMap<String, Held>,
}

/// One payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its size.
    pub bytes: u64,
    /// Of which releases it is.
    pub releases: Vec<String>,
    /// How far it is.
    pub state: State,
    /// When all of it was read here last; none before the first time, or if an earlier version wrote this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

/// How far a payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// On its way: it may be there, and hasn't been read again.
    Coming,
    /// There, and its digest was right when it was read there.
    Whole,
    /// On its way out: it may be there still, or caches may have it.
    Leaving,
}

impl Manifest {
    /// One of an empty mirror.
    pub fn new(server: &str) -> Self {
        Self {
            mainstay_mirror: FORM,
            server: server.to_owned(),
            in_step_at: None,
            revocations: None,
            payloads: BTreeMap::new(),
        }
    }

    /// The manifest of a home; none if it has none.
    pub async fn read(home: &dyn MirrorHome) -> Result<Option<Self>, Failure> {
        let Some(note) = home.note().await? else {
            return Ok(None);
        };
        let read: Result<Self, _> = serde_json::from_slice(&note);
        let whole = read.ok().filter(|manifest| {
            let names = |digest: &String| Digest::parse_hex(digest).is_some();
            manifest.mainstay_mirror == FORM && manifest.payloads.keys().all(names)
        });
        whole.map(Some).ok_or_else(|| {
            Failure::usage(
                "mirror.manifest",
                "mainstay-mirror.json can't be read, or is of a newer version",
                "use the version that wrote it; or begin anew in an empty place",
            )
        })
    }

    /// Writes it.
    pub async fn write(&self, home: &dyn MirrorHome) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(self).expect("texts and numbers");
        Ok(home.write_note(bytes.into()).await?)
    }

    /// Notes how far a payload is.
    pub fn note(&mut self, view: &PayloadView, state: State) {
        let before = self.payloads.get(&view.digest);
        let read_at = before.and_then(|held| held.read_at);
        let held = Held {
            bytes: view.bytes,
            releases: view.releases.clone(),
            state,
            read_at,
        };
        self.payloads.insert(view.digest.clone(), held);
    }

    /// Whether a payload of this size is there, and was right.
    pub fn has_whole(&self, view: &PayloadView) -> bool {
        let held = self.payloads.get(&view.digest);
        held.is_some_and(|held| held.state == State::Whole && held.bytes == view.bytes)
    }

    /// Notes that a payload was read to its end at that moment, and whether it was right. One that wasn't is to come again.
    pub fn note_read(&mut self, digest: &str, is_right: bool, now: Timestamp) {
        if let Some(held) = self.payloads.get_mut(digest) {
            held.read_at = Some(now);
            held.state = match is_right {
                true => State::Whole,
                false => State::Coming,
            };
        }
    }

    /// The digests of what was there when it was read last, and is to be read again: all of it, or what wasn't read for a day; first what wasn't for longest.
    /// What was read in the future was read by another clock, and counts as unread.
    pub fn to_read(&self, all: bool, now: Timestamp) -> Vec<String> {
        let is_old = |at: Timestamp| now.duration_since(at).abs() >= READ_AGAIN;
        let is_due = |held: &Held| all || held.read_at.is_none_or(is_old);
        let whole = self.payloads.iter();
        let whole = whole.filter(|(_, held)| held.state == State::Whole);
        let mut due: Vec<_> = whole.filter(|(_, held)| is_due(held)).collect();
        due.sort_by_key(|(_, held)| held.read_at);
        due.into_iter().map(|(digest, _)| digest.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(state: State, read_at: Option<i64>) -> Held {
        let moment = |second| Timestamp::from_second(second).expect("a moment");
        Held {
            bytes: 3,
            releases: Vec::new(),
            state,
            read_at: read_at.map(moment),
        }
    }

    fn manifest() -> Manifest {
        let payloads = [
            ("fresh", held(State::Whole, Some(1_000_000 - 86_399))),
            ("old", held(State::Whole, Some(1_000_000 - 86_400))),
            ("older", held(State::Whole, Some(5))),
            ("ahead", held(State::Whole, Some(1_000_000 + 86_400))),
            ("never", held(State::Whole, None)),
            ("coming", held(State::Coming, None)),
            ("leaving", held(State::Leaving, Some(5))),
        ];
        let payloads = payloads.map(|(digest, held)| (digest.to_owned(), held));
        Manifest {
            payloads: payloads.into(),
            ..Manifest::new("https://fleet.example")
        }
    }

    #[test]
    fn what_was_not_read_for_a_day_is_read_again() {
        let (manifest, now) = (manifest(), Timestamp::from_second(1_000_000));
        let now = now.expect("a moment");
        let due = manifest.to_read(false, now);
        assert_eq!(due, ["never", "older", "old", "ahead"]);
        let all = manifest.to_read(true, now);
        assert_eq!(all, ["never", "older", "old", "fresh", "ahead"]);
    }

    #[test]
    fn what_was_read_is_fresh_and_what_is_damaged_is_to_come() {
        let (mut manifest, now) = (manifest(), Timestamp::from_second(1_000_000));
        let now = now.expect("a moment");
        manifest.note_read("old", true, now);
        manifest.note_read("older", false, now);
        manifest.note_read("gone", true, now);
        assert_eq!(manifest.to_read(false, now), ["never", "ahead"]);
        assert_eq!(manifest.payloads["older"].state, State::Coming);
        assert_eq!(manifest.payloads.len(), 7);
    }

    /// A mirror that an earlier version kept is gone on with, and read.
    #[test]
    fn a_manifest_of_an_earlier_version_is_read() {
        let digest = "ab".repeat(32);
        let text = format!(
            r#"{{"mainstay_mirror":1,"server":"https://fleet.example","in_step_at":null,
            "payloads":{{"{digest}":{{"bytes":3,"releases":[],"state":"whole"}}}}}}"#
        );
        let manifest: Manifest = serde_json::from_str(&text).expect("a manifest");
        let now = Timestamp::from_second(1_000_000).expect("a moment");
        assert_eq!(manifest.to_read(false, now), [digest]);
        assert_eq!(manifest.revocations, None);
    }
}
