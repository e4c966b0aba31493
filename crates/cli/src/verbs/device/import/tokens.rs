//! The tokens that are drawn for devices that come without one, in a file. Read [`Tokens`].
//!
//! They are on the disk before the server hears of them: if its answer is lost, or this program is stopped, the next run finds them there, and no
//! device is registered with a token that nobody knows. Of two runs at once with one file, the second is refused: it would write its tokens over those
//! that the first has registered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use mainstay_api::GivenToken;
use mainstay_api::import::table::{self, TABLE_BYTES_MAX};
use mainstay_api::import::{Field, Row};
use mainstay_fleet::DeviceId;
use mainstay_server::{SystemEntropy, Token};

use crate::failure::Failure;
use crate::files;

/// What the file is called in errors.
const WHAT: &str = "drawn-tokens";

/// The file, and what is in it: a table with the columns `id` and `token`, for its owner alone to read.
pub struct Tokens {
    file: Option<PathBuf>,
    known: BTreeMap<String, String>,
    drawn: usize,
    /// Held for as long as these are.
    _lock: Option<File>,
}

impl Tokens {
    /// Those of an earlier run, if the file is there; to be kept in it, unless they are only looked at.
    pub fn open(file: Option<&Path>, only_looks: bool) -> Result<Self, Failure> {
        let lock = file.filter(|_| !only_looks).map(locked).transpose()?;
        let known = match file {
            Some(file) if is_there(file)? => known(file)?,
            _ => BTreeMap::new(),
        };
        Ok(Self {
            file: file.map(Path::to_owned),
            known,
            drawn: 0,
            _lock: lock,
        })
    }

    /// Gives each device that brings no token the one that was drawn for it earlier.
    pub fn fill(&self, rows: &mut [Row]) {
        for device in rows.iter_mut().map(|row| &mut row.wanted.device) {
            let known = || self.known.get(device.id.as_str()).cloned();
            device.token = device.token.take().or_else(|| known().map(GivenToken));
        }
    }

    /// Draws one for this device.
    pub fn draw(&mut self, id: &DeviceId) -> String {
        let token = Token::draw(&SystemEntropy).reveal();
        self.known.insert(id.to_string(), token.clone());
        self.drawn += 1;
        token
    }

    /// Writes the file, if any were drawn.
    pub fn keep(&self) -> Result<(), Failure> {
        if self.drawn == 0 {
            return Ok(());
        }
        let file = self.file.as_deref().ok_or_else(|| self.no_file())?;
        let mut text = "id,token\n".to_owned();
        for (id, token) in &self.known {
            // Neither has a comma or a quote in it, and texts take whatever is written to them.
            let _ = writeln!(text, "{id},{token}");
        }
        files::replace_private(file, WHAT, text.as_bytes())
    }

    fn no_file(&self) -> Failure {
        let what = format!(
            "{} of the new devices come without a token, and nothing was imported",
            self.drawn
        );
        let cure =
            "name a file in which the tokens that are drawn for them are kept: --drawn-tokens FILE";
        Failure::usage("import.no-tokens", what, cure)
    }
}

/// Whether there is a file. Who may not look isn't told "no": a new one would be begun in its place.
fn is_there(file: &Path) -> Result<bool, Failure> {
    let there = file.try_exists();
    there.map_err(|error| files::unreadable(file, WHAT, &error))
}

/// A lock beside the file, which is itself replaced. It stays there, since whoever removes it could remove another run's.
fn locked(file: &Path) -> Result<File, Failure> {
    let mut path = file.as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let unwritable = |error: std::io::Error| files::unwritable(&path, WHAT, &error);
    let lock = File::create(&path).map_err(unwritable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::Error(error)) => Err(unwritable(error)),
        Err(TryLockError::WouldBlock) => {
            let what = format!("another import has {}", file.display());
            let cure = "wait for it to end, or name another file";
            Err(Failure::refusal("drawn-tokens.busy", what, cure))
        }
    }
}

fn known(file: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let text = files::read_text(file, WHAT, TABLE_BYTES_MAX)?;
    let rows = table::drafts(&text).map_err(|_| not_ours(file))?;
    let pair = |row: &mainstay_api::import::Draft| {
        let (id, token) = (row.said(&Field::Id)?, row.said(&Field::Token)?);
        Token::parse(token)?;
        Some((id.to_owned(), token.to_owned()))
    };
    let pairs: Option<_> = rows.iter().map(pair).collect();
    pairs.ok_or_else(|| not_ours(file))
}

fn not_ours(file: &Path) -> Failure {
    let what = format!("{} isn't a file of drawn tokens", file.display());
    let cure = "name a new file, or the one of an earlier run, which has the columns id and token";
    Failure::usage("drawn-tokens.other", what, cure)
}
