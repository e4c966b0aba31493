//! What a scripted device asks, and what it makes of the answers; all of it is noted. Read [`Crowd::check_in`].

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use mainstay_protocol::{
    Acknowledged as AcknowledgedUpTo, BootReason, CHECK_IN_PATH, CheckIn, Directive, Health,
    MESSAGE_BYTES_MAX, REPORTS_PATH, Reports, Running, SelfTest, Todo,
};
use mainstay_server::{Clock as _, SystemClock};

use crate::budgets::since;
use crate::crowd::{Crowd, Mind, any_replica};
use crate::script::FETCH_BYTES;
use crate::seen::{
    Acknowledged, Answer, DeviceNumber, Download, End, Exchange, Fault, Offer, RELEASES,
    ReleaseNumber, ReplicaNumber, Sent,
};
use crate::wire::Reply;

impl Crowd {
    /// Says how the device is and hears what to do; whether it went well.
    pub(crate) async fn check_in(&self, who: usize, mind: &mut Mind) -> bool {
        let Some(body) = written(&self.says(mind)) else {
            return false;
        };
        let (by, bytes) = self.post(who, mind, CHECK_IN_PATH, body).await;
        let Some(bytes) = bytes else { return false };
        let Ok(directive) = mainstay_protocol::read::<Directive<'_>>(&bytes) else {
            return self.fault(by, "a directive that can't be read");
        };
        if !self.take_acknowledged(by, mind, directive.acknowledged) {
            return false;
        }
        let after = Duration::from_secs(directive.poll_after_s.into());
        // Spread, so that those who came together don't for ever.
        let early = Duration::from_millis(mind.dice.below(500));
        mind.script
            .asks_at(by.answered + after.saturating_sub(early));
        if let Todo::Install { image_digest, .. } = directive.todo {
            let Some(release) = self.goods.of_image(&image_digest) else {
                return self.fault(by, "an offer of what nobody has handed in");
            };
            self.record
                .note(|seen| seen.offers.push(Offer { by, release }));
            let manifests = &self.goods.manifests;
            mind.script.take_offer(release, by.answered, manifests);
        }
        if !mind.was_heard {
            mind.was_heard = true;
            self.heard.fetch_add(1, Ordering::Relaxed);
        }
        mind.replica = any_replica(&mut mind.dice);
        true
    }

    /// What a device says of itself.
    fn says(&self, mind: &mut Mind) -> CheckIn<'static> {
        let (release, confirmed) = mind.script.runs();
        CheckIn {
            nonce: mind.dice.nonce(),
            running: Running {
                manifest: self.goods.manifests[release],
                sequence: release as u64 + 1,
                version: RELEASES[release],
                confirmed,
                slot: u8::from(release == 1),
            },
            boot: match confirmed {
                true => BootReason::Confirmed,
                false => BootReason::Trial,
            },
            root_version: 1,
            status_seq: 0,
            health: Health {
                uptime_s: 60,
                self_test: SelfTest::Passed,
                ..Health::default()
            },
            reports: mind.script.reports(),
            revocations: None,
        }
    }

    /// Tells its reports; whether it went well.
    pub(crate) async fn report(&self, who: usize, mind: &mut Mind) -> bool {
        let reports = mind.script.reports();
        let Some(body) = written(&Reports { reports }) else {
            return false;
        };
        let (by, bytes) = self.post(who, mind, REPORTS_PATH, body).await;
        let Some(bytes) = bytes else { return false };
        match mainstay_protocol::read::<AcknowledgedUpTo>(&bytes) {
            Ok(acknowledged) => self.take_acknowledged(by, mind, acknowledged.seq),
            Err(_) => self.fault(by, "an acknowledgement that can't be read"),
        }
    }

    /// Notes what is acknowledged; whether that is all that was told.
    fn take_acknowledged(&self, by: Exchange, mind: &mut Mind, seq: u32) -> bool {
        let events = mind.script.take_acknowledged(seq).into_iter();
        let acknowledged = events.map(|event| Acknowledged { by, event });
        self.record
            .note(|seen| seen.acknowledged.extend(acknowledged));
        let is_all = mind.script.unacknowledged().is_empty();
        is_all || self.fault(by, "a good answer that doesn't acknowledge what was told")
    }

    /// Posts what holds the device's reports, and notes which of them leave for the first time.
    async fn post(
        &self,
        who: usize,
        mind: &mut Mind,
        path: &str,
        body: Vec<u8>,
    ) -> (Exchange, Option<Vec<u8>>) {
        let device = self.first + who;
        let asked = SystemClock.now();
        let last_sent = mind.sent;
        let all = mind.script.unacknowledged().into_iter();
        let new: Vec<_> = all.filter(|(seq, _)| *seq > last_sent).collect();
        mind.sent = new.last().map_or(last_sent, |(seq, _)| *seq);
        let sent = new.into_iter().map(|(_, event)| Sent {
            device,
            event,
            at: asked,
        });
        self.record.note(|seen| seen.sent.extend(sent));
        let base = &self.bases[mind.replica];
        let reply = self.wire.post(base, path, &mind.token, body).await;
        let is_check_in = path == CHECK_IN_PATH;
        let by = self.answered((device, mind.replica), is_check_in, asked, &reply);
        match reply {
            Reply::Good(bytes) => (by, Some(bytes)),
            _ => (by, None),
        }
    }

    /// Fetches the next bytes of a release; whether it went well.
    pub(crate) async fn fetch(
        &self,
        who: usize,
        mind: &mut Mind,
        release: ReleaseNumber,
        offset: usize,
    ) -> bool {
        let (digest, image) = &self.goods.images[release];
        let asked = SystemClock.now();
        let from = *mind.fetches_since.get_or_insert(asked);
        let range = (offset, FETCH_BYTES.min(image.len() - offset));
        let base = &self.bases[mind.replica];
        let reply = self
            .wire
            .fetch(base, digest, &mind.token, range, &self.record)
            .await;
        let device = self.first + who;
        let by = self.answered((device, mind.replica), false, asked, &reply);
        let went_well = match reply {
            Reply::Good(bytes) => {
                let manifests = &self.goods.manifests;
                let is_right = mind
                    .script
                    .take_bytes(&bytes, image, by.answered, manifests);
                is_right || self.fault(by, "other bytes than the payload's")
            }
            Reply::Gone => {
                // It was stopped before it began: it runs on with what it has, and asks again at its next turn.
                mind.script.give_up();
                true
            }
            _ => false,
        };
        if !mind.script.is_fetching() {
            mind.fetches_since = None;
            let until = by.answered;
            self.record.note(|seen| {
                seen.downloads.push(Download {
                    device,
                    from,
                    until,
                });
            });
        }
        went_well
    }

    /// Notes an exchange that has ended.
    fn answered(
        &self,
        (device, replica): (DeviceNumber, ReplicaNumber),
        is_check_in: bool,
        asked: Timestamp,
        reply: &Reply,
    ) -> Exchange {
        let answered = SystemClock.now();
        let by = Exchange {
            device,
            replica,
            asked,
            answered,
        };
        let end = match reply {
            Reply::Good(_) | Reply::Gone => End::Good,
            Reply::Unavailable => End::Unavailable,
            Reply::Broken | Reply::Wrong(_) => End::Broken,
        };
        self.record.note(|seen| {
            seen.answers.push(Answer {
                device,
                replica,
                is_check_in,
                at: asked,
                took: since(asked, answered),
                end,
            });
            if let Reply::Wrong(what) = reply {
                let what = what.clone();
                seen.faults.push(Fault { by, what });
            }
        });
        by
    }

    /// Notes a good answer that is wrong; it didn't go well.
    fn fault(&self, by: Exchange, what: &str) -> bool {
        let what = what.to_owned();
        self.record
            .note(|seen| seen.faults.push(Fault { by, what }));
        false
    }
}

/// A message's bytes; none if it doesn't fit, which none of ours fails to.
fn written<T>(message: &T) -> Option<Vec<u8>>
where
    T: minicbor::Encode<()>,
{
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    let length = mainstay_protocol::write(message, &mut buffer).ok()?;
    buffer.truncate(length);
    Some(buffer)
}
