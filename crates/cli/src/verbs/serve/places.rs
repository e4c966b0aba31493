//! Where each setting was said, for what only a start finds out. Read [`Places::about`].

use mainstay_server::settings::{Answered, SETTINGS, Source};

use crate::failure::Failure;

/// Where each setting was said.
#[derive(Debug)]
pub struct Places(Vec<(&'static str, Source)>);

impl Places {
    /// Those of these settings.
    pub fn of(answered: &Answered) -> Self {
        let names = SETTINGS.iter().map(|setting| setting.name);
        Self(names.map(|name| (name, answered.source(name))).collect())
    }

    /// That a value can't be used, with its setting and where that was said, as a check of the settings tells it.
    pub fn about(&self, name: &str, error: impl Into<Failure>) -> Failure {
        let failure = error.into();
        let place = self.0.iter().find(|(known, _)| *known == name);
        let (name, source) = place.expect("a name of the table");
        let what = format!("{name} ({source}) can't be used: {}", failure.what);
        Failure { what, ..failure }
    }
}
