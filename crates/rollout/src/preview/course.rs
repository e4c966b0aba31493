//! What happens, one moment after the other: a heap of moments, and a few bytes a device.
//!
//! Polls at which nothing can come of it are passed over: those of a device whose wave hasn't opened, and those before a
//! turn that the engine has told. Read [`Course`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::Premise;
use super::flow::Flow;
use super::left_out::Unreached;
use super::looks::{Looks, Places};
use super::member::{Member, fleet};
use super::outcome::Asked;
use super::spans::{Spans, instant, ms};
use crate::label::SharedDigest;
use crate::progress::Progress;
use crate::rollout::{Phase, Rollout};
use crate::sample::Enrolment;
use crate::score::{self, Tally};
use crate::step::{Action, step};
use crate::turn;
use crate::view::{DeviceView, FleetView};
use crate::wait::Wait;
use crate::why;
use crate::windows::Windows;
use crate::words::after;
use crate::{download, offer, question};

/// After so many moments a preview ends, wherever it is: about a minute of work, for a plan by which a million devices ask
/// every few seconds.
const MOMENTS_MAX: u64 = 50_000_000;

/// A look passes over all devices several times. So many of them take as long as one moment does, with its heap.
const DEVICES_PER_MOMENT: u64 = 16;

/// Whether it should stop is looked at after so many moments: some milliseconds.
const MOMENTS_BETWEEN_CHECKS: u64 = 4096;

/// A rollout on its course. Times in Unix milliseconds.
pub(super) struct Course {
    rollout: Rollout,
    /// The candidate's release, as all devices have it that run it.
    release: SharedDigest,
    view: FleetView,
    members: Vec<Member>,
    spans: Spans,
    looks: Looks,
    places: Places,
    flow: Flow,
    asked: Vec<Option<Asked>>,
    agenda: BinaryHeap<Reverse<Moment>>,
    windows: Windows,
    /// The windows that open next.
    ahead: Windows,
}

/// Something that happens to the device of this number. Of several at one moment, the earlier in this list of kinds comes
/// first.
type Moment = (i64, What, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// It takes so long that the rollout calls it silent.
    FallsSilent,
    /// It takes so long that the rollout, which called it silent, no longer takes it to download.
    LetsGo,
    /// It says that it runs the candidate.
    Boots,
    /// It says that it keeps the candidate.
    Confirms,
    /// It is heard of at or after its horizon.
    IsHeard,
    /// It asks whether there is something for it.
    Asks,
}

/// What was lived through.
pub(super) struct Lived {
    pub(super) rollout: Rollout,
    pub(super) view: FleetView,
    pub(super) members: Vec<Member>,
    pub(super) flow: Flow,
    /// By wave, the first question that it raised.
    pub(super) asked: Vec<Option<Asked>>,
    /// Why it was followed no further.
    pub(super) end: End,
}

/// Why a life was followed no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The rollout is over.
    Over,
    /// Nothing more happens after this.
    Still(Timestamp),
    /// It was given up here, as it took too long.
    CutShort(Timestamp),
}

/// The work that a preview may still do, in moments.
pub(super) struct Effort<'s> {
    most: u64,
    spent: u64,
    checked: u64,
    stop: &'s AtomicBool,
}

impl<'s> Effort<'s> {
    /// None spent of `most`; it ends early once `stop` is set.
    pub(super) fn new(most: u64, stop: &'s AtomicBool) -> Self {
        Self {
            most,
            spent: 0,
            checked: 0,
            stop,
        }
    }

    fn spend(&mut self, moments: u64) {
        self.spent = self.spent.saturating_add(moments);
    }

    /// Whether no more may be done.
    fn is_over(&mut self) -> bool {
        if self.spent < self.checked {
            return false;
        }
        self.checked = self.spent + MOMENTS_BETWEEN_CHECKS;
        self.spent >= self.most || self.stop.load(Ordering::Relaxed)
    }
}

impl Course {
    /// Before the first moment.
    pub(super) fn begin(premise: &Premise<'_>, rollout: Rollout, enrolments: &[Enrolment]) -> Self {
        let start_ms = premise.now.as_millisecond();
        let every_ms = ms(premise.look_every);
        let (view, members) = fleet(premise, enrolments);
        Self {
            asked: vec![None; rollout.waves.len()],
            release: rollout.candidate.release.into(),
            rollout,
            view,
            members,
            spans: Spans::of(premise),
            looks: Looks::new(start_ms, every_ms),
            places: Places::default(),
            flow: Flow::new(ms(premise.pace.download())),
            agenda: BinaryHeap::new(),
            windows: Windows::default(),
            ahead: Windows::default(),
        }
    }

    /// Lets everything happen, until the rollout is over, nothing is left, or `stop` is set.
    pub(super) fn run(self, stop: &AtomicBool) -> Lived {
        self.live(false, Effort::new(MOMENTS_MAX, stop))
    }

    /// As [`Self::run`]; if `eager`, the server looks each time that it would, and not only when that is worth while.
    pub(super) fn live(mut self, eager: bool, mut effort: Effort<'_>) -> Lived {
        let end = self.follow(eager, &mut effort);
        Lived {
            rollout: self.rollout,
            view: self.view,
            members: self.members,
            flow: self.flow,
            asked: self.asked,
            end,
        }
    }

    fn follow(&mut self, eager: bool, effort: &mut Effort<'_>) -> End {
        let a_look = 1 + self.view.devices.len() as u64 / DEVICES_PER_MOMENT;
        let mut last_ms = self.looks.due_ms().unwrap_or(0);
        while !self.rollout.is_over() {
            let next = self.agenda.peek().map(|Reverse((at, ..))| *at);
            let look = self.looks.due_ms();
            let Some(now_ms) = look.into_iter().chain(next).min() else {
                return End::Still(instant(last_ms));
            };
            if effort.is_over() {
                return End::CutShort(instant(now_ms));
            }
            last_ms = now_ms;
            if look == Some(now_ms) {
                effort.spend(a_look);
                self.look(now_ms);
                if eager {
                    self.looks.at_latest(now_ms + 1);
                }
            } else if let Some(Reverse((_, what, number))) = self.agenda.pop() {
                effort.spend(1);
                self.happen(now_ms, what, number);
            }
        }
        End::Over
    }

    /// The server looks after the rollout.
    fn look(&mut self, now_ms: i64) {
        let now = instant(now_ms);
        let next = step(&self.rollout, &self.view, now);
        self.rollout = next.rollout;
        for action in next.actions {
            if let Action::OpenWave { wave } = action {
                self.wake(wave, now_ms);
            }
        }
        if let Phase::AwaitsHuman { wave, question, .. } = &self.rollout.phase {
            let (wave, what) = (*wave, why::asked(&self.rollout, question));
            self.asked[wave].get_or_insert(Asked { at: now, what });
            self.go_on(now);
            // Its answer is acted on at the next look.
            return self.looks.wait_for(Some(now_ms + 1), 1);
        }
        self.wait(next.waits.first(), now);
    }

    /// A person lets it go on.
    fn go_on(&mut self, now: Timestamp) {
        if let Ok(next) = question::answer(&self.rollout, "somebody", "as is assumed", now) {
            self.rollout = next;
        }
    }

    /// Finds out from what the engine waits for when it is worth while to ask it again.
    fn wait(&mut self, wait: Option<&Wait>, now: Timestamp) {
        let missing = match wait {
            Some(Wait::Soak { until }) => {
                return self.looks.wait_for(Some(until.as_millisecond()), u32::MAX);
            }
            Some(Wait::Evidence { scored, needed, .. }) => needed.saturating_sub(*scored),
            Some(Wait::Unsettled { devices, .. }) => *devices,
            _ => 1,
        };
        // When no member is left to wait for, a question comes instead of the evidence.
        let (rollout, current) = (&self.rollout, self.rollout.current_wave());
        let pending = Tally::of(rollout, &self.view, current, now).pending;
        let missing = match wait {
            Some(Wait::Evidence { .. }) => missing.min(pending),
            _ => missing,
        };
        let given_up = (0..=current).filter_map(|wave| score::unreached_at(rollout, wave));
        let given_up = given_up.filter(|at| *at > now).min();
        self.looks
            .wait_for(given_up.map(Timestamp::as_millisecond), missing);
    }

    /// The members of a wave that has just opened may get something at their next poll.
    fn wake(&mut self, wave: usize, now_ms: i64) {
        let poll_ms = self.spans.poll_ms;
        for ((number, device), member) in (0..).zip(&self.view.devices).zip(&mut self.members) {
            if device.wave == wave && member.held_up != Unreached::Silent {
                member.held_up = Unreached::Window;
                let at_ms = now_ms + (member.asks_ms - now_ms).rem_euclid(poll_ms);
                self.agenda.push(Reverse((at_ms, What::Asks, number)));
            }
        }
    }

    fn happen(&mut self, now_ms: i64, what: What, number: u32) {
        match what {
            What::Asks => self.asks(now_ms, number),
            What::LetsGo => self.lets_go(now_ms, number),
            What::Boots => self.boots(now_ms, number),
            What::Confirms => self.confirms(now_ms, number),
            What::IsHeard => {
                self.device(number).last_seen = Some(instant(now_ms).into());
                self.looks.settled(now_ms);
            }
            What::FallsSilent => {
                // What is large may take longer than that, and keeps its place.
                if !self.holds_place(now_ms, number) {
                    self.lets_go(now_ms, number);
                }
                // Of many that fall silent, the first tells as much as each of them does.
                self.looks.at_latest(now_ms + self.spans.poll_ms);
            }
        }
    }

    /// Whether the server still counts it among those that download.
    fn holds_place(&self, now_ms: i64, number: u32) -> bool {
        let device = &self.view.devices[number as usize];
        offer::holds_place(&self.rollout, device, instant(now_ms))
    }

    /// The place of one that has begun and hasn't booted yet is free.
    fn lets_go(&mut self, now_ms: i64, number: u32) {
        if matches!(self.device(number).progress, Progress::Began { .. }) {
            self.places.free(&self.looks, now_ms);
        }
    }

    fn device(&mut self, number: u32) -> &mut DeviceView {
        &mut self.view.devices[number as usize]
    }

    fn asks(&mut self, now_ms: i64, number: u32) {
        let (now, index) = (instant(now_ms), number as usize);
        let (rollout, device) = (&self.rollout, &self.view.devices[index]);
        let taken = self.places.believed(&self.looks, now_ms);
        let wait = match offer::within(rollout, device, taken, now, &mut self.windows) {
            Ok(_) => return self.begins(now_ms, number),
            Err(wait) if wait.is_settled() => return,
            Err(wait) => wait,
        };
        let turn = turn::within(rollout, device, &wait, taken, now, &mut self.ahead);
        let member = &mut self.members[index];
        member.held_up = member.held_up.then(&wait);
        let at_ms = self.spans.asks_again(turn, now_ms);
        self.agenda.push(Reverse((at_ms, What::Asks, number)));
    }

    fn begins(&mut self, now_ms: i64, number: u32) {
        let began = instant(now_ms);
        self.device(number).progress = Progress::Began { at: began };
        self.places.take();
        self.flow.begin(now_ms);
        let rollout = &self.rollout;
        let horizon = after(began, rollout.rules.install.horizon);
        let silent_ms = score::silent_at(rollout, horizon).as_millisecond();
        let (boots_ms, confirms_ms) = (
            now_ms + self.spans.boots_ms,
            now_ms + self.spans.boots_ms + self.spans.confirms_ms,
        );
        self.agenda.push(Reverse((boots_ms, What::Boots, number)));
        self.agenda
            .push(Reverse((confirms_ms, What::Confirms, number)));
        if confirms_ms >= silent_ms {
            self.agenda
                .push(Reverse((silent_ms, What::FallsSilent, number)));
        }
        let lets_go_ms = after(began, download::time_max(&self.rollout)).as_millisecond();
        if silent_ms < lets_go_ms && lets_go_ms <= boots_ms {
            self.agenda
                .push(Reverse((lets_go_ms, What::LetsGo, number)));
        }
    }

    fn boots(&mut self, now_ms: i64, number: u32) {
        let (booted, release) = (instant(now_ms), self.release.clone());
        // One that takes longer than the rollout waits gave its place back then.
        if self.holds_place(now_ms, number) {
            self.places.free(&self.looks, now_ms);
        }
        let device = self.device(number);
        device.last_seen = Some(booted.into());
        device.running = Some(release);
        if let Some(began) = device.progress.began() {
            device.progress = Progress::OnTrial { began, booted };
        }
    }

    fn confirms(&mut self, now_ms: i64, number: u32) {
        let at = instant(now_ms);
        let device = self.device(number);
        device.last_seen = Some(at.into());
        let Progress::OnTrial { began, booted } = device.progress else {
            return;
        };
        device.progress = Progress::Confirmed { began, booted, at };
        let horizon = after(began, self.rollout.rules.install.horizon);
        let horizon_ms = horizon.as_millisecond();
        let booted_ms = booted.as_millisecond();
        // It asks each poll since it booted.
        let asks_ms = horizon_ms + (booted_ms - horizon_ms).rem_euclid(self.spans.poll_ms);
        let heard_ms = if horizon_ms <= now_ms {
            now_ms
        } else {
            asks_ms
        };
        self.agenda.push(Reverse((heard_ms, What::IsHeard, number)));
    }
}
