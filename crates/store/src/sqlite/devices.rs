//! The registered devices, in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceClient, DeviceId, ReleaseDigest, changes};
use mainstay_rollout::ClassVersions;

use super::failure::taken;
use super::values::{micros, to_json};
use super::{SqliteStore, Write, contacts, controllers, gateways, timeline};
use crate::{
    Devices, Import, NewToken, Registration, StoreError, TimelineEntry, TimelineKind, rows,
};

/// A query for devices, with what follows `FROM devices`.
macro_rules! select {
    ($rest:literal) => {
        sqlx::query_as::<_, rows::Device>(concat!(
            "SELECT id, class, hardware, zone, bootloader, registered_at, ",
            "iif(heard > last_seen OR last_seen IS NULL, heard, last_seen), running, attributes ",
            "FROM devices LEFT JOIN contacts ON device = key ",
            $rest
        ))
    };
}

#[async_trait]
impl Devices for SqliteStore {
    async fn register_many(&self, devices: &[Registration]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for new in devices {
            add(&mut tx, new).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn import(&self, import: &Import, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for new in &import.new {
            add(&mut tx, new).await?;
        }
        for (before, after) in &import.anew {
            redeclare(&mut tx, before, after, at).await?;
        }
        for (device, profile) in &import.clients {
            let chosen = |_| DeviceClient::chosen(Some(*profile));
            controllers::change_client(&mut tx, device, &chosen).await?;
        }
        for (device, gateway) in &import.behind {
            gateways::put(&mut tx, device, gateway.as_ref(), at).await?;
        }
        match import.gives() {
            true => self.commit_raised(tx).await,
            false => Ok(tx.commit().await?),
        }
    }

    async fn by_token_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, StoreError> {
        let found = select!("WHERE token_hash = ?1").bind(&token_hash[..]);
        found
            .fetch_optional(self.read())
            .await?
            .map(rows::device)
            .transpose()
    }

    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        let found = select!("WHERE id = ?1").bind(id.as_str());
        found
            .fetch_optional(self.read())
            .await?
            .map(rows::device)
            .transpose()
    }

    async fn devices(&self, class: Option<&str>) -> Result<Vec<Device>, StoreError> {
        let found = match class {
            Some(class) => select!("WHERE class = ?1 ORDER BY key").bind(class),
            None => select!("ORDER BY key"),
        };
        found
            .fetch_all(self.read())
            .await?
            .into_iter()
            .map(rows::device)
            .collect()
    }

    async fn devices_after(
        &self,
        after: Option<&DeviceId>,
        running: Option<&ReleaseDigest>,
        most: u32,
    ) -> Result<Vec<Device>, StoreError> {
        // No name is empty.
        let after = after.map_or("", DeviceId::as_str);
        let found = match running {
            Some(release) => {
                select!("WHERE running_release = ?3 AND id > ?1 ORDER BY id LIMIT ?2 + 0")
                    .bind(after)
                    .bind(most)
                    .bind(&release.0[..])
            }
            None => select!("WHERE id > ?1 ORDER BY id LIMIT ?2 + 0")
                .bind(after)
                .bind(most),
        };
        found
            .fetch_all(self.read())
            .await?
            .into_iter()
            .map(rows::device)
            .collect()
    }

    async fn devices_from(&self, passed: u32, most: u32) -> Result<Vec<Device>, StoreError> {
        // Names are passed over in their index: no device is read for it.
        select!("WHERE key IN (SELECT key FROM devices ORDER BY id LIMIT ?2 + 0 OFFSET ?1 + 0) ORDER BY id")
            .bind(passed)
            .bind(most)
            .fetch_all(self.read())
            .await?
            .into_iter()
            .map(rows::device)
            .collect()
    }

    async fn class_after(
        &self,
        class: &str,
        after: Option<&DeviceId>,
        most: u32,
    ) -> Result<Vec<Device>, StoreError> {
        // No name is empty, and no key is 0.
        let after = after.map_or("", DeviceId::as_str);
        select!(
            "WHERE class = ?1 AND key > coalesce((SELECT key FROM devices WHERE id = ?2), 0) ORDER BY key LIMIT ?3 + 0"
        )
        .bind(class)
        .bind(after)
        .bind(most)
        .fetch_all(self.read())
        .await?
        .into_iter()
        .map(rows::device)
        .collect()
    }

    async fn count_devices(&self, class: Option<&str>, most: u32) -> Result<u32, StoreError> {
        let sql = "SELECT count(*) FROM \
             (SELECT 1 FROM devices WHERE ?1 IS NULL OR class = ?1 LIMIT ?2 + 0)";
        let count: i64 = sqlx::query_scalar(sql)
            .bind(class)
            .bind(i64::from(most))
            .fetch_one(self.read())
            .await?;
        // Between 0 and `most`.
        Ok(u32::try_from(count).unwrap_or(most))
    }

    async fn class_versions(&self, class: &str) -> Result<ClassVersions, StoreError> {
        let rows: Vec<(Option<String>, i64)> = sqlx::query_as(
            "SELECT iif(verified, running ->> 'version', NULL), count(*)
             FROM devices WHERE class = ?1 GROUP BY 1 ORDER BY 1",
        )
        .bind(class)
        .fetch_all(self.read())
        .await?;
        Ok(rows::class_versions(class, rows))
    }

    async fn restate(
        &self,
        before: &Device,
        after: &Device,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        redeclare(&mut tx, before, after, at).await?;
        self.commit_raised(tx).await
    }

    async fn replace_token(&self, id: &DeviceId, token: &NewToken) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let key: Option<i64> = sqlx::query_scalar(
            "UPDATE devices SET token_hash = ?2, acknowledged = 0 WHERE id = ?1 RETURNING key",
        )
        .bind(id.as_str())
        .bind(&token.hash[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(|error| taken(error, "device", id))?;
        let key = key.ok_or_else(|| StoreError::not_found("device", id))?;
        let (kind, text) = (TimelineKind::Restated, token.told());
        timeline::add(&mut tx, key, token.at, kind, &text, None).await?;
        timeline::prune(&mut tx, key).await?;
        self.commit_raised(tx).await
    }

    async fn touch(&self, heard: &[(DeviceId, Timestamp)]) -> Result<(), StoreError> {
        for some in heard.chunks(contacts::TOUCHED_MAX) {
            let mut tx = self.write().await?;
            contacts::touch(&mut tx, some).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn timeline(&self, id: &DeviceId, limit: u32) -> Result<Vec<TimelineEntry>, StoreError> {
        let rows: Vec<rows::Entry> = sqlx::query_as(
            "SELECT at, kind, text, event FROM timeline
             WHERE device = (SELECT key FROM devices WHERE id = ?1) ORDER BY key DESC LIMIT ?2 + 0",
        )
        .bind(id.as_str())
        .bind(limit)
        .fetch_all(self.read())
        .await?;
        rows.into_iter().map(rows::entry).collect()
    }
}

/// Registers a device, under the name that its update client has, if it has one; returns its key.
pub(super) async fn add(tx: &mut Write, new: &Registration) -> Result<i64, StoreError> {
    let key = insert(tx, &new.device, &new.token_hash).await?;
    if let Some(controller) = &new.controller {
        controllers::insert(tx, key, controller).await?;
    }
    Ok(key)
}

/// Declares a device anew, if it is still declared as in `before`.
async fn redeclare(
    tx: &mut Write,
    before: &Device,
    after: &Device,
    at: Timestamp,
) -> Result<(), StoreError> {
    check_unchanged(tx, before).await?;
    let key = declare(tx, after).await?;
    let text = format!("was declared anew: {}", changes(before, after).join(", "));
    timeline::add(tx, key, at, TimelineKind::Restated, &text, None).await?;
    timeline::prune(tx, key).await
}

/// Inserts a device; returns its key.
async fn insert(tx: &mut Write, device: &Device, token_hash: &[u8; 32]) -> Result<i64, StoreError> {
    let running = device.running.as_ref();
    let inserted = sqlx::query(
        "INSERT INTO devices (id, token_hash, class, hardware, zone, bootloader, registered_at,
           last_seen, running, running_release, verified, attributes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )
    .bind(device.id.as_str())
    .bind(&token_hash[..])
    .bind(&device.class)
    .bind(&device.hardware)
    .bind(&device.zone)
    .bind(&device.bootloader)
    .bind(micros(device.registered_at))
    .bind(device.last_seen.map(micros))
    .bind(
        running
            .map(|running| to_json("device", running))
            .transpose()?,
    )
    .bind(running.map(|running| running.release.0.to_vec()))
    .bind(running.is_some_and(|running| running.verified))
    .bind(to_json("device", &device.attributes)?)
    .execute(&mut **tx)
    .await
    .map_err(|error| taken(error, "device", &device.id))?;
    let (key, at) = (inserted.last_insert_rowid(), device.registered_at);
    timeline::add(
        tx,
        key,
        at,
        TimelineKind::Registered,
        "was registered",
        None,
    )
    .await?;
    Ok(key)
}

/// Whether a device is still declared as somebody saw it.
async fn check_unchanged(tx: &mut Write, seen: &Device) -> Result<(), StoreError> {
    let found = select!("WHERE id = ?1").bind(seen.id.as_str());
    let found = found.fetch_optional(&mut **tx).await?;
    let found = found.map(rows::device).transpose()?;
    let found = found.ok_or_else(|| StoreError::not_found("device", &seen.id))?;
    match changes(seen, &found).as_slice() {
        [] => Ok(()),
        changes => Err(StoreError::Conflict {
            what: "device",
            name: seen.id.to_string(),
            because: changes.join(", "),
        }),
    }
}

/// Writes what is declared of a device; returns its key.
async fn declare(tx: &mut Write, device: &Device) -> Result<i64, StoreError> {
    let (key,): (i64,) = sqlx::query_as(
        "UPDATE devices SET hardware = ?2, zone = ?3, bootloader = ?4, attributes = ?5
         WHERE id = ?1 RETURNING key",
    )
    .bind(device.id.as_str())
    .bind(&device.hardware)
    .bind(&device.zone)
    .bind(&device.bootloader)
    .bind(to_json("device", &device.attributes)?)
    .fetch_one(&mut **tx)
    .await?;
    Ok(key)
}
