//! Noting that the last byte of a file has left: only who has all of it can fail to install it. Read [`noted`].

use std::io;
use std::sync::Arc;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use futures_util::stream::try_unfold;
use mainstay_rollout::order::{OrderNumber, Word};

use super::heard::{self, Spoken};
use super::login::Client;
use crate::App;

/// What is left of an answer that ends with the file's last byte.
struct Unsent {
    app: Arc<App>,
    client: Client,
    order: OrderNumber,
    pieces: BodyDataStream,
    bytes: u64,
}

/// The same answer, of so many `bytes`, the last of which is the file's last; that it has left is durable with the piece that holds it.
pub(super) fn noted(
    app: Arc<App>,
    client: Client,
    order: OrderNumber,
    bytes: u64,
    response: Response,
) -> Response {
    response.map(|body| {
        let unsent = Unsent {
            app,
            client,
            order,
            pieces: body.into_data_stream(),
            bytes,
        };
        Body::from_stream(try_unfold(unsent, Unsent::next))
    })
}

impl Unsent {
    async fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let piece = self.pieces.try_next().await.map_err(io::Error::other)?;
        let Some(piece) = piece else {
            return Ok(None);
        };
        let before = self.bytes;
        self.bytes = before.saturating_sub(piece.len() as u64);
        if before > 0 && self.bytes == 0 {
            self.end().await;
        }
        Ok(Some((piece, self)))
    }

    /// If it can't be noted the client has the file all the same; a failure of it then counts as one that broke off.
    async fn end(&mut self) {
        self.client.now = self.app.now();
        let word = Spoken::silently(Word::FetchedWhole);
        if let Err(refused) = heard::heed(&self.app, &self.client, self.order, word).await {
            tracing::warn!(device = %self.client.device.id, order = %self.order, id = refused.id(), "that its file was sent to the end isn't noted");
        }
    }
}
