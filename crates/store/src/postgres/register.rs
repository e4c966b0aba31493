//! Registering devices, in PostgreSQL: many at once, and all of them or none.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_fleet::Running;

use super::devices::site;
use super::locks::{self, Lock};
use super::values::{micros, to_json};
use super::{PostgresStore, Write, retried};
use crate::{Registration, StoreError, TimelineKind};

/// So many go into one statement: some megabytes of parameters.
const BATCH: usize = 1000;

/// See [`crate::Devices::register_many`].
pub(super) async fn all(store: &PostgresStore, devices: &[Registration]) -> Result<(), StoreError> {
    retried(|| async move {
        let mut tx = store.write().await?;
        add(&mut tx, devices).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// Registers them, within a transaction that has locked nothing yet.
pub(super) async fn add(tx: &mut Write, devices: &[Registration]) -> Result<(), StoreError> {
    locks::alone(tx, Lock::Registrations).await?;
    for some in devices.chunks(BATCH) {
        let keys = insert(tx, some).await?;
        let named = name(tx, some, &keys).await?;
        check_all(some, &keys, &named)?;
        note(tx, some, &keys).await?;
    }
    Ok(())
}

/// The keys of devices that were inserted, by their names.
type Keys = BTreeMap<String, i64>;

/// Inserts those whose name and token aren't taken.
async fn insert(tx: &mut Write, some: &[Registration]) -> Result<Keys, StoreError> {
    let texts = |of: fn(&Registration) -> &str| some.iter().map(of).collect::<Vec<_>>();
    let running: Vec<_> = some.iter().map(|new| new.device.running.as_ref()).collect();
    let mut jsons = Vec::with_capacity(some.len());
    let mut attributes = Vec::with_capacity(some.len());
    for (new, running) in some.iter().zip(&running) {
        let json = running.map(|running| to_json("device", running));
        jsons.push(json.transpose()?);
        attributes.push(to_json("device", &new.device.attributes)?);
    }
    let is = |what: fn(&Running) -> bool| -> Vec<bool> {
        running.iter().map(|one| one.is_some_and(what)).collect()
    };
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "INSERT INTO devices (id, token_hash, class, hardware, zone, bootloader, registered_at, last_seen,
           running, running_release, running_version, verified, last_resort, attributes, site)
         SELECT id, token_hash, class, hardware, zone, bootloader, registered_at, last_seen,
           running, running_release, running_version, verified, last_resort, attributes, site
         FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
           $9::text[], $10::bytea[], $11::text[], $12::boolean[], $13::boolean[], $14::text[], $15::text[]) WITH ORDINALITY
           AS v (id, token_hash, class, hardware, zone, bootloader, registered_at, last_seen,
             running, running_release, running_version, verified, last_resort, attributes, site, place)
         ORDER BY place
         ON CONFLICT DO NOTHING RETURNING id, key",
    )
    .bind(texts(|new| new.device.id.as_str()))
    .bind(some.iter().map(|new| &new.token_hash[..]).collect::<Vec<_>>())
    .bind(texts(|new| &new.device.class))
    .bind(texts(|new| &new.device.hardware))
    .bind(texts(|new| &new.device.zone))
    .bind(texts(|new| &new.device.bootloader))
    .bind(some.iter().map(|new| micros(new.device.registered_at)).collect::<Vec<_>>())
    .bind(some.iter().map(|new| new.device.last_seen.map(micros)).collect::<Vec<_>>())
    .bind(jsons)
    .bind(running.iter().map(|one| one.map(|one| &one.release.0[..])).collect::<Vec<_>>())
    .bind(running.iter().map(|one| one.map(|one| one.version.as_str())).collect::<Vec<_>>())
    .bind(is(|one| one.verified))
    .bind(is(|one| one.last_resort))
    .bind(attributes)
    .bind(some.iter().map(|new| site(&new.device)).collect::<Vec<_>>())
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Gives each inserted device the name that its update client has, if it has one and that isn't taken. Returns the keys of the named.
async fn name(
    tx: &mut Write,
    some: &[Registration],
    keys: &Keys,
) -> Result<BTreeSet<i64>, StoreError> {
    let named = some.iter().filter_map(|new| {
        let controller = new.controller.as_ref()?;
        Some((*keys.get(new.device.id.as_str())?, controller.as_str()))
    });
    let (devices, controllers): (Vec<_>, Vec<_>) = named.unzip();
    if devices.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<(i64,)> = sqlx::query_as(
        "INSERT INTO controllers (device, controller)
         SELECT device, controller FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS v (device, controller, place)
         ORDER BY place
         ON CONFLICT DO NOTHING RETURNING device",
    )
    .bind(devices)
    .bind(controllers)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(device,)| device).collect())
}

/// # Errors
/// [`StoreError::AlreadyExists`] of the first device that wasn't inserted, or wasn't named.
fn check_all(some: &[Registration], keys: &Keys, named: &BTreeSet<i64>) -> Result<(), StoreError> {
    let mut seen = BTreeSet::new();
    for new in some {
        let id = &new.device.id;
        let key = keys.get(id.as_str()).filter(|_| seen.insert(id));
        let key = key.ok_or_else(|| StoreError::already_exists("device", id))?;
        match &new.controller {
            Some(taken) if !named.contains(key) => {
                return Err(StoreError::already_exists("controller", taken));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn note(tx: &mut Write, some: &[Registration], keys: &Keys) -> Result<(), StoreError> {
    let registered = some.iter().filter_map(|new| {
        let key = keys.get(new.device.id.as_str())?;
        Some((*key, micros(new.device.registered_at)))
    });
    let (devices, instants): (Vec<_>, Vec<_>) = registered.unzip();
    sqlx::query(
        "INSERT INTO timeline (device, at, kind, text)
         SELECT device, at, $3, 'was registered' FROM unnest($1::bigint[], $2::bigint[]) AS v (device, at)",
    )
    .bind(devices)
    .bind(instants)
    .bind(TimelineKind::Registered.id())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
