//! `mainstay store check`: what is wrong with a database, and where it differs from another.

use std::path::PathBuf;

use clap::Args;
use mainstay_server::homes;
use mainstay_store::whole::{self, Checked, Counted};
use serde::Serialize;
use serde_json::json;

use super::place::Place;
use crate::failure::Failure;
use crate::far::Far;
use crate::homes::HomeArgs;
use crate::operator::runtime;
use crate::output::Output;

/// Which database, and which other one.
#[derive(Debug, Args)]
pub struct Check {
    #[command(flatten)]
    homes: HomeArgs,
    /// Another one to compare it with: a data folder, or postgres://user@host/database.
    #[arg(long, value_name = "PLACE")]
    with: Option<String>,
    /// A file with nothing but that one's password. Without it, PGPASSWORD or ~/.pgpass.
    #[arg(long, value_name = "FILE", requires = "with")]
    password_file: Option<PathBuf>,
}

/// A table that isn't the same in both.
#[derive(Debug, Serialize)]
struct Difference {
    table: &'static str,
    rows: u64,
    rows_there: u64,
}

impl Check {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let folder = self.homes.folder()?;
        let at = homes::store_at(&folder, folder.homes())?;
        let blobs = homes::look_into_blobs(&folder, folder.homes())?;
        let other = self
            .with
            .as_deref()
            .map(|text| Place::parse("--with", text));
        let other = other.transpose()?;
        let other = other.map(|other| other.at(self.password_file.as_deref()));
        let other = other.transpose()?;
        let runtime = runtime()?;
        let mut far = Far::new(output);
        let mut watch = |progress| far.tell(progress);
        let checked = runtime.block_on(whole::check(&at, Some(&*blobs), &mut watch))?;
        let differences = match &other {
            None => Vec::new(),
            Some(other) => {
                let there = runtime.block_on(whole::sums(other, &mut watch))?;
                differences(&checked.tables, &there)
            }
        };
        drop(far);
        let value = json!({
            "tables": checked.tables, "findings": checked.findings, "more": checked.more, "differences": differences,
        });
        let is_compared = other.is_some();
        output.say(|| told(&checked, &differences, is_compared), &value);
        judged(&checked, &differences)
    }
}

/// Both have the same tables in the same order.
fn differences(here: &[Counted], there: &[Counted]) -> Vec<Difference> {
    let pairs = here.iter().zip(there).filter(|(here, there)| here != there);
    let differs = pairs.map(|(here, there)| Difference {
        table: here.table,
        rows: here.rows,
        rows_there: there.rows,
    });
    differs.collect()
}

fn told(checked: &Checked, differences: &[Difference], is_compared: bool) -> String {
    let tables = checked.tables.iter().map(|counted| {
        let (table, rows, digest) = (counted.table, counted.rows, &counted.digest[..16]);
        let differs = differences.iter().find(|one| one.table == table);
        let differs = differs.map_or(String::new(), |one| {
            format!("  differs: {} there", one.rows_there)
        });
        format!("{table:<16} {rows:>9}  {digest}{differs}")
    });
    let findings = checked.findings.iter().map(|finding| {
        let (table, row, because) = (finding.table, &finding.row, &finding.because);
        match row.as_str() {
            "" => format!("{table}: {because}"),
            row => format!("{table} {row}: {because}"),
        }
    });
    let mut lines: Vec<_> = tables.chain(findings).collect();
    if checked.more > 0 {
        lines.push(format!("and {} more", checked.more));
    }
    if checked.findings.is_empty() {
        lines.push("Every row can be read, and nothing is wrong.".to_owned());
    }
    if is_compared && differences.is_empty() {
        lines.push("Both are the same.".to_owned());
    }
    lines.join("\n")
}

fn judged(checked: &Checked, differences: &[Difference]) -> Result<(), Failure> {
    let findings = checked.findings.len() as u64 + checked.more;
    if findings > 0 {
        return Err(Failure::refusal(
            "store.damaged",
            format!("{findings} finding(s) in the database"),
            "restore the newest backup, or mend the rows by hand while no server runs",
        ));
    }
    if !differences.is_empty() {
        return Err(Failure::refusal(
            "store.differs",
            format!("{} table(s) differ", differences.len()),
            "compare them while no server runs; if they still differ, copy anew",
        ));
    }
    Ok(())
}
