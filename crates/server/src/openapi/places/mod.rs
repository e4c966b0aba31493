//! What is told of each place, one file a noun. A test holds these rows and the table of places together.

mod devices;
mod events;
mod incidents;
mod joining;
mod lists;
mod people;
mod releases;
mod rollouts;
mod trust;
mod webhooks;
mod whole;

use super::told::Told;

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Told> {
    let tables = [
        whole::TOLD,
        devices::TOLD,
        events::TOLD,
        joining::TOLD,
        releases::TOLD,
        rollouts::TOLD,
        trust::TOLD,
        incidents::TOLD,
        people::TOLD,
        webhooks::TOLD,
    ];
    tables.into_iter().flatten()
}
