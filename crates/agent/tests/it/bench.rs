//! A device on a test bench: its folders, its configuration, and the agent as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mainstay_agent::clock::Clock;
use mainstay_agent::status::{self, Status};
use mainstay_api::{DeviceTokens, NewDevice, NewDevices};
use mainstay_artifact::{ClassName, PackRequest, add_build_signature, pack};
use mainstay_fleet::DeviceId;
use mainstay_keys::HostPrimitives;
use mainstay_protocol::{BootReason, CHECK_IN_PATH, CheckIn, Health, ReportList, Running, write};
use mainstay_trust::{BootloaderVersion, DigestAlgorithm, verify};

use crate::house::{self, Artifact, CLASS, House};

/// An agent that says nothing new for so long is stuck. Nothing is measured by it.
pub const STUCK: Duration = Duration::from_secs(180);

/// Says where the agent is that is to be tried, if it isn't the one that was built along with the tests.
const AGENT: &str = "MAINSTAY_AGENT";

/// Whether another agent is tried than the one that was built along with the tests: the release build.
pub fn is_release() -> bool {
    std::env::var_os(AGENT).is_some()
}

/// One device.
pub struct Bench {
    pub folder: tempfile::TempDir,
    /// What the agent's processes find in their environment.
    pub environment: Vec<(&'static str, String)>,
    /// A shell's script that starts them, as `"$0" "$@"`.
    pub wrapper: Option<&'static str>,
}

/// A running agent; it is killed when the test ends.
pub struct Process(Child);

impl Process {
    /// Kills it, and doesn't wait for its end: that is what dropping does.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    /// A figure of `/proc/PID/status`, such as `VmHWM`, in bytes.
    pub fn memory(&self, name: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|line| line.trim_matches([':', ' ', '\t']).split(' ').next());
        kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap() * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    /// A device with slots of kind directory, that asks the server at `base` with this token.
    pub fn new(base: &str, token: &str, root: &[u8], more: &str) -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            wrapper: None,
        };
        fs::write(bench.path("token"), token).unwrap();
        fs::write(bench.path("root.cbor"), root).unwrap();
        let at = bench.folder.path().display();
        let config = format!(
            r#"
[server]
url = "{base}"
token_file = "{at}/token"
retry_s = 1
[device]
id = "th-1"
class = "{CLASS}"
bootloader = "1.4.2"
root = "{at}/root.cbor"
state = "{at}/state"
run = "{at}/run"
[slots]
kind = "directory"
folder = "{at}/app"
image_bytes_max = 134217728
apply = {{ command = ["/bin/sh", "-c", "echo $MAINSTAY_SLOT >> {at}/applied"] }}
[trial]
confirm_within_s = 20
grace_s = 1
{more}
"#
        );
        fs::write(
            bench.path("agent.toml"),
            config.replace("@", &at.to_string()),
        )
        .unwrap();
        bench
    }

    /// Other slots than those of kind directory: all that stands between `[slots]` and `[trial]`.
    pub fn set_slots(&self, slots: &str) {
        let config = fs::read_to_string(self.path("agent.toml")).unwrap();
        let (before, rest) = config.split_once("[slots]").unwrap();
        let (_, after) = rest.split_once("[trial]").unwrap();
        let config = format!("{before}[slots]\n{slots}\n[trial]{after}");
        fs::write(self.path("agent.toml"), config).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let agent = std::env::var_os(AGENT);
        let agent = agent.unwrap_or_else(|| env!("CARGO_BIN_EXE_mainstay-agent").into());
        let mut command = match self.wrapper {
            None => Command::new(agent),
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", script]).arg(agent);
                shell
            }
        };
        command
            .arg("--config")
            .arg(self.path("agent.toml"))
            .args(words)
            .envs(self.environment.iter().map(|(name, text)| (name, text)))
            .stdin(Stdio::null());
        command
    }

    /// Writes `new` in the place of `old` in its configuration; `@` is its folder.
    pub fn configure(&self, old: &str, new: &str) {
        let config = fs::read_to_string(self.path("agent.toml")).unwrap();
        assert!(config.contains(old), "{old} in {config}");
        let new = new.replace('@', &self.folder.path().display().to_string());
        fs::write(self.path("agent.toml"), config.replace(old, &new)).unwrap();
    }

    /// Runs a verb to its end; returns its code and what it printed.
    pub fn say(&self, words: &[&str]) -> (i32, String) {
        let output = self.command(words).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.code().unwrap_or(-1), text)
    }

    /// Starts the agent.
    pub fn run(&self) -> Process {
        self.run_with(&[])
    }

    /// Starts the agent with these variables in its environment.
    pub fn run_with(&self, variables: &[(&str, &str)]) -> Process {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let mut agent = self.command(&["run"]);
        agent.envs(variables.iter().copied()).stderr(log);
        Process(agent.spawn().unwrap())
    }

    /// The status, once `holds` does.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Status) -> bool) -> Status {
        let clock = Clock::begin();
        loop {
            let status = status::read(&self.path("run")).unwrap();
            if let Some(status) = status.clone().filter(|status| holds(status)) {
                return status;
            }
            assert!(
                Duration::from_millis(clock.elapsed_ms()) < STUCK,
                "{what} never came: {status:?}\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Notes `artifact` as what runs.
    pub fn provision(&self, artifact: &Artifact) {
        let file = self.path("factory.mainstay");
        fs::write(&file, artifact.file()).unwrap();
        let said = self.say(&["install", "--factory", file.to_str().unwrap()]);
        assert_eq!(said.0, 0, "{}", said.1);
    }

    pub fn version(&self) -> String {
        fs::read_to_string(self.path("app/current/version")).unwrap_or_default()
    }

    /// Starts the agent anew on a device that forgot what it had started: it must decide that by itself.
    fn boot(&self) -> Process {
        // What an earlier process said is of no use here.
        let _ = fs::remove_file(self.path("run/status.json"));
        fs::remove_file(self.path("app/current")).unwrap();
        self.run()
    }

    /// The same; it decides for `version`, which is kept. Not for a device that finds an update at once: there nobody
    /// sees in time what it started first.
    pub fn boots(&self, version: &str) -> Process {
        let agent = self.boot();
        let status = self.wait_until("the start", |_| true);
        assert_eq!(self.version(), version, "{}", self.log());
        let running = status.running.unwrap();
        assert!(
            running.confirmed && running.version == version,
            "{running:?}"
        );
        agent
    }

    /// The same; an update to `version` waits for it, which it keeps and tells.
    pub fn boots_and_updates(&self, version: &str) -> Process {
        let agent = self.boot();
        self.wait_for_update(version);
        agent
    }

    /// Waits for an update to be kept and told.
    pub fn wait_for_update(&self, version: &str) -> Status {
        self.wait_until("the update", |status| {
            let kept = status.running.as_ref().is_some_and(|it| it.confirmed);
            kept && self.version() == version && status.unsent_reports == 0
        })
    }

    /// Waits for this outcome of an installation.
    pub fn wait_for_outcome(&self, outcome: &str) -> Status {
        self.wait_until(outcome, |status| status.outcome.as_deref() == Some(outcome))
    }
}

/// A tar archive with a file `version`, and others of `bytes` in all.
pub fn tree(version: &str, bytes: usize) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &str, body: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, body).unwrap();
    };
    add("version", version.as_bytes());
    let noise: Vec<u8> = (0..bytes).map(|n| ((n * 31) >> 3) as u8).collect();
    add("data", &noise);
    archive.into_inner().unwrap()
}

/// Packs and build-signs a release of this image.
pub fn built(house: &House, version: &str, sequence: u64, image: Vec<u8>) -> Artifact {
    built_for(house, CLASS, version, sequence, image)
}

/// The same for devices of another class.
pub fn built_for(
    house: &House,
    class: &str,
    version: &str,
    sequence: u64,
    image: Vec<u8>,
) -> Artifact {
    let request = PackRequest {
        class: ClassName::parse(class).unwrap(),
        version: version.to_owned(),
        sequence,
        security_floor: 0,
        use_before: None,
        bootloader_min: BootloaderVersion {
            major: 1,
            minor: 4,
            patch: 0,
        },
        returns_to: Vec::new(),
        sbom: None,
        provenance: None,
        digest: DigestAlgorithm::Sha256,
        bank_a_bytes: None,
    };
    let packed = pack(&request, &mut &*image, &HostPrimitives).unwrap();
    let root = verify::pinned_root(&house.root, &HostPrimitives).unwrap();
    let signed = add_build_signature(
        &packed.envelope,
        &house.engineer,
        Some(&root),
        &HostPrimitives,
    );
    Artifact {
        envelope: signed.unwrap(),
        image,
        manifest: packed.manifest_digest,
        image_digest: packed.image_digest,
        sequence,
        version: version.to_owned(),
    }
}

/// The same, approved.
pub fn approved(house: &House, artifact: &Artifact) -> Artifact {
    Artifact {
        envelope: house.approved(artifact),
        ..artifact.clone()
    }
}

/// Registers two devices of two hardware revisions, both of the canary; returns their tokens.
pub async fn register(house: &House) -> Vec<String> {
    let device = |(id, hardware): (&str, &str)| NewDevice {
        gateway: None,
        attributes: std::collections::BTreeMap::new(),
        controller: None,
        token: None,
        site: None,
        id: DeviceId::new(id).unwrap(),
        class: "thermo-v2".to_owned(),
        hardware: hardware.to_owned(),
        zone: "America/Denver".to_owned(),
        bootloader: "1.4.2".to_owned(),
    };
    let devices = [("th-1", "B"), ("th-2", "C")].map(device).into();
    let body = serde_json::to_vec(&NewDevices { devices }).unwrap();
    let path = "/api/v1/devices";
    let response = house.post(path, &house.tokens.operations, body).await;
    let tokens: DeviceTokens = house::read(response).await;
    tokens
        .devices
        .into_iter()
        .map(|device| device.token)
        .collect()
}

/// Lets a device say what it runs: who was never heard of isn't drawn into a canary.
pub async fn check_in(house: &House, token: &str, runs: &Artifact) {
    let message = CheckIn {
        nonce: [1; 16],
        running: Running {
            manifest: runs.manifest,
            sequence: runs.sequence,
            version: &runs.version,
            confirmed: true,
            slot: 0,
        },
        boot: BootReason::Confirmed,
        root_version: 1,
        status_seq: 0,
        health: Health::default(),
        reports: ReportList::default(),
        revocations: None,
    };
    let mut buffer = vec![0; 4096];
    let length = write(&message, &mut buffer).unwrap();
    buffer.truncate(length);
    let response = house.post(CHECK_IN_PATH, token, buffer).await;
    assert_eq!(response.status(), 200);
}

/// How many devices of the canary the server counts as updated, once their horizon has passed.
pub async fn updated(house: &House) -> usize {
    house.later(60);
    house.advance().await;
    let token = &house.tokens.engineer;
    let view: mainstay_api::RolloutView = house.get("/api/v1/rollouts/1", token).await;
    view.waves[0].updated
}

/// Whether a text stands in a file.
pub fn says(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|found| found.contains(text))
}
