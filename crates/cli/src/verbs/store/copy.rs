//! `mainstay store copy`: one database into an empty one.

use std::path::PathBuf;

use clap::Args;
use mainstay_store::whole::{self, Copied};
use serde_json::json;

use super::place::Place;
use crate::failure::Failure;
use crate::far::Far;
use crate::operator::runtime;
use crate::output::Output;

/// From where to where.
#[derive(Debug, Args)]
pub struct Copy {
    /// A server's data folder, or postgres://user@host/database. Nobody can write to it meanwhile.
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// The same; an empty database, or a data folder that has no mainstay.sqlite in it.
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// A file with nothing but PostgreSQL's password. Without it, PGPASSWORD or ~/.pgpass.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Copy {
    /// Does it.
    pub fn run(&self, output: &Output) -> Result<(), Failure> {
        let (from, to) = (
            Place::parse("--from", &self.from)?,
            Place::parse("--to", &self.to)?,
        );
        let password = self.password_file.as_deref();
        let (source, target) = (from.at(password)?, to.at(password)?);
        let _locks = (from.lock()?, to.lock()?);
        let mut far = Far::new(output);
        let mut watch = |progress| far.tell(progress);
        let copied = runtime()?.block_on(whole::copy(&source, &target, &mut watch));
        drop(far);
        let copied = copied?;
        from.was_copied_to(&to)?;
        let value = json!({
            "from": from.told(), "to": to.told(), "tables": copied.tables, "changed_texts": copied.changed_texts,
        });
        output.say(|| told(&copied, &from, &to), &value);
        Ok(())
    }
}

fn told(copied: &Copied, from: &Place, to: &Place) -> String {
    let lines = copied.tables.iter().map(|counted| {
        let (table, rows, digest) = (counted.table, counted.rows, &counted.digest[..16]);
        format!("{table:<16} {rows:>9}  {digest}")
    });
    let mut told: Vec<_> = lines.collect();
    if copied.changed_texts > 0 {
        told.push(format!(
            "{} text(s) had the sign U+0000 in them, which PostgreSQL can't keep; it is U+FFFD now.",
            copied.changed_texts
        ));
    }
    told.push(format!(
        "All of it is in {}, and was read again there.",
        to.told()
    ));
    if let Place::Folder(_) = from {
        told.push(format!(
            "Nothing opens the database in {} any more: the file `moved` in there says so.",
            from.told()
        ));
    }
    told.join("\n")
}
