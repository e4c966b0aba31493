//! The incidents, in SQLite.

use async_trait::async_trait;
use mainstay_telemetry::{Incident, IncidentId};

use super::values::{from_json, to_json};
use super::{SqliteStore, Write};
use crate::{Incidents, LIST_MAX, StoreError};

type Row = (i64, String);

#[async_trait]
impl Incidents for SqliteStore {
    async fn open_incident(&self, incident: &Incident) -> Result<IncidentId, StoreError> {
        let mut tx = self.write().await?;
        let id = open(&mut tx, incident).await?;
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

    async fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        let rows: Vec<Row> =
            sqlx::query_as("SELECT id, value FROM incidents ORDER BY id DESC LIMIT ?1 + 0")
                .bind(LIST_MAX)
                .fetch_all(self.read())
                .await?;
        rows.into_iter().map(incident).collect()
    }
}

/// Opens an incident as part of `tx`.
pub(super) async fn open(tx: &mut Write, incident: &Incident) -> Result<IncidentId, StoreError> {
    let opened = sqlx::query("INSERT INTO incidents (value) VALUES (?1)")
        .bind(to_json("incident", incident)?)
        .execute(&mut **tx)
        .await?;
    Ok(IncidentId(opened.last_insert_rowid()))
}

/// The row's number is the incident's; the one in the value is what it came with.
fn incident((id, value): Row) -> Result<Incident, StoreError> {
    let incident: Incident = from_json("incident", &value)?;
    Ok(Incident {
        id: IncidentId(id),
        ..incident
    })
}
