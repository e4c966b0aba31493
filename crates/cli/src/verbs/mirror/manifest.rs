//! What a mirror says that it holds: one file beside the payloads, `mainstay-mirror.json`.
//!
//! It is written before anything is put or removed, so that nothing of ours lies in a mirror that its manifest doesn't name. Read [`Manifest`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_api::PayloadView;
use mainstay_store::MirrorHome;
use mainstay_trust::Digest;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The form of the file; a later one isn't read.
const FORM: u32 = 1;

/// The manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form.
    pub mainstay_mirror: u32,
    /// The address of the server that it mirrors.
    pub server: String,
    /// When it was in step with that last; none before the first time.
    pub in_step_at: Option<Timestamp>,
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
        let held = Held {
            bytes: view.bytes,
            releases: view.releases.clone(),
            state,
        };
        self.payloads.insert(view.digest.clone(), held);
    }

    /// Whether a payload of this size is there, and was right.
    pub fn has_whole(&self, view: &PayloadView) -> bool {
        let held = self.payloads.get(&view.digest);
        held.is_some_and(|held| held.state == State::Whole && held.bytes == view.bytes)
    }
}
