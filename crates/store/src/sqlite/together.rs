//! Devices of a rollout, many in one row. A fleet is read again at each step; a row for each device, with a column for each of its facts, takes
//! a score of allocations on one thread that another one frees. Read [`read`].

use std::borrow::Cow;

use mainstay_rollout::{DeviceView, Labels, Progress, RolloutId};
use serde::Deserialize;
use sqlx::SqliteConnection;

use crate::StoreError;
use crate::rows::{self, ViewRow};
use crate::values::release_digest;

/// So many come in one row: some 90 kB of text.
const TOGETHER: u32 = 256;

/// A device's columns as JSON lists them: id, hardware, site, zone, wave, last seen, and in hexadecimal what it runs and ran before, empty if
/// nothing.
#[derive(Deserialize)]
struct Listed<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    Option<String>,
    #[serde(borrow)] Cow<'a, str>,
    i64,
    Option<i64>,
    &'a str,
    &'a str,
);

/// The devices of a rollout whose keys follow `after`, in their keys' order, at most `most` of them; each is handed to `take`.
///
/// # Errors
/// If they can't be read, or one of them is damaged.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    id: RolloutId,
    mut after: i64,
    most: u32,
    mut take: impl FnMut(DeviceView),
) -> Result<(), StoreError> {
    let (mut labels, mut left) = (Labels::default(), most);
    while left > 0 {
        let asked = left.min(TOGETHER);
        // Each line has the list of columns, and then the progress as it is kept: JSON has no line ends of its own in either.
        let (lines, found, last): (Option<String>, u32, Option<i64>) = sqlx::query_as(
            "SELECT group_concat(json_array(
               d.id, d.hardware, d.attributes ->> 'site', d.zone, e.wave, iif(c.heard > d.last_seen OR d.last_seen IS NULL, c.heard, d.last_seen),
               hex(d.running_release), hex(e.before)) || e.progress, char(10)), count(*), max(e.device)
             FROM (SELECT device, wave, before, progress FROM enrolments WHERE rollout = ?1 AND device > ?2 ORDER BY device LIMIT ?3 + 0) AS e
             CROSS JOIN devices AS d ON d.key = e.device LEFT JOIN contacts AS c ON c.device = d.key",
        )
        .bind(id.0)
        .bind(after)
        .bind(asked)
        .fetch_one(&mut *connection)
        .await?;
        for line in lines.iter().flat_map(|lines| lines.split('\n')) {
            take(rows::made(row(line)?, &mut labels)?);
        }
        match last {
            Some(last) if found == asked => after = last,
            _ => break,
        }
        left -= asked;
    }
    Ok(())
}

fn row(line: &str) -> Result<ViewRow<'_>, StoreError> {
    let damaged = |error| StoreError::damaged("enrolment", error);
    let mut json = serde_json::Deserializer::from_str(line);
    let listed = Listed::deserialize(&mut json).map_err(damaged)?;
    let progress = Progress::deserialize(&mut json).map_err(damaged)?;
    json.end().map_err(damaged)?;
    let Listed(id, hardware, site, zone, wave, last_seen, running, before) = listed;
    Ok(ViewRow {
        id,
        hardware,
        site,
        zone,
        wave,
        last_seen,
        progress,
        running: release_digest("device", bytes(running)?)?,
        before: release_digest("enrolment", bytes(before)?)?,
    })
}

/// The bytes of a column in hexadecimal; none if there were none.
fn bytes(hex: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let bytes = (!hex.is_empty()).then(|| hex::decode(hex));
    bytes
        .transpose()
        .map_err(|error| StoreError::damaged("enrolment", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_isnt_one_device_is_damaged() {
        let runs = "ab".repeat(32);
        let list = format!(r#"["th-1","B",null,"America/Denver",0,5,"{runs}",""]"#);
        let waits = r#"{"state":"waiting"}"#;
        let read = row(&format!("{list}{waits}")).map(|row| (row.last_seen, row.running.is_some()));
        assert_eq!(read.expect("it is one"), (Some(5), true));
        let half = list.replace(&runs, &runs[..62]);
        let odd = list.replace(&runs, "xy");
        for line in [
            String::new(),
            list.clone(),
            format!("{list}{waits}{waits}"),
            format!("{half}{waits}"),
            format!("{odd}{waits}"),
        ] {
            let id = row(&line).map(|_| ()).expect_err("it isn't").id();
            assert_eq!(id, "store.damaged", "{line}");
        }
    }
}
