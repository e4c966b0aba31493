//! What the templates can call: times, numbers, addresses, and the geometry of the charts.

use jiff::Timestamp;
use minijinja::value::Serde;
use minijinja::{Environment, Value};

use crate::chart::{SprtChart, WaveBar};
use crate::dashboard::ATTENTION_MAX;
use crate::device_list::DEVICE_ROWS_MAX;
use crate::frame::Live;
use crate::links::Target;
use crate::live_script::LiveScript;
use crate::{moment, svg};

/// Makes all of them known to `environment`.
pub(crate) fn add_to(environment: &mut Environment<'static>) {
    add_words(environment);
    add_links(environment);
    add_charts(environment);
}

fn add_words(environment: &mut Environment<'static>) {
    environment.add_filter("utc", |at: Serde<Timestamp>| moment::utc(at.0));
    environment.add_filter("local", |at: Serde<Timestamp>, zone: &str| {
        moment::local(at.0, zone)
    });
    environment.add_filter("ago", |then: Serde<Timestamp>, now: Serde<Timestamp>| {
        moment::ago(then.0, now.0)
    });
    environment.add_filter("number", number);
    environment.add_filter("plural", plural);
    environment.add_filter("short", |digest: &str| -> String {
        digest.chars().take(12).collect()
    });
    environment.add_filter("percent", |percent: f64| format!("{percent} %"));
    environment.add_global("rows_max", DEVICE_ROWS_MAX);
    environment.add_global("attention_max", ATTENTION_MAX);
}

fn add_links(environment: &mut Environment<'static>) {
    environment.add_filter("href", |target: Serde<Target>| target.href());
    environment.add_filter("listens_at", |live: Serde<Live>| live.href());
    environment.add_global("live_script_href", LiveScript::href());
    environment.add_function("device_href", |id: String| Target::Device(id).href());
    environment.add_function("devices_href", |page| Target::Devices(page).href());
    environment.add_function("rollout_href", |id| Target::Rollout(id).href());
    environment.add_function("rollout_devices_href", |of: i64, after: Option<String>| {
        Target::RolloutDevices { of, after }.href()
    });
    environment.add_function("incident_href", |id| Target::Incident(id).href());
    environment.add_global("home_href", Target::Home.href());
    environment.add_global("account_href", Target::Account.href());
    environment.add_global("people_href", Target::People.href());
    environment.add_global("second_factor_href", Target::SecondFactor.href());
}

fn add_charts(environment: &mut Environment<'static>) {
    environment.add_filter("segments", |bar: Serde<WaveBar>| {
        Value::from(Serde(svg::bars::segments(&bar)))
    });
    environment.add_filter("qr_drawing", |text: &str| {
        Value::from(Serde(svg::qr::drawing(text)))
    });
    environment.add_filter("share", |part: u64, whole: u64| {
        svg::bars::share(part, whole)
    });
    environment.add_filter("sprt_drawing", |chart: Serde<SprtChart>| {
        Value::from(Serde(svg::sprt_path::drawing(&chart)))
    });
    environment.add_filter("turning_points", |chart: Serde<SprtChart>| {
        Value::from(Serde(svg::sprt_path::turning_points(&chart)))
    });
}

/// `12,400` for 12400.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 device`, `2 devices`.
fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        for (count, expected) in [
            (0, "0 devices"),
            (1, "1 device"),
            (999, "999 devices"),
            (12_400, "12,400 devices"),
            (1_000_000, "1,000,000 devices"),
        ] {
            assert_eq!(plural(count, "device", "devices"), expected);
        }
    }
}
