//! The measurement: every contender once a round, in turning order, so that whatever else the machine does weighs on all
//! alike. Read [`run`].

use std::path::Path;
use std::thread;

use anyhow::Context as _;

use crate::asker::address;
use crate::child::{Child, take_processors};
use crate::contender::Contender;
use crate::figures::{Figures, Goal, at_least, at_most};
use crate::goosebit::Goosebit;
use crate::questions::{self, Questions};
use crate::scale::{Scale, WHOLE};
use crate::{cluster, crash, fleet, machine, ours};

/// Why hawkBit's own figure is missing. Whoever has it running measures it with `peer`.
const NO_HAWKBIT: &str = "*** hawkBit's update server is NOT MEASURED: version 1.0.4 isn't to be had as a program by the package \
     registries' ordinary clients. If you have one that runs, `cargo bench -p mainstay-server --bench checkin -- peer hawkbit \
     ADDRESS PATH PID HEADER...` measures it";

/// What a whole run should come to.
const GOALS: [Goal; 13] = [
    at_least("native_vs_axum", 0.6),
    at_least("ddi_vs_axum", 0.6),
    at_least("native_postgres_vs_axum", 0.6),
    at_least("ddi_postgres_vs_axum", 0.6),
    at_least("ddi_vs_goosebit", 250.0),
    at_least("ddi_vs_hawkbit", 50.0),
    at_most("poll_cost_with_history", 1.1),
    // Who isn't remembered yet is looked up, and only that reads what lies behind a device.
    at_most("look_cost_with_history", 1.1),
    at_most("native_half_load_p99", 5.0),
    at_most("ddi_half_load_p99", 5.0),
    at_most("native_postgres_half_load_p99", 5.0),
    at_most("ddi_postgres_half_load_p99", 5.0),
    at_most("last_seen_lost_in_a_crash", 10.0),
];

/// The servers, as long as they are held.
struct Servers {
    bare: Child,
    /// Ours with few finished orders, with many, and on PostgreSQL.
    short: Child,
    long: Child,
    postgres: Child,
    /// The process that the database descends from.
    database: u32,
    goosebit: Option<Goosebit>,
}

/// Measures all servers in turn, and prints figures; gooseBit if a Python that has it is named.
///
/// # Errors
/// If a server of ours can't be started, or one answers what an idle device doesn't get.
pub fn run(scale: &Scale, python: Option<&Path>) -> anyhow::Result<()> {
    machine::print()?;
    if scale.is_pinned {
        take_processors()?;
    }
    let folder = tempfile::tempdir()?;
    let servers = Servers::start(folder.path(), scale, python)?;
    let mut contenders = servers.contenders(scale)?;
    let mut figures = Figures::default();
    looks(&mut contenders, &mut figures)?;
    let lasts = scale.lasts;
    in_turns(0..=scale.rounds, &mut contenders, |contender, round| {
        contender.run_round(lasts, round > 0)
    })?;
    for contender in &contenders {
        contender.print(&mut figures)?;
    }
    compare(&contenders, &mut figures)?;
    for name in [NATIVE, NATIVE_POSTGRES] {
        thread::sleep(scale.rests);
        named(&contenders, name)?.print_with_writing(scale.rests, &mut figures)?;
    }
    half_load(scale, &mut contenders, &mut figures)?;
    let native = named(&contenders, NATIVE)?;
    crash::print(
        native,
        servers.short,
        &folder.path().join(SHORT),
        scale,
        &mut figures,
    )?;
    println!("{NO_HAWKBIT}");
    machine::print_load()?;
    if scale.has_goals {
        figures.print_goals(&GOALS);
    }
    Ok(())
}

const AXUM: &str = "axum";
const NATIVE: &str = "native";
const DDI: &str = "ddi";
const DDI_LONG: &str = "ddi_with_history";
const NATIVE_POSTGRES: &str = "native_postgres";
const DDI_POSTGRES: &str = "ddi_postgres";
const GOOSEBIT: &str = "goosebit";

/// A device is looked up once, and remembered then: so their first polls are asked for in so many parts, by turns.
const LOOK_PARTS: usize = 10;

/// The folder of the server with few finished orders.
const SHORT: &str = "short";

impl Servers {
    fn start(folder: &Path, scale: &Scale, python: Option<&Path>) -> anyhow::Result<Self> {
        let database = postgres()?;
        let ours = |name: &str, store: &str, finished: u32| {
            let folder = folder.join(name).display().to_string();
            let (devices, finished) = (scale.devices.to_string(), finished.to_string());
            Child::start(
                &["ours", &folder, store, &devices, &finished],
                scale.is_pinned,
            )
        };
        let [few, many] = scale.histories;
        let goosebit = python.map(|python| Goosebit::start(python, folder, scale.is_pinned));
        Ok(Self {
            bare: Child::start(&["bare"], scale.is_pinned)?,
            short: ours(SHORT, ours::SQLITE, few)?,
            long: ours("long", ours::SQLITE, many)?,
            postgres: ours("postgres", &database, 0)?,
            database: cluster_pid(&database)?,
            goosebit: goosebit.transpose()?,
        })
    }

    fn contenders(&self, scale: &Scale) -> anyhow::Result<Vec<Contender>> {
        let native = || questions::native(fleet::native(scale.devices));
        let ddi = || questions::ddi(fleet::with_clients(scale.devices));
        let on_postgres = |name, questions: Questions| {
            Contender::new(name, &self.postgres, questions).with_database(self.database)
        };
        let mut contenders = vec![
            Contender::new(AXUM, &self.bare, questions::to_bare()),
            Contender::new(NATIVE, &self.short, native()?),
            Contender::new(DDI, &self.short, ddi()),
            Contender::new(DDI_LONG, &self.long, ddi()),
            on_postgres(NATIVE_POSTGRES, native()?),
            on_postgres(DDI_POSTGRES, ddi()),
        ];
        if let Some(goosebit) = &self.goosebit {
            contenders.push(goosebit.contender(GOOSEBIT));
        }
        Ok(contenders)
    }
}

/// A new database; its address.
fn postgres() -> anyhow::Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(cluster::database(cluster::WITH_TABLES)))
}

/// The first process of the cluster that has this database: it writes its number into its folder.
fn cluster_pid(database: &str) -> anyhow::Result<u32> {
    let folder = database.split(['@', '/']).nth(3);
    let folder = folder.context("an address")?.replace("%2F", "/");
    let told = std::fs::read_to_string(Path::new(&folder).join("data/postmaster.pid"))?;
    let first = told.lines().next().context("its first line")?;
    Ok(first.parse()?)
}

fn is_ours(contender: &Contender) -> bool {
    ![AXUM, GOOSEBIT].contains(&&*contender.name)
}

fn named<'a>(contenders: &'a [Contender], name: &str) -> anyhow::Result<&'a Contender> {
    let found = contenders.iter().find(|one| one.name == name);
    found.with_context(|| format!("{name} isn't measured"))
}

/// Asks each device of ours for the first time.
fn looks(contenders: &mut [Contender], figures: &mut Figures) -> anyhow::Result<()> {
    in_turns(0..LOOK_PARTS, contenders, |contender, part| {
        match is_ours(contender) {
            true => contender.run_looks(part, LOOK_PARTS),
            false => Ok(()),
        }
    })?;
    for contender in contenders.iter().filter(|one| is_ours(one)) {
        contender.print_looks(figures);
    }
    let (long, short) = (named(contenders, DDI_LONG)?, named(contenders, DDI)?);
    figures.put(
        "look_cost_with_history",
        long.look_cost_over(short),
        "ratio",
    );
    Ok(())
}

/// Lets all of them run each round, and another one begin it each time.
fn in_turns(
    rounds: impl Iterator<Item = usize>,
    contenders: &mut [Contender],
    run: impl Fn(&mut Contender, usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for round in rounds {
        for turn in 0..contenders.len() {
            let at = (round + turn) % contenders.len();
            run(&mut contenders[at], round)?;
        }
    }
    Ok(())
}

/// The bare server's wait tells what of ours is the machine's. gooseBit is left out: a poll of its takes longer than all of these may.
fn half_load(
    scale: &Scale,
    contenders: &mut [Contender],
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let is_paced = |contender: &Contender| contender.name != GOOSEBIT;
    in_turns(
        0..scale.paced_rounds,
        contenders,
        |contender, _| match is_paced(contender) {
            true => contender.run_paced_round(scale),
            false => Ok(()),
        },
    )?;
    for contender in contenders.iter().filter(|one| is_paced(one)) {
        contender.print_half_load(figures);
    }
    Ok(())
}

fn compare(contenders: &[Contender], figures: &mut Figures) -> anyhow::Result<()> {
    let bare = named(contenders, AXUM)?;
    for contender in contenders.iter().filter(|one| is_ours(one)) {
        contender.print_against(bare, figures);
    }
    let ddi = named(contenders, DDI)?;
    let long = named(contenders, DDI_LONG)?;
    figures.put("poll_cost_with_history", long.cost_over(ddi), "ratio");
    match named(contenders, GOOSEBIT) {
        Ok(goosebit) => {
            ddi.print_against(goosebit, figures);
            ddi.print_rate_against(goosebit, figures);
        }
        Err(_) => println!("*** gooseBit is NOT MEASURED: no Python that has it was named"),
    }
    Ok(())
}

/// Measures a server that is there already, and prints figures.
///
/// # Errors
/// As [`run`].
pub fn peer(name: &str, at: &str, path: &str, pid: &str, headers: &[&str]) -> anyhow::Result<()> {
    machine::print()?;
    let questions = questions::to_peer(path, headers);
    let mut peer = Contender::at(name, address(at)?, pid.parse()?, questions);
    take_processors()?;
    for round in 0..=WHOLE.rounds {
        peer.run_round(WHOLE.lasts, round > 0)?;
    }
    peer.print(&mut Figures::default())
}
