//! Speaks the operator API over HTTP: what the command line and the simulator's people use.
//!
//! It decides nothing and keeps nothing but the address and one person's token. Read [`Operator`]
//! first; what stops devices is in `brakes.rs`, what is learnt
//! from that in `incidents.rs`. Fleets that come from another server are read by [`hawkbit::Hawkbit`].

mod artifact;
mod brakes;
pub mod error;
mod exchange;
pub mod hawkbit;
mod incidents;
mod joining;
mod lists;
mod payloads;
mod webhooks;

use mainstay_api::{
    ARTIFACT_MEDIA_TYPE, AnswerRequest, AttributesAsked, ClientChange, ClientView, DeviceChange,
    DevicePage, DeviceTokens, DeviceView, ENVELOPE_MEDIA_TYPE, HaltRequest, Import, ImportView,
    NewDevices, NewestOrder, PauseRequest, PlanView, Preview, QuitOrderRequest, QuitOrderView,
    ReleaseView, RolloutView, ServiceLevels, Why, WithdrawRequest,
};
use mainstay_fleet::{Device, DeviceId};

pub use artifact::Artifact;
pub use error::ClientError;
use exchange::{Body, Exchange};
pub use hawkbit::{Hawkbit, HawkbitError};
pub use payloads::{PayloadBytes, Purge, PurgeHook};

/// One person at one server.
#[derive(Debug, Clone)]
pub struct Operator(Exchange);

type Answer<T> = Result<T, ClientError>;

impl Operator {
    /// The person with this token at the server at `base`, such as `http://127.0.0.1:8480`.
    ///
    /// # Errors
    /// If the address isn't one.
    pub fn new(base: &str, token: &str) -> Answer<Self> {
        Exchange::new(base, token).map(Self)
    }

    /// The same, at a server whose certificate one of these `authorities` gave, in PEM; no other one is trusted.
    ///
    /// # Errors
    /// If the address isn't one, or there is no certificate among them.
    pub fn trusting(base: &str, token: &str, authorities: &[u8]) -> Answer<Self> {
        Exchange::trusting(base, token, authorities).map(Self)
    }

    /// The same person, whose requests that make something have keys: one whose connection breaks is sent again, and done once. `drawn` is a text that
    /// nobody else has, drawn by chance.
    #[must_use]
    pub fn keyed(self, drawn: &str) -> Self {
        Self(self.0.keyed(drawn))
    }

    /// Puts a plan into force.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn activate_plan(&self, text: &str) -> Answer<PlanView> {
        self.0.put("/plan", Body::Text(text)).await
    }

    /// Registers devices; all or none.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn register(&self, devices: &NewDevices) -> Answer<DeviceTokens> {
        self.0.post("/devices", Body::json(devices)?).await
    }

    /// Imports devices, or asks what would become of them; all or none.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn import(&self, import: &Import) -> Answer<ImportView> {
        self.0.post("/imports", Body::json(import)?).await
    }

    /// Declares a device anew; returns it as it is recorded then.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn restate(&self, device: &DeviceId, change: &DeviceChange) -> Answer<DeviceView> {
        let path = format!("/devices/{device}");
        self.0.patch(&path, Body::json(change)?).await
    }

    /// Waits no more for the client of a device with another update client than ours: its order is given up.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn quit_order(&self, device: &DeviceId, why: &str) -> Answer<QuitOrderView> {
        let body = Body::json(&QuitOrderRequest {
            why: why.to_owned(),
        })?;
        let path = format!("/devices/{device}/order/quit");
        self.0.post(&path, body).await
    }

    /// Which update client a device runs.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn client_of(&self, device: &DeviceId) -> Answer<ClientView> {
        self.0.get(&format!("/devices/{device}/client")).await
    }

    /// Says which update client a device runs, or that its requests tell again.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn choose_client(
        &self,
        device: &DeviceId,
        change: &ClientChange,
    ) -> Answer<ClientView> {
        let path = format!("/devices/{device}/client");
        self.0.put(&path, Body::json(change)?).await
    }

    /// Has a device with another update client asked for its attributes, at its next poll.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn ask_attributes(&self, device: &DeviceId) -> Answer<AttributesAsked> {
        let path = format!("/devices/{device}/attributes/ask");
        self.0.post(&path, Body::Empty).await
    }

    /// The newest order of a device with another update client than ours, and what that client said of it last.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn newest_order(&self, device: &DeviceId) -> Answer<NewestOrder> {
        self.0.get(&format!("/devices/{device}/order")).await
    }

    /// One device.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn device(&self, device: &DeviceId) -> Answer<DeviceView> {
        self.0.get(&format!("/devices/{device}")).await
    }

    /// All devices, page after page.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn devices(&self) -> Answer<Vec<Device>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.device_page(None, None, after.as_ref()).await?;
            all.extend(page.devices);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// A page of the devices that are meant by a query and by a cohort of the plan in force, if either is given: the first one, or the
    /// one that begins behind `after`.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn device_page(
        &self,
        query: Option<&str>,
        cohort: Option<&str>,
        after: Option<&DeviceId>,
    ) -> Answer<DevicePage> {
        let after = after.map(DeviceId::as_str);
        let words = [("query", query), ("cohort", cohort), ("after", after)];
        let given = words
            .iter()
            .filter_map(|(name, word)| Some((*name, (*word)?)));
        self.0.get(&exchange::with_words("/devices", given)).await
    }

    /// Hands in a signed artifact on a track. It is read while it is sent, and has as much time as a slow line takes for it.
    ///
    /// # Errors
    /// As every request: [`ClientError`]; and if the artifact can't be read to its end.
    pub async fn submit(&self, track: &str, artifact: impl Into<Artifact>) -> Answer<ReleaseView> {
        let artifact = artifact.into();
        let fault = artifact.fault();
        let body = Body::Artifact(artifact, ARTIFACT_MEDIA_TYPE);
        let answer = self.0.post(&format!("/releases?track={track}"), body).await;
        match fault.take() {
            Some(cause) => Err(ClientError::Artifact(cause)),
            None => answer,
        }
    }

    /// Hands in the approved envelope of a release.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn approve(&self, release: &str, envelope: Vec<u8>) -> Answer<ReleaseView> {
        let body = Body::Bytes(envelope, ENVELOPE_MEDIA_TYPE);
        self.0
            .post(&format!("/releases/{release}/approval"), body)
            .await
    }

    /// All releases, page after page, newest first.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn releases(&self) -> Answer<Vec<ReleaseView>> {
        self.all("/releases").await
    }

    /// One release.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn release(&self, release: &str) -> Answer<ReleaseView> {
        self.0.get(&format!("/releases/{release}")).await
    }

    /// Starts the rollout of an approved release.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn roll_out(&self, release: &str) -> Answer<RolloutView> {
        self.0
            .post(&format!("/releases/{release}/rollout"), Body::Empty)
            .await
    }

    /// How the rollout of a release would go if it started now; devices download at so many bytes per second, if that
    /// is given.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn preview(&self, release: &str, bytes_per_second: Option<u64>) -> Answer<Preview> {
        let path = format!("/releases/{release}/rollout/preview");
        let pace = bytes_per_second.map(|pace| pace.to_string());
        let words = pace.iter().map(|pace| ("bytes_per_second", pace.as_str()));
        self.0.get(&exchange::with_words(&path, words)).await
    }

    /// All rollouts, page after page, newest first.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn rollouts(&self) -> Answer<Vec<RolloutView>> {
        self.all("/rollouts").await
    }

    /// One rollout.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn rollout(&self, rollout: i64) -> Answer<RolloutView> {
        self.0.get(&format!("/rollouts/{rollout}")).await
    }

    /// Pulls the brake.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn halt(&self, rollout: i64, why: &str) -> Answer<RolloutView> {
        let body = Body::json(&HaltRequest {
            why: why.to_owned(),
        })?;
        self.0
            .post(&format!("/rollouts/{rollout}/halt"), body)
            .await
    }

    /// Lets a rollout stand still.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn pause(&self, rollout: i64, why: &str) -> Answer<RolloutView> {
        let body = Body::json(&PauseRequest {
            why: why.to_owned(),
        })?;
        self.0
            .post(&format!("/rollouts/{rollout}/pause"), body)
            .await
    }

    /// Lets a paused rollout go on.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn resume(&self, rollout: i64) -> Answer<RolloutView> {
        self.0
            .post(&format!("/rollouts/{rollout}/resume"), Body::Empty)
            .await
    }

    /// Takes a rollout back before its first wave opens.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn withdraw(&self, rollout: i64, why: &str) -> Answer<RolloutView> {
        let body = Body::json(&WithdrawRequest {
            why: why.to_owned(),
        })?;
        self.0
            .post(&format!("/rollouts/{rollout}/withdraw"), body)
            .await
    }

    /// Answers a rollout's question; `why` is kept with the answer.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn answer(
        &self,
        rollout: i64,
        go_on: bool,
        why: Option<String>,
    ) -> Answer<RolloutView> {
        let body = Body::json(&AnswerRequest { go_on, why })?;
        self.0
            .post(&format!("/rollouts/{rollout}/answer"), body)
            .await
    }

    /// Asks why a device, release or rollout isn't moving; `subject` is "devices", "releases" or
    /// "rollouts".
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn why(&self, subject: &str, id: &str) -> Answer<Why> {
        self.0.get(&format!("/{subject}/{id}/why")).await
    }

    /// How releases stand against the goals of the plan in force.
    ///
    /// # Errors
    /// As every request: [`ClientError`].
    pub async fn service_levels(&self) -> Answer<ServiceLevels> {
        self.0.get("/service-levels").await
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;
    use std::thread::{JoinHandle, spawn};

    use super::*;

    /// A server that gives these answers, one after the other, and tells in the end what it was asked.
    pub(crate) fn server(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let answered = answers.into_iter().map(move |answer| {
            let (mut stream, _) = listener.accept().expect("somebody asks");
            let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let asked = lines.next().expect("a request has a first line");
            let _rest = lines.take_while(|line| !line.is_empty()).count();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", answer.len());
            let answer = format!("{head}Connection: close\r\n\r\n{answer}");
            let written = stream.write_all(answer.as_bytes());
            written.expect("somebody listens");
            asked
        });
        (base, spawn(move || answered.collect()))
    }

    #[tokio::test]
    async fn a_fleet_is_read_page_after_page() {
        let page = |id: &str, next: &str| {
            format!(
                r#"{{"devices":[{{"id":"{id}","class":"thermo-v2","hardware":"B","zone":"UTC","bootloader":"1.4.0",
                "registered_at":"2026-12-01T12:00:00Z","last_seen":null,"running":null,"attributes":{{}}}}],"next":{next}}}"#
            )
        };
        let pages = vec![page("th-1", "\"th-1\""), page("th-2", "null")];
        let (base, asked) = server(pages);
        let operator = Operator::new(&base, "token").expect("an address");
        let devices = operator.devices().await.expect("two pages");
        let ids: Vec<_> = devices.iter().map(|device| device.id.as_str()).collect();
        assert_eq!(ids, ["th-1", "th-2"]);
        let asked = asked.join().expect("it has answered");
        let first = "GET /api/v1/devices HTTP/1.1";
        let second = "GET /api/v1/devices?after=th-1 HTTP/1.1";
        assert_eq!(asked, [first, second]);
    }
}
