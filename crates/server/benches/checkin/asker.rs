//! One connection that is kept open: a request out, its whole answer in, and again.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer to a poll is some hundred bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// A connection to a server.
pub struct Asker {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Asker {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            answer: vec![0; ANSWER_BYTES_MAX],
        })
    }

    /// Asks, and reads the answer to its end; returns its body.
    ///
    /// # Errors
    /// If the answer doesn't begin with any of `right`, isn't complete, or too long.
    pub async fn ask(&mut self, request: &[u8], right: &[&str]) -> anyhow::Result<&[u8]> {
        let (filled, body) = self.answered(request, right).await?;
        Ok(&self.answer[body..filled])
    }

    /// The same; returns all of the answer.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn ask_whole(&mut self, request: &[u8], right: &[&str]) -> anyhow::Result<&[u8]> {
        let (filled, _) = self.answered(request, right).await?;
        Ok(&self.answer[..filled])
    }

    /// Where the answer ends, and where its body begins.
    async fn answered(&mut self, request: &[u8], right: &[&str]) -> anyhow::Result<(usize, usize)> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let body = loop {
            ensure!(
                filled < self.answer.len(),
                "an answer of over {ANSWER_BYTES_MAX} bytes"
            );
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            ensure!(
                read > 0,
                "the server closed a connection that was to be kept"
            );
            filled += read;
            if let Some(begins) = whole_body(&self.answer[..filled])? {
                break begins;
            }
        };
        let answer = &self.answer[..filled];
        if !right
            .iter()
            .any(|right| answer.starts_with(right.as_bytes()))
        {
            bail!(
                "an answer that no idle device gets: {}",
                String::from_utf8_lossy(answer)
            );
        }
        Ok((filled, body))
    }
}

/// Where the body begins, if head and body are there; the body's length must be declared.
fn whole_body(answer: &[u8]) -> anyhow::Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    let length = head.split("\r\n").find_map(length_in);
    let length: usize = match length {
        Some(length) => length.parse()?,
        None if head.starts_with("HTTP/1.1 304") => 0,
        None => bail!("an answer without Content-Length: {head}"),
    };
    Ok((answer.len() >= end + 4 + length).then_some(end + 4))
}

fn length_in(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length")
        .then(|| value.trim())
}

/// The address that a text names.
///
/// # Errors
/// If it names none.
pub fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse()
        .with_context(|| format!("{text:?} is no address with a port"))
}
