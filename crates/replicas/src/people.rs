//! The people of the house, who ask any replica, and another one when that is dead. Read [`People::ask`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::bail;
use mainstay_access::Duty;
use mainstay_client::{ClientError, Operator};

use crate::seen::ReplicaNumber;

/// Somebody whose question came to nothing asks again after this.
const AGAIN: Duration = Duration::from_millis(300);
/// And so often: longer than a database is away here.
const TIMES: u32 = 300;

/// Everybody's ways to all replicas.
#[derive(Debug)]
pub struct People {
    ways: BTreeMap<Duty, Vec<Operator>>,
    turn: AtomicUsize,
}

impl People {
    /// People with these tokens.
    ///
    /// # Errors
    /// If an address isn't one.
    pub fn new(tokens: &BTreeMap<Duty, String>, bases: &[String]) -> anyhow::Result<Self> {
        let mut ways = BTreeMap::new();
        for (duty, token) in tokens {
            let each = bases.iter().map(|base| Operator::new(base, token));
            ways.insert(*duty, each.collect::<Result<_, _>>()?);
        }
        let turn = AtomicUsize::new(0);
        Ok(Self { ways, turn })
    }

    /// Asks replica after replica until one answers with success; tells which.
    ///
    /// # Errors
    /// If one refuses, or none answers for long.
    pub async fn ask<T>(
        &self,
        duty: Duty,
        what: impl AsyncFn(&Operator) -> Result<T, ClientError>,
    ) -> anyhow::Result<(T, ReplicaNumber)> {
        let ways = &self.ways[&duty];
        let mut last = String::new();
        for _ in 0..TIMES {
            let replica = self.turn.fetch_add(1, Ordering::Relaxed) % ways.len();
            match what(&ways[replica]).await {
                Ok(answer) => return Ok((answer, replica)),
                Err(error) if is_passing(&error) => last = error.to_string(),
                Err(error) => bail!("replica {replica} refuses {duty}: {}: {error}", error.id()),
            }
            tokio::time::sleep(AGAIN).await;
        }
        bail!("no replica answers {duty}: {last}")
    }
}

/// Whether it is because of a dead replica, or an absent database.
fn is_passing(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => true,
        ClientError::Refused(problem) => problem.status == 503,
        _ => false,
    }
}
