//! One life: everything that a world has in store happens, one event after the other, until all has come to its end.
//!
//! Read [`live`] first, then [`live_in`].

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mainstay_fleet::Device;
use mainstay_plan::Plan;
use mainstay_rollout::{FleetView, Rollout, RolloutId};
use mainstay_simulator::demo::cast::Cast;
use mainstay_simulator::{Dice, SimulatedDevice, model};
use mainstay_store::Rollouts as _;

use crate::agenda::{Agenda, Happening};
use crate::canary_places::CanaryPlaces;
use crate::fleet::{self, Fleet};
use crate::goods::{Goods, NEW_RELEASES};
use crate::house::House;
use crate::kind::Kind;
use crate::people::People;
use crate::story::Story;
use crate::watch::{Broken, Scene, Watch};
use crate::world::World;

/// By then every device has said what it runs, if it can.
const LAUNCH_AFTER: SignedDuration = SignedDuration::from_hours(3);
/// The stream of chance by which messages find a server, and people their mind.
const ROADS: u64 = u64::MAX - 8;

/// What became of one seed.
#[derive(Debug, Clone)]
pub struct Life {
    /// The seed.
    pub seed: u64,
    /// All that happened.
    pub story: Story,
    /// The promise that was broken, if one was.
    pub broken: Option<Broken>,
    /// The canaries that were drawn.
    pub canaries: Vec<CanaryPlaces>,
    /// The rollouts that people started, in order.
    pub launches: Vec<Launch>,
    /// Events.
    pub events: u64,
}

/// One rollout of a life.
#[derive(Debug, Clone)]
pub struct Launch {
    /// All devices, as the servers knew them when people started it.
    pub known: Vec<Device>,
    /// What became of it.
    pub rollout: Rollout,
    /// Its devices at the end.
    pub fleet: FleetView,
}

/// Lives through the world of `seed`.
///
/// # Errors
/// As [`live_in`].
pub async fn live(seed: u64) -> anyhow::Result<Life> {
    let world = World::drawn(seed);
    let what = format!("{world:?}");
    live_in(world, &what).await
}

/// Lives through `world`, of which the story says `what` at its beginning.
///
/// # Errors
/// If something fails that no world has in store: a store that can't be written, a key that doesn't sign.
pub async fn live_in(world: World, what: &str) -> anyhow::Result<Life> {
    let seed = world.seed;
    let mut living = Living::begin(world, what).await?;
    while let Some((now, what)) = living.agenda.next() {
        living.events += 1;
        living.happen(now, what).await?;
        if living.is_over || living.watch.broken().is_some() {
            break;
        }
    }
    let launches = living.launches().await?;
    Ok(Life {
        seed,
        launches,
        broken: living.watch.broken().cloned(),
        story: living.story,
        canaries: living.canaries,
        events: living.events,
    })
}

/// A life that goes on.
pub struct Living {
    pub(crate) world: World,
    pub(crate) agenda: Agenda,
    pub(crate) house: House,
    pub(crate) people: People,
    pub(crate) fleet: Fleet,
    pub(crate) goods: Goods,
    pub(crate) watch: Watch,
    pub(crate) story: Story,
    /// Chance of what has no stream of its own.
    pub(crate) roads: Dice,
    /// The rollouts that people started, in order ...
    pub(crate) launched: Vec<(Kind, RolloutId)>,
    /// ... and the devices that were known then.
    pub(crate) known: Vec<Vec<Device>>,
    /// How many releases of gateways there are that people could roll out.
    pub(crate) gateway_releases: usize,
    /// The release that people put on hold, by its number.
    pub(crate) held: Option<usize>,
    /// Since when nothing is left to happen.
    pub(crate) quiet_since: Option<Timestamp>,
    pub(crate) canaries: Vec<CanaryPlaces>,
    pub(crate) is_over: bool,
    /// Whether something was written since the watch looked at all rollouts.
    unseen: bool,
    clock_off: SignedDuration,
    events: u64,
}

impl Living {
    async fn begin(world: World, what: &str) -> anyhow::Result<Self> {
        let text = world.plan.text();
        let plan = parsed(&text)?;
        let (seed, start) = (world.seed, world.start);
        let cast = Arc::new(Cast::drawn(&plan, seed, start)?.0);
        let goods = Goods::made(&plan, &cast)?;
        let house = House::open(cast.clone(), &plan, &text, &world).await?;
        let people = People::enter(&house).await?;
        let fleet = populate(&world, &plan, &cast, &goods, &house, &people).await?;
        for made in goods.all() {
            people.publish(&house.router(0), made).await?;
        }
        let mut story = Story::default();
        story.tell(start, what);
        Ok(Self {
            agenda: agenda(&world),
            roads: Dice::new(seed, ROADS),
            world,
            house,
            people,
            fleet,
            goods,
            watch: Watch::default(),
            story,
            launched: Vec::new(),
            known: Vec::new(),
            gateway_releases: NEW_RELEASES,
            held: None,
            quiet_since: None,
            canaries: Vec::new(),
            is_over: false,
            unseen: false,
            clock_off: SignedDuration::ZERO,
            events: 0,
        })
    }

    async fn happen(&mut self, now: Timestamp, what: Happening) -> anyhow::Result<()> {
        self.house.set_clock(now + self.clock_off);
        self.house.feel_pulse().await?;
        match what {
            Happening::Device(number) => self.device_acts(number, now).await?,
            Happening::Turn(server) => self.turn(server, now).await?,
            Happening::Kill(number) => {
                let server = self.world.kills[number].1;
                self.story
                    .tell(now, format_args!("server {server} is killed"));
                self.house.kill(server)?;
            }
            Happening::ClockStep(number) => {
                self.clock_off = self.world.clock_steps[number].1;
                let off = self.clock_off;
                self.story
                    .tell(now, format_args!("the servers' clock is off by {off:#}"));
            }
            Happening::Move(number) => {
                self.people_move(self.world.moves[number].1, now).await?;
                self.look_at_rollouts(now).await?;
            }
            Happening::Look => self.people_look(now).await?,
            Happening::Deadline => self.tell_how_far(now).await?,
        }
        if self.house.failures() > 0 {
            let what = "a server said that it is broken (HTTP 5xx)";
            self.watch.note(Broken::new("server-broken", what));
        }
        Ok(())
    }

    async fn device_acts(&mut self, number: usize, now: Timestamp) -> anyhow::Result<()> {
        let server = self.road();
        let (router, before) = (self.house.router(server), self.house.store.writes());
        let next = self.fleet.act(number, &self.world, router, now).await;
        self.agenda.put(next, Happening::Device(number));
        let device = self.fleet.device(number);
        self.watch.look_at_health(device);
        if self.house.store.writes() == before {
            // No server knows anything new of it.
            return Ok(());
        }
        self.unseen = true;
        let scene = Scene {
            gateways: self.gateways(),
            ..Scene::of(&self.world, &self.house)
        };
        let story = &mut self.story;
        self.watch.look_at_device(&scene, device, now, story).await
    }

    async fn turn(&mut self, server: usize, now: Timestamp) -> anyhow::Result<()> {
        self.unseen |= self.house.turn(server).await?;
        let next = now + self.world.turn_every;
        self.agenda.put(next, Happening::Turn(server));
        match self.unseen {
            true => self.look_at_rollouts(now).await,
            // All is as it was when the watch looked last.
            false => Ok(()),
        }
    }

    /// The gateways, and how many of them ever booted a new release, whatever the servers believe.
    fn gateways(&self) -> (usize, usize) {
        let new = (1..=NEW_RELEASES).filter(|_| self.world.plan.gateways_first > 0);
        let new: Vec<_> = new
            .map(|number| self.goods.number(Kind::Gateway, number).built.manifest)
            .collect();
        let residents = self.world.residents.iter().enumerate();
        let gateways: Vec<_> = residents
            .filter(|(_, resident)| resident.kind == Kind::Gateway)
            .map(|(number, _)| self.fleet.device(number))
            .collect();
        let ran = |device: &&&SimulatedDevice| new.iter().any(|release| device.ever_ran(release));
        (gateways.iter().filter(ran).count(), gateways.len())
    }

    /// Lets the watch look at all rollouts.
    ///
    /// # Errors
    /// If the store can't be read.
    pub(crate) async fn look_at_rollouts(&mut self, now: Timestamp) -> anyhow::Result<()> {
        self.unseen = false;
        let scene = Scene::of(&self.world, &self.house);
        self.watch
            .look_at_rollouts(&scene, now, &mut self.story)
            .await
    }

    /// The rollouts, as they are now.
    async fn launches(&mut self) -> anyhow::Result<Vec<Launch>> {
        let mut launches = Vec::new();
        for ((_, id), known) in self.launched.iter().zip(std::mem::take(&mut self.known)) {
            let store = &self.house.store;
            if let Some(rollout) = store.rollout(*id).await? {
                let fleet = store.fleet_view(*id).await?;
                launches.push(Launch {
                    known,
                    rollout,
                    fleet,
                });
            }
        }
        Ok(launches)
    }

    /// The number of the server that a message finds.
    pub(crate) fn road(&mut self) -> usize {
        let servers = self.house.servers() as u64;
        usize::try_from(self.roads.below(servers)).unwrap_or(0)
    }
}

async fn populate(
    world: &World,
    plan: &Plan,
    cast: &Cast,
    goods: &Goods,
    house: &House,
    people: &People,
) -> anyhow::Result<Fleet> {
    let registration = fleet::registration(world);
    let tokens = people.register(house.router(0), &registration).await?;
    let mut models = Vec::new();
    for (kind, class) in Kind::ALL.into_iter().zip(&plan.classes) {
        let factory = &goods.number(kind, 0).approved;
        let bytes_max = factory.image.len();
        models.push(model::provisioned(
            plan, class, &cast.root, factory, bytes_max,
        )?);
    }
    Ok(Fleet::new(world, tokens, &models, goods.behaviours(world)))
}

fn parsed(text: &str) -> anyhow::Result<Plan> {
    mainstay_plan::parse(text)
        .map_err(|findings| anyhow::anyhow!("the drawn plan can't be read: {findings:?}\n{text}"))
}

/// All that is known to happen from the beginning.
fn agenda(world: &World) -> Agenda {
    let mut agenda = Agenda::default();
    let start = world.start;
    for (number, resident) in world.residents.iter().enumerate() {
        let first_on = i64::try_from(resident.home.first_seen_s).unwrap_or(0);
        if !resident.in_its_box {
            let at = start + SignedDuration::from_secs(first_on);
            agenda.put(at, Happening::Device(number));
        }
    }
    for server in 0..world.servers {
        // They don't look at the same moment.
        let first = i32::try_from(server + 1).unwrap_or(1);
        agenda.put(
            start + world.turn_every / (2 * first),
            Happening::Turn(server),
        );
    }
    for (number, (at, _)) in world.kills.iter().enumerate() {
        agenda.put(*at, Happening::Kill(number));
    }
    for (number, (at, _)) in world.clock_steps.iter().enumerate() {
        agenda.put(*at, Happening::ClockStep(number));
    }
    for (number, (at, _)) in world.moves.iter().enumerate() {
        agenda.put(*at, Happening::Move(number));
    }
    if let Some(at) = world.deadline {
        agenda.put(at, Happening::Deadline);
    }
    agenda.put(start + LAUNCH_AFTER, Happening::Look);
    agenda
}
