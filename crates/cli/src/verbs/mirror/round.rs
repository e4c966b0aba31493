//! One round: what the server doesn't offer any more leaves, what is missing comes. Read [`Round::once`].
//!
//! What leaves goes first: it may have been withdrawn because it is harmful, and what comes may take hours. Each step is in the manifest before it is done, so that
//! a round that is killed is gone on with by the next one. What is read again is in `reading.rs`.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mainstay_api::PayloadView;
use mainstay_client::Operator;
use mainstay_keys::HostPrimitives;
use mainstay_store::MirrorHome;
use mainstay_trust::{Digest, Hasher as _, Primitives as _};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::manifest::{Manifest, State};
use super::purge::Hook;
use super::source;
use crate::failure::Failure;
use crate::moment;
use crate::output::Output;

/// How a round goes about it.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The server's address.
    pub server: &'a str,
    /// Whether a mirror of another one is gone on with.
    pub other_server: bool,
    /// Whether all that is there is read again in this round.
    pub verify: bool,
    /// How fast payloads are fetched, at most.
    pub bytes_per_second: Option<u64>,
}

/// All that a round needs.
pub struct Round<'a> {
    /// The mirror.
    pub home: &'a dyn MirrorHome,
    /// Who asks the server.
    pub operator: &'a Operator,
    /// Who tells caches.
    pub hook: &'a Hook,
    /// How.
    pub rules: Rules<'a>,
}

/// What a round did, by digests.
#[derive(Debug, Default, Serialize)]
pub(super) struct Done {
    /// What is there now, whole.
    holds: usize,
    copied: Vec<String>,
    removed: Vec<String>,
    /// What was read again, and has other bytes by now.
    pub damaged: Vec<String>,
    /// New revocations, of which caches were told.
    pub revocations: Option<String>,
    /// What was removed or replaced, and of which caches couldn't be told.
    pub unpurged: Vec<Undone>,
    /// What isn't there, or couldn't be removed or read.
    pub failed: Vec<Undone>,
}

/// What couldn't be done, and why.
#[derive(Debug, Serialize)]
pub(super) struct Undone {
    /// Of what.
    pub digest: String,
    /// Why.
    pub because: String,
}

impl Round<'_> {
    /// One round; a refusal if something couldn't be done.
    pub async fn once(&self, output: &Output) -> Result<(), Failure> {
        let mut done = Done::default();
        self.go(&mut done, true).await?;
        output.say(|| told(&done), &done);
        judged(&done)
    }

    /// Round after round. What fails is told, and tried again in the next one. What is to be read again is read between them: so nothing that is to leave waits
    /// for more than one reading.
    pub async fn for_ever(&self, every: Duration, output: &Output) -> Result<(), Failure> {
        let mut done = Done::default();
        loop {
            match self.go(&mut done, false).await {
                Ok(()) => {
                    if done.is_news() {
                        output.say(|| told(&done), &done);
                    }
                    if let Err(failure) = judged(&done) {
                        output.failure(&failure);
                    }
                }
                Err(failure) if failure.id == "mirror.other-server" => return Err(failure),
                Err(failure) => output.failure(&failure),
            }
            done = Done::default();
            let next = Instant::now() + every;
            if let Err(failure) = self.read_until(next, &mut done).await {
                output.failure(&failure);
            }
            sleep_until(next).await;
        }
    }

    /// One round, in which what is to be read again is read, or isn't.
    async fn go(&self, done: &mut Done, reads: bool) -> Result<(), Failure> {
        let mut manifest = self.manifest().await?;
        let wanted = self.operator.payloads().await?;
        self.remove(&mut manifest, &wanted, done).await?;
        self.tell_of_revocations(&mut manifest, done).await?;
        if reads {
            self.read_all(&mut manifest, done).await?;
        }
        for view in &wanted {
            self.keep(&mut manifest, view, done).await?;
        }
        let is_whole = |held: &&super::manifest::Held| held.state == State::Whole;
        done.holds = manifest.payloads.values().filter(is_whole).count();
        if done.failed.is_empty() && done.unpurged.is_empty() {
            manifest.in_step_at = Some(moment::now());
            manifest.write(self.home).await?;
        }
        Ok(())
    }

    /// The manifest, if it is one of this server. Another server's would lose all that this one doesn't offer.
    async fn manifest(&self) -> Result<Manifest, Failure> {
        let server = self.rules.server.trim_end_matches('/');
        let Some(mut manifest) = Manifest::read(self.home).await? else {
            let manifest = Manifest::new(server);
            manifest.write(self.home).await?;
            return Ok(manifest);
        };
        if manifest.server != server {
            if !self.rules.other_server {
                return Err(Failure::refusal(
                    "mirror.other-server",
                    format!("this is a mirror of {}, not of {server}", manifest.server),
                    "name that server or another place; if it is the same fleet at a new address, add --other-server once",
                ));
            }
            server.clone_into(&mut manifest.server);
        }
        Ok(manifest)
    }

    /// Removes all that isn't wanted, and then has caches told; both are tried until they succeed. A hook that hangs keeps nothing here that is to leave.
    async fn remove(
        &self,
        manifest: &mut Manifest,
        wanted: &[PayloadView],
        done: &mut Done,
    ) -> Result<(), Failure> {
        let is_wanted = |digest: &str| wanted.iter().any(|view| view.digest == digest);
        let leaving: Vec<String> = manifest
            .payloads
            .iter_mut()
            .filter(|(digest, _)| !is_wanted(digest))
            .map(|(digest, held)| {
                held.state = State::Leaving;
                digest.clone()
            })
            .collect();
        if leaving.is_empty() {
            return Ok(());
        }
        manifest.write(self.home).await?;
        let mut removed = Vec::new();
        for digest in leaving {
            let image = Digest::parse_hex(&digest).expect("the manifest was read so");
            match self.home.remove(&image).await {
                Ok(()) => removed.push(digest),
                Err(error) => {
                    let because = error.to_string();
                    done.failed.push(Undone { digest, because });
                }
            }
        }
        for digest in removed {
            match self.hook.call(&digest).await {
                Ok(()) => {
                    manifest.payloads.remove(&digest);
                    manifest.write(self.home).await?;
                    done.removed.push(digest);
                }
                Err(because) => done.unpurged.push(Undone { digest, because }),
            }
        }
        Ok(())
    }

    /// Sees that a payload is there. One that is there by the manifest is looked at by its size. One that is there and in no manifest is somebody else's, as
    /// a server's own, which began to use the place later: taken for the mirror's, it would be removed one day.
    async fn keep(
        &self,
        manifest: &mut Manifest,
        view: &PayloadView,
        done: &mut Done,
    ) -> Result<(), Failure> {
        let digest = view.digest.clone();
        let Some(image) = Digest::parse_hex(&view.digest) else {
            let because = "the server names it by no digest".to_owned();
            done.failed.push(Undone { digest, because });
            return Ok(());
        };
        if manifest.has_whole(view) && self.home.size(&image).await? == Some(view.bytes) {
            manifest.note(view, State::Whole);
            return Ok(());
        }
        if !manifest.payloads.contains_key(&digest) && self.home.size(&image).await?.is_some() {
            let because = "something else put it there: it is no mirror's alone".to_owned();
            done.failed.push(Undone { digest, because });
            return Ok(());
        }
        manifest.note(view, State::Coming);
        manifest.write(self.home).await?;
        match self.copied(&image, view).await {
            Ok(()) => {
                manifest.note(view, State::Whole);
                manifest.note_read(&digest, true, moment::now());
                manifest.write(self.home).await?;
                done.copied.push(digest);
            }
            Err(because) => done.failed.push(Undone { digest, because }),
        }
        Ok(())
    }

    /// Brings a payload here: its digest is compared as it comes, and again as it lies here.
    async fn copied(&self, image: &Digest, view: &PayloadView) -> Result<(), String> {
        let rate = self.rules.bytes_per_second;
        let pieces = source::pieces(self.operator, &view.digest, view.bytes, rate);
        let put = self.home.put(image, view.bytes, pieces).await;
        put.map_err(|error| error.to_string())?;
        match is_whole(self.home, image, view.bytes).await {
            Ok(true) => Ok(()),
            Ok(false) => Err("what lies there isn't what was put there".to_owned()),
            Err(failure) => Err(failure.what),
        }
    }
}

/// Whether a payload is in a home with the right bytes. All of it is read.
pub async fn is_whole(home: &dyn MirrorHome, image: &Digest, bytes: u64) -> Result<bool, Failure> {
    if home.size(image).await? != Some(bytes) {
        return Ok(false);
    }
    let Some(mut pieces) = home.read(image, 0..bytes).await? else {
        return Ok(false);
    };
    let mut hasher = HostPrimitives.hasher();
    loop {
        match pieces.try_next().await {
            Ok(Some(piece)) => hasher.update(&piece),
            Ok(None) => return Ok(hasher.finish() == *image),
            Err(_unreadable) => return Ok(false),
        }
    }
}

impl Done {
    fn is_news(&self) -> bool {
        let lists = [&self.copied, &self.removed, &self.damaged];
        self.revocations.is_some() || lists.iter().any(|list| !list.is_empty())
    }
}

fn told(done: &Done) -> String {
    let list = |what: &str, digests: &[String]| {
        let short = |digest: &String| digest[..16].to_owned();
        let names: Vec<_> = digests.iter().map(short).collect();
        match names.is_empty() {
            true => None,
            false => Some(format!("{what}: {}", names.join(", "))),
        }
    };
    let mut lines = vec![format!("The mirror holds {} payload(s).", done.holds)];
    lines.extend(list("Damaged here", &done.damaged));
    lines.extend(list("Copied", &done.copied));
    lines.extend(list("Removed", &done.removed));
    if done.revocations.is_some() {
        lines.push("Caches were told of new revocations.".to_owned());
    }
    lines.join("\n")
}

fn judged(done: &Done) -> Result<(), Failure> {
    let words = |undone: &Undone| {
        let short: String = undone.digest.chars().take(16).collect();
        format!("{short}: {}", undone.because)
    };
    let lines = |all: &[Undone]| all.iter().map(words).collect::<Vec<_>>().join("\n  ");
    if !done.failed.is_empty() {
        return Err(Failure::refusal(
            "mirror.incomplete",
            format!("the mirror isn't in step\n  {}", lines(&done.failed)),
            "let it run again; look after the server, the line and the place if it stays so",
        ));
    }
    if !done.unpurged.is_empty() {
        return Err(Failure::refusal(
            "mirror.not-purged",
            format!(
                "caches weren't told of what was removed or replaced\n  {}",
                lines(&done.unpurged)
            ),
            "purge these by hand now; each round asks the hook again until it succeeds",
        ));
    }
    Ok(())
}
