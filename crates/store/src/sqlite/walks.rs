//! Walks over many devices, in SQLite: each page is found by the index that the one before ended in.

use async_trait::async_trait;
use mainstay_fleet::{Device, DeviceId};
use mainstay_rollout::{DeviceView, RolloutId};

use super::values::{from_json, instant};
use super::{SqliteStore, enrolments};
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
            "SELECT d.key, d.id, d.class, d.hardware, d.zone, d.bootloader, d.registered_at, iif(c.heard > d.last_seen OR d.last_seen IS NULL, c.heard, d.last_seen), d.running, ",
            "d.attributes",
            $rest
        )
    };
}

#[async_trait]
impl Walks for SqliteStore {
    async fn device_page(&self, from: Place) -> Result<Page<Device>, StoreError> {
        let rows: Vec<DeviceRow> = sqlx::query_as(select!(
            " FROM devices AS d LEFT JOIN contacts AS c ON c.device = d.key WHERE d.key > ?1 ORDER BY d.key LIMIT ?2 + 0"
        ))
        .bind(from.0)
        .bind(PAGE_MAX)
        .fetch_all(self.read())
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
        // release than this one. The progress has its instant in words, of which SQLite reads whole seconds; reports of the second in
        // which it befell them came with it, and tell nothing of afterwards.
        let rows: Vec<EnrolledRow> = sqlx::query_as(select!(
            ", e.progress,
             CASE WHEN e.progress ->> 'state' = 'cannot-return' OR e.progress ->> 'cause' IN ('bricked', 'lost', 'self-test-later') THEN
               (SELECT min(t.at) FROM timeline AS t WHERE t.device = e.device AND t.kind = 'reported'
                AND t.at >= (unixepoch(e.progress ->> 'at') + 1) * 1000000
                AND iif(json_valid(t.event), t.event ->> 'event' = 'confirmed'
                        AND t.event ->> 'release' IS NOT r.candidate ->> 'release', FALSE)) END
             FROM enrolments AS e JOIN devices AS d ON d.key = e.device JOIN rollouts AS r ON r.id = e.rollout
             LEFT JOIN contacts AS c ON c.device = d.key
             WHERE e.rollout = ?1 AND e.device > ?2 ORDER BY e.device LIMIT ?3 + 0"
        ))
        .bind(id.0)
        .bind(from.0)
        .bind(PAGE_MAX)
        .fetch_all(self.read())
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
