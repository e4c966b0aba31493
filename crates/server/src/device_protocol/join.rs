//! `POST /device/v1/join`: a device that has no token yet shows a code, and gets its token.
//!
//! The token is made of the code and of a secret that the device drew: so it is nowhere in clear but in the answer, and a device that didn't hear the
//! answer asks again with both and hears the same, whatever became of the code meanwhile. Nobody is registered by anything else
//! that a device sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mainstay_access::join_code::is_by_chance;
use mainstay_access::{JoinCode, Origin, SaysOfItself, Secret, SecretKind, TryLater};
use mainstay_api::NewDevice;
use mainstay_fleet::{ControllerId, Device, DeviceId, Site};
use mainstay_protocol::{Join, Joined};
use mainstay_store::{Devices, Joining, Registration, StoreError};
use sha2::{Digest as _, Sha256};

use super::message;
use crate::identity::Peer;
use crate::operator::declared;
use crate::problem::Refused;
use crate::sign_in::origin::Whence;
use crate::{App, asker, body};

/// A code, a name, a zone and some short words: a quarter of this.
const JOIN_BYTES_MAX: usize = 2048;

/// The device is registered durably before it hears its token.
pub(super) async fn join(
    State(app): State<Arc<App>>,
    peer: Peer,
    from: Whence,
    headers: HeaderMap,
    request: Body,
) -> Result<Response, Refused> {
    asker::expect_itself(&headers)?;
    let from = from.neighbours(&app, &headers);
    // Anybody may send this, and it is read before anything is known of them.
    let received = app.door.joins.place(from)?;
    let bytes = body::read(&headers, request, JOIN_BYTES_MAX).await?;
    drop(received);
    let join: Join<'_> = message::read(&bytes)?;
    let code = Secret::parse(SecretKind::JoinCode, join.code).ok_or_else(wrong)?;
    let id = DeviceId::new(join.device).map_err(|flaw| {
        let cure = "Give the device a name of letters, digits, dots, dashes and underscores.";
        Refused::bad("join.device", flaw, cure)
    })?;
    if !is_by_chance(&join.secret) {
        return Err(plain_secret());
    }
    peer.may_join(&app, &id).await?;
    let token = code.device_token(id.as_str(), &join.secret);
    let token_hash: [u8; 32] = Sha256::digest(&token[..]).into();
    let shown = in_turn(&app, from, shown(&app, &code, &id, &token_hash)).await?;
    match shown {
        Some(Shown::Joined) => {}
        Some(Shown::Code(code)) => register(&app, &code, &join, id, token_hash).await?,
        None => return Err(slip(&app, from)),
    }
    message::answer(&Joined { token: *token })
}

/// Looks at a code; from where many wrong ones came, behind those that came before.
async fn in_turn<T>(app: &App, from: Option<Origin>, look: impl Future<Output = T>) -> T {
    let slow = from.and_then(|from| app.door.join_tries().slow_until(from, app.now()));
    let _turn = match slow {
        Some(_) => Some(app.door.join_turn().await),
        None => None,
    };
    look.await
}

/// What whoever shows a wrong code hears, which counts for where it came from.
fn slip(app: &App, from: Option<Origin>) -> Refused {
    let counted = from.map(|from| app.door.join_tries().failed(from, app.now()));
    match counted {
        Some(Err(later)) => too_often(later),
        Some(Ok(())) | None => wrong(),
    }
}

/// What lets a device in.
enum Shown {
    /// A code that there is, whether it works or not.
    Code(Box<JoinCode>),
    /// That it has joined already, with this code and secret.
    Joined,
}

/// What a device showed; none if there is no such code.
///
/// # Errors
/// If the store fails.
async fn shown(
    app: &App,
    code: &Secret,
    id: &DeviceId,
    token_hash: &[u8; 32],
) -> Result<Option<Shown>, StoreError> {
    // The code first: had the device's other question taken its last use in between, the device is there by the second look.
    let found = app.store.join_code(&code.hash()).await?;
    let joined = Devices::by_token_hash(&*app.store, token_hash).await?;
    if joined.is_some_and(|device| device.id == *id) {
        return Ok(Some(Shown::Joined));
    }
    Ok(found.map(Box::new).map(Shown::Code))
}

/// Registers a device by its code.
///
/// # Errors
/// Why the code doesn't admit it, or the plan has no place for such a device.
async fn register(
    app: &App,
    code: &JoinCode,
    join: &Join<'_>,
    id: DeviceId,
    token_hash: [u8; 32],
) -> Result<(), Refused> {
    let device = as_declared(app, code, join, &id).await;
    let device = device.inspect_err(|refused| {
        let (code, why) = (code.name(), refused.id());
        tracing::warn!(code, device = %id, why, "a device doesn't join");
    })?;
    let new = Registration {
        device,
        token_hash,
        controller: None,
    };
    if app.store.join(&code.hash, &new).await? == Joining::New {
        tracing::info!(code = code.name(), by = %code.maker, device = %id, "device joined");
    }
    Ok(())
}

/// # Errors
/// As [`register`].
async fn as_declared(
    app: &App,
    code: &JoinCode,
    join: &Join<'_>,
    id: &DeviceId,
) -> Result<Device, Refused> {
    let now = app.now();
    code.admits(id.as_str(), now)?;
    let joins = code.terms.settled(SaysOfItself {
        device: id.as_str(),
        hardware: join.hardware,
        zone: join.zone,
        bootloader: join.bootloader,
    })?;
    let site = joins.site.map(Site::new).transpose();
    let device = NewDevice {
        gateway: None,
        id: id.clone(),
        class: joins.class,
        hardware: joins.hardware,
        zone: joins.zone,
        bootloader: joins.bootloader,
        controller: None,
        token: None,
        site: site.map_err(|flaw| StoreError::damaged("join code", flaw))?,
        attributes: BTreeMap::new(),
    };
    check_name(app, id).await?;
    let plan = app.active_plan().await?;
    let device = declared::registered(device, &plan.plan, now);
    device.map_err(|unfit| unfit.refused(id, "registered"))
}

/// Nobody takes the name that another device's update client asks as: a certificate with that name would mean either, and so nobody.
async fn check_name(app: &App, id: &DeviceId) -> Result<(), StoreError> {
    let Ok(name) = ControllerId::parse(id.as_str()) else {
        return Ok(());
    };
    match app.store.by_controller(&name).await? {
        None => Ok(()),
        Some(_) => Err(StoreError::AlreadyExists {
            what: "device that asks as",
            name: id.to_string(),
        }),
    }
}

fn too_often(later: TryLater) -> Refused {
    let until = later.until;
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        later.id(),
        format_args!(
            "No device joins with this code, and too many like it came from there; the next one is counted from {until} on."
        ),
        "Bring the devices there the codes that are theirs; whoever has a right one needn't wait.",
    )
}

/// The token hangs on it, and others may have the code, too.
fn plain_secret() -> Refused {
    Refused::bad(
        "join.secret",
        "The device's secret wasn't drawn by chance: most of its bytes are the same.",
        "Draw 32 bytes from the operating system's source of chance once that is ready, keep them, and ask with those.",
    )
}

/// Which of a code's signs are wrong is nobody's business, nor whether there ever was one.
fn wrong() -> Refused {
    Refused::new(
        StatusCode::FORBIDDEN,
        "join.code",
        "No device joins with this code.",
        "Bring the device the code that `mainstay device code make` showed, whole.",
    )
}
