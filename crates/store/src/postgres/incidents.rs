//! The incidents, in PostgreSQL.

use async_trait::async_trait;
use mainstay_api::event;
use mainstay_telemetry::{Incident, IncidentId};

use super::columns::log_entries;
use super::locks::{self, Lock};
use super::values::{from_json, to_json};
use super::{PostgresStore, Write, events, retried};
use crate::{Incidents, LIST_MAX, StoreError};

type Row = (i64, String);

#[async_trait]
impl Incidents for PostgresStore {
    async fn open_incident(&self, incident: &Incident) -> Result<IncidentId, StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            let id = open(&mut tx, incident).await?;
            events::note(&mut tx, &[event::of_opening(id, incident)]).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    async fn incident(&self, id: IncidentId) -> Result<Option<Incident>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT id, value FROM incidents WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut *self.read().await?)
            .await?;
        row.map(incident).transpose()
    }

    async fn save_incident(
        &self,
        before: &Incident,
        after: &Incident,
        newest_plan: Option<i64>,
    ) -> Result<(), StoreError> {
        retried(|| async move {
            let mut tx = self.write().await?;
            if let Some(looked_at) = newest_plan {
                check_newest_plan(&mut tx, before, looked_at).await?;
            }
            save(&mut tx, before, after).await?;
            let closed = event::of_closing(before, after);
            events::note(&mut tx, closed.as_slice()).await?;
            Ok(tx.commit().await?)
        })
        .await
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
        retried(|| async move {
            let mut tx = self.write().await?;
            let id = open(&mut tx, next).await?;
            save(&mut tx, closed, &closed.clone().reopened_as(id, reopens)).await?;
            events::note(&mut tx, &[event::of_opening(id, next)]).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    async fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT id, value FROM incidents ORDER BY id DESC LIMIT $1")
                .bind(i64::from(LIST_MAX))
                .fetch_all(&mut *self.read().await?)
                .await?;
        rows.into_iter().map(incident).collect()
    }

    async fn incidents_after(
        &self,
        after: Option<IncidentId>,
        most: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, value FROM incidents WHERE id < $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(after.map_or(i64::MAX, |after| after.0))
        .bind(i64::from(most))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(incident).collect()
    }
}

/// Opens an incident as part of `tx`, which also says which plan is in force. Its number is the one after the newest's.
pub(super) async fn open(tx: &mut Write, incident: &Incident) -> Result<IncidentId, StoreError> {
    let mut incident = incident.clone();
    incident.plans.extend(newest_plan(tx).await?);
    locks::alone(tx, Lock::Incidents).await?;
    let (id,) = sqlx::query_as(
        "INSERT INTO incidents (id, log_entries, value)
         SELECT coalesce(max(id), 0) + 1, $1, $2 FROM incidents RETURNING id",
    )
    .bind(log_entries(&incident))
    .bind(to_json("incident", &incident)?)
    .fetch_one(&mut **tx)
    .await?;
    Ok(IncidentId(id))
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
    locks::shared(tx, Lock::Standing).await?;
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
    let row: Option<(i64,)> =
        sqlx::query_as("SELECT log_entries FROM incidents WHERE id = $1 FOR NO KEY UPDATE")
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
    sqlx::query("UPDATE incidents SET log_entries = $2, value = $3 WHERE id = $1")
        .bind(id.0)
        .bind(log_entries(after))
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
