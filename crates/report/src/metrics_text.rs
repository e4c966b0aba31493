//! Prometheus' text format: gauges, and counters. Read [`Text`].

/// The text so far.
#[derive(Default)]
pub(crate) struct Text {
    text: String,
    /// The metric that samples are of.
    family: &'static str,
}

pub(crate) type Labels<'a> = [(&'static str, &'a str)];

impl Text {
    /// Begins a metric.
    pub fn family(&mut self, name: &'static str, help: &str) {
        self.begin(name, help, "gauge");
    }

    /// Begins a metric that only grows while its program runs.
    pub fn counter(&mut self, name: &'static str, help: &str) {
        self.begin(name, help, "counter");
    }

    fn begin(&mut self, name: &'static str, help: &str, kind: &str) {
        self.family = name;
        let head = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        self.text.push_str(&head);
    }

    /// Adds a value to the metric that was begun last.
    pub fn sample(&mut self, labels: &Labels<'_>, value: &str) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        let line = format!("{}{labels} {value}\n", self.family);
        self.text.push_str(&line);
    }

    /// All of it.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}
