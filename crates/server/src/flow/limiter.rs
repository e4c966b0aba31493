//! Who asks too often: a device, or somebody who shows tokens that are none. Read [`Limiter`].
//!
//! A device is held to a rate by its own token, wherever it comes from. An address is held to one only for tokens that turned out to be nobody's; and once
//! it has shown too many of them, only those are heard from there who have shown a good one lately. So a site of a thousand devices behind one
//! address has no limit, and one of somebody who guesses among them keeps nobody out whom the server knows.
//!
//! Nothing is looked up here that is answered from memory.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use mainstay_access::Origin;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::bucket::{PER_SECOND_MAX, Rate};
use super::buckets::{Beyond, Buckets};
use crate::problem::Refused;
use crate::quiet::TokenHash;

/// Tokens that are remembered as good: some 10 MB. Of a larger fleet those beyond are free of the limit, and bear what their address brings them.
const TOKENS_MAX: usize = 200_000;

/// So long a token is remembered at least as good: longer than two of the polls that are usual.
const TOKEN_KEPT: Duration = Duration::from_secs(3600);

/// Addresses that showed wrong tokens: some 4 MB. An attacker with more of them shares what one may have among those beyond.
const ADDRESSES_MAX: usize = 65_536;

/// Brakes that are looked up at once although a wrong token is likely.
const DOUBTED_MAX: usize = 4;

/// How often one may ask. Nobody is held to anything unless the server was told so: whoever lives in a time of their own lives faster than any rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests of one device that aren't answered from memory, and aren't for a payload: those come in as many pieces as the device likes.
    pub device: Option<Rate>,
    /// Wrong tokens from one IPv4 address, or one /64 of IPv6 addresses.
    pub address: Option<Rate>,
}

/// Who asked how often.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// By the first bytes of the token's hash: two of a million share them once in forty thousand fleets.
    tokens: Buckets<u64>,
    addresses: Option<Buckets<Origin>>,
    doubted: Semaphore,
    refused_devices: AtomicU64,
    refused_addresses: AtomicU64,
}

impl Limiter {
    /// Nobody has asked yet.
    pub fn new(limits: Limits) -> Self {
        let free = Rate::per_second(PER_SECOND_MAX);
        let device = limits.device.unwrap_or(free);
        let addresses = limits
            .address
            .map(|rate| Buckets::new(rate, ADDRESSES_MAX, Duration::ZERO, Beyond::Share));
        Self {
            tokens: Buckets::new(device, TOKENS_MAX, TOKEN_KEPT, Beyond::Free),
            addresses,
            doubted: Semaphore::new(DOUBTED_MAX),
            refused_devices: AtomicU64::new(0),
            refused_addresses: AtomicU64::new(0),
        }
    }

    /// Whether a token is looked up that came from there. To be asked before that.
    ///
    /// # Errors
    /// `flow.address` if too many from there were nobody's, and this one isn't known to be somebody's.
    pub fn expect_few_wrong(&self, from: Option<Origin>, token: &TokenHash) -> Result<(), Refused> {
        match self.doubted_for(from, token) {
            None => Ok(()),
            Some(wait) => {
                self.refused_addresses.fetch_add(1, Ordering::Relaxed);
                Err(too_many_wrong(wait))
            }
        }
    }

    /// A turn for a brake that would be refused by that: it waits, behind as many as there are connections at most, and is heard. Few of them look in
    /// the store at once, so that no device waits for those who feign one. None where nothing is to be waited for.
    pub async fn brakes_turn(
        &self,
        from: Option<Origin>,
        token: &TokenHash,
    ) -> Option<SemaphorePermit<'_>> {
        self.doubted_for(from, token)?;
        self.doubted.acquire().await.ok()
    }

    /// How long it is until a token that came from there, and isn't known, may be looked up; none if it may now.
    fn doubted_for(&self, from: Option<Origin>, token: &TokenHash) -> Option<Duration> {
        let wait = self.addresses.as_ref()?.wait(from?)?;
        (!self.tokens.has(key(token))).then_some(wait)
    }

    /// A token from there was nobody's.
    pub fn was_wrong(&self, from: Option<Origin>) {
        if let Some((addresses, from)) = self.addresses.as_ref().zip(from) {
            // Those that were let pass although it is too early were looked up at the same time.
            let _ = addresses.take(from);
        }
    }

    /// A device has shown this token, which is its own.
    ///
    /// # Errors
    /// `flow.device` if it asks too often.
    pub fn expect_seldom(&self, token: &TokenHash) -> Result<(), Refused> {
        let taken = self.tokens.take(key(token));
        taken.map_err(|wait| {
            self.refused_devices.fetch_add(1, Ordering::Relaxed);
            too_often(wait)
        })
    }

    /// Somebody has shown this token for what isn't held to a rate.
    pub fn was_right(&self, token: &TokenHash) {
        self.tokens.touch(key(token));
    }

    /// Requests that devices made too early.
    pub fn refused_devices(&self) -> u64 {
        self.refused_devices.load(Ordering::Relaxed)
    }

    /// Requests that weren't looked at because of where they came from.
    pub fn refused_addresses(&self) -> u64 {
        self.refused_addresses.load(Ordering::Relaxed)
    }
}

fn key(token: &TokenHash) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *token;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn too_many_wrong(wait: Duration) -> Refused {
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        "flow.address",
        "Too many requests from this address bore tokens that this server doesn't know.",
        "Ask again after the time that Retry-After tells; find what there shows wrong tokens.",
    )
    .tried_again_after(wait)
}

fn too_often(wait: Duration) -> Refused {
    Refused::new(
        StatusCode::TOO_MANY_REQUESTS,
        "flow.device",
        "This device asks more often than the server lets one device.",
        "Ask again after the time that Retry-After tells, and then as often as the server says.",
    )
    .tried_again_after(wait)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::time::{advance, timeout};

    use super::*;

    fn limiter() -> Limiter {
        Limiter::new(Limits {
            device: Some(Rate::per_second(1)),
            address: Some(Rate::per_second(2)),
        })
    }

    fn from(address: &str) -> Option<Origin> {
        let address: IpAddr = address.parse().unwrap();
        Some(Origin::of(address))
    }

    fn refused<T: std::fmt::Debug>(result: Result<T, Refused>) -> (String, String) {
        let refused = result.unwrap_err();
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        let after = refused.retry_after().unwrap();
        (refused.id().to_owned(), after.to_str().unwrap().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_is_held_to_its_rate_and_no_other() {
        let limiter = limiter();
        for _ in 0..20 {
            limiter.expect_seldom(&[1; 32]).unwrap();
        }
        let told = refused(limiter.expect_seldom(&[1; 32]));
        assert_eq!(told, ("flow.device".to_owned(), "1".to_owned()));
        limiter.expect_seldom(&[2; 32]).unwrap();
        assert_eq!(
            (limiter.refused_devices(), limiter.refused_addresses()),
            (1, 0)
        );
        advance(Duration::from_secs(1)).await;
        limiter.expect_seldom(&[1; 32]).unwrap();
    }

    /// Whoever feigns brakes has few of them looked up at once; a real one waits for its turn, and one that is known doesn't.
    #[tokio::test(start_paused = true)]
    async fn brakes_that_are_doubted_wait_for_each_other_alone() {
        let limiter = limiter();
        let (site, good, wrong) = (from("192.0.2.7"), [1; 32], [2; 32]);
        assert!(limiter.brakes_turn(site, &wrong).await.is_none());
        limiter.was_right(&good);
        for _ in 0..40 {
            limiter.was_wrong(site);
        }
        let mut turns = Vec::new();
        for _ in 0..DOUBTED_MAX {
            turns.push(limiter.brakes_turn(site, &wrong).await.unwrap());
        }
        let waits = timeout(Duration::from_secs(1), limiter.brakes_turn(site, &wrong));
        waits.await.unwrap_err();
        assert!(limiter.brakes_turn(site, &good).await.is_none());
        for _ in 0..40 {
            limiter.was_wrong(site);
        }
        drop(turns.pop());
        assert!(limiter.brakes_turn(site, &wrong).await.is_some());
        assert_eq!(limiter.refused_addresses(), 0, "all were heard");
    }

    /// However often a device fetches a piece of its payload, it may say what became of it; and it is known.
    #[tokio::test(start_paused = true)]
    async fn what_is_not_held_to_a_rate_takes_nothing_of_it() {
        let limiter = limiter();
        let (site, good, wrong) = (from("192.0.2.7"), [1; 32], [2; 32]);
        for _ in 0..5000 {
            limiter.was_right(&good);
        }
        for _ in 0..20 {
            limiter.expect_seldom(&good).unwrap();
        }
        limiter.expect_seldom(&good).unwrap_err();
        let fetches = [3; 32];
        limiter.was_right(&fetches);
        for _ in 0..40 {
            limiter.was_wrong(site);
        }
        limiter.expect_few_wrong(site, &wrong).unwrap_err();
        limiter.expect_few_wrong(site, &fetches).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn where_somebody_guesses_only_the_known_are_heard() {
        let limiter = limiter();
        let (site, good, wrong) = (from("2001:db8:7::1"), [1; 32], [2; 32]);
        limiter.expect_seldom(&good).unwrap();
        for _ in 0..40 {
            limiter.expect_few_wrong(site, &wrong).unwrap();
            limiter.was_wrong(site);
        }
        let told = refused(limiter.expect_few_wrong(site, &wrong));
        assert_eq!(told, ("flow.address".to_owned(), "1".to_owned()));
        limiter.expect_few_wrong(site, &good).unwrap();
        // A neighbour in the same /64 is the same customer; another network isn't.
        refused(limiter.expect_few_wrong(from("2001:db8:7::2"), &wrong));
        limiter
            .expect_few_wrong(from("2001:db8:8::1"), &wrong)
            .unwrap();
        // Nobody is held to anything who was asked from within.
        limiter.expect_few_wrong(None, &wrong).unwrap();
        assert_eq!(limiter.refused_addresses(), 2);
        advance(Duration::from_secs(30)).await;
        limiter.expect_few_wrong(site, &wrong).unwrap();
    }

    /// However many a site has, none of their right tokens counts for its address.
    #[tokio::test(start_paused = true)]
    async fn a_site_of_many_devices_has_no_limit() {
        let limiter = limiter();
        let site = from("192.0.2.7");
        for n in 0..10_000_u32 {
            let mut token = [0; 32];
            token[..4].copy_from_slice(&n.to_be_bytes());
            limiter.expect_few_wrong(site, &token).unwrap();
            limiter.expect_seldom(&token).unwrap();
        }
        assert_eq!(
            (limiter.refused_devices(), limiter.refused_addresses()),
            (0, 0)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_held_to_what_the_server_was_not_told() {
        let limiter = Limiter::new(Limits::default());
        for _ in 0..100_000 {
            limiter
                .expect_few_wrong(from("192.0.2.7"), &[2; 32])
                .unwrap();
            limiter.was_wrong(from("192.0.2.7"));
            limiter.expect_seldom(&[1; 32]).unwrap();
        }
    }
}
