//! When devices were last heard of, in SQLite: many rows in few statements. Read [`touch`].

use std::sync::LazyLock;

use jiff::Timestamp;
use mainstay_fleet::DeviceId;

use super::Write;
use super::values::micros;
use crate::StoreError;

/// So many rows are touched in one transaction: others wait some milliseconds at most.
pub(super) const TOUCHED_MAX: usize = 1000;

/// So many stand in one statement, which is always the same one and so is read once: its program is some hundred instructions, and fewer
/// rows leave the rest of it empty.
const AT_ONCE: usize = 100;

/// The rows are the statement's own: read out of a JSON text, each would be written and parsed once more. Their places have no numbers: of each that has
/// one sqlx asks for it, and SQLite looks through all of them to tell. `CROSS JOIN` keeps SQLite from walking through all devices, and no device is named
/// by NULL.
static TOUCH: LazyLock<String> = LazyLock::new(|| {
    let rows = vec!["(?, ?)"; AT_ONCE].join(", ");
    format!(
        "INSERT INTO contacts (device, heard) SELECT d.key, said.column2
         FROM (VALUES {rows}) AS said CROSS JOIN devices AS d ON d.id = said.column1 WHERE TRUE
         ON CONFLICT (device) DO UPDATE SET heard = excluded.heard WHERE excluded.heard > contacts.heard"
    )
});

/// Notes when devices were heard of. Names that come in their order find rows that lie side by side.
pub(super) async fn touch(
    tx: &mut Write,
    heard: &[(DeviceId, Timestamp)],
) -> Result<(), StoreError> {
    for some in heard.chunks(AT_ONCE) {
        let mut statement = sqlx::query(TOUCH.as_str());
        for row in 0..AT_ONCE {
            let (id, at) = some.get(row).map(|(id, at)| (id.as_str(), *at)).unzip();
            statement = statement.bind(id).bind(at.map(micros));
        }
        statement.execute(&mut **tx).await?;
    }
    Ok(())
}
