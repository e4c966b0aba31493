//! What a path names: a device, a release, an account. Read [`Named`].

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::App;
use crate::problem::Refused;

/// The variable part of a path, once percent signs are read.
pub(crate) struct Named(pub String);

impl FromRequestParts<Arc<App>> for Named {
    type Rejection = Refused;

    /// What isn't UTF-8 names nothing that there is.
    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let named = Path::from_request_parts(parts, app).await;
        let Path(name) = named.map_err(|_not_utf8| Refused::not_found("thing of", "that name"))?;
        Ok(Self(name))
    }
}
