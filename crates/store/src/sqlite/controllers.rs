//! The devices with other update clients, in SQLite.

use async_trait::async_trait;
use mainstay_fleet::{ControllerId, DeviceId};

use super::failure::taken;
use super::values::{bytes32, from_json, to_json};
use super::{SqliteStore, Write, devices};
use crate::{
    Controlled, Controller, Controllers, NotedBy, NotedProfile, Reported, ReportedChange,
    StoreError,
};

/// A controller's columns: its id, profile, by whom, whether it is to be asked, what it said, whether it confirms by itself.
type Row = (
    String,
    Option<String>,
    Option<String>,
    bool,
    Option<String>,
    Option<String>,
);

const OF_DEVICE: &str =
    "SELECT controller, profile, profile_by, wants_attributes, reported, auto_confirm
     FROM controllers WHERE device = (SELECT key FROM devices WHERE id = ?1)";

#[async_trait]
impl Controllers for SqliteStore {
    async fn by_controller(&self, id: &ControllerId) -> Result<Option<Controlled>, StoreError> {
        let Some((device, token_hash)) = devices::by_controller(self, id).await? else {
            return Ok(None);
        };
        let controller = self.controller(&device.id).await?;
        let token_hash = bytes32("device", &token_hash)?;
        Ok(controller.map(|controller| Controlled {
            device,
            token_hash,
            controller,
        }))
    }

    async fn controller(&self, device: &DeviceId) -> Result<Option<Controller>, StoreError> {
        let row: Option<Row> = sqlx::query_as(OF_DEVICE)
            .bind(device.as_str())
            .fetch_optional(self.read())
            .await?;
        row.map(controller).transpose()
    }

    async fn note_profile(
        &self,
        device: &DeviceId,
        profile: &NotedProfile,
    ) -> Result<(), StoreError> {
        let known = self.controller(device).await?;
        let known = known.ok_or_else(|| StoreError::not_found("controller", device))?;
        if !changes(known.profile.as_ref(), profile) {
            return Ok(());
        }
        let mut tx = self.write().await?;
        let known = of_device(&mut tx, device).await?;
        if changes(known.profile.as_ref(), profile) {
            sqlx::query(
                "UPDATE controllers SET profile = ?2, profile_by = ?3
                 WHERE device = (SELECT key FROM devices WHERE id = ?1)",
            )
            .bind(device.as_str())
            .bind(&profile.profile)
            .bind(profile.by.id())
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn ask_attributes(&self, device: &DeviceId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let asked = sqlx::query(
            "UPDATE controllers SET wants_attributes = TRUE
             WHERE device = (SELECT key FROM devices WHERE id = ?1)",
        )
        .bind(device.as_str())
        .execute(&mut *tx)
        .await?;
        if asked.rows_affected() == 0 {
            return Err(StoreError::not_found("controller", device));
        }
        Ok(tx.commit().await?)
    }

    async fn keep_attributes(
        &self,
        device: &DeviceId,
        change: &ReportedChange<'_>,
    ) -> Result<Reported, StoreError> {
        let mut tx = self.write().await?;
        let known = of_device(&mut tx, device).await?;
        let reported = change(known.reported.unwrap_or_default());
        sqlx::query(
            "UPDATE controllers SET wants_attributes = FALSE, reported = ?2
             WHERE device = (SELECT key FROM devices WHERE id = ?1)",
        )
        .bind(device.as_str())
        .bind(to_json("controller", &reported)?)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(reported)
    }
}

/// Gives a device, which is being registered, the name that its client has.
pub(super) async fn insert(
    tx: &mut Write,
    device: i64,
    id: &ControllerId,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO controllers (device, controller) VALUES (?1, ?2)")
        .bind(device)
        .bind(id.as_str())
        .execute(&mut **tx)
        .await
        .map_err(|error| taken(error, "controller", id))?;
    Ok(())
}

/// Lets a device be asked for its attributes, if it has another update client.
pub(super) async fn ask(tx: &mut Write, device: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE controllers SET wants_attributes = TRUE WHERE device = ?1")
        .bind(device)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn of_device(tx: &mut Write, device: &DeviceId) -> Result<Controller, StoreError> {
    let row: Option<Row> = sqlx::query_as(OF_DEVICE)
        .bind(device.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    let row = row.ok_or_else(|| StoreError::not_found("controller", device))?;
    controller(row)
}

/// Whether `noted` changes what is `known`.
fn changes(known: Option<&NotedProfile>, noted: &NotedProfile) -> bool {
    known.is_none_or(|known| {
        known != noted && (known.by != NotedBy::People || noted.by == NotedBy::People)
    })
}

fn controller(row: Row) -> Result<Controller, StoreError> {
    let (id, profile, by, wants_attributes, reported, auto_confirm) = row;
    let id = ControllerId::new(id).map_err(|error| StoreError::damaged("controller", error))?;
    let by = by.as_deref().and_then(NotedBy::from_id);
    let profile = profile.zip(by);
    let reported = reported.map(|text| from_json("controller", &text));
    Ok(Controller {
        id,
        profile: profile.map(|(profile, by)| NotedProfile { profile, by }),
        wants_attributes,
        reported: reported.transpose()?,
        auto_confirm,
    })
}
