//! The servers of a life: one or two on one store, each with its own memory, which a kill loses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use jiff::Timestamp;
use mainstay_access::{Duty, Person};
use mainstay_plan::Plan;
use mainstay_server::jobs::advance_rollouts;
use mainstay_server::{
    Advance, App, AppConfig, Clock, Entropy, PagesAccess, Parts, SeededEntropy, Token, VirtualClock,
};
use mainstay_simulator::demo::cast::Cast;
use mainstay_store::roots::StoredRoot;
use mainstay_store::{Blobs, FolderBlobs, People as _, Plans as _, Roots as _, SqliteStore};
use tempfile::TempDir;

use crate::world::World;

/// Memory that looks like a disk, where there is such: thousands of lives write to it.
const FAST_FOLDER: &str = "/dev/shm";

/// One or two servers on one store.
pub struct House {
    /// What outlives every kill.
    pub store: Arc<SqliteStore>,
    parts: Shared,
    servers: Vec<Server>,
    failures: Arc<AtomicU32>,
    _folder: TempDir,
}

/// What all servers have in common.
struct Shared {
    blobs: Arc<dyn Blobs>,
    clock: VirtualClock,
    entropy: Arc<dyn Entropy>,
    cast: Arc<Cast>,
}

struct Server {
    app: Arc<App>,
    router: Router,
}

impl House {
    /// Opens a house whose plan is `text`.
    ///
    /// # Errors
    /// If the store can't be made.
    pub async fn open(
        cast: Arc<Cast>,
        plan: &Plan,
        text: &str,
        world: &World,
    ) -> anyhow::Result<Self> {
        let start = world.start;
        let folder = folder()?;
        let store = Arc::new(SqliteStore::create(&folder.path().join("soak.sqlite")).await?);
        let by = &cast.people[1].1;
        store.activate_plan(text, plan.digest.0, by, start).await?;
        let root = StoredRoot {
            version: 1,
            signed: cast.root.clone(),
            at: start,
            by: None,
        };
        store.add_root(&root).await?;
        let parts = Shared {
            blobs: Arc::new(FolderBlobs::open(folder.path().join("blobs")).await?),
            clock: VirtualClock::new(start),
            entropy: Arc::new(SeededEntropy::new(world.seed)),
            cast,
        };
        let failures = Arc::new(AtomicU32::new(0));
        let servers = (0..world.servers).map(|_| server(&store, &parts, &failures));
        Ok(Self {
            servers: servers.collect::<anyhow::Result<_>>()?,
            store: store.clone(),
            parts,
            failures,
            _folder: folder,
        })
    }

    /// Sets the servers' clock, which may be wrong.
    pub fn set_clock(&self, at: Timestamp) {
        self.parts.clock.set(at);
    }

    /// What the servers take for the time.
    pub fn clock(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// How many servers there are.
    pub fn servers(&self) -> usize {
        self.servers.len()
    }

    /// The way into one server.
    pub fn router(&self, which: usize) -> Router {
        self.servers[which % self.servers.len()].router.clone()
    }

    /// Kills one server and starts it again: what it had only in memory is gone.
    ///
    /// # Errors
    /// If it doesn't come up again.
    pub fn kill(&mut self, which: usize) -> anyhow::Result<()> {
        let which = which % self.servers.len();
        self.servers[which] = server(&self.store, &self.parts, &self.failures)?;
        Ok(())
    }

    /// Lets one server look after its rollouts; returns whether it wrote anything, but for when devices were last seen: it
    /// begins with that.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn turn(&self, which: usize) -> anyhow::Result<bool> {
        let app = &self.servers[which % self.servers.len()].app;
        app.flush_last_seen().await;
        let before = self.store.writes();
        advance_rollouts::run(app, app.now()).await?;
        Ok(self.store.writes() != before)
    }

    /// Lets every server feel the store's pulse, as they do by themselves some times a second: what happens next, happens later than that.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn feel_pulse(&self) -> anyhow::Result<()> {
        for server in &self.servers {
            server.app.feel_pulse().await?;
        }
        Ok(())
    }

    /// Answers of servers that said that they are broken.
    pub fn failures(&self) -> u32 {
        self.failures.load(Ordering::Relaxed)
    }

    /// A token for the person with this duty.
    ///
    /// # Errors
    /// If they can't be let in.
    pub async fn let_in(&self, duty: Duty) -> anyhow::Result<String> {
        let person = self.parts.cast.people.iter().find(|(has, _)| *has == duty);
        let (_, email) = person.context("every duty has a person")?;
        let email = email.clone();
        let token = Token::draw(&*self.parts.entropy);
        // Not by the administrator's command: it asks for a plan that is wise for a real fleet.
        self.store
            .add_person(&Person { email, duty }, token.hash())
            .await?;
        Ok(token.reveal())
    }
}

fn server(
    store: &Arc<SqliteStore>,
    shared: &Shared,
    failures: &Arc<AtomicU32>,
) -> anyhow::Result<Server> {
    let parts = Parts {
        store: store.clone(),
        blobs: shared.blobs.clone(),
        clock: Arc::new(shared.clock.clone()),
        entropy: shared.entropy.clone(),
        status_signer: Arc::new(shared.cast.status.signer()?),
        roots: vec![shared.cast.root.clone()],
        lock: None,
    };
    let config = AppConfig {
        pages: PagesAccess::Anyone,
        advance: Advance::ByCaller,
        ..AppConfig::default()
    };
    let app = Arc::new(App::new(parts, config)?);
    let failures = failures.clone();
    let count = move |response: Response| {
        let failed = response.status().is_server_error();
        failures.fetch_add(u32::from(failed), Ordering::Relaxed);
        std::future::ready(response)
    };
    let router = mainstay_server::router(app.clone()).layer(map_response(count));
    Ok(Server { app, router })
}

fn folder() -> anyhow::Result<TempDir> {
    let mut name = tempfile::Builder::new();
    name.prefix("mainstay-soak-");
    // Where there is none, or no room in it, a disk does as well.
    Ok(name.tempdir_in(FAST_FOLDER).or_else(|_| name.tempdir())?)
}
