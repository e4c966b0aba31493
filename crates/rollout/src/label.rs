//! What many devices have in common: short texts, such as a hardware revision or a zone, and the releases that they run. Each is kept once,
//! however many devices have it, and takes one word of each of them. A fleet of a million would otherwise hold a million copies. Read [`Label`]
//! and [`SharedDigest`], then [`Labels`].

use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use std::collections::BTreeSet;
use std::sync::Arc;

use mainstay_fleet::ReleaseDigest;
use serde::{Deserialize, Serialize};

/// A text; its copies share it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Label(Arc<Text>);

/// A text behind one word: its length lies where it does, and not in each of its labels.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Text(Box<str>);

/// The digest of a release; its copies share it. It is used as the digest that it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "ReleaseDigest", into = "ReleaseDigest")]
pub struct SharedDigest(Arc<ReleaseDigest>);

/// What the devices of a fleet have in common, for whoever makes its view.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    texts: BTreeSet<Label>,
    releases: BTreeSet<SharedDigest>,
}

impl Labels {
    /// The label with this text, shared with all that were asked for before.
    pub fn of(&mut self, text: &str) -> Label {
        if let Some(label) = self.texts.get(text) {
            return label.clone();
        }
        let label = Label::from(text);
        self.texts.insert(label.clone());
        label
    }

    /// This digest, shared with all that were asked for before.
    pub fn release(&mut self, digest: ReleaseDigest) -> SharedDigest {
        if let Some(shared) = self.releases.get(&digest) {
            return shared.clone();
        }
        let shared = SharedDigest::from(digest);
        self.releases.insert(shared.clone());
        shared
    }
}

impl Label {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.0
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(Arc::new(Text(text.into())))
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self(Arc::new(Text(text.into())))
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.as_str().to_owned()
    }
}

impl Deref for Label {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

/// A label is ordered and compared as its text is.
impl Borrow<str> for Label {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<ReleaseDigest> for SharedDigest {
    fn from(digest: ReleaseDigest) -> Self {
        Self(Arc::new(digest))
    }
}

impl From<SharedDigest> for ReleaseDigest {
    fn from(shared: SharedDigest) -> Self {
        *shared
    }
}

impl Deref for SharedDigest {
    type Target = ReleaseDigest;

    fn deref(&self) -> &ReleaseDigest {
        &self.0
    }
}

/// It is ordered and compared as its digest is.
impl Borrow<ReleaseDigest> for SharedDigest {
    fn borrow(&self) -> &ReleaseDigest {
        self
    }
}

impl PartialEq<ReleaseDigest> for SharedDigest {
    fn eq(&self, digest: &ReleaseDigest) -> bool {
        **self == *digest
    }
}

impl fmt::Debug for SharedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_have_is_kept_once() {
        let mut labels = Labels::default();
        let (b, c, again) = (labels.of("B"), labels.of("C"), labels.of("B"));
        assert!(Arc::ptr_eq(&b.0, &again.0));
        assert_ne!(b, c);
        let mut release = |n| labels.release(ReleaseDigest([n; 32]));
        let (old, new, again) = (release(1), release(2), release(1));
        assert!(Arc::ptr_eq(&old.0, &again.0));
        assert_ne!(old, new);
        assert_eq!(old, ReleaseDigest([1; 32]));
    }

    #[test]
    fn a_label_is_written_as_its_text() {
        let label = Label::from("America/Denver");
        let written = serde_json::to_string(&label).expect("it can be written");
        assert_eq!(written, "\"America/Denver\"");
        let read: Label = serde_json::from_str(&written).expect("it can be read");
        assert_eq!(read, label);
    }

    /// Progress is stored as JSON, and read by servers of other versions.
    #[test]
    fn a_shared_digest_is_written_as_the_digest() {
        let digest = ReleaseDigest([7; 32]);
        let shared = SharedDigest::from(digest);
        let written = serde_json::to_string(&shared).expect("it can be written");
        let plain = serde_json::to_string(&digest).expect("it can be written");
        assert_eq!(written, plain);
        let read: SharedDigest = serde_json::from_str(&plain).expect("it can be read");
        assert_eq!(read, shared);
        assert_eq!(format!("{shared:?}"), format!("{digest:?}"));
    }

    /// Each device of a view has two labels and two digests.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn each_takes_one_word() {
        assert_eq!(size_of::<Option<Label>>(), 8);
        assert_eq!(size_of::<Option<SharedDigest>>(), 8);
    }
}
