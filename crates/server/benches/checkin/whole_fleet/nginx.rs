//! nginx beside ours, which sends the same file by the system's `sendfile`. Read [`print`].

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::Size;
use super::downloads::{Fetcher, Source};
use crate::child;
use crate::figures::Figures;
use crate::ours;

/// It is up within so many looks.
const LOOKS: u32 = 100;
/// See [`LOOKS`].
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// By its name, and where Debian has it: only an administrator's `PATH` names that folder.
const PROGRAMS: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

fn answers(program: &str) -> bool {
    let asked = Command::new(program)
        .arg("-v")
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|told| told.success())
}

/// Fetches the payload from nginx, and prints what that takes; says so where there is none.
///
/// # Errors
/// If one is there and doesn't serve it.
pub async fn print(
    fetcher: &Fetcher,
    folder: &Path,
    size: Size,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let Some(program) = PROGRAMS.into_iter().find(|program| answers(program)) else {
        println!("*** nginx is NOT MEASURED: there is none (Debian's package `nginx` has it)");
        return Ok(());
    };
    let own = folder.join("nginx");
    std::fs::create_dir(&own)?;
    let address = free().await?;
    let config = own.join("nginx.conf");
    let blobs = ours::data(folder).blobs();
    std::fs::write(&config, configured(&own, &blobs, address))?;
    let mut command = child::command(program.as_ref(), size.is_whole);
    command.arg("-p").arg(&own).arg("-c").arg(&config);
    let mut process = command.spawn().context("nginx can't be started")?;
    let source = Source {
        name: "fleet_nginx",
        address,
        pid: process.id(),
        path: format!("/{}/{}", &fetcher.image[..2], fetcher.image),
        header: String::new(),
    };
    let measured = match is_up(address).await {
        Ok(()) => fetcher.print_of(&source, figures).await,
        Err(error) => Err(error),
    };
    // Its worker ends with it when it is told to, and not when it is killed.
    let told = Command::new(program)
        .arg("-p")
        .arg(&own)
        .arg("-c")
        .arg(&config)
        .args(["-s", "quit"])
        .status();
    if !told.is_ok_and(|told| told.success()) {
        process.kill()?;
    }
    process.wait()?;
    measured
}

/// One worker, as our server has one processor, by the same user where that may be chosen; no log of what is fetched, as ours has none.
fn configured(own: &Path, blobs: &Path, address: SocketAddr) -> String {
    let (own, blobs) = (own.display(), blobs.display());
    format!(
        "daemon off; user root; worker_processes 1; pid {own}/pid; error_log {own}/errors;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {own}/a; proxy_temp_path {own}/b; fastcgi_temp_path {own}/c; uwsgi_temp_path {own}/d; scgi_temp_path {own}/e;
  server {{ listen {address}; root {blobs}; }}
}}
"
    )
}

/// An address that nobody has just now.
async fn free() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?)
}

async fn is_up(address: SocketAddr) -> anyhow::Result<()> {
    for _ in 0..LOOKS {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        sleep(BETWEEN_LOOKS).await;
    }
    anyhow::bail!("nginx doesn't listen on {address}")
}
