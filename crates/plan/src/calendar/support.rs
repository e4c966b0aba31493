//! Until when a plan promises what. Read [`support_dates`].

use jiff::civil::Date;
use serde::Serialize;

use crate::class::{Class, Support};
use crate::names::ClassId;

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SupportEnd {
    /// It is sold no longer.
    Sales,
    /// It gets no security updates any more.
    Security,
    /// The maker's services stop working with it.
    Services,
}

impl SupportEnd {
    /// `sales`, `security` or `services`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Sales => "sales",
            Self::Security => "security",
            Self::Services => "services",
        }
    }
}

/// The last day of a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SupportDate {
    /// The class it is made for.
    pub class: ClassId,
    /// What ends.
    pub ends: SupportEnd,
    /// The last day on which it still holds.
    pub last_day: Date,
    /// What owners move to afterwards, when the plan says.
    pub then: Option<String>,
}

impl SupportDate {
    /// What the day is, as a phrase: `last day on which thermo-v2 is sold`.
    #[must_use]
    pub fn phrase(&self) -> String {
        let class = &self.class;
        match self.ends {
            SupportEnd::Sales => format!("last day on which {class} is sold"),
            SupportEnd::Security => format!("last day of security updates for {class}"),
            SupportEnd::Services => format!("last day of services for {class}"),
        }
    }
}

/// All promises of the classes, by day.
#[must_use]
pub fn support_dates(classes: &[Class]) -> Vec<SupportDate> {
    let mut dates: Vec<_> = classes
        .iter()
        .filter_map(|class| Some((class, class.support.as_ref()?)))
        .flat_map(|(class, support)| of_class(&class.id, support))
        .collect();
    dates.sort_by(|a, b| (a.last_day, a.ends, &a.class).cmp(&(b.last_day, b.ends, &b.class)));
    dates
}

fn of_class(class: &ClassId, support: &Support) -> impl Iterator<Item = SupportDate> {
    let ends = [
        (SupportEnd::Sales, Some(support.sold_until)),
        (SupportEnd::Security, Some(support.security_until)),
        (SupportEnd::Services, support.life_until),
    ];
    ends.into_iter().filter_map(|(ends, last_day)| {
        Some(SupportDate {
            class: class.clone(),
            ends,
            last_day: last_day?,
            then: support.then.clone(),
        })
    })
}
