//! A calendar file as other programs import it: iCalendar, RFC 5545. Read [`render`].
//!
//! Only what a plan's dates need: days without hours, each with an id of its own. It is written
//! here and not by a library, because those at hand fill in the clock's time and random ids where
//! one is missing (decision 38).

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use uuid::Uuid;

/// Most octets of a line, its break left out (RFC 5545, section 3.1).
const LINE_OCTETS_MAX: usize = 75;

/// Who wrote the file (section 3.7.3).
const PRODUCT: &str = "-//Mainstay//Plan calendar//EN";

/// One entry of whole days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// The same at every export, so that a program that imports it again updates its entry.
    pub(crate) uid: Uuid,
    /// First day.
    pub(crate) first: Date,
    /// Last day.
    pub(crate) last: Date,
    /// What a calendar shows.
    pub(crate) summary: String,
    /// What it shows on a second look; may be empty.
    pub(crate) description: String,
    /// What to filter by: `RELEASE`.
    pub(crate) category: &'static str,
    /// Whether it doesn't take place after all.
    pub(crate) is_cancelled: bool,
}

/// The file that holds `events`, made at `made`, under this name.
pub(crate) fn render(name: &str, made: Timestamp, events: &[Event]) -> String {
    let mut lines = Lines::default();
    lines.put("BEGIN", "VCALENDAR");
    lines.put("VERSION", "2.0");
    lines.put("PRODID", PRODUCT);
    lines.put("CALSCALE", "GREGORIAN");
    // RFC 7986, section 5.1, and the name by which older programs know it.
    lines.put("NAME", &escaped(name));
    lines.put("X-WR-CALNAME", &escaped(name));
    for event in events {
        lines.event(event, made);
    }
    lines.put("END", "VCALENDAR");
    lines.0
}

/// Lines as the file has them: folded, each ended by CR and LF.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// An entry (section 3.6.1).
    fn event(&mut self, event: &Event, made: Timestamp) {
        self.put("BEGIN", "VEVENT");
        self.put("UID", &event.uid.to_string());
        self.put("DTSTAMP", &moment(made));
        // A later file is a later revision of each entry (section 3.8.7.4), and minutes since 1970 fit into 31 bits
        // for thousands of years.
        self.put("SEQUENCE", &(made.as_second() / 60).max(0).to_string());
        self.put("DTSTART;VALUE=DATE", &day(event.first));
        // The end is the first day that isn't part of it any more; the last day there is has none.
        if let Ok(end) = event.last.tomorrow() {
            self.put("DTEND;VALUE=DATE", &day(end));
        }
        self.put("SUMMARY", &escaped(&event.summary));
        if !event.description.is_empty() {
            self.put("DESCRIPTION", &escaped(&event.description));
        }
        self.put("CATEGORIES", event.category);
        self.put(
            "STATUS",
            match event.is_cancelled {
                true => "CANCELLED",
                false => "CONFIRMED",
            },
        );
        // Nobody is busy all day because of it.
        self.put("TRANSP", "TRANSPARENT");
        self.put("END", "VEVENT");
    }

    /// One line, folded where it is too long: the rest goes on after a break and a space, which
    /// counts (section 3.1). A character is never broken.
    fn put(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for character in name.chars().chain([':']).chain(value.chars()) {
            if octets + character.len_utf8() > LINE_OCTETS_MAX {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(character);
            octets += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// `text` as a value of type TEXT (section 3.3.11). Control characters have no place in one.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\\' | ';' | ',' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '\n' => escaped.push_str("\\n"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `20261126` (section 3.3.4).
fn day(date: Date) -> String {
    let (year, month, day) = (date.year(), date.month(), date.day());
    format!("{year:04}{month:02}{day:02}")
}

/// `20261126T133700Z`, in UTC (section 3.3.5).
fn moment(at: Timestamp) -> String {
    let at = at.to_zoned_datetime(TimeZone::UTC).datetime();
    let mut text = day(at.date());
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    // Writing to a String can't fail.
    let _ = write!(text, "T{hour:02}{minute:02}{second:02}Z");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, value: &str) -> String {
        let mut lines = Lines::default();
        lines.put(name, value);
        lines.0
    }

    #[test]
    fn lines_are_folded_at_75_octets_and_unfold_to_what_they_were() {
        for character in ['a', 'ü', '€', '😀'] {
            for count in 0..200 {
                let value: String = std::iter::repeat_n(character, count).collect();
                let folded = line("SUMMARY", &value);
                let unfolded = folded.replace("\r\n ", "");
                assert_eq!(unfolded, format!("SUMMARY:{value}\r\n"));
                let pieces: Vec<_> = folded.split_terminator("\r\n").collect();
                assert!(pieces.iter().all(|piece| piece.len() <= 75), "{folded}");
                let fullest = pieces.iter().rev().skip(1);
                assert!(
                    fullest.into_iter().all(|piece| piece.len() > 71),
                    "{folded}"
                );
            }
        }
    }

    #[test]
    fn a_line_of_75_octets_stays_one_and_the_next_begins_with_a_space() {
        let (fits, too_long) = ("a".repeat(73), "a".repeat(74));
        assert_eq!(line("X", &fits), format!("X:{fits}\r\n"));
        assert_eq!(line("X", &too_long), format!("X:{fits}\r\n a\r\n"));
    }

    #[test]
    fn text_is_escaped() {
        for (text, expected) in [
            ("plain: \"as it is\"", "plain: \"as it is\""),
            ("a,b;c\\d", "a\\,b\\;c\\\\d"),
            ("one\ntwo\r\nthree", "one\\ntwo\\nthree"),
            (
                "bell\u{7}, tab\t, lone\rreturn",
                "bell \\, tab \\, lone return",
            ),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn days_and_moments() {
        assert_eq!(day(jiff::civil::date(827, 1, 2)), "08270102");
        let at = "2026-11-26T13:37:09.5Z".parse().expect("a moment");
        assert_eq!(moment(at), "20261126T133709Z");
    }
}
