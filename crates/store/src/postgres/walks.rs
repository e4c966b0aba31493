//! Walks over many devices, in PostgreSQL: each page is found by the index that the one before ended in.

use async_trait::async_trait;
use mainstay_fleet::{Device, DeviceId};
use mainstay_rollout::{DeviceView, RolloutId};

use super::values::{from_json, instant};
use super::{PostgresStore, enrolments};
use crate::StoreError;
use crate::rows::device;
use crate::walks::{EnrolledDevice, PAGE_MAX, Page, Place, Walks, next};

/// Key, then a device's columns.
type DeviceRow = (
    i64,
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    String,
);

/// A device's row, its progress, and when it confirmed something again.
type EnrolledRow = (
    i64,
    String,
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    String,
    String,
    Option<i64>,
);

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT d.key, d.id, d.class, d.hardware, d.zone, d.bootloader, d.registered_at, greatest(d.last_seen, c.heard), d.running, d.attributes",
            $rest
        )
    };
}

#[async_trait]
impl Walks for PostgresStore {
    async fn device_page(&self, from: Place) -> Result<Page<Device>, StoreError> {
        // Where a page begins is said of each table: PostgreSQL carries it over no outer join, and would read contacts from the first one on.
        let rows: Vec<DeviceRow> = sqlx::query_as(select!(
            " FROM devices AS d LEFT JOIN contacts AS c ON c.device = d.key AND c.device > $1
             WHERE d.key > $1 ORDER BY d.key LIMIT $2"
        ))
        .bind(from.0)
        .bind(i64::from(PAGE_MAX))
        .fetch_all(&mut *self.read().await?)
        .await?;
        let next = next(rows.len(), rows.last().map(|row| row.0));
        let items: Result<_, _> = rows
            .into_iter()
            .map(|(_, a, b, c, d, e, f, g, h, i)| device((a, b, c, d, e, f, g, h, i)))
            .collect();
        Ok(Page {
            items: items?,
            next,
        })
    }

    async fn enrolled_page(
        &self,
        id: RolloutId,
        from: Place,
    ) -> Result<Page<EnrolledDevice>, StoreError> {
        // What a device reported is looked through for the few that can't say otherwise when they were good again: of another
        // release than this one. Where the page begins is said of each table, as above.
        let rows: Vec<EnrolledRow> = sqlx::query_as(select!(
            ", e.progress,
             CASE WHEN e.good_again_from IS NOT NULL THEN
               (SELECT min(t.at) FROM timeline AS t WHERE t.device = e.device AND t.kind = 'reported'
                AND t.at >= e.good_again_from AND t.confirmed <> encode(r.release, 'hex')) END
             FROM enrolments AS e JOIN devices AS d ON d.key = e.device AND d.key > $2 JOIN rollouts AS r ON r.id = e.rollout
             LEFT JOIN contacts AS c ON c.device = d.key AND c.device > $2
             WHERE e.rollout = $1 AND e.device > $2 ORDER BY e.device LIMIT $3"
        ))
        .bind(id.0)
        .bind(from.0)
        .bind(i64::from(PAGE_MAX))
        .fetch_all(&mut *self.read().await?)
        .await?;
        let next = next(rows.len(), rows.last().map(|row| row.0));
        let items: Result<_, _> = rows.into_iter().map(enrolled).collect();
        Ok(Page {
            items: items?,
            next,
        })
    }

    async fn rollout_devices(
        &self,
        id: RolloutId,
        after: Option<&DeviceId>,
        most: u32,
    ) -> Result<Vec<DeviceView>, StoreError> {
        enrolments::following(self, id, after, most).await
    }
}

fn enrolled(row: EnrolledRow) -> Result<EnrolledDevice, StoreError> {
    let (_, a, b, c, d, e, f, g, h, i, progress, confirmed) = row;
    Ok(EnrolledDevice {
        device: device((a, b, c, d, e, f, g, h, i))?,
        progress: from_json("enrolment", &progress)?,
        confirmed_again: confirmed.map(|at| instant("timeline", at)).transpose()?,
    })
}
