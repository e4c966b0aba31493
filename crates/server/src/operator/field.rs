//! What is in the field, for the rules that a plan is judged by: counted while the fleet is walked over a page at a time. Read [`Field`].

use std::collections::BTreeMap;

use mainstay_fleet::Query;
use mainstay_plan::{Cohort, CohortName, FleetFacts};
use mainstay_rollout::FieldCount;
use mainstay_rollout::cohort::{self, Seen};
use mainstay_store::{Place, StoreError};

use super::plan::day;
use crate::App;

/// The fleet as a plan's rules ask for it.
pub(super) struct Field {
    /// What was counted.
    pub facts: FleetFacts,
    /// Which cohorts are anybody's; those alone whose queries can be read.
    pub cohorts: BTreeMap<CohortName, Seen>,
}

impl Field {
    /// Walks over the fleet, looking for devices that are in these cohorts.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn seen(app: &App, cohorts: Vec<Cohort>) -> Result<Self, StoreError> {
        let now = app.now();
        let mut count = FieldCount::new(day(now));
        let (mut measuring, mut devices) = (BTreeMap::new(), 0);
        let queries = cohorts.into_iter().filter_map(|cohort| {
            let query = cohort::query(&cohort).ok()?;
            Some((cohort.name, query))
        });
        // Who is found is looked for no more.
        let mut empty: Vec<(CohortName, Query)> = queries.collect();
        let names: Vec<_> = empty.iter().map(|(name, _)| name.clone()).collect();
        let mut place = Some(Place::default());
        while let Some(from) = place {
            let mut page = app.store.device_page(from).await?;
            app.contacts.freshen(&mut page.items);
            for device in &page.items {
                devices += 1;
                count.add(device);
                app.contacts.count_measuring(device, &mut measuring);
                empty.retain(|(_, query)| !query.matches(device, now));
            }
            place = page.next;
        }
        let facts = FleetFacts {
            measuring_by_class: measuring,
            ..count.facts()
        };
        let seen = |name: CohortName| {
            let has_one = !empty.iter().any(|(nobodys, _)| *nobodys == name);
            (name, Seen { devices, has_one })
        };
        Ok(Self {
            facts,
            cohorts: names.into_iter().map(seen).collect(),
        })
    }
}
