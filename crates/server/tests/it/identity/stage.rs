//! A house that speaks TLS, and devices that show certificates. Read [`Stage`].

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use mainstay_api::NewDevices;
use mainstay_protocol::{
    Acknowledged, Event, REPORTS_PATH, Report, ReportList, Reports, read as read_message,
};
use mainstay_server::AppConfig;
use mainstay_server::flow::Limits;
use mainstay_server::settings::DeviceCertificates;
use mainstay_server::tls::{Tls, TlsFiles, fingerprint_of_pem};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    date_time_ymd,
};
use reqwest::{Certificate, Client, Identity, Response, StatusCode};
use serde_json::json;
use tempfile::TempDir;

use super::issuer::{How, Issuing, Token};
use crate::elected::Server;
use crate::gadget::message;
use crate::house::{House, PLAN, start};
use crate::serving::listen;

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub(super) fn authority(name: &str) -> Authority {
    CertifiedIssuer::self_signed(of_an_authority(name), KeyPair::generate().unwrap()).unwrap()
}

/// An authority that another one vouches for.
pub(super) fn authority_below(by: &Authority, name: &str) -> Authority {
    CertifiedIssuer::signed_by(of_an_authority(name), KeyPair::generate().unwrap(), by).unwrap()
}

fn of_an_authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = common(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(super) fn common(name: &str) -> DistinguishedName {
    let mut named = DistinguishedName::new();
    named.push(DnType::CommonName, name);
    named
}

/// A certificate of a device and its key, in PEM.
pub struct Papers {
    pub certificate: String,
    pub key: String,
}

/// For this name, good in these years.
pub(super) fn given_for(by: &Authority, name: &str, (from, until): (i32, i32)) -> Papers {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = common(name);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    Papers {
        certificate: params.signed_by(&key, by).unwrap().pem(),
        key: key.serialize_pem(),
    }
}

pub fn given(by: &Authority, name: &str) -> Papers {
    given_for(by, name, (2020, 2099))
}

impl Papers {
    /// The same, shown with more certificates behind its own.
    pub fn shown_with(self, between: &str) -> Self {
        Self {
            certificate: format!("{}{between}", self.certificate),
            ..self
        }
    }

    pub fn fingerprint(&self) -> String {
        fingerprint_of_pem(self.certificate.as_bytes()).unwrap()
    }
}

/// In the folder of a house: the certificate with which it issues, and those above it.
const ISSUER: &str = "issuer.pem";

/// A house that speaks TLS, and the authorities of it and of its devices.
pub struct Stage {
    pub house: House,
    own: String,
    pub devices: Authority,
    config: AppConfig,
    issuing: Option<Issuing>,
    folder: TempDir,
}

/// An authority that gives certificates to devices: the years in which it is good, and what its key does when the server starts.
type Issues = ((i32, i32), How);

impl Stage {
    pub async fn set(device_certificates: DeviceCertificates) -> Self {
        Self::limited(device_certificates, Limits::default()).await
    }

    pub async fn limited(device_certificates: DeviceCertificates, limits: Limits) -> Self {
        let config = AppConfig {
            device_certificates,
            limits,
            ..AppConfig::default()
        };
        Self::told(config, &[]).await
    }

    /// Told these settings; devices also come from these authorities.
    pub async fn told(config: AppConfig, others: &[&Authority]) -> Self {
        Self::built(config, others, None).await
    }

    /// Told these settings; this authority gives certificates to devices that ask.
    pub(super) async fn raised(config: AppConfig, issues: Option<Issues>) -> Self {
        Self::built(config, &[], issues).await
    }

    async fn built(config: AppConfig, others: &[&Authority], issues: Option<Issues>) -> Self {
        let (own, devices) = (authority("the house"), authority("devices"));
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2100, 1, 1);
        let key = KeyPair::generate().unwrap();
        let put = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let issuing = issues.map(|(years, how)| {
            let issuing = Issuing::below(&devices, years);
            issuing.token.now(how);
            issuing
        });
        let issuers = issuing.as_ref().map_or("", |issuing| issuing.pem.as_str());
        let authorities = format!("{}{issuers}", every(&devices, others));
        let files = TlsFiles {
            certificate: put("tls.pem", params.signed_by(&key, &own).unwrap().pem()),
            key: put("tls.key", key.serialize_pem()),
            device_ca: Some(put("devices.pem", authorities)),
            ticket_key: None,
        };
        let tls = Arc::new(Tls::open(files, start()).unwrap());
        let issuer = issuing.as_ref().map(|issuing| {
            let file = put(ISSUER, format!("{}{}", issuing.pem, devices.pem()));
            issuing.open(&file, &tls).unwrap()
        });
        let config = AppConfig {
            tls: Some(tls),
            issuer,
            ..config
        };
        let mut house = House::furnished(PLAN, config.clone()).await;
        house.base = listen(house.app.clone()).await;
        house.base = house.base.replace("http://127.0.0.1", "https://localhost");
        let own = own.pem();
        house.http = client(&own, None);
        Self {
            house,
            own,
            devices,
            config,
            issuing,
            folder,
        }
    }

    /// One, and a house under this plan that issues too and speaks no TLS itself: only tokens let devices in there.
    pub async fn beside_one_in_clear(plan: &str, config: AppConfig) -> (Self, House) {
        let stage = Self::raised(config, Some(((2020, 2099), How::Signs))).await;
        let config = AppConfig {
            tls: None,
            ..stage.config.clone()
        };
        let mut house = House::furnished(plan, config).await;
        house.base = listen(house.app.clone()).await;
        (stage, house)
    }

    /// Another server on the same store, told the same, and its address.
    pub async fn another_server(&self) -> (Server, String) {
        let server = Server::start_as(&self.house, self.config.clone()).await;
        let base = server.base.replace("http://127.0.0.1", "https://localhost");
        (server, base)
    }

    /// Another house, told the same, with a store of its own: as one that was set back, it knows none of the devices of this one.
    pub async fn another_house(&self) -> House {
        self.another_house_told(self.config.clone()).await
    }

    /// The same, whose server has just started. It waits for the key with which it issues for a moment.
    pub(super) async fn another_house_started(&self) -> House {
        let (issuing, tls) = self.issuing.as_ref().zip(self.config.tls.as_ref()).unwrap();
        let file = self.folder.path().join(ISSUER);
        let issuer = issuing.open_within(Some(Duration::from_millis(100)), &file, tls);
        let issuer = Some(issuer.unwrap());
        let config = self.config.clone();
        self.another_house_told(AppConfig { issuer, ..config })
            .await
    }

    async fn another_house_told(&self, config: AppConfig) -> House {
        let mut house = House::furnished(PLAN, config).await;
        house.base = listen(house.app.clone()).await;
        house.base = house.base.replace("http://127.0.0.1", "https://localhost");
        house.http = client(&self.own, None);
        house
    }

    /// What the house's key does from now on, with which it issues.
    pub(super) fn token(&self) -> &Arc<Token> {
        &self.issuing.as_ref().unwrap().token
    }

    /// Brings another certificate of the authority with which the house issues, good in these years.
    pub(super) fn renew_issuer(&self, years: (i32, i32)) {
        let renewed = self.issuing.as_ref().unwrap();
        let renewed = renewed.renewed(&self.devices, years);
        fs::write(self.folder.path().join(ISSUER), renewed).unwrap();
    }

    /// The server looks whether it can issue, as it does by itself every ten seconds.
    pub fn look(&self) {
        let issuer = self.config.issuer.as_ref().unwrap();
        issuer.look(self.house.app.now());
    }

    /// A device that shows these, on connections of its own.
    pub fn device(&self, papers: &Papers) -> Client {
        client(&self.own, Some(papers))
    }

    pub async fn reports(&self, client: &Client, reports: &[Report]) -> reqwest::Result<Response> {
        let reports = ReportList(reports.iter().copied().collect());
        let url = format!("{}{REPORTS_PATH}", self.house.base);
        let body = message(&Reports { reports });
        client.post(url).body(body).send().await
    }

    /// The status that a device hears.
    pub async fn hears(&self, client: &Client) -> StatusCode {
        self.reports(client, &[]).await.unwrap().status()
    }

    pub async fn register(&self, devices: Vec<mainstay_api::NewDevice>) {
        let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
        let operations = &self.house.tokens.operations;
        let made = self.house.post("/api/v1/devices", operations, body).await;
        assert_eq!(made.status(), StatusCode::CREATED);
    }

    pub async fn revoke(&self, papers: &Papers) -> Response {
        let fingerprint = papers.fingerprint();
        let body = json!({"fingerprint": fingerprint, "why": "its key was copied"}).to_string();
        let operations = &self.house.tokens.operations;
        let path = "/api/v1/revoked-certificates";
        self.house.post(path, operations, body.into_bytes()).await
    }
}

/// All of them in one file.
fn every(first: &Authority, others: &[&Authority]) -> String {
    let others = others.iter().map(|one| one.pem());
    [first.pem()].into_iter().chain(others).collect()
}

/// Trusts this authority alone.
fn client(authority: &str, papers: Option<&Papers>) -> Client {
    let trusted = Certificate::from_pem(authority.as_bytes()).unwrap();
    let client = Client::builder().no_proxy().tls_certs_only([trusted]);
    let client = match papers {
        None => client,
        Some(Papers { certificate, key }) => {
            let both = format!("{certificate}{key}");
            client.identity(Identity::from_pem(both.as_bytes()).unwrap())
        }
    };
    client.build().unwrap()
}

pub(super) fn report() -> Report {
    Report {
        seq: 1,
        at: 1_800_000_000,
        event: Event::PowerLost,
    }
}

pub(super) async fn acknowledged(answer: Response) -> u32 {
    assert_eq!(answer.status(), StatusCode::OK);
    let bytes = answer.bytes().await.unwrap();
    read_message::<Acknowledged>(&bytes).unwrap().seq
}
