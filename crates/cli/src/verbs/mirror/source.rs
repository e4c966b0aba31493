//! The bytes of a payload from the server, as they come: bounded in speed, and gone on with where they broke off. Read [`pieces`].

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use mainstay_client::{Operator, PayloadBytes};
use mainstay_store::Pieces;
use tokio::time::sleep;

/// So many times in a row nothing may come before a payload is given up for this round.
const TRIES_MAX: u32 = 5;
/// Before the first try again; twice as long before each one after that.
const WAIT: Duration = Duration::from_millis(500);

/// Where one is.
struct Source<'a> {
    operator: &'a Operator,
    digest: String,
    bytes: u64,
    bytes_per_second: Option<u64>,
    at: u64,
    open: Option<PayloadBytes>,
    /// Tries since something came.
    tries: u32,
}

/// All bytes of a payload of this size.
pub fn pieces<'a>(
    operator: &'a Operator,
    digest: &str,
    bytes: u64,
    bytes_per_second: Option<u64>,
) -> Pieces<'a> {
    let source = Source {
        operator,
        digest: digest.to_owned(),
        bytes,
        bytes_per_second,
        at: 0,
        open: None,
        tries: 0,
    };
    let next = |mut source: Source<'a>| async move {
        let piece = source.next().await?;
        io::Result::Ok(piece.map(|piece| (piece, source)))
    };
    Box::pin(stream::try_unfold(source, next))
}

impl Source<'_> {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while self.at < self.bytes {
            match self.try_next().await {
                Ok(Some(piece)) => {
                    self.tries = 0;
                    self.at += piece.len() as u64;
                    self.pace(piece.len()).await;
                    return Ok(Some(piece));
                }
                // An end that comes too early is as good as a break.
                Ok(None) => self.again("it ended too early".to_owned()).await?,
                Err(error) => self.again(error.to_string()).await?,
            }
        }
        Ok(None)
    }

    async fn try_next(&mut self) -> Result<Option<Bytes>, mainstay_client::ClientError> {
        let open = match &mut self.open {
            Some(open) => open,
            None => {
                let opened = self.operator.payload(&self.digest, self.at).await?;
                self.open.insert(opened)
            }
        };
        open.next().await
    }

    /// Waits, to go on where it broke off.
    async fn again(&mut self, because: String) -> io::Result<()> {
        self.open = None;
        self.tries += 1;
        if self.tries >= TRIES_MAX {
            let what = format!("after {} bytes: {because}", self.at);
            return Err(io::Error::other(what));
        }
        sleep(WAIT * 2_u32.pow(self.tries - 1)).await;
        Ok(())
    }

    async fn pace(&self, bytes: usize) {
        if let Some(rate) = self.bytes_per_second {
            let micros = bytes as u64 * 1_000_000 / rate;
            sleep(Duration::from_micros(micros)).await;
        }
    }
}
