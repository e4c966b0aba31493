//! `mainstay store`: a server's database as a whole.

mod check;
mod copy;
mod migrate;
mod place;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::Output;

/// Work with a server's database as a whole: bring it up to date, check it, copy it to another kind of database.
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Example:\n  mainstay store copy --from data --to postgres://mainstay@db.northwind.example/mainstay"
)]
pub enum Store {
    /// Say which steps the tables lack, and take them. Servers do so at their start; this is for taking them once and before.
    #[command(
        after_help = "Examples:\n  mainstay store migrate --settings mainstay-server.toml --look\n  \
                      mainstay store migrate --settings mainstay-server.toml"
    )]
    Migrate(migrate::Migrate),
    /// Read every row, and find what is wrong with it; the server may run meanwhile. With another database, say where the two
    /// differ. Exit code 1 if something is wrong or differs.
    #[command(after_help = "Examples:\n  mainstay store check --data data\n  \
                      mainstay store check --data data --with postgres://mainstay@db.northwind.example/mainstay")]
    Check(check::Check),
    /// Copy a database into an empty one of the same or another kind, byte for byte and whole or not at all. No server may
    /// run on either; afterwards none starts on a folder that was copied from.
    #[command(
        after_help = "Examples:\n  mainstay store copy --from data --to postgres://mainstay@db.northwind.example/mainstay\n  \
                      mainstay store copy --from postgres://mainstay@db.northwind.example/mainstay --to data"
    )]
    Copy(copy::Copy),
}

impl Store {
    /// Does it.
    pub fn run(self, output: &Output) -> Result<(), Failure> {
        match self {
            Self::Migrate(migrate) => migrate.run(output),
            Self::Check(check) => check.run(output),
            Self::Copy(copy) => copy.run(output),
        }
    }
}
