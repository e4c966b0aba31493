//! `PUT .../configData`: what a device says of itself, its version word among it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use mainstay_api::ddi::config_data::ENTRIES_MAX;
use mainstay_api::ddi::{BODY_BYTES_MAX, ConfigData};
use mainstay_telemetry::version_word::Source;

use super::answer::{self, Answer};
use super::login::Client;
use super::version;
use crate::problem::Refused;
use crate::{App, body};

/// Keeps the attributes apart from what is declared, and heeds the one that the plan names. The version word comes first: the device is
/// asked again until all of it is durable.
pub(super) async fn keep(
    State(app): State<Arc<App>>,
    client: Client,
    headers: HeaderMap,
    request: Body,
) -> Answer {
    let bytes = body::read(&headers, request, BODY_BYTES_MAX).await?;
    let said: ConfigData =
        serde_json::from_slice(&bytes).map_err(|error| garbled(&client, &error))?;
    let after = said.applied(client.controller.reported.clone().unwrap_or_default());
    if after.len() > ENTRIES_MAX {
        return Err(too_many().into());
    }
    let attribute = client.rules.version_attribute.as_ref();
    if let Some(version) = attribute.and_then(|name| after.get(name)) {
        let named = version::release(&app, &client, version).await?;
        version::heed(&app, &client, version, named, Source::Attribute).await?;
    }
    app.store
        .keep_attributes(&client.device.id, &|before| said.applied(before))
        .await?;
    Ok(answer::nothing())
}

/// SWUpdate writes quotes in an attribute as they are, and installs nothing until its attributes are taken: without a word here the
/// device would wait for ever, and nobody would know why.
fn garbled(client: &Client, error: &serde_json::Error) -> Refused {
    tracing::warn!(device = %client.device.id, %error, "its attributes can't be read; one may have a quote in it");
    Refused::malformed(&error.to_string())
}

fn too_many() -> Refused {
    Refused::bad(
        "ddi.too-many-attributes",
        format_args!("The device would have more than {ENTRIES_MAX} attributes."),
        "Send fewer, or replace those that were sent before.",
    )
}
