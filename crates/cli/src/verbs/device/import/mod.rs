//! `mainstay device import`: a fleet that is elsewhere, from a table or from a hawkBit server.
//!
//! Everything is read first, then the server is asked what would become of each device, and only if nothing is against any of them is anything
//! changed. It can be run again at any time: what is there already is left as it is. Read [`Import`].

mod findings;
mod from_hawkbit;
mod send;
mod tokens;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mainstay_api::import::table::{self, TABLE_BYTES_MAX};
use mainstay_api::import::{Becomes, Draft, Field, Row, read};
use mainstay_api::{GivenToken, ImportedView};
use mainstay_fleet::ClientProfile;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::operator::ServerAccess;
use crate::output::Output;
use findings::{refused, refused_by_server};
use from_hawkbit::{FromHawkbit, untold_tokens};
use send::Sending;
use tokens::Tokens;

/// Where the fleet is, and what is done about it.
#[derive(Debug, Args)]
pub struct Import {
    /// A table, as CSV. Its first line names the columns: id, controller, class, hardware, zone, bootloader, site, gateway, client, token, attribute.NAME.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "hawkbit",
        required_unless_present = "hawkbit"
    )]
    csv: Option<PathBuf>,
    #[command(flatten)]
    from_hawkbit: FromHawkbit,
    #[command(flatten)]
    rest: Rest,
    /// A file for the tokens of new devices that come without one: they are drawn here, and kept in it before anybody is asked. It may be there from
    /// an earlier run.
    #[arg(long, value_name = "FILE")]
    drawn_tokens: Option<PathBuf>,
    /// Declare devices anew that are declared otherwise. Without, one such lets nothing be imported.
    #[arg(long)]
    anew: bool,
    /// How you know which clients devices run; needed where --client or a table says one. It is logged.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    /// Only tell which devices are new, declared otherwise, or as they are already.
    #[arg(long)]
    dry_run: bool,
}

/// What is said of every device that doesn't say it itself.
#[derive(Debug, Args)]
struct Rest {
    /// The class of those that don't say theirs.
    #[arg(long)]
    class: Option<String>,
    /// The hardware revision of those that don't say theirs.
    #[arg(long)]
    hardware: Option<String>,
    /// The IANA time zone of those that don't say theirs.
    #[arg(long)]
    zone: Option<String>,
    /// The boot loader's version of those that don't say theirs.
    #[arg(long, value_name = "VERSION")]
    bootloader: Option<String>,
    /// The update client of those that don't say theirs: swupdate, rauc, zephyr, generic. Without, their requests tell.
    #[arg(long)]
    client: Option<String>,
}

impl Rest {
    fn fields(&self) -> BTreeMap<Field, String> {
        let said = [
            (Field::Class, &self.class),
            (Field::Hardware, &self.hardware),
            (Field::Zone, &self.zone),
            (Field::Bootloader, &self.bootloader),
            (Field::Client, &self.client),
        ];
        let said = said.into_iter();
        said.filter_map(|(field, text)| Some((field, text.clone()?)))
            .collect()
    }
}

/// How many devices became what.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Counts {
    new: usize,
    changed: usize,
    same: usize,
    drawn: usize,
    untold: usize,
}

impl Import {
    /// Does it.
    pub fn run(&self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let from = self.from();
        let drafts = self.drafts(output)?;
        let untold = self.untold(&drafts)?;
        let rows = read(&drafts, &self.rest.fields());
        let mut rows = rows.map_err(|findings| refused(&from, &findings, output))?;
        let mut tokens = Tokens::open(self.drawn_tokens.as_deref(), self.dry_run)?;
        tokens.fill(&mut rows);
        let would =
            Sending::to(access, output, "comparing").would_be(&rows, self.why.as_deref())?;
        let findings = findings::by_server(&rows, &would);
        if !findings.is_empty() {
            return Err(refused_by_server(&from, &findings, output));
        }
        let mut counts = counted(&would);
        counts.drawn = draw(&mut tokens, &mut rows, &would);
        counts.untold = untold;
        if self.dry_run {
            self.say(&would, &counts, output);
            return Ok(());
        }
        self.check_differences(&would)?;
        let rows = rows.into_iter().zip(&would);
        let rows = rows.filter(|(_, view)| view.becomes != Becomes::Same);
        let rows: Vec<Row> = rows.map(|(row, _)| row).collect();
        self.check_clients(&rows)?;
        tokens.keep()?;
        let sending = Sending::to(access, output, "importing");
        sending.import(&rows, self.anew, self.why.as_deref())?;
        self.say(&would, &counts, output);
        Ok(())
    }

    /// Where the fleet is, for people.
    fn from(&self) -> String {
        match &self.csv {
            Some(file) => file.display().to_string(),
            None => "hawkBit".to_owned(),
        }
    }

    fn drafts(&self, output: &Output) -> Result<Vec<Draft>, Failure> {
        match &self.csv {
            Some(file) => in_table(file, output),
            None => self.from_hawkbit.drafts(output),
        }
    }

    /// Of how many targets hawkBit didn't tell the token. A table tells what people meant it to.
    ///
    /// # Errors
    /// If there are any, and more is to be done than to look.
    fn untold(&self, drafts: &[Draft]) -> Result<usize, Failure> {
        if self.csv.is_some() {
            return Ok(0);
        }
        let untold = drafts.iter().filter(|it| it.said(&Field::Token).is_none());
        let untold = untold.count();
        if !self.dry_run {
            self.from_hawkbit.check_told(untold, drafts.len())?;
        }
        Ok(untold)
    }

    /// # Errors
    /// If a device is declared otherwise, and isn't to be declared anew.
    fn check_differences(&self, would: &[ImportedView]) -> Result<(), Failure> {
        let mut different = would.iter().filter_map(difference);
        let Some(first) = different.next().filter(|_| !self.anew) else {
            return Ok(());
        };
        let what = match different.count() {
            0 => format!("{first}; nothing was imported"),
            more => format!("{first}; so it is with {more} more, and nothing was imported"),
        };
        let cure = "see all with --dry-run; then add --anew to declare them so, or leave them out";
        Err(Failure::refusal("devices.differ", what, cure))
    }

    /// # Errors
    /// If a client is said of any, and not how that is known. The server would refuse it too, but not before the parts without.
    fn check_clients(&self, rows: &[Row]) -> Result<(), Failure> {
        let mut clients = rows.iter().filter_map(|row| row.wanted.client);
        match self.why.is_none() && clients.any(ClientProfile::speaks_hawkbit) {
            false => Ok(()),
            true => Err(Failure::usage(
                "import.no-why",
                "it is said which clients devices run, and not how that is known; nothing was imported",
                "say in a sentence how you know it: --why TEXT; or leave clients out, and their requests tell",
            )),
        }
    }

    fn say(&self, would: &[ImportedView], counts: &Counts, output: &Output) {
        let Counts {
            new,
            changed,
            same,
            drawn,
            untold,
        } = *counts;
        let value = json!({
            "dry_run": self.dry_run, "new": new, "changed": changed, "same": same, "tokens_drawn": drawn, "tokens_untold": untold,
            "changes": would.iter().filter(|view| is_changed(view)).collect::<Vec<_>>(),
        });
        output.say(|| self.told(would, counts), &value);
    }

    /// What became of the devices; each of them, if it was only asked what would.
    fn told(&self, would: &[ImportedView], counts: &Counts) -> String {
        let each = would.iter().filter(|view| self.dry_run || is_changed(view));
        let mut lines: Vec<String> = each.map(line).collect();
        let Counts {
            new,
            changed,
            same,
            drawn,
            untold,
        } = counts;
        let count = match self.dry_run {
            true => format!(
                "{new} would be new, {changed} declared anew, {same} are so already; nothing was changed"
            ),
            false => format!("{new} registered, {changed} declared anew, {same} were so already"),
        };
        lines.push(count);
        if *untold > 0 {
            lines.push(untold_tokens(*untold, would.len()));
        }
        match (&self.drawn_tokens, self.dry_run) {
            (_, _) if *drawn == 0 => {}
            (_, true) => lines.push(format!("{drawn} of them have no token yet: one would be drawn for each, with --drawn-tokens FILE")),
            (file, false) => {
                let file = file.as_deref().unwrap_or(Path::new("")).display();
                lines.push(format!("{drawn} tokens were drawn; give them to the devices: {file}"));
            }
        }
        lines.join("\n")
    }
}

/// The devices of a table.
fn in_table(file: &Path, output: &Output) -> Result<Vec<Draft>, Failure> {
    let text = files::read_text(file, "table", TABLE_BYTES_MAX)?;
    let name = file.display().to_string();
    table::drafts(&text).map_err(|findings| refused(&name, &findings, output))
}

/// Draws a token for each new device that brings none; how many these are.
fn draw(tokens: &mut Tokens, rows: &mut [Row], would: &[ImportedView]) -> usize {
    let new = rows.iter_mut().zip(would);
    let new = new.filter(|(_, view)| view.becomes == Becomes::New);
    let mut drawn = 0;
    for (row, _) in new {
        let device = &mut row.wanted.device;
        if device.token.is_none() {
            device.token = Some(GivenToken(tokens.draw(&device.id)));
            drawn += 1;
        }
    }
    drawn
}

fn counted(would: &[ImportedView]) -> Counts {
    let count = |is: fn(&Becomes) -> bool| would.iter().filter(|view| is(&view.becomes)).count();
    Counts {
        new: count(|it| *it == Becomes::New),
        same: count(|it| *it == Becomes::Same),
        changed: count(|it| matches!(it, Becomes::Changed { .. })),
        drawn: 0,
        untold: 0,
    }
}

fn is_changed(view: &ImportedView) -> bool {
    matches!(view.becomes, Becomes::Changed { .. })
}

fn difference(view: &ImportedView) -> Option<String> {
    match &view.becomes {
        Becomes::Changed { changes } => Some(format!(
            "the device {} is declared otherwise: {}",
            view.id,
            changes.join(", ")
        )),
        _ => None,
    }
}

fn line(view: &ImportedView) -> String {
    let id = &view.id;
    match &view.becomes {
        Becomes::New => format!("new      {id}"),
        Becomes::Same => format!("same     {id}"),
        Becomes::Changed { changes } => format!("changed  {id}: {}", changes.join(", ")),
        // Whoever has such a device is told of findings, and never comes here.
        Becomes::Refused { because, .. } => format!("refused  {id}: {because}"),
    }
}

/// A bar for work of this name, on standard error; nothing where that isn't a terminal, or a machine reads.
fn bar(output: &Output, name: &'static str) -> ProgressBar {
    let bar = match output.is_json() {
        true => ProgressBar::hidden(),
        false => ProgressBar::no_length(),
    };
    let style = ProgressStyle::with_template("{msg:16} {wide_bar} {pos}/{len}");
    bar.with_style(style.expect("a good template"))
        .with_message(name)
}
