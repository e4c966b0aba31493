//! What it takes a server to send a payload, whole and from the middle on. Read [`Fetcher`].

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use mainstay_protocol::PAYLOADS_PATH;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::child::Child;
use crate::cost;
use crate::figures::Figures;

/// So many download at a time.
const CONNECTIONS: usize = 8;

/// What is read at once.
const READ_BYTES: usize = 256 * 1024;

/// Longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 * 1024;

const GIB: f64 = 1_073_741_824.0;

/// Whoever fetches one payload again and again.
pub struct Fetcher {
    /// The payload's digest, in hexadecimal.
    pub image: String,
    /// Its size.
    pub image_bytes: u64,
    /// How much is fetched in all, in each way.
    pub bytes: u64,
}

/// Where a payload is, and who sends it.
pub struct Source<'a> {
    /// What figures call it.
    pub name: &'a str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The process that all of it descends from.
    pub pid: u32,
    /// The path.
    pub path: String,
    /// A header by which it lets in, with its end of line; empty if it needs none.
    pub header: String,
}

impl Fetcher {
    /// Fetches from our server, as the device with this token, and prints GiB for each second on a processor.
    ///
    /// # Errors
    /// If an answer isn't the payload.
    pub async fn print(
        &self,
        server: &Child,
        token: &str,
        figures: &mut Figures,
    ) -> anyhow::Result<()> {
        let ours = Source {
            name: "fleet_download",
            address: server.address,
            pid: server.pid(),
            path: format!("{PAYLOADS_PATH}{}", self.image),
            header: format!("Authorization: Bearer {token}\r\n"),
        };
        self.print_of(&ours, figures).await
    }

    /// The same from any server.
    ///
    /// # Errors
    /// If an answer isn't the payload.
    pub async fn print_of(&self, source: &Source<'_>, figures: &mut Figures) -> anyhow::Result<()> {
        for (way, from) in [("plain", 0), ("resumed", self.image_bytes / 2)] {
            let before = cost::of_family(source.pid)?;
            let bytes = self.fetch(source, from).await?;
            let taken = cost::of_family(source.pid)?.saturating_sub(before);
            // A moment's worth is less than the kernel's clock shows.
            let rate = bytes as f64 / GIB / taken.as_secs_f64().max(0.01);
            figures.put(format!("{}_{way}", source.name), rate, "GiB/core-s");
        }
        Ok(())
    }

    /// Fetches from this byte on, until there is enough; how much that was.
    async fn fetch(&self, source: &Source<'_>, from: u64) -> anyhow::Result<u64> {
        let each = self.image_bytes - from;
        let times = self.bytes.div_ceil(each).div_ceil(CONNECTIONS as u64);
        let range = match from {
            0 => String::new(),
            from => format!("Range: bytes={from}-\r\n"),
        };
        let (path, header) = (&source.path, &source.header);
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}{range}\r\n");
        let mut tasks = Vec::new();
        for _ in 0..CONNECTIONS {
            let (request, address) = (request.clone(), source.address);
            tasks.push(tokio::task::spawn_local(async move {
                let mut stream = TcpStream::connect(address).await?;
                for _ in 0..times {
                    stream.write_all(request.as_bytes()).await?;
                    take(&mut stream, each).await?;
                }
                anyhow::Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        Ok(each * times * CONNECTIONS as u64)
    }
}

/// Takes one answer, whose body must have so many bytes.
async fn take(stream: &mut TcpStream, bytes: u64) -> anyhow::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut filled = 0;
    let head = loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        ensure!(read > 0, "the server closed a connection");
        filled += read;
        let end = buffer[..filled]
            .windows(4)
            .position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            break end + 4;
        }
        ensure!(filled < HEAD_BYTES_MAX, "a head that doesn't end");
    };
    let told = std::str::from_utf8(&buffer[..head]).context("a head is a text")?;
    let is_right = told.starts_with("HTTP/1.1 200") || told.starts_with("HTTP/1.1 206");
    ensure!(is_right, "no payload: {told}");
    let length = format!("content-length: {bytes}\r\n");
    ensure!(
        told.to_ascii_lowercase().contains(&length),
        "another size: {told}"
    );
    let mut left = bytes - (filled - head) as u64;
    while left > 0 {
        let most = usize::try_from(left).map_or(READ_BYTES, |left| left.min(READ_BYTES));
        let read = stream.read(&mut buffer[..most]).await?;
        ensure!(read > 0, "a payload that was cut off");
        left -= read as u64;
    }
    Ok(())
}
