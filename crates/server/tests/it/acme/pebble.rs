//! Let's Encrypt's own test authority, as Debian packages it, and the name server that it asks. Read [`Pebble`].
//!
//! It keeps nothing: whoever stops it and starts it again has an authority with other keys, that knows no account.

use std::fs::{self, File};
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use reqwest::{Certificate, Client, Url};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

/// So long a certificate is good that it gives.
pub const VALID_DAYS: i64 = 90;

/// It needs a moment to start.
const LOOKS: usize = 600;
const LOOK: Duration = Duration::from_millis(100);

/// An authority that looks for servers of whatever name at one port of this machine.
pub struct Pebble {
    folder: TempDir,
    ports: [u16; 3],
    running: Option<[Child; 2]>,
}

impl Pebble {
    /// One that isn't started yet, and will look at this port.
    pub fn looking_at(port: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let own = own.self_signed(&key).unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("own.pem"), own.pem()).unwrap();
        fs::write(path("own.key"), key.serialize_pem()).unwrap();
        let ports = [free_port(), free_port(), free_name_port()];
        let settings = json!({ "pebble": {
            "listenAddress": format!("127.0.0.1:{}", ports[0]),
            "managementListenAddress": format!("127.0.0.1:{}", ports[1]),
            "certificate": path("own.pem"),
            "privateKey": path("own.key"),
            // Nobody listens there: it must come by TLS.
            "httpPort": 9,
            "tlsPort": port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": VALID_DAYS * 24 * 60 * 60,
        }});
        fs::write(path("pebble.json"), settings.to_string()).unwrap();
        Self {
            folder,
            ports,
            running: None,
        }
    }

    /// Its directory.
    pub fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.ports[0])
    }

    /// The file of who vouches for its own server, which is itself.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("own.pem")
    }

    /// Starts it, and waits until it answers.
    pub async fn start(&mut self) {
        let dns = format!("127.0.0.1:{}", self.ports[2]);
        let names = self.run(
            "pebble-challtestsrv",
            &[
                "-dns01",
                &dns,
                "-defaultIPv4",
                "127.0.0.1",
                "-defaultIPv6",
                "",
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-management",
                "127.0.0.1:0",
            ],
        );
        let settings = self.folder.path().join("pebble.json");
        let settings = settings.to_str().unwrap();
        let arguments = ["-strict", "-config", settings, "-dnsserver", &dns];
        let authority = self.run("pebble", &arguments);
        self.running = Some([names, authority]);
        for _ in 0..LOOKS {
            if self.ask(&self.directory()).await.is_some() {
                return;
            }
            sleep(LOOK).await;
        }
        panic!("pebble doesn't answer: {}", self.said());
    }

    /// Ends it.
    pub fn stop(&mut self) {
        for mut child in self.running.take().into_iter().flatten() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The certificate of who gives certificates, as long as it isn't started again.
    pub async fn root(&self) -> Certificate {
        let address = format!("https://localhost:{}/roots/0", self.ports[1]);
        let pem = self.ask(&address).await.expect("it tells its root");
        Certificate::from_pem(pem.as_bytes()).unwrap()
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log("pebble")).unwrap_or_default()
    }

    async fn ask(&self, address: &str) -> Option<String> {
        let own = fs::read(self.ca()).unwrap();
        let own = Certificate::from_pem(&own).unwrap();
        let client = Client::builder().no_proxy().tls_certs_only([own]);
        let address = Url::parse(address).unwrap();
        let answer = client.build().unwrap().get(address).send().await.ok()?;
        answer.text().await.ok()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Child {
        let mut options = File::options();
        options.create(true).append(true);
        let said = options.open(self.log(program)).unwrap();
        Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            // It looks at once, and asks again for one request of twenty, as it does by itself.
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "5")
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} ({error}): `cargo xtask test` installs it"))
    }

    fn log(&self, program: &str) -> PathBuf {
        self.folder.path().join(format!("{program}.log"))
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Names are asked for over UDP, and over TCP.
fn free_name_port() -> u16 {
    let is_free = |port: &u16| UdpSocket::bind(("127.0.0.1", *port)).is_ok();
    let mut ports = std::iter::repeat_with(free_port);
    ports.find(is_free).unwrap()
}
