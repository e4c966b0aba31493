//! The devices with other update clients, in SQLite.

use async_trait::async_trait;
use mainstay_fleet::{ClientProfile, ControllerId, DeviceClient, DeviceId, SetBy};
use mainstay_telemetry::PastWords;

use super::failure::taken;
use super::values::to_json;
use super::{SqliteStore, Write, orders};
use crate::{
    AskedBy, Controlled, Controller, Controllers, Reported, ReportedChange, StoreError, rows,
};

const OF_DEVICE: &str =
    "SELECT controller, profile, profile_by, wants_attributes, reported, version_words, auto_confirm
     FROM controllers WHERE device = (SELECT key FROM devices WHERE id = ?1)";

/// One read, whether or not there is such a name: how long it takes tells nobody which names there are.
const LOGIN: &str = "SELECT d.id, d.class, d.hardware, d.zone, d.bootloader, d.registered_at,
       iif(k.heard > d.last_seen OR d.last_seen IS NULL, k.heard, d.last_seen),
       d.running, d.attributes, d.token_hash, c.profile, c.profile_by, c.wants_attributes,
       c.reported, c.version_words, c.auto_confirm
     FROM controllers AS c JOIN devices AS d ON d.key = c.device
       LEFT JOIN contacts AS k ON k.device = d.key WHERE c.controller = ?1";

#[async_trait]
impl Controllers for SqliteStore {
    async fn by_controller(&self, id: &ControllerId) -> Result<Option<Controlled>, StoreError> {
        let row: Option<rows::Login> = sqlx::query_as(LOGIN)
            .bind(id.as_str())
            .fetch_optional(self.read())
            .await?;
        row.map(|row| rows::controlled(id, row)).transpose()
    }

    async fn controller(&self, device: &DeviceId) -> Result<Option<Controller>, StoreError> {
        let row: Option<rows::ControllerRow> = sqlx::query_as(OF_DEVICE)
            .bind(device.as_str())
            .fetch_optional(self.read())
            .await?;
        row.map(rows::controller).transpose()
    }

    async fn clients_of(
        &self,
        devices: &[DeviceId],
    ) -> Result<Vec<(DeviceId, Option<DeviceClient>)>, StoreError> {
        let names: Vec<_> = devices.iter().map(DeviceId::as_str).collect();
        let rows: Vec<rows::Client> = sqlx::query_as(
            "SELECT d.id, c.profile, c.profile_by FROM json_each(?1) AS v CROSS JOIN devices AS d ON d.id = v.value
             JOIN controllers AS c ON c.device = d.key",
        )
        .bind(to_json("device", &names)?)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(rows::client_of).collect()
    }

    async fn note_profile(
        &self,
        device: &DeviceId,
        detected: ClientProfile,
    ) -> Result<(), StoreError> {
        let after = |known| DeviceClient::after(known, detected);
        let known = self.controller(device).await?;
        let known = known.ok_or_else(|| StoreError::not_found("controller", device))?;
        match known.client == Some(after(known.client)) {
            true => Ok(()),
            false => set_client(self, device, &after).await,
        }
    }

    async fn choose_profile(
        &self,
        device: &DeviceId,
        profile: Option<ClientProfile>,
    ) -> Result<(), StoreError> {
        set_client(self, device, &|_| DeviceClient::chosen(profile)).await
    }

    async fn ask_attributes(&self, device: &DeviceId, by: AskedBy) -> Result<(), StoreError> {
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
        match by {
            AskedBy::People => self.commit_raised(tx).await,
            AskedBy::ItsOwnWord => Ok(tx.commit().await?),
        }
    }

    async fn keep_attributes(
        &self,
        device: &DeviceId,
        change: &ReportedChange<'_>,
    ) -> Result<Reported, StoreError> {
        let known = self.controller(device).await?;
        let known = known.ok_or_else(|| StoreError::not_found("controller", device))?;
        let mut reader = self.read().acquire().await?;
        let asks = orders::leaves_a_question(&mut reader, device).await?;
        drop(reader);
        // A device that is asked at each poll mostly says what it said before: that writes nothing.
        let reported = change(known.reported.clone().unwrap_or_default());
        if known.wants_attributes == asks && known.reported.as_ref() == Some(&reported) {
            return Ok(reported);
        }
        let mut tx = self.write().await?;
        let known = of_device(&mut tx, device).await?;
        let reported = change(known.reported.unwrap_or_default());
        let asks = orders::leaves_a_question(&mut tx, device).await?;
        sqlx::query(
            "UPDATE controllers SET reported = ?2, wants_attributes = ?3
             WHERE device = (SELECT key FROM devices WHERE id = ?1)",
        )
        .bind(device.as_str())
        .bind(to_json("controller", &reported)?)
        .bind(asks)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(reported)
    }

    async fn keep_version_words(
        &self,
        device: &DeviceId,
        words: &PastWords,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let known = of_device(&mut tx, device).await?;
        let words = words.beside(known.version_words);
        sqlx::query(
            "UPDATE controllers SET version_words = ?2
             WHERE device = (SELECT key FROM devices WHERE id = ?1)",
        )
        .bind(device.as_str())
        .bind(to_json("controller", &words)?)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn keep_auto_confirm(
        &self,
        device: &DeviceId,
        who: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let known = of_device(&mut tx, device).await?;
        if known.auto_confirm.is_some() == who.is_some() {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE controllers SET auto_confirm = ?2
             WHERE device = (SELECT key FROM devices WHERE id = ?1)",
        )
        .bind(device.as_str())
        .bind(who)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
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
    let row: Option<rows::ControllerRow> = sqlx::query_as(OF_DEVICE)
        .bind(device.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    let row = row.ok_or_else(|| StoreError::not_found("controller", device))?;
    rows::controller(row)
}

/// Notes the client that `after` makes of the one that is known by now.
async fn set_client(
    store: &SqliteStore,
    device: &DeviceId,
    after: &(dyn Fn(Option<DeviceClient>) -> DeviceClient + Sync),
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    match change_client(&mut tx, device, after).await? {
        false => Ok(tx.commit().await?),
        true => store.commit_raised(tx).await,
    }
}

/// The same, within a transaction. Returns whether people chose it, or took their choice back: that it is no word of the device.
pub(super) async fn change_client(
    tx: &mut Write,
    device: &DeviceId,
    after: &(dyn Fn(Option<DeviceClient>) -> DeviceClient + Sync),
) -> Result<bool, StoreError> {
    let known = of_device(tx, device).await?;
    let client = after(known.client);
    sqlx::query(
        "UPDATE controllers SET profile = ?2, profile_by = ?3
         WHERE device = (SELECT key FROM devices WHERE id = ?1)",
    )
    .bind(device.as_str())
    .bind(client.profile.id())
    .bind(client.set_by.id())
    .execute(&mut **tx)
    .await?;
    let by_people = |client: &DeviceClient| client.set_by == SetBy::People;
    Ok(by_people(&client) || known.client.as_ref().is_some_and(by_people))
}
