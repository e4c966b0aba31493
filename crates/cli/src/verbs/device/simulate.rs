//! `mainstay device simulate`: one virtual device in somebody's hands.
//!
//! The prompt and signals become commands of [`mainstay_simulator::desk`]; what the device is seen to do is
//! printed, a line each. Nothing here knows how a device works.

use std::fs;
use std::io::{BufRead as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use mainstay_artifact::bundle_file::BundleFile;
use mainstay_artifact::container::ArtifactFile;
use mainstay_device::{BundleParts, Layout, Want};
use mainstay_fleet::DeviceId;
use mainstay_plan::Class;
use mainstay_server::{Clock as _, SystemClock};
use mainstay_simulator::desk::command::HELP;
use mainstay_simulator::desk::set_up::{self, Kind};
use mainstay_simulator::desk::{Command, Desk, FlashFile, Notice};
use mainstay_simulator::{Home, Region};
use serde::Serialize;
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::signals;
use crate::failure::{Failure, at};
use crate::files;
use crate::operator::{ServerAccess, runtime};
use crate::output::Output;
use crate::verbs::artifact::request::{class_of, read_plan};
use crate::verbs::root::RootFile;

/// What a simulated flash has room for, if nothing else is said: 1 MiB for each image.
const IMAGE_BYTES_MAX: u32 = 1024 * 1024;
/// The longest that the device sleeps before its clock is looked at again.
const NAP_MAX: Duration = Duration::from_millis(500);
/// A bundle's payload is held in memory here.
const BUNDLE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What is simulated.
#[derive(Debug, Args)]
pub struct Simulate {
    /// The name under which the device is registered.
    id: String,
    /// A file with the device's token, as `mainstay device add` printed it.
    #[arg(long, value_name = "FILE", required_unless_present = "through")]
    device_token: Option<PathBuf>,
    /// A file with the token of the gateway that the device stands behind: it asks in the device's name, and the device's own token isn't needed.
    #[arg(long, value_name = "FILE", conflicts_with = "device_token")]
    through: Option<PathBuf>,
    /// The plan that declares its class.
    #[arg(long)]
    plan: PathBuf,
    /// Its class, as in the plan.
    #[arg(long)]
    class: String,
    /// Its hardware revision, one of the class's [default: the first].
    #[arg(long)]
    hardware: Option<String>,
    /// The signed root from its factory.
    #[arg(long)]
    root: PathBuf,
    /// The release from its factory: an approved artifact. Not needed if the flash file is there.
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// The file that its flash lies in; made if it isn't there. Without one, all is lost at the end.
    #[arg(long, value_name = "FILE")]
    flash: Option<PathBuf>,
    /// Room for an image in each slot, in bytes.
    #[arg(long, default_value_t = IMAGE_BYTES_MAX)]
    image_bytes_max: u32,
    /// Somebody vouches for its clock, as a battery does.
    #[arg(long)]
    trusts_clock: bool,
}

/// How it stands, for `status`.
#[derive(Debug, Serialize)]
struct Standing {
    device: String,
    clock: Timestamp,
    on: bool,
    boot: Option<&'static str>,
    release: Option<String>,
    on_trial: bool,
    reports_waiting: usize,
    wants: String,
}

impl Simulate {
    /// Does it, until somebody ends it.
    pub fn run(&self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let runtime = runtime()?;
        let (send, commands) = unbounded_channel();
        {
            let _inside = runtime.enter();
            signals::listen(&send)?;
        }
        let desk = self.desk(access)?;
        output.note(|| format!("{} is on. `help` lists what can be done to it.", self.id));
        // The end of the prompt isn't the end of the device: it is still to be reached by signals.
        let _held = send.clone();
        listen_to_prompt(send, *output);
        runtime.block_on(self.live(desk, commands, output))
    }

    fn desk(&self, access: &ServerAccess) -> Result<Desk, Failure> {
        let plan = read_plan(&self.plan)?;
        let class = class_of(&plan, &self.plan, &self.class)?;
        let root = RootFile::read(&self.root)?;
        root.open()?;
        let kind = Kind {
            plan: &plan,
            class,
            root: &root.bytes,
            trusts_clock: self.trusts_clock,
        };
        let config = kind.config()?;
        let layout = kind.layout(self.image_bytes_max).map_err(|error| {
            Failure::usage(error.id(), error.to_string(), "lower --image-bytes-max")
        })?;
        let file = self.flash.as_ref().map(FlashFile::at);
        let kept = file.as_ref().map(|file| file.load(layout)).transpose();
        let region = match kept.map_err(no_flash)?.flatten() {
            Some(region) => region,
            None => self.provisioned(&kind, layout, &config)?,
        };
        let token = self.token()?;
        let (home, now) = (self.home(class)?, SystemClock.now());
        let device = set_up::device(
            home,
            token,
            config,
            region,
            now.as_second().unsigned_abs(),
            now,
        );
        let mut around = set_up::surroundings(access.server()).map_err(|error| {
            Failure::usage(
                "device.link",
                error.to_string(),
                "check the system's certificates",
            )
        })?;
        if self.through.is_some() {
            around.link = around.link.in_the_name_of(DeviceId::new(&self.id)?);
        }
        Ok(Desk::new(device, around, file))
    }

    /// What is shown to the server: the device's own token, or its gateway's.
    fn token(&self) -> Result<String, Failure> {
        let file = self.device_token.as_ref().or(self.through.as_ref());
        let Some(file) = file else {
            let what = "the device has no token";
            let cure = "give --device-token FILE, or --through FILE";
            return Err(Failure::usage("device.no-token", what, cure));
        };
        let token = files::read_text(file, "token", 1024)?;
        Ok(token.trim().to_owned())
    }

    fn provisioned(
        &self,
        kind: &Kind<'_>,
        layout: Layout,
        config: &mainstay_device::Config<Arc<[u8]>>,
    ) -> Result<Region, Failure> {
        let Some(path) = &self.artifact else {
            let what = "a new device needs a release from its factory";
            return Err(Failure::usage(
                "device.no-release",
                what,
                "give --artifact FILE",
            ));
        };
        let bytes = files::read(path, "artifact", BUNDLE_BYTES_MAX)?;
        let file = ArtifactFile::from_bytes(&bytes).map_err(at(path))?;
        let payload = file.payload(&bytes);
        let made = kind.provisioned(layout, config, &file.envelope, payload);
        made.map_err(|error| {
            let cure = "give an artifact that is signed and approved for this class, and fits it";
            Failure::refusal(error.id(), format!("{}: {error}", path.display()), cure)
        })
    }

    fn home(&self, class: &Class) -> Result<Home, Failure> {
        let hardware = match &self.hardware {
            Some(named) if class.hardware.contains(named) => named.clone(),
            Some(named) => {
                let what = format!("class {} has no hardware revision {named}", class.id);
                let cure = format!("use one of {}", class.hardware.join(", "));
                return Err(Failure::usage("device.hardware", what, cure));
            }
            None => class.hardware.first().cloned().unwrap_or_default(),
        };
        Ok(Home {
            id: DeviceId::new(&self.id)?,
            hardware,
            zone: "Etc/UTC",
            offline: false,
            first_seen_s: 0,
        })
    }

    async fn live(
        &self,
        mut desk: Desk,
        mut commands: UnboundedReceiver<Command>,
        output: &Output,
    ) -> Result<(), Failure> {
        loop {
            let now = SystemClock.now();
            let (notices, next) = desk.act(now).await.map_err(no_flash)?;
            let its_time = desk.its_time(now);
            notices
                .iter()
                .for_each(|notice| tell(notice, its_time, output));
            let command = tokio::select! {
                biased;
                command = commands.recv() => command,
                () = tokio::time::sleep(nap(next)) => continue,
            };
            match command {
                None | Some(Command::Quit) => return Ok(()),
                Some(command) => self.obey(&mut desk, command, output)?,
            }
        }
    }

    fn obey(&self, desk: &mut Desk, command: Command, output: &Output) -> Result<(), Failure> {
        let now = SystemClock.now();
        match &command {
            Command::Help => output.note(|| HELP.to_owned()),
            Command::Status => {
                let standing = self.standing(desk, now);
                output.say(|| sentence(&standing), &standing);
            }
            Command::Bundle(path) => match plug_in(desk, path, now) {
                Ok(said) => output.say(|| said.clone(), &json!({ "bundle": said })),
                Err(failure) => output.failure(&failure),
            },
            other => desk.obey(other, now).map_err(no_flash)?,
        }
        Ok(())
    }

    fn standing(&self, desk: &mut Desk, now: Timestamp) -> Standing {
        let clock = desk.its_time(now);
        let core = desk.device_mut().core_if_up();
        let its_ms = u64::try_from(clock.as_millisecond()).unwrap_or(0);
        Standing {
            device: self.id.clone(),
            clock,
            on: core.is_some(),
            boot: core.map(|core| core.boot_reason().id()),
            release: core
                .and_then(|core| core.running_release())
                .map(|d| d.to_string()),
            on_trial: core.is_some_and(|core| core.is_on_trial()),
            reports_waiting: core.map_or(0, |core| core.record().reports.len()),
            wants: core.map_or_else(String::new, |core| wanted(core.wants(its_ms), its_ms)),
        }
    }
}

/// What it wants, to be read after "it wants".
fn wanted(want: Want, its_ms: u64) -> String {
    match want {
        Want::Reboot => "to restart".to_owned(),
        Want::Look => "to test itself".to_owned(),
        Want::Report => "to report".to_owned(),
        Want::CheckIn => "to check in".to_owned(),
        Want::Fetch { offset, .. } => format!("to fetch on from byte {offset}"),
        Want::Sleep { until_ms } => {
            let seconds = until_ms.saturating_sub(its_ms).div_ceil(1000);
            format!("to sleep for {seconds} s")
        }
    }
}

/// How long to sleep until `next`; not at all if there is something to do.
fn nap(next: Option<Timestamp>) -> Duration {
    let Some(next) = next else {
        return Duration::ZERO;
    };
    let left = next.duration_since(SystemClock.now());
    Duration::try_from(left)
        .unwrap_or(Duration::ZERO)
        .min(NAP_MAX)
}

fn tell(notice: &Notice, its_time: Timestamp, output: &Output) {
    let clock = its_time.strftime("%Y-%m-%d %H:%M:%S");
    output.say(
        || format!("{clock}  {}", notice.sentence()),
        &json!({ "at": its_time, "notice": notice }),
    );
}

fn sentence(standing: &Standing) -> String {
    let Standing {
        device,
        clock,
        boot,
        release,
        reports_waiting,
        wants,
        ..
    } = standing;
    let Some(boot) = boot else {
        return format!("{device} is off; its clock says {clock}");
    };
    let runs = release.as_deref().unwrap_or("nothing");
    let trial = if standing.on_trial { ", on trial" } else { "" };
    format!(
        "{device} runs {runs} ({boot}{trial}); its clock says {clock}; {reports_waiting} reports wait; \
         it wants {wants}"
    )
}

/// Hands a bundle over, and says what the device makes of it.
fn plug_in(desk: &mut Desk, path: &Path, now: Timestamp) -> Result<String, Failure> {
    let mut source = files::open(path, "bundle")?;
    let length = fs::metadata(path).map_or(0, |facts| facts.len());
    if length > BUNDLE_BYTES_MAX {
        let what = format!("{} has {length} bytes", path.display());
        let cure = "give a bundle of at most 64 MiB here; devices take larger ones";
        return Err(Failure::usage("device.bundle-too-large", what, cure));
    }
    let file = BundleFile::read(&mut source).map_err(at(path))?;
    let mut payload = Vec::new();
    let mut reader = file.payload_reader(&mut source).map_err(at(path))?;
    let read = reader.read_to_end(&mut payload);
    read.map_err(|error| files::unreadable(path, "bundle", &error))?;
    let roots: Vec<&[u8]> = file.roots.iter().map(Vec::as_slice).collect();
    let parts = BundleParts {
        roots: &roots,
        revocations: file.revocations.as_deref(),
        statement: &file.statement,
        envelope: &file.envelope,
    };
    if desk.device_mut().core_if_up().is_none() {
        return Ok("the device is off".to_owned());
    }
    let its_time = desk.its_time(now);
    let answer = desk
        .device_mut()
        .take_bundle(&parts, payload.into(), its_time);
    Ok(match answer {
        Ok(None) => "the device takes it".to_owned(),
        Ok(Some(refusal)) => format!(
            "the device refuses it: {} ({})",
            refusal.cause(),
            refusal.id()
        ),
        Err(error) => format!("the device can't: {error}"),
    })
}

/// Reads commands on a thread of its own: a prompt can't be waited for otherwise.
fn listen_to_prompt(send: UnboundedSender<Command>, output: Output) {
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if line.trim().is_empty() {
                continue;
            }
            match Command::parse(&line) {
                Ok(command) => {
                    if send.send(command).is_err() {
                        return;
                    }
                }
                Err(error) => output.failure(&Failure::usage(
                    "device.command",
                    error.to_string(),
                    "type `help`",
                )),
            }
        }
    });
}

fn no_flash(error: mainstay_simulator::desk::FlashFileError) -> Failure {
    let cure =
        "give --flash a file that this device wrote, or a new one, in a folder that may be written";
    Failure::usage("device.flash-file", error.to_string(), cure)
}
