//! The incidents, in SQLite.

use async_trait::async_trait;
use mainstay_api::event;
use mainstay_telemetry::{Incident, IncidentId};

use super::values::{from_json, to_json};
use super::{SqliteStore, Write, events};
use crate::{Incidents, LIST_MAX, StoreError};

type Row = (i64, String);

#[async_trait]
impl Incidents for SqliteStore {
    async fn open_incident(&self, incident: &Incident) -> Result<IncidentId, StoreError> {
        let mut tx = self.write().await?;
        let id = open(&mut tx, incident).await?;
        events::note(&mut tx, &[event::of_opening(id, incident)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT id, value FROM incidents WHERE id = ?1")
            .bind(id.0)
            .fetch_optional(self.read())
            .await?;
        row.map(incident).transpose()
    }

    async fn save_incident(
        &self,
        before: &Incident,
        after: &Incident,
        newest_plan: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        if let Some(looked_at) = newest_plan {
            check_newest_plan(&mut tx, before, looked_at).await?;
        }
        save(&mut tx, before, after).await?;
        let closed = event::of_closing(before, after);
        events::note(&mut tx, closed.as_slice()).await?;
        Ok(tx.commit().await?)
    }

    async fn reopen_incident(
        &self,
        closed: &Incident,
        next: &Incident,
    ) -> Result<IncidentId, StoreError> {
        let reopens = next.reopens.as_ref();
        let reopens = reopens.filter(|reopens| reopens.incident == closed.id);
        let reopens = reopens.ok_or_else(|| {
            StoreError::damaged(
                "incident",
                format!("it doesn't take {} up again", closed.id),
            )
        })?;
        let mut tx = self.write().await?;
        let id = open(&mut tx, next).await?;
        save(&mut tx, closed, &closed.clone().reopened_as(id, reopens)).await?;
        events::note(&mut tx, &[event::of_opening(id, next)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT id, value FROM incidents ORDER BY id DESC LIMIT ?1 + 0")
                .bind(LIST_MAX)
                .fetch_all(self.read())
                .await?;
        rows.into_iter().map(incident).collect()
    }

    async fn incidents_after(
        &self,
        after: Option<IncidentId>,
        most: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, value FROM incidents WHERE id < ?1 ORDER BY id DESC LIMIT ?2 + 0",
        )
        .bind(after.map_or(i64::MAX, |after| after.0))
        .bind(most)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(incident).collect()
    }
}

/// Opens an incident as part of `tx`, which also says which plan is in force.
pub(super) async fn open(tx: &mut Write, incident: &Incident) -> Result<IncidentId, StoreError> {
    let mut incident = incident.clone();
    incident.plans.extend(newest_plan(tx).await?);
    let opened = sqlx::query("INSERT INTO incidents (value) VALUES (?1)")
        .bind(to_json("incident", &incident)?)
        .execute(&mut **tx)
        .await?;
    Ok(IncidentId(opened.last_insert_rowid()))
}

async fn newest_plan(tx: &mut Write) -> Result<Option<i64>, StoreError> {
    let newest = sqlx::query_scalar("SELECT max(revision) FROM plans");
    Ok(newest.fetch_one(&mut **tx).await?)
}

async fn check_newest_plan(
    tx: &mut Write,
    incident: &Incident,
    looked_at: i64,
) -> Result<(), StoreError> {
    match newest_plan(tx).await? {
        Some(newest) if newest == looked_at => Ok(()),
        _ => Err(StoreError::Conflict {
            what: "incident",
            name: incident.id.to_string(),
            because: "another plan was put into force".to_owned(),
        }),
    }
}

async fn save(tx: &mut Write, before: &Incident, after: &Incident) -> Result<(), StoreError> {
    let id = before.id;
    // An incident without a log keeps none, and one of an older version has none.
    let row: Option<(i64,)> = sqlx::query_as(
        "SELECT coalesce(json_array_length(value, '$.log'), 0) FROM incidents WHERE id = ?1",
    )
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    let (found,) = row.ok_or_else(|| StoreError::not_found("incident", id))?;
    let expected = before.log.len();
    if usize::try_from(found) != Ok(expected) {
        return Err(StoreError::Conflict {
            what: "incident",
            name: id.to_string(),
            because: format!("its log had {expected} entries and has {found}"),
        });
    }
    sqlx::query("UPDATE incidents SET value = ?2 WHERE id = ?1")
        .bind(id.0)
        .bind(to_json("incident", after)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// The row's number is the incident's; the one in the value is what it came with.
fn incident((id, value): Row) -> Result<Incident, StoreError> {
    let incident: Incident = from_json("incident", &value)?;
    Ok(Incident {
        id: IncidentId(id),
        ..incident
    })
}
