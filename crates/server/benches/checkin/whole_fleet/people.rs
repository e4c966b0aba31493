//! The people of the server, over its API. Read [`People`].

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use mainstay_api::RolloutView;
use mainstay_trust::Digest;
use reqwest::{Client, Method};

use super::house;

/// Whoever hands in, approves, starts and looks.
pub struct People {
    base: String,
    folder: PathBuf,
    http: Client,
    token: String,
}

impl People {
    /// Those of the server at this address, whose tokens are in this folder.
    ///
    /// # Errors
    /// If they aren't there.
    pub fn at(address: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            base: format!("http://{address}"),
            folder: folder.to_owned(),
            http: Client::builder().no_proxy().build()?,
            token: fs::read_to_string(folder.join("kim"))?,
        })
    }

    /// The token of whoever looks.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The digest of the release's manifest.
    ///
    /// # Errors
    /// If it isn't there.
    pub fn manifest(&self) -> anyhow::Result<Digest> {
        let text = fs::read_to_string(self.folder.join(house::MANIFEST))?;
        Digest::parse_hex(&text).context("a digest")
    }

    /// Hands the release in, approves it and starts its rollout; returns the rollout's number.
    ///
    /// # Errors
    /// If any of that is refused.
    pub async fn roll_out(&self) -> anyhow::Result<i64> {
        let artifact = fs::read(self.folder.join(house::ARTIFACT))?;
        self.post("releases?track=maintenance", "ana", artifact)
            .await?;
        let release = format!("releases/thermo-v2@{}", house::VERSION);
        let approval = fs::read(self.folder.join(house::APPROVAL))?;
        self.post(&format!("{release}/approval"), "sam", approval)
            .await?;
        let begun = self
            .post(&format!("{release}/rollout"), "kim", Vec::new())
            .await?;
        let view: RolloutView = serde_json::from_slice(&begun)?;
        Ok(view.id)
    }

    /// How a rollout stands.
    ///
    /// # Errors
    /// If that isn't told.
    pub async fn view(&self, rollout: i64) -> anyhow::Result<RolloutView> {
        let path = format!("rollouts/{rollout}");
        let told = self
            .ask(Method::GET, &path, &self.token, Vec::new())
            .await?;
        Ok(serde_json::from_slice(&told)?)
    }

    async fn post(&self, path: &str, who: &str, body: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        let token = fs::read_to_string(self.folder.join(who))?;
        self.ask(Method::POST, path, &token, body).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Vec<u8>> {
        let address = format!("{}/api/v1/{path}", self.base);
        let request = self
            .http
            .request(method, address)
            .bearer_auth(token)
            .body(body);
        let response = request.send().await?;
        let status = response.status();
        let told = response.bytes().await?;
        ensure!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&told)
        );
        Ok(told.to_vec())
    }
}
