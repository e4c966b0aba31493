//! Where what must not be lost lies: a database and a home of payloads, each of two kinds. Read [`StorePlace`] and [`BlobsPlace`].

use std::path::PathBuf;

use mainstay_store::PostgresAddress;

use super::finding::Wrong;
use super::links::PublicUrl;
use super::values::{Given, quoted};

/// How the database in the data folder is called.
pub const SQLITE: &str = "sqlite";

/// How the payloads in the data folder are called.
pub const FOLDER: &str = "folder";

/// Amazon's bounds of a bucket's name (S3 user guide, "Bucket naming rules").
const BUCKET_BYTES: std::ops::RangeInclusive<usize> = 3..=63;

/// An object's name has 1,024 bytes at most; ours take 67 of them behind the prefix.
const PREFIX_BYTES_MAX: usize = 512;

/// The longest name of a region; Amazon's have about 15.
const REGION_BYTES_MAX: usize = 63;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StorePlace {
    /// The file `mainstay.sqlite` of the data folder: one server.
    #[default]
    Sqlite,
    /// A PostgreSQL database, which several servers may share.
    Postgres(PostgresAddress),
}

impl StorePlace {
    /// # Errors
    /// What is wrong. The text isn't told: it may hold a password.
    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        if given.text == SQLITE {
            return Ok(Self::Sqlite);
        }
        if !PostgresAddress::is_meant_by(given.text) {
            let cure = "write sqlite, or postgres://user@host/database";
            return Err(Wrong::new("names no kind of database", cure));
        }
        let address = PostgresAddress::parse(given.text);
        let address = address.map_err(|error| Wrong::new(error.to_string(), error.cure()))?;
        Ok(Self::Postgres(address))
    }
}

/// Where the payloads are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BlobsPlace {
    /// The folder `blobs` of the data folder.
    #[default]
    Folder,
    /// A bucket, which several servers may share.
    Bucket {
        /// Its name.
        bucket: String,
        /// What every object's name begins with; empty, or with a slash at its end.
        prefix: String,
    },
}

impl BlobsPlace {
    /// # Errors
    /// What is wrong. The text isn't told: it may hold a key.
    pub(super) fn parse(given: Given<'_>) -> Result<Self, Wrong> {
        if given.text == FOLDER {
            return Ok(Self::Folder);
        }
        let cure = "write folder, or s3://bucket/prefix with lower-case letters, digits, - and .";
        let wrong = |what: &str| Wrong::new(what, cure);
        let rest = given.text.strip_prefix("s3://");
        let rest = rest.ok_or_else(|| wrong("names no kind of home"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if !is_bucket(bucket) {
            return Err(wrong("names no bucket"));
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !is_prefix(prefix) {
            return Err(wrong("has a prefix that no object's name may begin with"));
        }
        let bucket = bucket.to_owned();
        let prefix = match prefix {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Ok(Self::Bucket { bucket, prefix })
    }
}

fn is_bucket(name: &str) -> bool {
    let sign =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    BUCKET_BYTES.contains(&name.len())
        && name.bytes().all(sign)
        && !name.starts_with(['.', '-'])
        && !name.ends_with(['.', '-'])
}

/// Nothing that a path could be cut short or climb by.
fn is_prefix(prefix: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let part =
        |part: &str| !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(sign);
    prefix.is_empty() || (prefix.len() <= PREFIX_BYTES_MAX && prefix.split('/').all(part))
}

/// The address of an S3 server that isn't Amazon's.
pub(super) fn endpoint(given: Given<'_>) -> Result<String, Wrong> {
    let cure =
        "write scheme and host, and the port if it isn't the usual one, as https://s3.example:9000";
    let url = PublicUrl::parse(given).map_err(|wrong| Wrong::new(wrong.what, cure))?;
    Ok(url.as_str().to_owned())
}

pub(super) fn region(given: Given<'_>) -> Result<String, Wrong> {
    let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let fits = (1..=REGION_BYTES_MAX).contains(&given.text.len()) && given.text.bytes().all(sign);
    if !fits {
        let what = format!("is {}, and no region", quoted(given.text));
        return Err(Wrong::new(what, "write a region's name, as eu-central-1"));
    }
    Ok(given.text.to_owned())
}

/// Where the database and the payloads are, and which files let a server in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HomePlaces {
    /// The database.
    pub store: StorePlace,
    /// A file with the database's password.
    pub store_password_file: Option<PathBuf>,
    /// The payloads.
    pub blobs: BlobsPlace,
    /// The S3 server, if it isn't Amazon's.
    pub blobs_endpoint: Option<String>,
    /// The bucket's region.
    pub blobs_region: String,
    /// A file with the bucket's key: its id on the first line, its secret on the second.
    pub blobs_key_file: Option<PathBuf>,
}

impl HomePlaces {
    /// The settings that have no effect, since what they are about is elsewhere: each with the setting that says so.
    pub(super) fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        let is_sqlite = self.store == StorePlace::Sqlite;
        let is_folder = self.blobs == BlobsPlace::Folder;
        let said = [
            (
                "store_password_file",
                "store",
                is_sqlite && self.store_password_file.is_some(),
            ),
            (
                "blobs_endpoint",
                "blobs",
                is_folder && self.blobs_endpoint.is_some(),
            ),
            (
                "blobs_key_file",
                "blobs",
                is_folder && self.blobs_key_file.is_some(),
            ),
        ];
        let idle = said.into_iter().filter(|(.., is_idle)| *is_idle);
        idle.map(|(setting, because, _)| (setting, because))
            .collect()
    }
}
