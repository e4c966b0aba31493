//! The registered devices, in PostgreSQL. Registering them is in `register.rs`.

use async_trait::async_trait;
use jiff::Timestamp;
use mainstay_fleet::{Device, DeviceClient, DeviceId, ReleaseDigest, changes};
use mainstay_rollout::ClassVersions;

use super::failure::taken;
use super::values::to_json;
use super::{
    PostgresStore, Write, contacts, controllers, gateways, locks, register, retried, timeline,
};
use crate::{
    Devices, Import, NewToken, Registration, StoreError, TimelineEntry, TimelineKind, rows,
};

/// A query for devices, with what follows `FROM devices`.
macro_rules! select {
    ($rest:literal) => {
        sqlx::query_as::<_, rows::Device>(concat!(
            "SELECT id, class, hardware, zone, bootloader, registered_at, greatest(last_seen, heard), running, attributes FROM devices LEFT JOIN contacts ON device = key ",
            $rest
        ))
    };
}

#[async_trait]
impl Devices for PostgresStore {
    async fn register_many(&self, devices: &[Registration]) -> Result<(), StoreError> {
        register::all(self, devices).await
    }

    async fn import(&self, import: &Import, at: Timestamp) -> Result<(), StoreError> {
        retried(|| take_in(self, import, at)).await
    }

    async fn by_token_hash(&self, token_hash: &[u8; 32]) -> Result<Option<Device>, StoreError> {
        let found = select!("WHERE token_hash = $1").bind(&token_hash[..]);
        found
            .fetch_optional(&mut *self.read().await?)
            .await?
            .map(rows::device)
            .transpose()
    }

    async fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        let found = select!("WHERE id = $1").bind(id.as_str());
        found
            .fetch_optional(&mut *self.read().await?)
            .await?
            .map(rows::device)
            .transpose()
    }

    async fn devices(&self, class: Option<&str>) -> Result<Vec<Device>, StoreError> {
        let found = match class {
            Some(class) => select!("WHERE class = $1 ORDER BY key").bind(class),
            None => select!("ORDER BY key"),
        };
        found
            .fetch_all(&mut *self.read().await?)
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
            Some(release) => select!("WHERE running_release = $3 AND id > $1 ORDER BY id LIMIT $2")
                .bind(after)
                .bind(i64::from(most))
                .bind(&release.0[..]),
            None => select!("WHERE id > $1 ORDER BY id LIMIT $2")
                .bind(after)
                .bind(i64::from(most)),
        };
        found
            .fetch_all(&mut *self.read().await?)
            .await?
            .into_iter()
            .map(rows::device)
            .collect()
    }

    async fn devices_from(&self, passed: u32, most: u32) -> Result<Vec<Device>, StoreError> {
        select!("WHERE id IN (SELECT id FROM devices ORDER BY id LIMIT $2 OFFSET $1) ORDER BY id")
            .bind(i64::from(passed))
            .bind(i64::from(most))
            .fetch_all(&mut *self.read().await?)
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
            "WHERE class = $1 AND key > coalesce((SELECT key FROM devices WHERE id = $2), 0) ORDER BY key LIMIT $3"
        )
        .bind(class)
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(&mut *self.read().await?)
        .await?
        .into_iter()
        .map(rows::device)
        .collect()
    }

    async fn count_devices(&self, class: Option<&str>, most: u32) -> Result<u32, StoreError> {
        let counted = match class {
            Some(class) => sqlx::query_scalar(
                "SELECT count(*) FROM (SELECT 1 FROM devices WHERE class = $2 LIMIT $1) AS counted",
            )
            .bind(i64::from(most))
            .bind(class),
            // Several processors count together only where nothing bounds them, and a fleet has no more devices.
            None if most == u32::MAX => sqlx::query_scalar("SELECT count(*) FROM devices"),
            None => sqlx::query_scalar(
                "SELECT count(*) FROM (SELECT 1 FROM devices LIMIT $1) AS counted",
            )
            .bind(i64::from(most)),
        };
        let count: i64 = counted.fetch_one(&mut *self.read().await?).await?;
        // Between 0 and `most`.
        Ok(u32::try_from(count).unwrap_or(most))
    }

    async fn class_versions(&self, class: &str) -> Result<ClassVersions, StoreError> {
        let rows: Vec<(Option<String>, i64)> = sqlx::query_as(
            "SELECT CASE WHEN verified THEN running_version END, count(*)
             FROM devices WHERE class = $1 GROUP BY 1 ORDER BY 1",
        )
        .bind(class)
        .fetch_all(&mut *self.read().await?)
        .await?;
        Ok(rows::class_versions(class, rows))
    }

    async fn restate(
        &self,
        before: &Device,
        after: &Device,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        retried(|| restate(self, before, after, at)).await
    }

    async fn replace_token(&self, id: &DeviceId, token: &NewToken) -> Result<(), StoreError> {
        retried(|| replace_token(self, id, token)).await
    }

    async fn touch(&self, heard: &[(DeviceId, Timestamp)]) -> Result<(), StoreError> {
        for some in heard.chunks(contacts::TOUCHED_MAX) {
            retried(|| async move {
                let mut tx = self.write().await?;
                contacts::touch(&mut tx, some).await?;
                Ok::<_, StoreError>(tx.commit().await?)
            })
            .await?;
        }
        Ok(())
    }

    async fn timeline(&self, id: &DeviceId, limit: u32) -> Result<Vec<TimelineEntry>, StoreError> {
        let rows: Vec<rows::Entry> = sqlx::query_as(
            "SELECT at, kind, text, event FROM timeline
             WHERE device = (SELECT key FROM devices WHERE id = $1) ORDER BY key DESC LIMIT $2",
        )
        .bind(id.as_str())
        .bind(i64::from(limit))
        .fetch_all(&mut *self.read().await?)
        .await?;
        rows.into_iter().map(rows::entry).collect()
    }
}

async fn restate(
    store: &PostgresStore,
    before: &Device,
    after: &Device,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    redeclare(&mut tx, before, after, at).await?;
    store.commit_raised(tx).await
}

/// See [`Devices::replace_token`].
async fn replace_token(
    store: &PostgresStore,
    id: &DeviceId,
    token: &NewToken,
) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let key = locks::device(&mut tx, id).await?;
    let key = key.ok_or_else(|| StoreError::not_found("device", id))?;
    sqlx::query("UPDATE devices SET token_hash = $2, acknowledged = 0 WHERE key = $1")
        .bind(key)
        .bind(&token.hash[..])
        .execute(&mut *tx)
        .await
        .map_err(|error| taken(error, "device", id))?;
    let (kind, text) = (TimelineKind::Restated, token.told());
    timeline::add(&mut tx, key, token.at, kind, &text, None).await?;
    timeline::prune(&mut tx, key).await?;
    store.commit_raised(tx).await
}

/// See [`Devices::import`]. Whoever is known already is locked at once, in the order that [`locks`] tells.
async fn take_in(store: &PostgresStore, import: &Import, at: Timestamp) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    register::add(&mut tx, &import.new).await?;
    let anew = import.anew.iter().map(|(before, _)| before.id.as_str());
    let clients = import.clients.iter().map(|(device, _)| device.as_str());
    let behind = import.behind.iter();
    let behind = behind.flat_map(|(child, gateway)| [Some(child), gateway.as_ref()]);
    let behind = behind.flatten().map(DeviceId::as_str);
    let known: Vec<_> = anew.chain(clients).chain(behind).collect();
    locks::devices(&mut tx, &known).await?;
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
        true => store.commit_raised(tx).await,
        false => Ok(tx.commit().await?),
    }
}

/// Declares a device anew, if it is still declared as in `before`.
async fn redeclare(
    tx: &mut Write,
    before: &Device,
    after: &Device,
    at: Timestamp,
) -> Result<(), StoreError> {
    let key = locks::device(tx, &before.id).await?;
    let key = key.ok_or_else(|| StoreError::not_found("device", &before.id))?;
    check_unchanged(tx, before).await?;
    declare(tx, after).await?;
    let text = format!("was declared anew: {}", changes(before, after).join(", "));
    timeline::add(tx, key, at, TimelineKind::Restated, &text, None).await?;
    timeline::prune(tx, key).await
}

/// Whether a device is still declared as somebody saw it.
async fn check_unchanged(tx: &mut Write, seen: &Device) -> Result<(), StoreError> {
    let found = select!("WHERE id = $1").bind(seen.id.as_str());
    let found = rows::device(found.fetch_one(&mut **tx).await?)?;
    match changes(seen, &found).as_slice() {
        [] => Ok(()),
        changes => Err(StoreError::Conflict {
            what: "device",
            name: seen.id.to_string(),
            because: changes.join(", "),
        }),
    }
}

/// Writes what is declared of a device.
async fn declare(tx: &mut Write, device: &Device) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE devices SET hardware = $2, zone = $3, bootloader = $4, attributes = $5, site = $6
         WHERE id = $1",
    )
    .bind(device.id.as_str())
    .bind(&device.hardware)
    .bind(&device.zone)
    .bind(&device.bootloader)
    .bind(to_json("device", &device.attributes)?)
    .bind(site(device))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What the column of this name holds.
pub(super) fn site(device: &Device) -> Option<&str> {
    device.attributes.get("site").map(String::as_str)
}
