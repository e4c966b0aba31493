//! What is told of each place, one file a noun. A test holds these rows and the table of places together.

mod devices;
mod incidents;
mod people;
mod releases;
mod rollouts;
mod trust;
mod whole;

use super::told::Told;

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Told> {
    let tables = [
        whole::TOLD,
        devices::TOLD,
        releases::TOLD,
        rollouts::TOLD,
        trust::TOLD,
        incidents::TOLD,
        people::TOLD,
    ];
    tables.into_iter().flatten()
}
