//! A certificate that an authority gives by itself: the first one, the same at the next start, and the next one in time.

mod pebble;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use mainstay_server::acme::{Acme, AcmeTerms};
use mainstay_server::settings::{Asked, DeviceCertificates, read};
use mainstay_server::{AppConfig, Clock as _, SystemClock, serve};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client, Method, StatusCode};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use self::pebble::{Pebble, VALID_DAYS};
use crate::house::{House, PLAN, start};

const NAME: &str = "updates.northwind.example";

/// A server looks every ten seconds whether a certificate is due, and an attempt takes a few more.
const LOOKS: usize = 900;
const LOOK: Duration = Duration::from_millis(100);

/// A server that is given its certificate. The authority goes by the machine's own time, so that it does, too, unless the house begins later.
struct Server {
    house: House,
    acme: Arc<Acme>,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// What a server was told, as its settings say it.
fn terms(folder: &TempDir, pebble: &Pebble) -> AcmeTerms {
    let mut devices = CertificateParams::new(Vec::new()).unwrap();
    devices.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let devices = devices.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let file = folder.path().join("devices.pem");
    fs::write(&file, devices.pem()).unwrap();
    let directory = pebble.directory();
    let said = [
        ("MAINSTAY_DATA", folder.path().to_str().unwrap()),
        ("MAINSTAY_ACME_DIRECTORY", &*directory),
        ("MAINSTAY_ACME_NAMES", NAME),
        ("MAINSTAY_ACME_TERMS", "agreed"),
        ("MAINSTAY_ACME_CONTACT", "ops@northwind.example"),
        ("MAINSTAY_ACME_CA", pebble.ca().to_str().unwrap()),
        ("MAINSTAY_DEVICE_CA", file.to_str().unwrap()),
    ]
    .map(|(name, value)| (name.into(), value.into()));
    let asked = Asked {
        variables: said.into(),
        ..Asked::default()
    };
    let (settings, _) = read(&asked).settled().unwrap();
    settings.acme().unwrap()
}

impl Server {
    /// Begins to serve at `listener`.
    async fn at(listener: TcpListener, terms: AcmeTerms) -> Self {
        let acme = Acme::begin(terms, SystemClock.now()).unwrap();
        let config = AppConfig {
            tls: Some(acme.tls().clone()),
            acme: Some(acme.clone()),
            // The authority shows none, and is answered all the same.
            device_certificates: DeviceCertificates::Required,
            ..AppConfig::default()
        };
        let house = House::furnished(PLAN, config).await;
        house.clock.set(SystemClock.now().max(start()));
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = serve::run(listener, house.app.clone(), async move {
            let _ = stopped.await;
        });
        Self {
            house,
            acme,
            address,
            stop,
            served: tokio::spawn(served),
        }
    }

    /// A client that trusts this root alone.
    fn client(&self, root: &Certificate) -> Client {
        let client = Client::builder().no_proxy().tls_info(true);
        let client = client.resolve(NAME, self.address);
        client.tls_certs_only([root.clone()]).build().unwrap()
    }

    /// The certificate on the connection by which this client hears that the server is alive.
    async fn shown_to(&self, client: &Client) -> Vec<u8> {
        let address = format!("https://{NAME}:{}/healthz", self.address.port());
        let answer = client.get(address).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let info = answer.extensions().get::<TlsInfo>().unwrap();
        let shown = info.peer_certificate().unwrap().to_vec();
        // Read to its end, so that the next question comes on the same connection.
        answer.bytes().await.unwrap();
        shown
    }

    /// Waits until `is_so`.
    async fn until(&self, pebble: &Pebble, what: &str, is_so: impl Fn(&Acme) -> bool) {
        for _ in 0..LOOKS {
            if is_so(&self.acme) {
                return;
            }
            sleep(LOOK).await;
        }
        panic!("{what} doesn't come: {}", pebble.said());
    }

    /// Waits until a certificate is given that wasn't shown before. One request of twenty is refused, and three in a row end an attempt: then it is tried again
    /// when time has passed.
    async fn until_given(&self, pebble: &Pebble, ends_before: Option<jiff::Timestamp>) {
        let is_new = |acme: &Acme| {
            acme.tls()
                .ends()
                .is_some_and(|ends| Some(ends) != ends_before)
        };
        for _ in 0..3 {
            let failures = self.acme.failures();
            self.until(pebble, "an attempt", |acme| {
                is_new(acme) || acme.failures() > failures
            })
            .await;
            if is_new(&self.acme) {
                return;
            }
            self.house.later(60);
        }
        panic!("no certificate is given: {}", pebble.said());
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        self.served.await.unwrap();
    }
}

async fn port(at: u16) -> TcpListener {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, at));
    serve::bind(address).await.unwrap()
}

/// The whole of it: no certificate, the first one, a start that asks for nothing, an authority that is gone when the next one is due, and the next one.
#[tokio::test]
async fn a_server_is_given_its_certificate_and_the_next_one_in_time() {
    let listener = port(0).await;
    let at = listener.local_addr().unwrap().port();
    let mut pebble = Pebble::looking_at(at);
    let folder = tempfile::tempdir().unwrap();
    let terms = terms(&folder, &pebble);

    pebble.start().await;
    let server = Server::at(listener, terms.clone()).await;
    assert_eq!(server.acme.tls().ends(), None);
    server.until_given(&pebble, None).await;
    let root = pebble.root().await;
    let first = server.shown_to(&server.client(&root)).await;
    told(&server, &root, 0).await;
    server.stop().await;

    // Whoever asked now would be told that nobody is there.
    pebble.stop();
    let server = Server::at(port(at).await, terms).await;
    let keeps = server.client(&root);
    assert_eq!(server.shown_to(&keeps).await, first);
    let days = VALID_DAYS * 2 / 3 + 1;
    let ends = server.acme.tls().ends();
    assert_eq!(server.acme.failures(), 0);

    // It is due, and nobody answers: what is there is shown.
    server.house.later(days * 24 * 60);
    server
        .until(&pebble, "a failure", |acme| acme.failures() > 0)
        .await;
    assert_eq!(server.shown_to(&server.client(&root)).await, first);
    told(&server, &root, 1).await;

    // An authority that has forgotten the account, and everything else.
    pebble.start().await;
    server
        .house
        .clock
        .set(server.house.app.now() + SignedDuration::from_hours(1));
    server.until_given(&pebble, ends).await;
    let next = server.shown_to(&server.client(&pebble.root().await)).await;
    assert_ne!(next, first);
    let goes_on = server.shown_to(&keeps).await;
    assert_eq!(goes_on, first, "the connection of before");
    server.stop().await;
}

/// What monitoring systems are told of it.
async fn told(server: &Server, root: &Certificate, failures: u32) {
    let address = format!("https://{NAME}:{}/metrics", server.address.port());
    let asked = server.client(root).request(Method::GET, address);
    let asked = asked.bearer_auth(&server.house.tokens.engineer);
    let figures = asked.send().await.unwrap().text().await.unwrap();
    let ends = server.acme.tls().ends().unwrap().as_second();
    for line in [
        format!("\nmainstay_acme_failures {failures}\n"),
        format!("\nmainstay_certificate_ends_timestamp_seconds {ends}\n"),
    ] {
        assert!(figures.contains(&line), "{line}: {figures}");
    }
}
