//! What browsers see. (Being written.)
use std::sync::Arc;
use axum::Router;
use crate::App;
pub(crate) fn routes() -> Router<Arc<App>> { Router::new() }
