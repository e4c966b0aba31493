//! A device with the `hawkbit` crate as its client. Read [`Gateway`].

use std::collections::BTreeMap;

use hawkbit::ddi::{Client, ClientAuthorization, Execution, Finished, Reply};
use mainstay_api::{DeviceTokens, NewDevice, NewDevices, RolloutView};
use mainstay_fleet::{ControllerId, DeviceId};
use mainstay_rollout::order::Order;
use mainstay_rollout::{OrderNumber, Progress};
use reqwest::header::RANGE;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::gadget::new_device;
use crate::house::{self, Artifact, House, PLAN};

/// The tests' plan, in which devices name their version in an attribute.
pub fn plan() -> String {
    let said = "version_attribute = \"sw_version\"\nversion_word = \"live\"\nsupport ";
    PLAN.replacen("support ", said, 1)
}

/// One device.
pub struct Gateway {
    pub id: DeviceId,
    pub controller: String,
    pub token: String,
}

/// A device as it is registered under its client's name.
pub fn new_gateway(id: &str, hardware: &str, controller: &str) -> NewDevice {
    NewDevice {
        controller: Some(ControllerId::parse(controller).unwrap()),
        ..new_device(id, hardware)
    }
}

/// A house with the factory's release, and two devices that run it and have said so: a whole canary.
pub async fn furnished() -> (House, Artifact, [Gateway; 2]) {
    let (house, old, gateways) = strangers(&plan()).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    (house, old, gateways)
}

/// The same, in this house.
pub async fn furnished_in(house: House) -> (House, [Gateway; 2]) {
    let (house, _, gateways) = strangers_in(house, ["02:00:5e:10:00:01", "Gate way 2+"]).await;
    for gateway in &gateways {
        gateway.says_it_runs(&house, "1.0.0").await;
    }
    (house, gateways)
}

/// A house with the factory's release, approved, and two devices that were never heard of.
pub async fn strangers(plan: &str) -> (House, Artifact, [Gateway; 2]) {
    strangers_called(plan, ["02:00:5e:10:00:01", "Gate way 2+"]).await
}

/// The same, with these names of their clients.
pub async fn strangers_called(
    plan: &str,
    [first, second]: [&str; 2],
) -> (House, Artifact, [Gateway; 2]) {
    let house = House::under(plan).await;
    strangers_in(house, [first, second]).await
}

/// The same, in this house.
pub async fn strangers_in(
    house: House,
    [first, second]: [&str; 2],
) -> (House, Artifact, [Gateway; 2]) {
    let old = house.built("1.0.0", 1, &[]);
    assert_eq!(house.submit(&old).await.status(), StatusCode::CREATED);
    let (path, approval) = (
        "/api/v1/releases/thermo-v2@1.0.0/approval",
        house.approved(&old),
    );
    let approved = house.post(path, &house.tokens.manager, approval).await;
    assert_eq!(approved.status(), StatusCode::OK);
    let names = [("gw-1", "B", first), ("gw-2", "C", second)];
    let devices = names.map(|(id, hardware, controller)| new_gateway(id, hardware, controller));
    let body = serde_json::to_vec(&NewDevices {
        devices: devices.into(),
    })
    .unwrap();
    let operations = &house.tokens.operations;
    let response = house.post("/api/v1/devices", operations, body).await;
    assert_eq!(response.status(), StatusCode::CREATED);
    let tokens: DeviceTokens = house::read(response).await;
    let mut gateways = tokens
        .devices
        .into_iter()
        .zip(names)
        .map(|(told, (_, _, controller))| Gateway {
            id: told.id,
            controller: controller.to_owned(),
            token: told.token,
        });
    let gateways = [gateways.next().unwrap(), gateways.next().unwrap()];
    (house, old, gateways)
}

/// The same, a moment after both were offered 1.1.0, which may go back to 1.0.0.
pub async fn offered() -> (House, Artifact, [Gateway; 2]) {
    let (house, old, gateways) = furnished().await;
    offer(house, old, gateways).await
}

/// Rolls 1.1.0 out to both devices.
pub async fn offer(
    house: House,
    old: Artifact,
    gateways: [Gateway; 2],
) -> (House, Artifact, [Gateway; 2]) {
    let new = house.built("1.1.0", 2, &[old.manifest]);
    house.roll_out(&new).await;
    house.advance().await;
    house.later(1);
    for gateway in &gateways {
        assert!(gateway.poll(&house).await.update().is_some());
    }
    (house, new, gateways)
}

impl Gateway {
    /// The client.
    pub fn client(&self, house: &House) -> Client {
        let token = ClientAuthorization::TargetToken(self.token.clone());
        let builder = reqwest::Client::builder().no_proxy();
        Client::new_from_client_builder(&house.base, "default", &self.controller, token, builder)
            .unwrap()
    }

    /// Polls.
    pub async fn poll(&self, house: &House) -> Reply {
        self.client(house).poll().await.unwrap()
    }

    /// Is asked for its attributes, and sends its version.
    pub async fn says_it_runs(&self, house: &House, version: &str) {
        let asked = self.poll(house).await.config_data_request();
        let asked = asked.expect("it is asked");
        let data = BTreeMap::from([("sw_version", version), ("board", "rev-b")]);
        let sent = asked.upload(Execution::Closed, Finished::Success, None, data, vec![]);
        sent.await.unwrap();
    }

    /// Fetches what it is offered, to the end, with all three sums checked; then reports success.
    pub async fn installs(&self, house: &House) {
        let update = self.poll(house).await.update().expect("an offer");
        let update = update.fetch().await.unwrap();
        let note = vec!["downloading"];
        update
            .send_feedback(Execution::Proceeding, Finished::None, note)
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        for file in update.download(folder.path()).await.unwrap() {
            file.check_md5().await.unwrap();
            file.check_sha1().await.unwrap();
            file.check_sha256().await.unwrap();
        }
        update
            .send_feedback(Execution::Closed, Finished::Success, vec![])
            .await
            .unwrap();
    }

    /// Its newest order, as the server keeps it.
    pub async fn order(&self, house: &House) -> Order {
        let mut orders = house.app.store().recent_orders(&self.id, 1).await.unwrap();
        orders.pop().expect("an order")
    }

    /// How far it has come in its newest rollout.
    pub async fn progress(&self, house: &House) -> Progress {
        let enrolled = house.app.store().enrolments_of(&self.id).await.unwrap();
        enrolled
            .into_iter()
            .next()
            .expect("it is enrolled")
            .device
            .progress
    }

    /// Its page.
    pub async fn page(&self, house: &House) -> String {
        let path = format!("/devices/{}", self.id);
        let response = house
            .request(Method::GET, &path, &house.tokens.engineer)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.unwrap()
    }

    /// Checks what its page says of this order, with apostrophes as people read them.
    pub async fn says(&self, house: &House, order: OrderNumber, words: &str) {
        let page = self.page(house).await.replace("&#39;", "'");
        let told = format!("<dt>Newest order</dt><dd>{order}: {words}</dd>");
        assert!(page.contains(&told), "the page lacks {told:?}:\n{page}");
    }

    /// Sends its attributes, asked or not; returns the status and the id of a refusal.
    pub async fn sends(&self, house: &House, attributes: &str) -> (u16, String) {
        let sent = self.request(house, Method::PUT, "/configData");
        told(sent.body(attributes.to_owned()).send().await.unwrap()).await
    }

    /// Fetches the file that it is offered, and says no more.
    pub async fn fetches(&self, house: &House) {
        let update = self.poll(house).await.update().expect("an offer");
        let folder = tempfile::tempdir().unwrap();
        let files = update.fetch().await.unwrap().download(folder.path()).await;
        assert_eq!(files.unwrap().len(), 1);
    }

    /// Fetches the beginning of what it is offered, and no more.
    pub async fn begins(&self, house: &House) {
        assert!(self.is_offered(house).await);
        let number = self.order(house).await.number;
        let path = format!("/softwaremodules/{number}/artifacts/thermo-v2-1.1.0.bin");
        let part = self.request(house, Method::GET, &path);
        let part = part.header(RANGE, "bytes=0-3").send().await.unwrap();
        assert_eq!(part.bytes().await.unwrap().len(), 4);
    }

    /// Whether it is told to install something.
    pub async fn is_offered(&self, house: &House) -> bool {
        self.poll(house).await.update().is_some()
    }

    /// Why it stands where it stands, and what to do about it.
    pub async fn why(&self, house: &House) -> String {
        let path = format!("/api/v1/devices/{}/why", self.id);
        let why: mainstay_api::Why = house.get(&path, &house.tokens.engineer).await;
        format!("{} Next: {}", why.sentence, why.next.unwrap_or_default())
    }

    /// A request of its own, to what follows its address.
    pub fn request(&self, house: &House, method: Method, rest: &str) -> RequestBuilder {
        let controller = self.controller.replace(' ', "%20").replace('+', "%2B");
        let url = format!("{}/DEFAULT/controller/v1/{controller}{rest}", house.base);
        let token = format!("TargetToken {}", self.token);
        house
            .http
            .request(method, url)
            .header("Authorization", token)
    }

    pub async fn get(&self, house: &House, rest: &str) -> Response {
        self.request(house, Method::GET, rest).send().await.unwrap()
    }

    /// What is to be installed, as JSON.
    pub async fn deployment(&self, house: &House, number: OrderNumber) -> Value {
        let response = self
            .get(house, &format!("/deploymentBase/{number}?actionHistory=10"))
            .await;
        assert_eq!(response.status(), StatusCode::OK);
        house::read(response).await
    }

    /// Reports these words of an order; returns the status and the id of a refusal.
    pub async fn reports(
        &self,
        house: &House,
        number: OrderNumber,
        execution: &str,
        finished: &str,
    ) -> (u16, String) {
        let body = serde_json::json!({
            "id": number.get(),
            "status": {"execution": execution, "result": {"finished": finished}, "details": ["so\u{7} it is"]},
        });
        let rest = format!("/deploymentBase/{number}/feedback");
        let sent = self
            .request(house, Method::POST, &rest)
            .body(body.to_string());
        told(sent.send().await.unwrap()).await
    }
}

/// The status and the id of a refusal; none of a success.
pub async fn told(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    (
        status,
        json["errorCode"].as_str().unwrap_or_default().to_owned(),
    )
}

/// How many devices count as updated.
pub async fn updated(house: &House) -> usize {
    let view: RolloutView = house
        .get("/api/v1/rollouts/1", &house.tokens.engineer)
        .await;
    view.waves.iter().map(|wave| wave.updated).sum()
}
