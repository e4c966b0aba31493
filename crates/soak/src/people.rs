//! The people of a life: they speak to a server as everybody does, with their token, through its router.

use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use mainstay_access::Duty;
use mainstay_api::{
    ARTIFACT_MEDIA_TYPE, AnswerRequest, DeviceTokens, ENVELOPE_MEDIA_TYPE, HaltRequest,
    HoldRequest, NewDevices, PauseRequest, RolloutView,
};
use serde::Serialize;
use tower::ServiceExt as _;

use crate::goods::Made;
use crate::house::House;

const JSON: &str = "application/json";
/// The longest answer: the list of all devices, each with some hundred bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Everybody, with a token each.
pub struct People(BTreeMap<Duty, String>);

/// What a server answered.
pub struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    /// Whether it did what was asked.
    pub fn is_done(&self) -> bool {
        self.status.is_success()
    }

    /// The refusal's stable id, or nothing that is one.
    pub fn refusal(&self) -> String {
        let problem: Option<serde_json::Value> = serde_json::from_slice(&self.body).ok();
        let id = problem.and_then(|problem| Some(problem.get("id")?.as_str()?.to_owned()));
        id.unwrap_or_else(|| self.status.to_string())
    }
}

impl People {
    /// Lets everybody in.
    ///
    /// # Errors
    /// If the house refuses somebody.
    pub async fn enter(house: &House) -> anyhow::Result<Self> {
        let mut tokens = BTreeMap::new();
        for duty in Duty::ALL {
            tokens.insert(duty, house.let_in(duty).await?);
        }
        Ok(Self(tokens))
    }

    /// Registers the devices; their tokens, in the same order.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn register(
        &self,
        server: Router,
        devices: &NewDevices,
    ) -> anyhow::Result<Vec<String>> {
        let body = serde_json::to_vec(devices)?;
        let answer = self
            .ask(server, Duty::Operations, "/devices", JSON, body)
            .await?;
        ensure!(answer.is_done(), "register: {}", answer.refusal());
        let tokens: DeviceTokens = serde_json::from_slice(&answer.body)?;
        Ok(tokens.devices.into_iter().map(|one| one.token).collect())
    }

    /// Hands in a release and approves it.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn publish(&self, server: &Router, made: &Made) -> anyhow::Result<()> {
        let file = made.built.file()?;
        let path = "/releases?track=maintenance";
        let handed_in = self
            .ask(
                server.clone(),
                Duty::Engineer,
                path,
                ARTIFACT_MEDIA_TYPE,
                file,
            )
            .await?;
        ensure!(handed_in.is_done(), "submit: {}", handed_in.refusal());
        let path = format!("/releases/{}/approval", name(made));
        let envelope = made.approved.envelope.clone();
        let approved = self
            .ask(
                server.clone(),
                Duty::ReleaseManager,
                &path,
                ENVELOPE_MEDIA_TYPE,
                envelope,
            )
            .await?;
        ensure!(approved.is_done(), "approve: {}", approved.refusal());
        Ok(())
    }

    /// Starts a rollout.
    ///
    /// # Errors
    /// If the server says neither yes nor why not.
    pub async fn roll_out(&self, server: Router, release: &Made) -> anyhow::Result<Answer> {
        let path = format!("/releases/{}/rollout", name(release));
        self.ask(server, Duty::Operations, &path, JSON, Vec::new())
            .await
    }

    /// Halts a rollout.
    ///
    /// # Errors
    /// As [`Self::roll_out`].
    pub async fn halt(&self, server: Router, rollout: i64) -> anyhow::Result<Answer> {
        let why = "somebody has a bad feeling".to_owned();
        let path = format!("/rollouts/{rollout}/halt");
        self.ask_json(server, Duty::Engineer, &path, &HaltRequest { why })
            .await
    }

    /// Pauses a rollout.
    ///
    /// # Errors
    /// As [`Self::roll_out`].
    pub async fn pause(&self, server: Router, rollout: i64) -> anyhow::Result<Answer> {
        let why = "the support line is down".to_owned();
        let path = format!("/rollouts/{rollout}/pause");
        self.ask_json(server, Duty::Engineer, &path, &PauseRequest { why })
            .await
    }

    /// Lets a paused rollout go on.
    ///
    /// # Errors
    /// As [`Self::roll_out`].
    pub async fn resume(&self, server: Router, rollout: i64) -> anyhow::Result<Answer> {
        let path = format!("/rollouts/{rollout}/resume");
        self.ask(server, Duty::Operations, &path, JSON, Vec::new())
            .await
    }

    /// Answers a rollout's question.
    ///
    /// # Errors
    /// As [`Self::roll_out`].
    pub async fn answer(
        &self,
        server: Router,
        rollout: i64,
        go_on: bool,
    ) -> anyhow::Result<Answer> {
        let path = format!("/rollouts/{rollout}/answer");
        let answer = AnswerRequest { go_on, why: None };
        self.ask_json(server, Duty::Operations, &path, &answer)
            .await
    }

    /// Puts a release on hold.
    ///
    /// # Errors
    /// As [`Self::roll_out`].
    pub async fn hold(&self, server: Router, release: &Made) -> anyhow::Result<Answer> {
        let reason = "support hears complaints".to_owned();
        let path = format!("/releases/{}/hold", name(release));
        self.ask_json(server, Duty::Operations, &path, &HoldRequest { reason })
            .await
    }

    /// One of the two who end a hold.
    ///
    /// # Errors
    /// As [`Self::roll_out`].
    pub async fn release(
        &self,
        server: Router,
        duty: Duty,
        release: &Made,
    ) -> anyhow::Result<Answer> {
        let path = format!("/releases/{}/hold/release", name(release));
        self.ask(server, duty, &path, JSON, Vec::new()).await
    }

    async fn ask_json(
        &self,
        server: Router,
        duty: Duty,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<Answer> {
        let body = serde_json::to_vec(body)?;
        self.ask(server, duty, path, JSON, body).await
    }

    async fn ask(
        &self,
        server: Router,
        duty: Duty,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<Answer> {
        let request = Request::post(format!("/api/v1{path}"))
            .header(AUTHORIZATION, format!("Bearer {}", self.0[&duty]))
            .header(CONTENT_TYPE, media_type)
            .body(Body::from(body))?;
        let (parts, body) = match server.oneshot(request).await {
            Ok(answer) => answer.into_parts(),
            Err(never) => match never {},
        };
        if parts.status.is_server_error() {
            bail!("{path}: the server is broken");
        }
        let body = to_bytes(body, ANSWER_BYTES_MAX).await?.to_vec();
        let status = parts.status;
        Ok(Answer { status, body })
    }
}

/// The number of the rollout that an answer is about.
///
/// # Errors
/// If it is about none.
pub fn rollout_in(answer: &Answer) -> anyhow::Result<i64> {
    let view: RolloutView = serde_json::from_slice(&answer.body)?;
    Ok(view.id)
}

fn name(release: &Made) -> String {
    format!("{}@{}", release.kind.class(), release.built.version)
}
