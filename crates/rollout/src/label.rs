//! Short texts that many devices have in common, such as a hardware revision or a zone: kept once, however many devices have
//! them. A fleet of a million would otherwise hold a million copies of each. Read [`Label`], then [`Labels`].

use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A text; its copies share it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Label(Arc<str>);

/// The labels of a fleet, for whoever makes its view.
#[derive(Debug, Clone, Default)]
pub struct Labels(BTreeSet<Label>);

impl Labels {
    /// The label with this text, shared with all that were asked for before.
    pub fn of(&mut self, text: &str) -> Label {
        if let Some(label) = self.0.get(text) {
            return label.clone();
        }
        let label = Label::from(text);
        self.0.insert(label.clone());
        label
    }
}

impl Label {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Self(Arc::from(text))
    }
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        Self(Arc::from(text))
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
        &self.0
    }
}

/// A label is ordered and compared as its text is.
impl Borrow<str> for Label {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_kept_once() {
        let mut labels = Labels::default();
        let (b, c, again) = (labels.of("B"), labels.of("C"), labels.of("B"));
        assert!(Arc::ptr_eq(&b.0, &again.0));
        assert_ne!(b, c);
    }

    #[test]
    fn it_is_written_as_its_text() {
        let label = Label::from("America/Denver");
        let written = serde_json::to_string(&label).expect("it can be written");
        assert_eq!(written, "\"America/Denver\"");
        let read: Label = serde_json::from_str(&written).expect("it can be read");
        assert_eq!(read, label);
    }
}
