//! `mainstay rollout preview`: how a rollout would go. Read [`text`].

mod amounts;

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_api::{Catch, LeftOut, Peak, Preview, WavePreview, ZonePreview};
use mainstay_plan::Unit;

use crate::failure::Failure;
use crate::operator::{self, ServerAccess};
use crate::output::Output;
use amounts::{bytes, tenths};

/// Which rollout.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mainstay rollout preview thermo-v2@1.1.0 --token-file kim.token"
)]
pub struct Ahead {
    /// The release, as `release list` names it.
    release: String,
    /// At how many bytes per second a device downloads.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..), default_value_t = mainstay_api::PREVIEW_BYTES_PER_SECOND)]
    bytes_per_second: u64,
}

impl Ahead {
    /// Asks, and tells.
    pub fn run(self, access: &ServerAccess, output: &Output) -> Result<(), Failure> {
        let release = operator::name("release", &self.release)?;
        let pace = Some(self.bytes_per_second);
        let preview =
            access.ask(|operator| async move { operator.preview(release, pace).await })?;
        output.say(|| text(&preview), &preview);
        Ok(())
    }
}

/// A preview as people read it: each wave a line, then each wave's zones, then what else is to know.
fn text(preview: &Preview) -> String {
    let mut lines = vec![head(preview)];
    lines.extend(labelled("in the way", &preview.in_the_way));
    lines.push(String::new());
    lines.extend(waves(preview));
    lines.push(String::new());
    lines.extend(zones(preview));
    lines.push(String::new());
    lines.extend(asked(preview));
    lines.extend(left_out("not reached", &preview.unreached));
    lines.extend(not_followed(preview.not_followed));
    lines.extend(left_out("not eligible", &preview.not_eligible));
    lines.push(peak(&preview.peak));
    lines.extend(catches(preview));
    lines.extend(labelled("assumed", &preview.assumptions));
    lines.join("\n")
}

fn head(preview: &Preview) -> String {
    let Preview {
        release,
        starts,
        enrolled,
        ..
    } = preview;
    let ends = match preview.ends {
        Some(ends) => format!("complete {}, after {}", utc(ends), span(*starts, ends)),
        None => "not complete as far as it was followed".to_owned(),
    };
    format!(
        "{release} to {}, if it started {}: {ends}",
        devices(*enrolled),
        utc(*starts)
    )
}

fn waves(preview: &Preview) -> Vec<String> {
    let line = |wave: &WavePreview| {
        let WavePreview {
            name,
            devices,
            unreached,
            starts,
            ends,
            ..
        } = wave;
        let (starts, ends) = (some(*starts, utc), some(*ends, utc));
        format!("  {name:<8} {devices:>8}  {starts:<24} {ends:<24} {unreached:>9}")
    };
    let head = format!(
        "  {:<8} {:>8}  {:<24} {:<24} {:>9}",
        "wave", "devices", "opens", "ends", "unreached"
    );
    let lines = preview.waves.iter().map(line);
    std::iter::once(head).chain(lines).collect()
}

/// Each in its own local time.
fn zones(preview: &Preview) -> Vec<String> {
    let head = format!(
        "  {:<8} {:<30} {:>8}  {:<28} {}",
        "wave", "zone", "devices", "first begins there", "last confirms there"
    );
    let each = preview.waves.iter().flat_map(|wave| {
        let name = &wave.name;
        wave.zones.iter().map(move |zone| zone_line(name, zone))
    });
    std::iter::once(head).chain(each).collect()
}

fn zone_line(name: &str, zone: &ZonePreview) -> String {
    let tz = TimeZone::get(&zone.zone);
    let there = |at: Timestamp| match &tz {
        Ok(tz) => with_offset(at, tz),
        // A zone that this machine doesn't know.
        Err(_unknown) => utc(at),
    };
    let (first, last) = (some(zone.first, there), some(zone.last, there));
    let ZonePreview { zone, devices, .. } = zone;
    format!("  {name:<8} {zone:<30} {devices:>8}  {first:<28} {last}")
}

fn asked(preview: &Preview) -> Vec<String> {
    let sentence = |wave: &WavePreview| {
        let asked = wave.asks.as_ref()?;
        Some(format!("{}: {}", utc(asked.at), asked.what))
    };
    let sentences: Vec<_> = preview.waves.iter().filter_map(sentence).collect();
    labelled("first asks", &sentences)
}

/// None if all of them were followed to the end.
fn not_followed(count: u32) -> Vec<String> {
    let line = |count| label("not followed", &devices(count));
    (count > 0).then(|| line(count)).into_iter().collect()
}

fn left_out(label: &str, list: &[LeftOut]) -> Vec<String> {
    let sentence = |one: &LeftOut| {
        let LeftOut { because, first, .. } = one;
        let devices = devices(one.devices);
        format!("{devices}, such as {first}: {because}")
    };
    labelled(label, &list.iter().map(sentence).collect::<Vec<_>>())
}

fn peak(peak: &Peak) -> String {
    let (much, limit) = (
        bytes(peak.bytes_per_second),
        bytes(peak.limit_bytes_per_second),
    );
    let allowed = match peak.bytes_per_second > peak.limit_bytes_per_second {
        true => format!("MORE than the {limit}/s of the plan"),
        false => format!("the plan allows {limit}/s"),
    };
    let at = peak
        .at
        .map_or_else(String::new, |at| format!(" {}", utc(at)));
    let line = format!(
        "{} downloads at once, {much}/s{at}; {allowed}",
        peak.downloads
    );
    label("peak", &line)
}

/// Only of the first wave: it decides whether there is a second.
fn catches(preview: &Preview) -> Vec<String> {
    let Some((wave, of)) = preview.waves.first().zip(preview.catches.first()) else {
        return Vec::new();
    };
    let reached = match preview.waves.len() {
        1 => "gets through",
        _ => "goes on from",
    };
    let reached = format!(
        "a release {reached} the {} ({} reached):",
        wave.name,
        units(of)
    );
    let line = |catch: &Catch| {
        format!(
            "if it fails on {:>5} %   in {:>5} %; halts in {:>5} %, asks in {:>5} %",
            catch.fails_on_percent,
            tenths(catch.goes_on_permille),
            tenths(catch.halts_permille),
            tenths(catch.asks_permille)
        )
    };
    let lines = preview.catches.iter().map(line);
    let lines: Vec<_> = std::iter::once(reached).chain(lines).collect();
    labelled("catches", &lines)
}

/// What the plan counts: `39 devices`, `1 site`.
fn units(catch: &Catch) -> String {
    match (catch.unit, catch.of) {
        (Unit::Device, count) => devices(count),
        (Unit::Site, 1) => "1 site".to_owned(),
        (Unit::Site, count) => format!("{count} sites"),
    }
}

/// Lines with a word before the first.
fn labelled(word: &str, lines: &[String]) -> Vec<String> {
    let words = std::iter::once(word).chain(std::iter::repeat(""));
    words
        .zip(lines)
        .map(|(word, line)| label(word, line))
        .collect()
}

fn label(word: &str, line: &str) -> String {
    format!("  {word:<13} {line}")
}

fn some(at: Option<Timestamp>, text: impl Fn(Timestamp) -> String) -> String {
    at.map_or_else(|| "-".to_owned(), text)
}

fn utc(at: Timestamp) -> String {
    format!("{} UTC", local(at, &TimeZone::UTC))
}

fn local(at: Timestamp, tz: &TimeZone) -> String {
    at.to_zoned_datetime(tz.clone())
        .strftime("%a %Y-%m-%d %H:%M")
        .to_string()
}

/// By the clocks there, and how far these are from UTC.
fn with_offset(at: Timestamp, tz: &TimeZone) -> String {
    at.to_zoned_datetime(tz.clone())
        .strftime("%a %Y-%m-%d %H:%M %:z")
        .to_string()
}

/// In days and hours, rounded to the hour.
fn span(from: Timestamp, to: Timestamp) -> String {
    let hours = to.duration_since(from).as_secs().saturating_add(1800) / 3600;
    match (hours / 24, hours % 24) {
        (0, hours) => format!("{hours} h"),
        (days, hours) => format!("{days} d {hours} h"),
    }
}

fn devices(count: u32) -> String {
    match count {
        1 => "1 device".to_owned(),
        count => format!("{count} devices"),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_api::Asked;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a test's own time")
    }

    fn canary() -> WavePreview {
        let denver = ZonePreview {
            zone: "America/Denver".to_owned(),
            devices: 40,
            unreached: 1,
            first: Some(at("2026-12-02T08:00:12Z")),
            last: Some(at("2026-12-02T09:30:00Z")),
        };
        WavePreview {
            name: "canary".to_owned(),
            devices: 40,
            unreached: 1,
            starts: Some(at("2026-12-01T12:00:00Z")),
            passes: Some(at("2026-12-02T10:00:00Z")),
            ends: Some(at("2026-12-03T10:00:00Z")),
            asks: Some(Asked {
                at: at("2026-12-02T10:00:00Z"),
                what: "in the canary nothing can be told".to_owned(),
            }),
            zones: vec![denver],
        }
    }

    fn rest() -> WavePreview {
        WavePreview {
            name: "100 %".to_owned(),
            devices: 460,
            unreached: 0,
            starts: None,
            passes: None,
            ends: None,
            asks: None,
            zones: Vec::new(),
        }
    }

    fn catch() -> Catch {
        Catch {
            fails_on_percent: 0.5,
            of: 39,
            unit: Unit::Device,
            halts_permille: 4,
            asks_permille: 90,
            goes_on_permille: 906,
        }
    }

    fn preview() -> Preview {
        Preview {
            release: "thermo-v2@1.1.0".to_owned(),
            starts: at("2026-12-01T12:00:00Z"),
            ends: Some(at("2026-12-05T18:40:00Z")),
            in_the_way: vec!["It can't be started now.".to_owned()],
            enrolled: 500,
            waves: vec![canary(), rest()],
            unreached: vec![LeftOut {
                id: "preview.silent".to_owned(),
                because: "it hasn't been heard of".to_owned(),
                devices: 1,
                first: mainstay_fleet::DeviceId::new("th-7").expect("a name"),
            }],
            not_followed: 3,
            not_eligible: Vec::new(),
            peak: Peak {
                downloads: 46,
                bytes_per_second: 4_600_000,
                at: Some(at("2026-12-02T08:31:00Z")),
                limit_bytes_per_second: 1_000_000,
            },
            catches: vec![catch()],
            assumptions: vec![
                "The release is good.".to_owned(),
                "Nobody halts it.".to_owned(),
            ],
        }
    }

    #[test]
    fn a_preview_is_told_line_by_line() {
        let expected = "\
thermo-v2@1.1.0 to 500 devices, if it started Tue 2026-12-01 12:00 UTC: complete Sat 2026-12-05 18:40 UTC, after 4 d 7 h
  in the way    It can't be started now.

  wave      devices  opens                    ends                     unreached
  canary         40  Tue 2026-12-01 12:00 UTC Thu 2026-12-03 10:00 UTC         1
  100 %         460  -                        -                                0

  wave     zone                            devices  first begins there           last confirms there
  canary   America/Denver                       40  Wed 2026-12-02 01:00 -07:00  Wed 2026-12-02 02:30 -07:00

  first asks    Wed 2026-12-02 10:00 UTC: in the canary nothing can be told
  not reached   1 device, such as th-7: it hasn't been heard of
  not followed  3 devices
  peak          46 downloads at once, 4.6 MB/s Wed 2026-12-02 08:31 UTC; MORE than the 1.0 MB/s of the plan
  catches       a release goes on from the canary (39 devices reached):
                if it fails on   0.5 %   in  90.6 %; halts in   0.4 %, asks in   9.0 %
  assumed       The release is good.
                Nobody halts it.";
        assert_eq!(text(&preview()), expected);
    }

    #[test]
    fn a_zone_that_this_machine_does_not_know_is_told_in_utc() {
        let mut zone = canary().zones.remove(0);
        zone.zone = "Mars/Olympus".to_owned();
        let line = zone_line("canary", &zone);
        assert!(line.contains("Wed 2026-12-02 08:00 UTC"), "{line}");
    }

    #[test]
    fn a_plan_of_one_wave_that_counts_sites_says_so() {
        let mut preview = preview();
        preview.waves.pop();
        preview.catches[0].unit = Unit::Site;
        let lines = catches(&preview);
        let words = "a release gets through the canary (39 sites reached):";
        assert!(lines[0].ends_with(words), "{lines:?}");
    }
}
