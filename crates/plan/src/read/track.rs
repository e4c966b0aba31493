//! Reads `[track.*]`.

use jiff::SignedDuration;
use jiff::civil::Weekday;
use toml::Spanned;
use toml::de::DeValue;

use super::amounts;
use super::reasons::{CONTRADICTION, MISSING};
use super::section::Section;
use super::service_levels;
use super::value::{self, Read};
use crate::days;
use crate::limits::{GATES_MAX, WAVES_MAX};
use crate::names::GateName;
use crate::track::{Cadence, Emergency, Track, TrackName, Tracks, Wave};

/// The tracks; nothing when there is none, or one can't be read.
pub(super) fn tracks(root: &Section<'_>) -> Option<Tracks> {
    let section = root.required_section("track", "[track.maintenance]")?;
    let maintenance = track(&section, TrackName::Maintenance);
    let feature = track(&section, TrackName::Feature);
    let hotfix = track(&section, TrackName::Hotfix);
    section.finish();
    let tracks = Tracks {
        maintenance: maintenance?,
        feature: feature?,
        hotfix: hotfix?,
    };
    if tracks.each().next().is_none() {
        let message = "The plan declares no track.".to_owned();
        section.reader().report(
            &MISSING,
            "track",
            message,
            "add [track.maintenance]".to_owned(),
        );
        return None;
    }
    Some(tracks)
}

/// One track: absent is fine, unreadable is not.
fn track(tracks: &Section<'_>, name: TrackName) -> Option<Option<Track>> {
    let Some(section) = tracks.section(name.id()) else {
        return (!tracks.has(name.id())).then_some(None);
    };
    let cadence = cadence(&section);
    let gate = value::parsed(|text| GateName::new(text).ok(), "a gate's name", "\"unit\"");
    let gates = section.or("gates", Vec::new(), value::list(GATES_MAX, gate));
    section.report_twice("gates", &gates);
    let example = "waves = [\"canary\", \"10 %\", \"100 %\"]";
    let waves = section.required("waves", example, value::some(WAVES_MAX, wave));
    let soak = section.or("soak", default_soak(name), amounts::span);
    let fleet_within = section.optional("fleet_within", amounts::span);
    let emergency = emergency(&section, name);
    let goals = service_levels::goals(&section, fleet_within);
    section.finish();
    Some(Some(Track {
        name,
        cadence,
        gates,
        waves: waves?,
        soak,
        fleet_within,
        emergency,
        goals,
    }))
}

/// What an emergency takes beside its rollout. Nothing has a default: a span that nobody stated is no span of nought.
fn emergency(track: &Section<'_>, name: TrackName) -> Option<Emergency> {
    let section = track.section("emergency")?;
    if name != TrackName::Hotfix {
        let message = format!("The {name} track isn't the one for emergencies.");
        let fix = "put `emergency` into [track.hotfix]".to_owned();
        let path = track.path_of("emergency");
        section.reader().report(&CONTRADICTION, &path, message, fix);
    }
    let deadline = section.required("deadline", "deadline = \"3d\"", amounts::span);
    let build = section.required("build", "build = \"4h\"", amounts::span);
    let gates = section.required("gates", "gates = \"8h\"", amounts::span);
    section.finish();
    Some(Emergency {
        deadline: deadline?,
        build: build?,
        gates: gates?,
    })
}

/// A day lets daily habits of a device come round once; an emergency can't wait that long.
fn default_soak(name: TrackName) -> SignedDuration {
    match name {
        TrackName::Maintenance | TrackName::Feature => SignedDuration::from_hours(24),
        TrackName::Hotfix => SignedDuration::from_hours(4),
    }
}

fn cadence(section: &Section<'_>) -> Option<Cadence> {
    let example = "\"month on the second Tuesday\" or \"quarter on the first Monday\"";
    let every = value::parsed(regular, "how often the track runs", example);
    let every = section.optional("every", every);
    let when = section.optional("when", value::choice(&[("emergency", Cadence::Emergency)]));
    if section.has("every") && section.has("when") {
        let message = "`every` and `when` exclude each other.".to_owned();
        let fix = "keep one of the two".to_owned();
        section
            .reader()
            .report(&CONTRADICTION, &section.path_of("when"), message, fix);
    }
    every.or(when)
}

/// `month on the second Tuesday`, `quarter on the last Friday`.
fn regular(text: &str) -> Option<Cadence> {
    let words: Vec<_> = text.split_whitespace().collect();
    let [period, "on", "the", nth, weekday] = words[..] else {
        return None;
    };
    let (nth, weekday): (i8, Weekday) = (ordinal(nth)?, days::weekday(weekday)?);
    match period {
        "month" => Some(Cadence::Monthly { nth, weekday }),
        "quarter" => Some(Cadence::Quarterly { nth, weekday }),
        _ => None,
    }
}

fn ordinal(word: &str) -> Option<i8> {
    match word {
        "first" => Some(1),
        "second" => Some(2),
        "third" => Some(3),
        "fourth" => Some(4),
        "last" => Some(-1),
        _ => None,
    }
}

fn wave(value: &Spanned<DeValue<'_>>) -> Read<Wave> {
    if value.get_ref().as_str() == Some("canary") {
        return Ok(Wave::Canary);
    }
    let share =
        |text: &str| amounts::before_percent(text).filter(|share| (1..=100).contains(share));
    let wave = value::parsed(
        share,
        "\"canary\" or a percentage from 1 to 100",
        "\"10 %\"",
    );
    wave(value).map(Wave::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cadences() {
        let monthly = Cadence::Monthly {
            nth: 2,
            weekday: Weekday::Tuesday,
        };
        let quarterly = Cadence::Quarterly {
            nth: -1,
            weekday: Weekday::Friday,
        };
        let cases = [
            ("month on the second Tuesday", Some(monthly)),
            ("quarter on the last Fri", Some(quarterly)),
            ("month on the fifth Tuesday", None),
            ("month", None),
            ("week on the first Monday", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(regular(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_cadence_is_shown_as_it_is_written() {
        for text in [
            "month on the first Monday",
            "month on the second Tuesday",
            "quarter on the third Sunday",
            "quarter on the fourth Thursday",
            "month on the last Friday",
        ] {
            let shown = regular(text).map(|cadence| cadence.to_string());
            assert_eq!(shown.as_deref(), Some(text));
        }
    }
}
