//! What every handler and job shares: the store, the blobs, the clock, chance, and the online key.
//!
//! Nothing here decides. What it keeps in memory may only ever lead to "nothing to do": losing it
//! loses no promise and no report. Read [`Parts`] and [`App`] first.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_artifact::Signer;
use mainstay_fleet::ReleaseDigest;
use mainstay_plan::Plan;
use mainstay_store::{Blobs, Store, StoreError, StoredPlan};
use mainstay_trust::Refusal;

use crate::app_config::AppConfig;
use crate::aside::Aside;
use crate::attack::Attack;
use crate::clock::Clock;
use crate::contacts::Contacts;
use crate::data_dir::Lock;
use crate::ddi::Unread;
use crate::device_protocol::{Handed, Line};
use crate::entropy::Entropy;
use crate::figures::Figures;
use crate::flow::{Flow, Limiter};
use crate::guard::Guard;
use crate::jobs::RolloutMemory;
use crate::jobs::lease::{JobLease, ROLLOUTS};
use crate::jobs::share_line::LineShare;
use crate::kept::Kept;
use crate::news::News;
use crate::problem::Refused;
use crate::quiet::Quiet;
use crate::readiness::Readiness;
use crate::readings::Watched;
use crate::room::Room;
use crate::root_chain;
use crate::settings::PublicUrl;
use crate::sign_in::{Door, Hashing};
use crate::soundness::Soundness;
use crate::standing::Standing;
use crate::webhooks::Hooks;

/// What an [`App`] is made of. The simulator hands in a virtual clock and seeded chance.
pub struct Parts {
    /// Everything durable but the payloads.
    pub store: Arc<dyn Store>,
    /// The payloads.
    pub blobs: Arc<dyn Blobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for tokens and the seeds of rollouts.
    pub entropy: Arc<dyn Entropy>,
    /// The online key: it signs statuses, and nothing else.
    pub status_signer: Arc<dyn Signer>,
    /// Every signed root, as files hold them: the first is the one that the folder pins, the others
    /// follow in order. The store has all of them.
    pub roots: Vec<Vec<u8>>,
    /// Keeps other servers off the same folder, if there is one.
    pub lock: Option<Lock>,
}

/// Why no [`App`] can be made of its parts.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The root doesn't verify.
    #[error("the root of this server is refused: {0}")]
    Root(Refusal),
    /// The online key can't sign statuses under the root.
    #[error(
        "under this root the server's key alone can't sign for the role status, so devices would refuse all it says"
    )]
    StatusKey,
}

impl AppError {
    /// The stable id.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Root(refusal) => refusal.id(),
            Self::StatusKey => "server.status-key",
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Root(refusal) => refusal.cure(),
            Self::StatusKey => {
                "Make the root again with this key, or bring the key that it names with `mainstay server rotate`."
            }
        }
    }
}

/// The active plan, parsed.
#[derive(Debug, Clone)]
pub struct ActivePlan {
    /// The digest of its text, in hexadecimal: how rollouts and approvals name it.
    pub revision: String,
    /// Since when it is in force, or earlier if it was put into force twice in a row.
    pub since: Timestamp,
    /// What it says.
    pub plan: Plan,
}

/// The server's state, shared by all handlers and jobs.
pub struct App {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) status_signer: Arc<dyn Signer>,
    pub(crate) config: AppConfig,
    pub(crate) contacts: Arc<Contacts>,
    pub(crate) memory: RolloutMemory,
    pub(crate) figures: Figures,
    pub(crate) watched: Watched,
    pub(crate) handed: Handed,
    pub(crate) line: Arc<Line>,
    pub(crate) readiness: Readiness,
    pub(crate) soundness: Arc<Soundness>,
    pub(crate) unread: Unread,
    pub(crate) door: Door,
    pub(crate) quiet: Quiet,
    pub(crate) flow: Arc<Flow>,
    pub(crate) limiter: Limiter,
    pub(crate) guard: Guard,
    /// Where steps are taken: a look at a large fleet is a long one.
    pub(crate) steps: Aside,
    pub(crate) room: Room,
    pub(crate) lease: JobLease,
    pub(crate) line_share: LineShare,
    pub(crate) news: Arc<News>,
    pub(crate) hooks: Hooks,
    _lock: Option<Lock>,
    attack: Attack,
    plan: Kept<Option<Arc<ActivePlan>>>,
    standing: Kept<Arc<Standing>>,
}

impl App {
    /// Joins the parts, after checking the roots, and the online key against the newest of them.
    ///
    /// # Errors
    /// [`AppError`] names what is wrong.
    pub fn new(parts: Parts, config: AppConfig) -> Result<Self, AppError> {
        root_chain::check(&parts.roots, &*parts.status_signer)?;
        let flow = Arc::<Flow>::default();
        let hooks = Hooks::new(config.webhooks.clone(), parts.lock.as_ref());
        Ok(Self {
            store: parts.store,
            blobs: parts.blobs,
            clock: parts.clock,
            entropy: parts.entropy,
            status_signer: parts.status_signer,
            guard: Guard::new(flow.clone(), config.times),
            flow,
            limiter: Limiter::new(config.limits),
            config,
            contacts: Arc::default(),
            memory: RolloutMemory::default(),
            figures: Figures::default(),
            watched: Watched::default(),
            handed: Handed::default(),
            line: Arc::default(),
            readiness: Readiness::default(),
            soundness: Arc::default(),
            unread: Unread::default(),
            door: Door::default(),
            quiet: Quiet::default(),
            steps: Aside::default(),
            room: Room::default(),
            lease: JobLease::of(ROLLOUTS, parts.lock.as_ref()),
            line_share: LineShare::of(parts.lock.as_ref()),
            news: Arc::default(),
            hooks,
            _lock: parts.lock,
            attack: Attack::default(),
            plan: Kept::default(),
            standing: Kept::default(),
        })
    }

    /// The store, for callers in the same process.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The hook with which the simulator plays a conquered server.
    pub fn attack(&self) -> &Attack {
        &self.attack
    }

    /// How people reach it, if that was said.
    pub fn public_url(&self) -> Option<&str> {
        self.config.public_url.as_ref().map(PublicUrl::as_str)
    }

    /// Where passwords are compared.
    pub fn hashing(&self) -> &Hashing {
        &self.door.hashing
    }

    /// The present instant by this server's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the server's word to devices rests on now.
    ///
    /// # Errors
    /// If the store can't be read, or holds what doesn't verify.
    pub(crate) async fn standing(&self) -> Result<Arc<Standing>, StoreError> {
        let generation = self.store.standing_generation().await?;
        self.standing_of(generation).await
    }

    async fn standing_of(&self, generation: i64) -> Result<Arc<Standing>, StoreError> {
        if let Some(known) = self.standing.of(generation) {
            return Ok(known);
        }
        let standing = Arc::new(Standing::read(&*self.store).await?);
        self.standing.keep(generation, &standing);
        Ok(standing)
    }

    /// The active plan, if there is one, and what the server's word rests on, both of one moment.
    ///
    /// # Errors
    /// As [`App::plan`] and [`App::standing`].
    pub(crate) async fn plan_and_standing(
        &self,
    ) -> Result<(Option<Arc<ActivePlan>>, Arc<Standing>), StoreError> {
        let generation = self.store.standing_generation().await?;
        let plan = self.plan_of(generation).await?;
        Ok((plan, self.standing_of(generation).await?))
    }

    /// The active plan.
    ///
    /// # Errors
    /// `plan.none` before the first was activated, or as [`App::plan`].
    pub(crate) async fn active_plan(&self) -> Result<Arc<ActivePlan>, Refused> {
        self.plan().await?.ok_or_else(Refused::no_plan)
    }

    /// The active plan; none before the first was activated.
    ///
    /// # Errors
    /// If the store can't be read, or holds a plan that this version can't parse.
    pub async fn plan(&self) -> Result<Option<Arc<ActivePlan>>, StoreError> {
        let generation = self.store.standing_generation().await?;
        self.plan_of(generation).await
    }

    async fn plan_of(&self, generation: i64) -> Result<Option<Arc<ActivePlan>>, StoreError> {
        if let Some(known) = self.plan.of(generation) {
            return Ok(known);
        }
        let stored = self.store.active_plan().await?;
        let plan = stored.as_ref().map(parsed).transpose()?.map(Arc::new);
        if let Some(active) = &plan {
            self.line
                .follow(active.plan.rollout.limits.bytes_per_second);
        }
        self.plan.keep(generation, &plan);
        Ok(plan)
    }

    /// The plan of a revision that was in force once, by its digest in hexadecimal; none if there was none.
    ///
    /// # Errors
    /// If the store fails, or the plan can't be read any more.
    pub(crate) async fn plan_of_revision(
        &self,
        revision: &str,
    ) -> Result<Option<Plan>, StoreError> {
        let mut digest = [0; 32];
        if hex::decode_to_slice(revision, &mut digest).is_err() {
            return Ok(None);
        }
        let stored = self.store.plan_with(digest).await?;
        let plan = stored.as_ref().map(parsed).transpose()?;
        Ok(plan.map(|active| active.plan))
    }

    /// The version of a release; the first signs of its digest if that release isn't here, or isn't any more.
    ///
    /// # Errors
    /// If the store fails.
    pub(crate) async fn version_of(&self, release: &ReleaseDigest) -> Result<String, StoreError> {
        let known = self.store.release_by_manifest(release).await?;
        Ok(known.map_or_else(|| release.short(), |known| known.facts.version.to_string()))
    }

    /// Reads the store's pulse: what is remembered of devices that have nothing to do is said again as long as it stays the same.
    /// Whoever advances rollouts in their own time calls this in their own time, too; until then nothing is said from memory.
    ///
    /// # Errors
    /// If the store can't be read. Nothing is said from memory then.
    pub async fn feel_pulse(&self) -> Result<(), StoreError> {
        self.quiet.feel(&*self.store).await
    }

    /// Judges whether the server gets through what it has to do; `late` is by how much a timer was woken too late. [`crate::serve::run`] does, several times a
    /// second; whoever serves otherwise calls this in their own time, and until then there is never too much to do.
    pub fn feel_load(&self, late: Duration) {
        self.flow.look(late);
    }

    /// Writes when devices were last heard of, as far as that is only in memory: before the server ends. Failing is logged, not fatal: it is tried again.
    pub async fn flush_last_seen(&self) {
        if let Err(error) = self.contacts.write(&*self.store).await {
            tracing::warn!(%error, "last-seen times not written; kept for the next try");
        }
    }
}

fn parsed(stored: &StoredPlan) -> Result<ActivePlan, StoreError> {
    let plan = mainstay_plan::parse(&stored.text).map_err(|findings| {
        let because = format!("{} findings in the active plan", findings.len());
        StoreError::damaged("plan", because)
    })?;
    let revision = hex::encode(stored.digest);
    Ok(ActivePlan {
        revision,
        since: stored.at,
        plan,
    })
}
