//! Where a mirror is: a folder, or a bucket. Read [`HomeArgs`].

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mainstay_server::homes as places;
use mainstay_server::settings::{self, Asked};
use mainstay_store::{FolderBlobs, MirrorHome, S3Blobs};

use super::manifest::Manifest;
use crate::failure::Failure;
use crate::homes;

/// Keeps a second program off the folder.
const LOCK: &str = "mainstay-mirror.lock";

/// Options that say where a mirror is.
#[derive(Debug, Args)]
pub struct HomeArgs {
    /// The mirror: a folder, or s3://bucket/prefix.
    #[arg(long, global = true, value_name = "PLACE")]
    to: Option<String>,
    /// The S3 server that has the bucket, as https://s3.example:9000; without it, Amazon's.
    #[arg(long, global = true, value_name = "URL")]
    endpoint: Option<OsString>,
    /// The bucket's region; servers that aren't Amazon's take any.
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<OsString>,
    /// A file with the bucket's key: its id on the first line, its secret on the second. Without it, the variables AWS_ACCESS_KEY_ID and
    /// AWS_SECRET_ACCESS_KEY.
    #[arg(long, global = true, value_name = "FILE")]
    key_file: Option<OsString>,
}

impl HomeArgs {
    /// The mirror, to be changed; of a folder with what keeps others off meanwhile. A folder that is somebody else's isn't touched.
    pub async fn open(&self) -> Result<(Arc<dyn MirrorHome>, Option<File>), Failure> {
        let to = self.to()?;
        if let Some(bucket) = self.bucket(to)? {
            let is_mirror = Manifest::read(&bucket).await?.is_some();
            if !is_mirror && !bucket.holds_nothing().await? {
                return Err(not_a_mirror(to));
            }
            return Ok((Arc::new(bucket), None));
        }
        let folder = PathBuf::from(to);
        let looked = FolderBlobs::looked_at(&folder);
        let is_mirror = Manifest::read(&looked).await?.is_some();
        let lock = locked(&folder, is_mirror)?;
        Ok((Arc::new(FolderBlobs::open(&folder).await?), Some(lock)))
    }

    /// The mirror, as it is.
    pub async fn looked_at(&self) -> Result<Arc<dyn MirrorHome>, Failure> {
        let to = self.to()?;
        match self.bucket(to)? {
            Some(bucket) => Ok(Arc::new(bucket)),
            None => Ok(Arc::new(FolderBlobs::looked_at(to))),
        }
    }

    fn to(&self) -> Result<&str, Failure> {
        let to = self.to.as_deref().filter(|to| !to.is_empty());
        to.ok_or_else(|| {
            Failure::usage(
                "mirror.no-place",
                "nothing says where the mirror is",
                "name it: --to /srv/firmware, or --to s3://bucket/prefix",
            )
        })
    }

    /// The bucket, by the same rules as a server's own.
    fn bucket(&self, to: &str) -> Result<Option<S3Blobs>, Failure> {
        if !to.contains("://") {
            return match self.endpoint.is_some() || self.key_file.is_some() || self.region.is_some()
            {
                true => Err(Failure::usage(
                    "mirror.no-bucket",
                    "--endpoint, --region and --key-file are about a bucket, and --to names a folder",
                    "leave them out, or name a bucket: --to s3://bucket/prefix",
                )),
                false => Ok(None),
            };
        }
        let said = [
            ("data", Some(OsString::from("."))),
            ("blobs", Some(OsString::from(to))),
            ("blobs_endpoint", self.endpoint.clone()),
            ("blobs_region", self.region.clone()),
            ("blobs_key_file", self.key_file.clone()),
        ];
        let flags = said
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let answered = settings::read(&Asked {
            flags: flags.collect(),
            ..Asked::default()
        });
        let (settings, _) = answered.settled().map_err(|findings| {
            let first = findings.first().map(homes::failure);
            let failure = first.unwrap_or_else(|| {
                Failure::usage("mirror.no-place", "--to can't be used", "name a bucket")
            });
            Failure {
                what: format!("the mirror's place: {}", failure.what),
                ..failure
            }
        })?;
        Ok(places::mirror_bucket(&settings.homes)?)
    }
}

/// The folder's lock; the folder is made if it isn't there. One that has something in it and is no mirror is left alone: it may be a server's own.
fn locked(folder: &Path, is_mirror: bool) -> Result<File, Failure> {
    let failed = |error: std::io::Error| {
        Failure::usage(
            "mirror.unusable",
            format!("{}: {error}", folder.display()),
            "name a folder that this user may write to",
        )
    };
    fs::create_dir_all(folder).map_err(failed)?;
    if !is_mirror && has_others(folder).map_err(failed)? {
        return Err(not_a_mirror(&folder.display().to_string()));
    }
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))
        .map_err(failed)?;
    lock.try_lock().map_err(|_| {
        Failure::usage(
            "mirror.in-use",
            format!("another program keeps {} in step", folder.display()),
            "stop that one, or leave it to it",
        )
    })?;
    Ok(lock)
}

fn not_a_mirror(place: &str) -> Failure {
    Failure::usage(
        "mirror.not-a-mirror",
        format!("{place} has something in it, and isn't a mirror"),
        "name an empty place, or one that isn't there yet; never a server's own",
    )
}

fn has_others(folder: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        if entry?.file_name() != LOCK {
            return Ok(true);
        }
    }
    Ok(false)
}
