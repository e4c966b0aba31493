//! What the campaign happens in: keys, releases, PostgreSQL, three servers, and their people. Read [`House::found`].

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, anyhow, ensure};
use mainstay_access::Duty;
use mainstay_keys::file;
use mainstay_plan::Plan;
use mainstay_server::admin;
use mainstay_server::{Clock as _, SystemClock, SystemEntropy};
use mainstay_simulator::demo::cast::Cast;
use mainstay_simulator::demo::folder::Folder;
use mainstay_simulator::demo::goods::{Order, Release, class_name, packed};
use mainstay_store::{PostgresAddress, PostgresPlace, PostgresStore};
use tokio::sync::Mutex;

use crate::crowd::Goods;
use crate::database::Database;
use crate::people::People;
use crate::plan_text::{IMAGE_BYTES, Pace, REPLICAS};
use crate::replica::{Replica, free_addresses};
use crate::seen::RELEASES;

/// What whoever looks whether a replica is ready waits for its answer.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// The house. Servers end before their database does.
pub struct House {
    /// The servers. Whoever holds this keeps them from being killed.
    pub replicas: Mutex<Vec<Replica>>,
    /// Their database.
    pub database: Arc<Lock<Database>>,
    /// Where they listen.
    pub bases: Vec<String>,
    /// Their people.
    pub people: People,
    /// The plan in force.
    pub plan: Plan,
    /// The signed root.
    pub root: Vec<u8>,
    /// The releases, approved.
    pub releases: Vec<Release>,
    /// The same as files, without the approval.
    pub files: Vec<Vec<u8>>,
    /// Asks whether servers are ready.
    pub http: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl House {
    /// Makes all of it, and starts the servers by this program.
    ///
    /// # Errors
    /// If anything of it can't be made.
    pub async fn found(program: &Path, pace: &Pace, seed: u64) -> anyhow::Result<Self> {
        let place = tempfile::Builder::new()
            .prefix("mainstay-replicas-")
            .tempdir()?;
        let text = pace.plan();
        let plan = mainstay_plan::parse(&text).map_err(|why| anyhow!("the plan: {why:?}"))?;
        let papers = Folder::create(&place.path().join("papers"))?;
        let cast = Cast::assemble(&papers, &plan, seed, SystemClock.now())?;
        file::create(
            &papers.path("keys/status.key"),
            &cast.status,
            &cast.passphrase,
        )?;
        fs::write(place.path().join("plan.toml"), &text)?;
        let (releases, files) = releases(&cast, &plan)?;
        let database = Database::start_new()?;
        // Past what a test harness keeps back of a test that goes well.
        let _ = writeln!(io::stderr(), "the database is {}", database.version()?);
        let site = Site {
            program,
            folder: place.path(),
            store: database.address(),
        };
        let (mut replicas, tokens) = site.settle(&cast).await?;
        let http = reqwest::Client::builder()
            .timeout(LOOK_TIMEOUT)
            .no_proxy()
            .build()?;
        for replica in &mut replicas {
            replica.start(&http).await?;
        }
        let bases: Vec<String> = replicas.iter().map(|one| one.base.clone()).collect();
        Ok(Self {
            people: People::new(&tokens, &bases)?,
            replicas: Mutex::new(replicas),
            database: Arc::new(Lock::new(database)),
            bases,
            plan,
            root: cast.root,
            releases,
            files,
            http,
            _folder: place,
        })
    }

    /// What devices can install.
    pub fn goods(&self) -> Goods {
        let image = |release: &Release| (release.image_digest, release.image.clone());
        Goods {
            manifests: self.releases.iter().map(|one| one.manifest).collect(),
            images: self.releases.iter().map(image).collect(),
        }
    }

    /// Does something to the database that takes a while.
    ///
    /// # Errors
    /// As what is done.
    pub async fn with_database(
        &self,
        what: impl FnOnce(&mut Database) -> anyhow::Result<()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let database = self.database.clone();
        let done = tokio::task::spawn_blocking(move || {
            what(&mut database.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await?
    }

    /// The store itself, past all servers.
    ///
    /// # Errors
    /// If it can't be opened.
    pub async fn store(&self) -> anyhow::Result<PostgresStore> {
        let address = {
            let database = self.database.lock();
            database.unwrap_or_else(PoisonError::into_inner).address()
        };
        open(&address).await
    }

    /// The ends of all logs: for whoever must find out what went wrong.
    pub async fn logs(&self) -> String {
        let replicas = self.replicas.lock().await;
        let each = replicas.iter().enumerate();
        let logs: Vec<String> = each
            .map(|(number, one)| format!("--- the log of replica {number} ends:\n{}", one.log()))
            .collect();
        let database = self.database.lock();
        let database = database.unwrap_or_else(PoisonError::into_inner).log();
        format!(
            "{}\n--- PostgreSQL's log ends:\n{database}",
            logs.join("\n")
        )
    }
}

async fn open(address: &str) -> anyhow::Result<PostgresStore> {
    let place = PostgresPlace {
        address: PostgresAddress::parse(address)?,
        password: None,
    };
    Ok(PostgresStore::open_at(&place).await?)
}

/// The releases, approved, and as files without the approval.
fn releases(cast: &Cast, plan: &Plan) -> anyhow::Result<(Vec<Release>, Vec<Vec<u8>>)> {
    let class = class_name(plan, &plan.classes[0])?;
    let (mut releases, mut files) = (Vec::new(), Vec::new());
    for (version, number) in RELEASES.into_iter().zip(1_u8..) {
        let order = Order {
            class: class.clone(),
            version,
            sequence: number.into(),
            returns_to: &[],
            image: &[number; IMAGE_BYTES],
        };
        let built = packed(&order)?.built(cast)?;
        files.push(built.file()?);
        releases.push(built.approved(cast, plan)?);
    }
    Ok((releases, files))
}

/// Where servers are put.
struct Site<'a> {
    program: &'a Path,
    folder: &'a Path,
    store: String,
}

impl Site<'_> {
    /// Makes each server's folder, by the command for it, and everybody's token. All servers have one folder of payloads, as on a disk that they share.
    async fn settle(&self, cast: &Cast) -> anyhow::Result<(Vec<Replica>, BTreeMap<Duty, String>)> {
        let mut replicas = Vec::new();
        for (number, address) in free_addresses(REPLICAS)?.into_iter().enumerate() {
            let settings = self.settings(number, address)?;
            self.init(&settings)?;
            replicas.push(Replica::new(self.program, settings, address));
        }
        let shared = self.data(0).join("blobs");
        fs::create_dir_all(&shared)?;
        for number in 1..REPLICAS {
            let own = self.data(number).join("blobs");
            if own.exists() {
                fs::remove_dir_all(&own)?;
            }
            symlink(&shared, &own)?;
        }
        let store = open(&self.store).await?;
        let mut tokens = BTreeMap::new();
        for (duty, email) in &cast.people {
            let token = admin::add_person(&store, &SystemEntropy, email.clone(), *duty).await;
            let token = token.map_err(|refused| anyhow!("{}: {refused}", refused.id()))?;
            tokens.insert(*duty, token.reveal());
        }
        store.close().await;
        Ok((replicas, tokens))
    }

    fn data(&self, number: usize) -> PathBuf {
        self.folder.join(format!("replica-{number}"))
    }

    fn passphrase(&self) -> PathBuf {
        self.folder.join("papers/keys/passphrase")
    }

    fn settings(&self, number: usize, listen: SocketAddr) -> anyhow::Result<PathBuf> {
        let (data, passphrase) = (self.data(number), self.passphrase());
        let text = format!(
            "data = \"{}\"\nlisten = \"{listen}\"\npassphrase_file = \"{}\"\nstore = \"{}\"\n",
            data.display(),
            passphrase.display(),
            self.store
        );
        let path = data.with_extension("toml");
        fs::write(&path, text)?;
        Ok(path)
    }

    fn init(&self, settings: &Path) -> anyhow::Result<()> {
        let file = |name: &str| self.folder.join(name);
        let made = Command::new(self.program)
            .args(["server", "init", "--settings"])
            .arg(settings)
            .arg("--root")
            .arg(file("papers/root.cbor"))
            .arg("--status-key")
            .arg(file("papers/keys/status.key"))
            .arg("--passphrase-file")
            .arg(self.passphrase())
            .arg("--plan")
            .arg(file("plan.toml"))
            .output()
            .with_context(|| format!("{} can't be started", self.program.display()))?;
        let said = String::from_utf8_lossy(&made.stderr);
        ensure!(made.status.success(), "`mainstay server init`: {said}");
        Ok(())
    }
}
