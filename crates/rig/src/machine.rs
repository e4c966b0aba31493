//! One run of the device, from its start to a moment at which it is stopped.
//!
//! QEMU keeps flash in memory, rewrites it at each restart of the guest, and forgets it when it ends. So a run begins
//! with the flash as a file, and ends by stopping the processor, between two instructions, and saving flash: what was
//! written counts, and everything else is lost, as when power goes away. A guest that restarts itself is treated the same: it is
//! stopped there, and the next run begins with what it left. What this can't do is tear a word's writing or a page's erasing
//! in two; the sweeps of `crates/device` do.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use mainstay_microbit::map;
use serde_json::json;
use tempfile::TempDir;

use crate::monitor::Monitor;

const RAM: u32 = 0x2000_0000;
const RAM_BYTES: u32 = 16 * 1024;

/// A device that runs. Dropping it ends it, and what it had is lost.
#[derive(Debug)]
pub struct Machine {
    qemu: Child,
    monitor: Monitor,
    folder: TempDir,
}

/// What was found when a device was stopped.
#[derive(Debug, Clone)]
pub struct Stopped {
    /// All of its flash.
    pub flash: Vec<u8>,
    /// How many bytes of stack it had used at most, since its program started.
    pub stack_bytes: usize,
}

impl Machine {
    /// Switches on a device with this flash.
    ///
    /// # Errors
    /// If QEMU can't be started: `qemu-system-arm` must be installed.
    pub fn start(flash: &[u8]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("a folder for QEMU")?;
        let image = folder.path().join("flash.bin");
        fs::write(&image, flash).context("the flash")?;
        let socket = folder.path().join("monitor");
        let qemu = Command::new("qemu-system-arm")
            .args(["-M", "microbit", "-display", "none", "-monitor", "none"])
            .args([
                "-serial",
                "pty",
                "-action",
                "reboot=shutdown,shutdown=pause",
            ])
            // Held until somebody listens: who restarts at once would not be heard.
            .arg("-S")
            .arg("-qmp")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .arg("-kernel")
            .arg(&image)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("qemu-system-arm can't be started: is it installed?")?;
        let mut qemu = Stopping(Some(qemu));
        let mut monitor = Monitor::connect(&socket)?;
        monitor.execute("cont", json!({}))?;
        let qemu = qemu.0.take().context("QEMU")?;
        Ok(Self {
            qemu,
            monitor,
            folder,
        })
    }

    /// The serial port, as a terminal's file.
    ///
    /// # Errors
    /// If QEMU doesn't say.
    pub fn port(&mut self) -> anyhow::Result<PathBuf> {
        let devices = self.monitor.execute("query-chardev", json!({}))?;
        let devices = devices.as_array().context("QEMU's devices")?;
        let mut names = devices
            .iter()
            .filter_map(|device| device["filename"].as_str());
        let port = names.find_map(|name| name.strip_prefix("pty:"));
        Ok(port.context("QEMU has no serial port")?.into())
    }

    /// Waits until the device restarts itself; whether it did.
    ///
    /// # Errors
    /// If QEMU has ended.
    pub fn wait_for_restart(&mut self, patience: Duration) -> anyhow::Result<bool> {
        self.monitor.wait_for_restart(patience)
    }

    /// Stops the device here and now.
    ///
    /// # Errors
    /// If its memory can't be saved.
    pub fn stop(mut self) -> anyhow::Result<Stopped> {
        self.monitor.execute("stop", json!({}))?;
        let flash = self.save(0, map::FLASH_BYTES)?;
        let ram = self.save(RAM, RAM_BYTES)?;
        Ok(Stopped {
            flash,
            stack_bytes: stack_bytes(&ram),
        })
    }

    fn save(&mut self, address: u32, bytes: u32) -> anyhow::Result<Vec<u8>> {
        let file = self.folder.path().join("saved.bin");
        let arguments = json!({"val": address, "size": bytes, "filename": file});
        self.monitor.execute("memsave", arguments)?;
        fs::read(&file).context("the saved memory")
    }
}

/// How far the paint is gone: nothing is static, so the stack has all of RAM below the hand-over.
fn stack_bytes(ram: &[u8]) -> usize {
    let top = (map::HANDOVER - RAM) as usize;
    let is_paint = |word: &&[u8]| **word == map::STACK_PAINT.to_le_bytes();
    top - 4 * ram[..top].chunks_exact(4).take_while(is_paint).count()
}

impl Drop for Machine {
    fn drop(&mut self) {
        end(&mut self.qemu);
    }
}

/// A QEMU that ends if nobody takes it over.
struct Stopping(Option<Child>);

impl Drop for Stopping {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(end);
    }
}

/// Errors mean that QEMU is gone already, which is what is wanted.
fn end(qemu: &mut Child) {
    qemu.kill().ok();
    qemu.wait().ok();
}
