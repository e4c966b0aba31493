//! How much a server works on, and whom it sends away, for monitoring systems. Read [`FlowFigures`].

use crate::metrics_text::Text;

/// Requests of one kind that were sent away because there was too much to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed {
    /// What they were about.
    pub rank: &'static str,
    /// How many, since the server began.
    pub requests: u64,
}

/// Looks at downloads under way, of which the same became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// What: a word without spaces.
    pub became: &'static str,
    /// How many, since the server began.
    pub times: u64,
}

/// The downloads under way, which are asked about again and again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Downloads {
    /// So many are, at this moment.
    pub under_way: u64,
    /// What became of the looks at them.
    pub looks: Vec<Looked>,
}

/// How a server stands that answers many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFigures {
    /// Requests at work at this moment.
    pub at_work: u64,
    /// So many may be.
    pub places: u64,
    /// Who was sent away.
    pub shed: Vec<Shed>,
    /// Requests that devices made more often than they may, since the server began.
    pub limited_devices: u64,
    /// Requests with unknown tokens from addresses that showed too many wrong ones, since the server began.
    pub limited_addresses: u64,
    /// The server's share of the plan's line for downloads, in millionths.
    pub line_share_ppm: u32,
    /// The downloads that it sends.
    pub downloads: Downloads,
}

/// The figures in Prometheus' text format.
#[must_use]
pub fn prometheus(figures: &FlowFigures) -> String {
    let mut text = Text::default();
    let mut gauge = |name, help, value: &str| {
        text.family(name, help);
        text.sample(&[], value);
    };
    gauge(
        "mainstay_requests_at_work",
        "Requests that are worked on at this moment.",
        &figures.at_work.to_string(),
    );
    gauge(
        "mainstay_request_places",
        "How many requests may be worked on at once; fewer than 1024 while there is more to do than is comfortable.",
        &figures.places.to_string(),
    );
    let share = figures.line_share_ppm;
    gauge(
        "mainstay_line_share_ratio",
        "The server's share of what the plan lets all downloads take of the line.",
        &format!("{}.{:06}", share / 1_000_000, share % 1_000_000),
    );
    let downloads = &figures.downloads;
    gauge(
        "mainstay_downloads_under_way",
        "Downloads that the server is sending at this moment.",
        &downloads.under_way.to_string(),
    );
    text.counter(
        "mainstay_download_looks_total",
        "Looks at downloads under way, whether they may go on, by what became of them.",
    );
    for look in &downloads.looks {
        text.sample(&[("became", look.became)], &look.times.to_string());
    }
    text.counter(
        "mainstay_requests_shed_total",
        "Requests that were sent away because there was too much to do, by what they were about.",
    );
    for shed in &figures.shed {
        text.sample(&[("rank", shed.rank)], &shed.requests.to_string());
    }
    text.counter(
        "mainstay_requests_limited_total",
        "Requests that came too often: from one device, or with unknown tokens from one address.",
    );
    for (by, requests) in [
        ("device", figures.limited_devices),
        ("address", figures.limited_addresses),
    ] {
        text.sample(&[("by", by)], &requests.to_string());
    }
    text.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_line() {
        let figures = FlowFigures {
            at_work: 3,
            places: 768,
            shed: vec![Shed {
                rank: "download",
                requests: 12,
            }],
            limited_devices: 1,
            limited_addresses: 9,
            line_share_ppm: 333_333,
            downloads: Downloads {
                under_way: 5,
                looks: vec![Looked {
                    became: "put-off",
                    times: 7,
                }],
            },
        };
        let text = prometheus(&figures);
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let expected = [
            "mainstay_requests_at_work 3",
            "mainstay_request_places 768",
            "mainstay_line_share_ratio 0.333333",
            "mainstay_downloads_under_way 5",
            r#"mainstay_download_looks_total{became="put-off"} 7"#,
            r#"mainstay_requests_shed_total{rank="download"} 12"#,
            r#"mainstay_requests_limited_total{by="device"} 1"#,
            r#"mainstay_requests_limited_total{by="address"} 9"#,
        ];
        assert_eq!(samples.collect::<Vec<_>>(), expected);
        let counters = text.lines().filter(|line| line.ends_with(" counter"));
        assert_eq!(counters.count(), 3);
    }
}
