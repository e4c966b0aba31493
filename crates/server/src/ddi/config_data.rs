//! `PUT .../configData`: what a device says of itself, its version word among it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_api::ddi::{BODY_BYTES_MAX, ConfigData, Mode};
use mainstay_store::AskedBy;
use mainstay_telemetry::version_word::Source;

use super::answer::{self, Answer};
use super::login::Client;
use super::unread::Garbled;
use super::version;
use crate::problem::Refused;
use crate::{App, body};

/// Keeps the attributes apart from what is declared, and heeds the one that the plan names, if it was said just now: what was said before may be of
/// another release. The version word comes first: the device is asked again until all of it is durable; and once more where it must repeat itself to be
/// believed.
pub(super) async fn keep(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    let bytes = body::read(&headers, request, BODY_BYTES_MAX).await?;
    let said: ConfigData =
        serde_json::from_slice(&bytes).map_err(|error| garbled(&app, &client, &bytes, &error))?;
    let attribute = client.rules.version_attribute.as_ref();
    let attribute = attribute.filter(|_| said.mode != Mode::Remove);
    let mut is_doubted = false;
    if let Some(version) = attribute.and_then(|name| said.data.get(name)) {
        let named = version::release(&app, &client, version).await?;
        is_doubted = version::heed(&app, &client, version, named, Source::Attribute).await?;
    }
    app.store
        .keep_attributes(&client.device.id, &|before| said.applied(before))
        .await?;
    if is_doubted {
        let by = AskedBy::ItsOwnWord;
        app.store.ask_attributes(&client.device.id, by).await?;
    }
    app.unread.forget(&client.device.id);
    Ok(answer::nothing())
}

/// SWUpdate writes quotes in an attribute as they are, and installs nothing until its attributes are taken: without a word to people the
/// device would wait for ever, and nobody would know why.
fn garbled(app: &App, client: &Client, bytes: &[u8], error: &serde_json::Error) -> Refused {
    let device = &client.device.id;
    tracing::warn!(%device, %error, "its attributes can't be read; one may have a quote in it");
    let garbled = Garbled::new(client.now, &error.to_string(), bytes);
    app.unread.note(device, garbled);
    Refused::malformed(&error.to_string())
}
