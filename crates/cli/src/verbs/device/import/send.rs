//! Devices on their way to the server, some at a time. Read [`Sending`].

use std::cell::Cell;
use std::collections::BTreeSet;

use indicatif::ProgressBar;
use mainstay_api::import::Row;
use mainstay_api::{Import, ImportedView};
use mainstay_client::{ClientError, Operator};
use mainstay_fleet::DeviceId;

use super::bar;
use crate::failure::Failure;
use crate::operator::ServerAccess;
use crate::output::Output;

/// So many in one request: half of what the server takes, so that the longest names and attributes fit, and others wait for less long.
const DEVICES_AT_ONCE: usize = 500;

/// Who doesn't answer may have done it.
const UNREACHABLE: &str = "client.unreachable";

/// The way to the server, with a bar beside it.
pub struct Sending<'a> {
    access: &'a ServerAccess,
    bar: ProgressBar,
}

impl<'a> Sending<'a> {
    /// For work of this name.
    pub fn to(access: &'a ServerAccess, output: &Output, name: &'static str) -> Self {
        let bar = bar(output, name);
        Self { access, bar }
    }

    /// What would become of each. `why` is sent along, so that one that the server wouldn't take is found before anything comes in.
    pub fn would_be(&self, rows: &[Row], why: Option<&str>) -> Result<Vec<ImportedView>, Failure> {
        let request = Import {
            dry_run: true,
            why: why.map(str::to_owned),
            ..Import::default()
        };
        let sent = self.access.ask(|operator| async move {
            let mut views = Vec::with_capacity(rows.len());
            self.send(&operator, rows, &request, |some| views.extend(some))
                .await?;
            Ok(views)
        });
        self.bar.finish_and_clear();
        sent
    }

    /// Imports them. What was imported before something failed stays so.
    pub fn import(&self, rows: &[Row], anew: bool, why: Option<&str>) -> Result<(), Failure> {
        let request = Import {
            anew,
            why: why.map(str::to_owned),
            ..Import::default()
        };
        let done = Cell::new(0);
        let so_far = &done;
        let sent = self.access.ask(|operator| async move {
            let heard = |some: Vec<ImportedView>| so_far.set(so_far.get() + some.len());
            self.send(&operator, rows, &request, heard).await
        });
        self.bar.finish_and_clear();
        sent.map_err(|failure| match done.get() {
            // With an answer that is lost, the first part may be there all the same.
            0 if failure.id != UNREACHABLE => failure,
            done => cut_off(failure, done, rows.len()),
        })
    }

    /// Sends them, as `request` says; `heard` gets what is answered to each part.
    async fn send(
        &self,
        operator: &Operator,
        rows: &[Row],
        request: &Import,
        mut heard: impl FnMut(Vec<ImportedView>),
    ) -> Result<(), ClientError> {
        self.bar.set_length(rows.len() as u64);
        let mut sent = BTreeSet::new();
        for some in rows.chunks(DEVICES_AT_ONCE) {
            let come_before = match request.dry_run {
                true => gateways_among(some, &sent),
                false => Vec::new(),
            };
            sent.extend(some.iter().map(|row| &row.wanted.device.id));
            let devices = some.iter().map(|row| row.wanted.clone()).collect();
            let part = Import {
                devices,
                come_before,
                ..request.clone()
            };
            let view = operator.import(&part).await?;
            if view.devices.len() != some.len() {
                return Err(ClientError::Answer {
                    path: "/imports".to_owned(),
                    why: "it doesn't tell of each device".to_owned(),
                });
            }
            heard(view.devices);
            self.bar.inc(some.len() as u64);
        }
        Ok(())
    }
}

/// Those among the devices that were `sent` which stand for gateways of these.
fn gateways_among(some: &[Row], sent: &BTreeSet<&DeviceId>) -> Vec<DeviceId> {
    let gateways = some.iter();
    let gateways = gateways.filter_map(|row| row.wanted.device.gateway.as_ref());
    let gateways: BTreeSet<_> = gateways.filter(|gateway| sent.contains(gateway)).collect();
    gateways.into_iter().cloned().collect()
}

/// The same failure, with how far it came.
fn cut_off(failure: Failure, done: usize, all: usize) -> Failure {
    let what = format!(
        "{}; {done} of {all} devices are known to be imported",
        failure.what
    );
    let cure = format!(
        "{}; then run it again: what is there is left as it is",
        failure.cure
    );
    Failure {
        what,
        cure,
        ..failure
    }
}
