//! Which mirror is near a device, by what people declared of it. Read [`near`]; [`told`] says it in words.
//!
//! What a device's address seems to say is never asked: it can't be explained, and behind a carrier's network it is wrong.

use mainstay_fleet::Device;
use mainstay_plan::delivery::By;
use mainstay_plan::{Delivery, Mirror};

/// The mirror that is near `device`: the one that names what was declared of it, or else the one that is for all others; none where there
/// is neither, and the server serves it itself.
#[must_use]
pub fn near<'p>(delivery: &'p Delivery, device: &Device) -> Option<&'p Mirror> {
    let mirrors = &delivery.mirrors;
    let declared = declared(&delivery.by, device);
    let by_name = declared.and_then(|declared| {
        let exact = |mirror: &&Mirror| mirror.near.iter().any(|value| value == declared);
        mirrors
            .iter()
            .find(exact)
            .or_else(|| {
                mirrors
                    .iter()
                    .max_by_key(|mirror| below(&delivery.by, mirror, declared))
            })
            .filter(|mirror| exact(mirror) || below(&delivery.by, mirror, declared) > 0)
    });
    by_name.or_else(|| mirrors.iter().find(|mirror| mirror.near.is_empty()))
}

/// How long the longest value of a mirror is under which this zone stands; 0 if none is, or it isn't zones that are asked for.
fn below(by: &By, mirror: &Mirror, declared: &str) -> usize {
    let is_around = |value: &&String| value.ends_with('/') && declared.starts_with(value.as_str());
    match by {
        By::Zone => mirror
            .near
            .iter()
            .filter(is_around)
            .map(String::len)
            .max()
            .unwrap_or(0),
        By::Attribute(_) => 0,
    }
}

fn declared<'d>(by: &By, device: &'d Device) -> Option<&'d str> {
    match by {
        By::Zone => Some(&device.zone),
        By::Attribute(name) => device.attributes.get(name).map(String::as_str),
    }
}

/// From where a device gets its payloads, and why from there, as a sentence; nothing where the plan names no mirror.
#[must_use]
pub fn told(delivery: &Delivery, device: &Device) -> Option<String> {
    if delivery.mirrors.is_empty() {
        return None;
    }
    let what = match &delivery.by {
        By::Zone => "zone",
        By::Attribute(name) => name,
    };
    let declared = declared(&delivery.by, device);
    let because = match declared {
        Some(value) => format!("its {what} is {value}"),
        None => format!("no {what} is declared of it"),
    };
    Some(match near(delivery, device) {
        Some(mirror) if mirror.near.is_empty() => format!(
            "If its client goes elsewhere, it is sent to the mirror {}, which is for all that no other one is near: {because}.",
            mirror.name
        ),
        Some(mirror) => format!(
            "If its client goes elsewhere, it is sent to the mirror {}: {because}.",
            mirror.name
        ),
        None => {
            format!("The server sends it its payloads itself, as no mirror is near: {because}.")
        }
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_fleet::DeviceId;
    use mainstay_plan::Links;

    use super::*;

    fn device(zone: &str, region: Option<&str>) -> Device {
        let region = region.map(|region| ("region".to_owned(), region.to_owned()));
        Device {
            id: DeviceId::new("th-1").expect("a name"),
            class: "thermo-v2".to_owned(),
            hardware: "B".to_owned(),
            zone: zone.to_owned(),
            bootloader: "1.4.0".to_owned(),
            registered_at: Timestamp::UNIX_EPOCH,
            last_seen: None,
            running: None,
            attributes: region.into_iter().collect(),
        }
    }

    fn mirrors(by: By, mirrors: &[(&str, &[&str])]) -> Delivery {
        let mirror = |(name, near): &(&str, &[&str])| Mirror {
            name: (*name).to_owned(),
            near: near.iter().map(|value| (*value).to_owned()).collect(),
            links: Links::Bucket,
        };
        Delivery {
            by,
            mirrors: mirrors.iter().map(mirror).collect(),
            ..Delivery::default()
        }
    }

    #[test]
    fn the_mirror_that_names_a_device_is_near_it() {
        let two: &[(&str, &[&str])] = &[("frankfurt", &["eu", "uk"]), ("tokyo", &["jp"])];
        let rest: &[(&str, &[&str])] = &[("everywhere", &[]), ("tokyo", &["jp"])];
        for (delivery, region, expected) in [
            (two, Some("eu"), Some("frankfurt")),
            (two, Some("jp"), Some("tokyo")),
            (two, Some("EU"), None),
            (two, Some("e"), None),
            (two, None, None),
            (rest, Some("jp"), Some("tokyo")),
            (rest, Some("eu"), Some("everywhere")),
            (rest, None, Some("everywhere")),
            (&[], Some("eu"), None),
        ] {
            let delivery = mirrors(By::default(), delivery);
            let found = near(&delivery, &device("UTC", region));
            let found = found.map(|mirror| mirror.name.as_str());
            assert_eq!(found, expected, "{region:?}");
        }
    }

    #[test]
    fn of_zones_the_narrowest_counts() {
        let delivery = mirrors(
            By::Zone,
            &[
                ("america", &["America/"]),
                ("south", &["America/Argentina/"]),
                ("denver", &["America/Denver"]),
            ],
        );
        for (zone, expected) in [
            ("America/Phoenix", Some("america")),
            ("America/Argentina/Ushuaia", Some("south")),
            ("America/Denver", Some("denver")),
            ("Europe/Berlin", None),
            ("America", None),
        ] {
            let found = near(&delivery, &device(zone, Some("America/")));
            let found = found.map(|mirror| mirror.name.as_str());
            assert_eq!(found, expected, "{zone}");
        }
        // What ends with a slash is nothing more than that in an attribute.
        let delivery = mirrors(By::default(), &[("all", &["America/"])]);
        assert!(near(&delivery, &device("UTC", Some("America/Denver"))).is_none());
    }

    #[test]
    fn the_choice_is_explained() {
        let delivery = mirrors(By::default(), &[("frankfurt", &["eu"])]);
        let told = |region| told(&delivery, &device("UTC", region)).expect("there is a mirror");
        assert_eq!(
            told(Some("eu")),
            "If its client goes elsewhere, it is sent to the mirror frankfurt: its region is eu."
        );
        assert_eq!(
            told(None),
            "The server sends it its payloads itself, as no mirror is near: no region is declared of it."
        );
        let rest = mirrors(By::default(), &[("everywhere", &[])]);
        assert_eq!(
            super::told(&rest, &device("UTC", Some("jp"))).as_deref(),
            Some(
                "If its client goes elsewhere, it is sent to the mirror everywhere, which is for all that no other one is near: its region is jp."
            )
        );
        assert_eq!(
            super::told(&Delivery::default(), &device("UTC", None)),
            None
        );
    }
}
