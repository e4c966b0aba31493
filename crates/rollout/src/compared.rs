//! What comparisons with devices held back say in words, for `why.rs`.

use mainstay_plan::SignalName;

use crate::excess::Silences;
use crate::readings::PairReading;
use crate::soft::Found;
use crate::words::devices;

/// The signal as the subject of a sentence.
fn subject(signal: SignalName) -> &'static str {
    match signal {
        SignalName::ErrorLog => "the error log",
        SignalName::Battery => "battery drain",
        SignalName::Connectivity => "the count of missed polls",
    }
}

/// What a reading counts.
fn unit(signal: SignalName) -> &'static str {
    match signal {
        SignalName::ErrorLog => "lines an hour",
        SignalName::Battery => "thousandths a day",
        SignalName::Connectivity => "missed polls a day",
    }
}

fn pairs(count: u32) -> String {
    match count {
        1 => "1 pair".to_owned(),
        n => format!("{n} pairs"),
    }
}

/// `27 % worse`, `3 % better`.
fn difference(percent: i32) -> String {
    match percent {
        p if p < 0 => format!("{} % better", p.unsigned_abs()),
        p => format!("{p} % worse"),
    }
}

/// Why a rollout was halted, as the end of "halted: ...".
pub(crate) fn worse(wave: &str, signal: SignalName, found: &Found) -> String {
    let Found {
        pairs: count,
        worse_by_percent,
        margin_percent,
        worst,
        ..
    } = found;
    format!(
        "{} in {wave} is {} than on devices held back, over {} ({margin_percent} % is allowed){}",
        subject(signal),
        difference(*worse_by_percent),
        pairs(*count),
        named(signal, worst)
    )
}

/// The worst pairs: `; worst in lines an hour: th-0012 31 beside th-0193 18`.
fn named(signal: SignalName, worst: &[PairReading]) -> String {
    if worst.is_empty() {
        return String::new();
    }
    let pair = |pair: &PairReading| {
        let (treated, control) = (reading(pair.treated_milli), reading(pair.control_milli));
        format!(
            "{} {treated} beside {} {control}",
            pair.treated, pair.control
        )
    };
    let pairs: Vec<_> = worst.iter().map(pair).collect();
    format!("; worst in {}: {}", unit(signal), pairs.join(", "))
}

/// A reading with at most one digit after the point.
fn reading(milli: u32) -> String {
    let tenths = (u64::from(milli) + 50) / 100;
    match tenths % 10 {
        0 => format!("{}", tenths / 10),
        digit => format!("{}.{digit}", tenths / 10),
    }
}

/// That it can't be told, as a sentence without its full stop.
pub(crate) fn unclear(wave: &str, signals: &[(SignalName, Found)]) -> String {
    let one = |(signal, found): &(SignalName, Found)| match found.pairs {
        0 => format!(
            "of {} no pair could be read{}",
            subject(*signal),
            unread(found)
        ),
        count => format!(
            "{} is {} over {} ({} % is allowed){}{}",
            subject(*signal),
            difference(found.worse_by_percent),
            pairs(count),
            found.margin_percent,
            unread(found),
            named(*signal, &found.worst)
        ),
    };
    let each: Vec<_> = signals.iter().map(one).collect();
    format!(
        "{wave} was compared with devices held back, which can't tell whether it is worse: {}",
        each.join("; ")
    )
}

/// What couldn't be read, if there is more of it on the side of the release.
fn unread(found: &Found) -> String {
    let Found {
        treated_unread,
        control_unread,
        ..
    } = found;
    if treated_unread <= control_unread {
        return String::new();
    }
    format!(
        ", {} couldn't be read on the release while the one held back for it could, and {control_unread} the other way round",
        devices(*treated_unread)
    )
}

/// That devices fell silent, as a sentence without its full stop.
pub(crate) fn silent(wave: &str, silences: &Silences) -> String {
    let Silences {
        pairs: count,
        treated,
        controls,
        devices: named,
    } = silences;
    let named: Vec<_> = named.iter().map(ToString::to_string).collect();
    format!(
        "in {wave} {} fell silent while the one held back for it didn't, and {controls} the other way round, of {} \
         (the first: {})",
        devices(*treated),
        pairs(*count),
        named.join(", ")
    )
}
