//! When devices were last heard of, in PostgreSQL. Read [`touch`].

use jiff::Timestamp;
use mainstay_fleet::DeviceId;

use super::Write;
use super::values::micros;
use crate::StoreError;

/// So many rows are touched in one transaction: others wait some milliseconds at most.
pub(super) const TOUCHED_MAX: usize = 1000;

/// Notes when devices were heard of: one statement for the whole batch, which locks nothing but the rows of contacts, by rising key. A
/// row has no other index, so that its next version stays on its page (PostgreSQL documentation, "Heap-Only Tuples").
/// Each name is looked up by itself (the limit keeps it so): a planner that counts on less would read all devices for every batch.
pub(super) async fn touch(
    tx: &mut Write,
    heard: &[(DeviceId, Timestamp)],
) -> Result<(), StoreError> {
    let ids: Vec<_> = heard.iter().map(|(id, _)| id.as_str()).collect();
    let instants: Vec<_> = heard.iter().map(|(_, at)| micros(*at)).collect();
    sqlx::query(
        "INSERT INTO contacts (device, heard)
         SELECT d.key, max(v.at) FROM unnest($1::text[], $2::bigint[]) AS v (id, at)
           CROSS JOIN LATERAL (SELECT key FROM devices WHERE id = v.id LIMIT 1) AS d
         GROUP BY d.key ORDER BY d.key
         ON CONFLICT (device) DO UPDATE SET heard = excluded.heard WHERE contacts.heard < excluded.heard",
    )
    .bind(ids)
    .bind(instants)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
