//! Blobs as objects of an S3 bucket, or of any server that speaks its protocol: `<prefix><first two digits>/<digest>`.
//!
//! An object appears whole or not at all, and only after its digest was right. A small blob goes up in one request that makes a new
//! object and replaces none; if there is one already, it is read, and replaced only if it is damaged. A large one goes up in parts, which the bucket
//! joins at the end. Credentials are in no error and no `Debug`. Read [`S3Place`] and [`S3Blobs`].

mod reading;

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mainstay_trust::Digest;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::{Method, Signer as _};
use object_store::{
    BackoffConfig, ClientOptions, Error, MultipartUpload, ObjectStore as _, ObjectStoreExt as _,
    PutMode, PutPayload, RetryConfig,
};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use self::reading::{LARGE_FETCHES_MAX, Source};
use super::incoming::Incoming;
use super::{Blobs, PIECE_BYTES, Pieces, PutError};
use crate::StoreError;

/// What goes up in one request, and the size of a part of what doesn't: the protocol asks for 5 MiB at least and 10,000 parts at
/// most, so a blob may have 80 GB. Each upload holds one in memory.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// A bucket that takes longer to accept a connection isn't there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For one request and its answer, a part of 8 MiB included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Tries after the first one, of what the protocol calls a passing failure.
const RETRIES_MAX: usize = 3;
/// Nothing is tried again later than this.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
/// The protocol signs no address for longer (a week).
const LINK_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// How much of an error's words is told.
const CAUSE_CHARS_MAX: usize = 300;

/// Where a bucket is, and how to get in.
#[derive(Debug, Clone)]
pub struct S3Place {
    /// The bucket's name.
    pub bucket: String,
    /// Its region, `eu-central-1`; servers of others take any.
    pub region: String,
    /// The server's address, `https://s3.example`, if it isn't Amazon's. Without TLS only if it says `http:`.
    pub endpoint: Option<String>,
    /// What every object's name begins with, `mainstay/`; may be empty.
    pub prefix: String,
    /// The key; none lets the role of the EC2 instance do, on which this runs. In a container that is its node's.
    pub key: Option<S3Key>,
}

/// What is written to see whether the bucket takes writes. It is written over and never removed: a bucket that keeps versions would keep two
/// things of each try instead of one.
const PROBE: &str = "probe";
/// A write that succeeded tells for so long that writes do. Readiness asks each second, and each write is paid for.
const PROBE_HOLDS: Duration = Duration::from_secs(60);

/// A key to a bucket.
#[derive(Clone)]
pub struct S3Key {
    /// Its name.
    pub id: String,
    /// What is never shown.
    pub secret: String,
    /// What a key that ends by itself comes with; never shown either.
    pub token: Option<String>,
}

/// The secret is stars, as is the token, and the name its first four signs.
impl fmt::Debug for S3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.id.chars().take(4).collect();
        write!(f, "S3Key({start}..., ***)")
    }
}

/// The blobs of one bucket. Several servers may share it.
pub struct S3Blobs {
    pub(super) bucket: AmazonS3,
    /// How errors name the place: `s3://bucket/prefix`.
    name: String,
    pub(super) prefix: String,
    large_fetches: Arc<Semaphore>,
    /// When a probe succeeded last.
    probed: Mutex<Option<Instant>>,
}

/// The place alone: what is behind it holds the key.
impl fmt::Debug for S3Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Blobs({})", self.name)
    }
}

impl S3Blobs {
    /// The blobs in a bucket, which must be there. Asks nothing of it yet.
    ///
    /// # Errors
    /// `store.unreadable` if the place makes no sense: an address that isn't one, or that holds a password.
    pub fn new(place: &S3Place) -> Result<Self, StoreError> {
        let name = format!("s3://{}/{}", place.bucket, place.prefix);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&place.bucket)
            .with_region(&place.region)
            .with_client_options(client())
            .with_retry(retries());
        if let Some(endpoint) = &place.endpoint {
            check_address(&name, endpoint)?;
            let is_plain = endpoint.starts_with("http:");
            builder = builder.with_endpoint(endpoint).with_allow_http(is_plain);
        }
        if let Some(key) = &place.key {
            builder = builder
                .with_access_key_id(&key.id)
                .with_secret_access_key(&key.secret);
            if let Some(token) = &key.token {
                builder = builder.with_token(token);
            }
        }
        let bucket = builder.build().map_err(|error| failed(&name, &error))?;
        Ok(Self {
            bucket,
            name,
            prefix: place.prefix.clone(),
            large_fetches: Arc::new(Semaphore::new(LARGE_FETCHES_MAX)),
            probed: Mutex::default(),
        })
    }

    pub(super) fn key(&self, digest: &Digest) -> Path {
        let name = digest.to_string();
        Path::from(format!("{}{}/{name}", self.prefix, &name[..2]))
    }

    fn failed(&self, digest: &Digest, error: &Error) -> StoreError {
        failed(&format!("{}{digest}", self.name), error)
    }

    fn source(&self, digest: &Digest, end: u64, is_short: bool) -> Source {
        Source {
            bucket: self.bucket.clone(),
            key: self.key(digest),
            end,
            is_short,
            large_fetches: self.large_fetches.clone(),
        }
    }

    /// Whether the object is there with the right bytes.
    async fn is_whole(&self, digest: &Digest, bytes: u64) -> Result<bool, StoreError> {
        if self.size(digest).await? != Some(bytes) {
            return Ok(false);
        }
        let Some(pieces) = self.read(digest, 0..bytes).await? else {
            return Ok(false);
        };
        let mut incoming = Incoming::new(pieces, bytes);
        while let Ok(Some(_)) = incoming.next(PIECE_BYTES).await {}
        Ok(incoming.finish(digest).is_ok())
    }

    async fn put_at_once(&self, digest: &Digest, bytes: Bytes) -> Result<(), StoreError> {
        let (key, len) = (self.key(digest), bytes.len() as u64);
        let payload = PutPayload::from(bytes);
        let create = self
            .bucket
            .put_opts(&key, payload.clone(), PutMode::Create.into());
        let put = match create.await {
            Err(Error::AlreadyExists { .. }) if self.is_whole(digest, len).await? => return Ok(()),
            Err(Error::AlreadyExists { .. }) => self.bucket.put(&key, payload).await,
            created => created,
        };
        put.map(drop).map_err(|error| self.failed(digest, &error))
    }

    async fn put_in_parts(
        &self,
        digest: &Digest,
        mut incoming: Incoming<'_>,
    ) -> Result<(), PutError> {
        let told = |error: Error| PutError::from(self.failed(digest, &error));
        let begun = self.bucket.put_multipart(&self.key(digest)).await;
        let mut upload = Upload(Some(begun.map_err(told)?));
        while let Some(part) = incoming.next(PART_BYTES).await? {
            upload.part(part).await.map_err(told)?;
        }
        incoming.finish(digest)?;
        upload.complete().await.map_err(told)
    }
}

#[async_trait]
impl Blobs for S3Blobs {
    async fn put(&self, digest: &Digest, bytes: u64, pieces: Pieces<'_>) -> Result<(), PutError> {
        let mut incoming = Incoming::new(pieces, bytes);
        if bytes > PART_BYTES as u64 {
            return self.put_in_parts(digest, incoming).await;
        }
        // One more would have been refused already.
        let all = incoming.next(PART_BYTES + 1).await?.unwrap_or_default();
        incoming.finish(digest)?;
        Ok(self.put_at_once(digest, all).await?)
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let mut probed = self.probed.lock().await;
        if probed.is_some_and(|at| at.elapsed() < PROBE_HOLDS) {
            return Ok(());
        }
        *probed = None;
        let key = Path::from(format!("{}{PROBE}", self.prefix));
        let told = |error: Error| failed(&format!("{}{PROBE}", self.name), &error);
        let nothing = PutPayload::from_static(&[]);
        self.bucket.put(&key, nothing).await.map_err(told)?;
        *probed = Some(Instant::now());
        Ok(())
    }

    async fn size(&self, digest: &Digest) -> Result<Option<u64>, StoreError> {
        match self.bucket.head(&self.key(digest)).await {
            Ok(about) => Ok(Some(about.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(digest, &error)),
        }
    }

    async fn read(
        &self,
        digest: &Digest,
        range: Range<u64>,
    ) -> Result<Option<Pieces<'static>>, StoreError> {
        let Some(bytes) = self.size(digest).await? else {
            return Ok(None);
        };
        let source = self.source(digest, range.end, range.end > bytes);
        Ok(Some(source.pieces(range.start)))
    }

    async fn link(&self, digest: &Digest, lasts: Duration) -> Result<Option<String>, StoreError> {
        let key = self.key(digest);
        let signed = self
            .bucket
            .signed_url(Method::GET, &key, lasts.min(LINK_MAX));
        let signed = signed.await.map_err(|error| self.failed(digest, &error))?;
        Ok(Some(signed.into()))
    }
}

/// An upload in parts. If it isn't completed, what went up is thrown away: a bucket keeps it, unseen and paid for, until it is told.
struct Upload(Option<Box<dyn MultipartUpload>>);

impl Upload {
    async fn part(&mut self, part: Bytes) -> object_store::Result<()> {
        match &mut self.0 {
            Some(upload) => upload.put_part(part.into()).await,
            None => Ok(()),
        }
    }

    async fn complete(mut self) -> object_store::Result<()> {
        if let Some(upload) = &mut self.0 {
            upload.complete().await?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        if let (Some(mut upload), Ok(runtime)) = (self.0.take(), runtime) {
            // Nobody waits for it; a rule of the bucket clears away what this doesn't reach.
            runtime.spawn(async move { upload.abort().await });
        }
    }
}

/// Whether an address is one. It isn't repeated: what stands in the wrong place may be a secret.
fn check_address(name: &str, address: &str) -> Result<(), StoreError> {
    let host = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"));
    let is_one = |host: &str| !host.is_empty() && !host.contains(['@', '?', '#', ' ']);
    if host.is_some_and(is_one) {
        return Ok(());
    }
    let because = "its address must be https:// and a host, without a name or a password";
    let source = io::Error::new(io::ErrorKind::InvalidInput, because);
    Err(StoreError::unreadable(std::path::Path::new(name), source))
}

fn client() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_timeout(REQUEST_TIMEOUT)
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: RETRIES_MAX,
        retry_timeout: RETRY_TIMEOUT,
    }
}

pub(super) fn failed(name: &str, error: &Error) -> StoreError {
    StoreError::unreadable(std::path::Path::new(name), io::Error::other(cause(error)))
}

/// What an error says, without what the bucket's server wrote: it repeats what was signed. Only its code is told of that.
fn cause(error: &Error) -> String {
    let text = error.to_string();
    let code = code(&text);
    let words = match (error, code.as_deref()) {
        (_, Some("SignatureDoesNotMatch")) => "another secret belongs to this key".to_owned(),
        (_, Some("InvalidAccessKeyId")) | (Error::Unauthenticated { .. }, _) => {
            "the key isn't known there".to_owned()
        }
        (_, Some("RequestTimeTooSkewed")) => "its clock and this machine's are apart".to_owned(),
        (Error::NotFound { .. }, _) => "it isn't there".to_owned(),
        (Error::PermissionDenied { .. }, _) => "this key may not do it".to_owned(),
        _ => {
            let ours = text.split('<').next().unwrap_or_default().trim();
            ours.chars().take(CAUSE_CHARS_MAX).collect()
        }
    };
    match code {
        Some(code) => format!("{words} ({code})"),
        None => words,
    }
}

/// The code of an answer of the protocol: `<Code>SignatureDoesNotMatch</Code>`.
fn code(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_one = (1..=64).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_one.then(|| code.to_owned())
}
