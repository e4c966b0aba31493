//! One device in the field, known to a house that has a release for it.

use mainstay_fleet::DeviceId;
use mainstay_rollout::order::log::ENTRIES_MAX;
use mainstay_rollout::order::{Ending, Order, OrderState};
use mainstay_store::Orders as _;

use crate::bundle::{Flaw, Vendor};
use crate::cutting_proxy::CuttingProxy;
use crate::house::{CONTROLLER, DEVICE, House};
use crate::machine::{Machine, Says};
use crate::patience::until;

/// What the device runs at first.
pub const OLD: &str = "1.0.0";
/// What it is to run.
pub const NEW: &str = "1.1.0";
/// Large enough for a line to break, and a brake to be pulled, in the middle of it.
pub const FIRMWARE_BYTES: usize = 4_000_000;

/// What the device leaves the factory with.
const FACTORY: &[u8] = b"what it left the factory with";

/// House, device, and the line between them.
pub struct Stage {
    pub house: House,
    pub proxy: CuttingProxy,
    pub machine: Machine,
    /// How long the new release's bundle is.
    pub bundle_bytes: usize,
    firmware: Vec<u8>,
    release: String,
}

impl Stage {
    /// The device is registered and on, runs 1.0.0 and has said so; 1.1.0 is approved.
    pub async fn set(flaw: Flaw) -> Self {
        let house = House::open().await;
        let vendor = Vendor::in_folder(&house.path().join("vendor"));
        let proxy = CuttingProxy::before(house.address());
        let (folder, address) = (house.path().join("device"), proxy.address());
        let certificate = vendor.certificate();
        let machine = Machine::new(&folder, certificate, address, CONTROLLER, house.register());
        let firmware = noise(FIRMWARE_BYTES);
        let old = vendor.bundle(OLD, FACTORY, &machine.target(), Flaw::None);
        let new = vendor.bundle(NEW, &firmware, &machine.target(), flaw);
        let (_, factory) = house.release(OLD, 1, &[], &old).await;
        let (release, _) = house.release(NEW, 2, &[factory], &new).await;
        let mut stage = Self {
            house,
            proxy,
            machine,
            bundle_bytes: new.len(),
            firmware,
            release,
        };
        stage.machine.start(Says::Runs(OLD), "");
        until("the device says what it runs", async || stage.runs() == OLD).await;
        stage
    }

    /// Starts the rollout of the new release; gives its number.
    pub async fn roll_out(&self) -> i64 {
        self.house.roll_out(&self.release).await
    }

    /// Waits until the server would tell the device to install something; the device is off.
    pub async fn wait_until_offered(&self) {
        let poll = format!("/DEFAULT/controller/v1/{CONTROLLER}");
        let authorization = self.machine.authorization();
        until("an order is open", async || {
            self.house
                .get(&poll, &authorization)
                .contains("/deploymentBase/")
        })
        .await;
    }

    /// Lets an order's log be full, as it is when a client has said a thousand things: each of them would be a commit of its own.
    pub async fn fill_log(&self, order: &Order) {
        let store = self.house.store().await;
        let device = DeviceId::new(DEVICE).expect("a good name");
        let mut full = order.clone();
        full.seen.log = ENTRIES_MAX;
        let saved = store.save_order(&device, order, &full, None).await;
        saved.expect("nobody else writes to it now");
        store.close().await;
    }

    /// Switches the device off, and on again.
    pub fn restart(&mut self, says: Says, more: &str) {
        self.machine.stop();
        self.machine.start(says, more);
    }

    /// Waits until SWUpdate has put the new firmware where it belongs, and has told the server all about it.
    pub async fn wait_until_installed(&self) {
        until("the firmware is installed", async || {
            self.machine.installed().as_ref() == Some(&self.firmware)
                && self.machine.log().contains("Please restart SWUpdate")
        })
        .await;
    }

    /// Waits until SWUpdate has put the factory's firmware back.
    pub async fn wait_until_back(&self) {
        until("the factory's firmware is back", async || {
            self.machine.installed().as_deref() == Some(FACTORY)
        })
        .await;
    }

    /// Waits until the device's newest order is like this.
    pub async fn wait_for_order(&self, is_so: impl Fn(&OrderState) -> bool) {
        let store = self.house.store().await;
        let mut last = None;
        until("the order gets there", async || {
            last = self.newest_order(&store).await;
            last.as_ref().is_some_and(|order| is_so(&order.state))
        })
        .await;
        store.close().await;
    }

    /// Waits until the device's newest order has ended so.
    pub async fn wait_for_ending(&self, how: Ending) {
        self.wait_for_order(
            |state| matches!(state, OrderState::Closed { how: ended, .. } if *ended == how),
        )
        .await;
    }

    /// The device's orders, the newest first.
    pub async fn orders(&self) -> Vec<Order> {
        let store = self.house.store().await;
        let device = DeviceId::new(DEVICE).expect("a good name");
        let orders = store.recent_orders(&device, 10).await;
        store.close().await;
        orders.expect("the store answers")
    }

    /// The client's own words on an order, the newest first.
    pub async fn record(&self, order: &Order) -> String {
        let store = self.house.store().await;
        let device = DeviceId::new(DEVICE).expect("a good name");
        let log = store.order_log(&device, order.number, 100).await;
        store.close().await;
        let log = log.expect("the store answers");
        let details: Vec<_> = log.into_iter().flat_map(|entry| entry.details).collect();
        details.join("\n")
    }

    async fn newest_order(&self, store: &mainstay_store::SqliteStore) -> Option<Order> {
        let device = DeviceId::new(DEVICE).expect("a good name");
        let newest = store.recent_orders(&device, 1).await;
        newest.expect("the store answers").into_iter().next()
    }

    /// The version that the device runs by its own word, or nothing.
    pub fn runs(&self) -> String {
        let device = self.house.device();
        device["running"]["version"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// How many devices of the canary count as updated.
    pub async fn updated(&self, rollout: i64) -> usize {
        self.house.rollout(rollout).await.waves[0].updated
    }

    /// Checks that the device's page says these words.
    pub fn says(&self, words: &str) {
        let page = self.house.page();
        assert!(
            page.contains(words),
            "the page doesn't say {words:?}:\n{page}"
        );
    }

    /// Checks that the device's page says that it runs this version.
    pub fn says_it_runs(&self, version: &str) {
        self.says(&format!(r#"Runs <span class="version">{version}</span>"#));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("--- server\n{}", self.house.log());
            println!("--- swupdate\n{}", self.machine.log());
        }
    }
}

/// Bytes that no line makes shorter.
fn noise(bytes: usize) -> Vec<u8> {
    let step = |state: &mut u32| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some((*state >> 24) as u8)
    };
    let mut state = 1;
    std::iter::from_fn(|| step(&mut state))
        .take(bytes)
        .collect()
}
