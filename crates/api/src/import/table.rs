//! Devices in a table, as CSV (RFC 4180): the first line names the columns, each further one is a device. Read [`drafts`].

use super::draft::{Draft, Field, Finding, Place};
use crate::device::GIVEN_TOKEN_BYTES_MIN;

/// The largest table, in bytes: some 300 of them for each of [`DEVICES_MAX`].
pub const TABLE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most devices in one table, or of one other server: what is held at once, some 1 kB each, fits into any machine's memory.
pub const DEVICES_MAX: usize = 200_000;

/// The devices of a table. Columns are named as [`Field`]s are; empty cells say nothing.
///
/// # Errors
/// All findings: columns that mean nothing or stand there twice, lines with more or fewer cells than there are columns, too many devices, none.
pub fn drafts(text: &str) -> Result<Vec<Draft>, Vec<Finding>> {
    // Some spreadsheets begin their files with a mark of the byte order.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![unread(&error)])?;
    let columns = columns(header)?;
    let (mut drafts, mut findings) = (Vec::new(), Vec::new());
    let mut lines = Lines {
        text: text.as_bytes(),
        at: 0,
        line: 1,
    };
    for record in reader.records() {
        match record.map_err(|error| unread(&error)) {
            Ok(_) if drafts.len() >= DEVICES_MAX => return Err(vec![too_many()]),
            Ok(record) => match draft(&record, &columns, lines.of(&record)) {
                Ok(draft) => drafts.push(draft),
                Err(finding) => findings.push(finding),
            },
            Err(finding) => findings.push(finding),
        }
    }
    if drafts.is_empty() && findings.is_empty() {
        findings.push(empty());
    }
    match findings.is_empty() {
        true => Ok(drafts),
        false => Err(findings),
    }
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Field>, Vec<Finding>> {
    let (mut columns, mut findings) = (Vec::new(), Vec::new());
    for (before, name) in header.iter().enumerate() {
        match name.parse::<Field>() {
            Ok(field) if columns.contains(&field) => {
                let because = "this column stands there twice";
                findings.push(in_header(
                    name,
                    "import.twice",
                    because,
                    "leave one of them",
                ));
            }
            Ok(field) => columns.push(field),
            Err(error) => {
                let because = "this column is nothing that is said of a device";
                // A whole line in one name: some spreadsheets separate by semicolons.
                let cure = match name.contains([';', '\t']) {
                    true => "separate columns by commas",
                    false => error.cure(),
                };
                let shown = shown(name, before + 1);
                findings.push(in_header(&shown, error.id(), because, cure));
            }
        }
    }
    if columns.is_empty() && findings.len() > 1 {
        return Err(vec![no_header()]);
    }
    match findings.is_empty() {
        true => Ok(columns),
        false => Err(findings),
    }
}

/// What is repeated of a column's name. A long one may be a token, in a table whose first line is a device.
fn shown(name: &str, number: usize) -> String {
    match name.len() < GIVEN_TOKEN_BYTES_MIN {
        true => name.to_owned(),
        false => format!("column {number}"),
    }
}

/// Counts lines on the way through a text.
struct Lines<'a> {
    text: &'a [u8],
    /// Up to here they are counted.
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line in which a record begins; each is behind the one before. The reader takes the rest of the line's end before it, and empty lines, for a
    /// part of a record, and counts them late.
    fn of(&mut self, record: &csv::StringRecord) -> u64 {
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        let rest = self.text.get(begin..).unwrap_or_default();
        let ends = rest.iter().take_while(|byte| b"\r\n".contains(byte));
        let begin = begin.saturating_add(ends.count());
        let passed = self.text.get(self.at..begin).unwrap_or_default();
        let passed = passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = begin;
        self.line += passed as u64;
        self.line
    }
}

fn draft(record: &csv::StringRecord, columns: &[Field], line: u64) -> Result<Draft, Finding> {
    if record.len() != columns.len() {
        let because = format!(
            "it has {} cells, and there are {} columns",
            record.len(),
            columns.len()
        );
        let cure = "write one cell for each column, empty ones too; put a cell with a comma in it into quotes";
        return Err(Finding {
            place: Place::Line(line),
            ..in_header("the whole line", "import.cells", &because, cure)
        });
    }
    let mut draft = Draft::new(Place::Line(line));
    for (field, text) in columns.iter().zip(record) {
        draft.say(field.clone(), text);
    }
    Ok(draft)
}

fn in_header(column: &str, id: &str, because: &str, cure: &str) -> Finding {
    Finding {
        place: Place::Line(1),
        field: column.chars().take(80).collect(),
        id: id.to_owned(),
        because: because.to_owned(),
        cure: cure.to_owned(),
    }
}

fn no_header() -> Finding {
    let cure = "write a line before it that names the columns: id, controller, class, hardware, zone, bootloader, site, gateway, client, token, attribute.NAME";
    in_header(
        "the first line",
        "import.no-header",
        "it names no column",
        cure,
    )
}

fn empty() -> Finding {
    let cure = "name the columns in the first line, and write one line for each device";
    in_header(
        "the whole table",
        "import.empty",
        "there is no device in it",
        cure,
    )
}

fn too_many() -> Finding {
    let because = format!("there are more than {DEVICES_MAX} devices in it");
    in_header(
        "the whole table",
        "import.too-many",
        &because,
        "import it in several tables",
    )
}

fn unread(error: &csv::Error) -> Finding {
    let line = error.position().map_or(1, csv::Position::line);
    let cure = "save it as CSV: columns separated by commas, texts with commas in double quotes";
    Finding {
        place: Place::Line(line),
        ..in_header(
            "the whole line",
            "import.unreadable",
            "it can't be read as CSV",
            cure,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(findings: &[Finding]) -> Vec<(String, &str, &str)> {
        findings
            .iter()
            .map(|it| (it.place.to_string(), it.field.as_str(), it.id.as_str()))
            .collect()
    }

    #[test]
    fn a_line_is_a_device_and_an_empty_cell_says_nothing() {
        let text = "\u{feff}id, class ,attribute.floor,site\r\n\r\nth-1,thermo-v2,3,\r\n\"th-2\",\"a, \"\"b\"\"\",,\r\n";
        let drafts = drafts(text).expect("a good table");
        assert_eq!(drafts.len(), 2);
        let attribute: Field = "attribute.floor".parse().expect("a good name");
        assert_eq!(drafts[0].place, Place::Line(3));
        assert_eq!(drafts[1].place, Place::Line(4));
        assert_eq!(drafts[0].said(&Field::Id), Some("th-1"));
        assert_eq!(drafts[0].said(&attribute), Some("3"));
        assert_eq!(drafts[0].said(&Field::Site), None);
        assert_eq!(drafts[1].said(&Field::Class), Some("a, \"b\""));
        assert_eq!(drafts[1].said(&attribute), None);
    }

    #[test]
    fn lines_are_counted_whatever_they_end_with() {
        for (text, expected) in [
            ("id\na\nb\n", [2, 3]),
            ("id\r\na\r\nb\r\n", [2, 3]),
            ("\n\nid\n\n\na\n\nb", [6, 8]),
            ("\r\nid\r\n\r\na\r\n\r\nb", [4, 6]),
            ("id,zone\n\"a\nb\",c\nd,e\n", [2, 4]),
            ("id,zone\r\n\"a\r\nb\",c\r\nd,e\r\n", [2, 4]),
        ] {
            let drafts = drafts(text).expect("a good table");
            let places: Vec<_> = drafts.into_iter().map(|draft| draft.place).collect();
            assert_eq!(places, expected.map(Place::Line), "{text:?}");
        }
    }

    #[test]
    fn every_column_is_looked_at_and_then_every_line() {
        let found = drafts("id,colour,id,attribute.3rd\nx,y,z,0\n").expect_err("three are wrong");
        let expected = [
            ("line 1".to_owned(), "colour", "import.field"),
            ("line 1".to_owned(), "id", "import.twice"),
            ("line 1".to_owned(), "attribute.3rd", "import.field"),
        ];
        assert_eq!(places(&found), expected);
        let found = drafts("id,class\na,b\nc\nd,e,f\n").expect_err("two are wrong");
        let whole = "the whole line";
        let expected = [
            ("line 3".to_owned(), whole, "import.cells"),
            ("line 4".to_owned(), whole, "import.cells"),
        ];
        assert_eq!(places(&found), expected);
        for empty in ["", "id,class\n", "\n\n"] {
            assert!(drafts(empty).is_err(), "{empty:?}");
        }
        let found = drafts("id;class\na;b\n").expect_err("no commas");
        assert_eq!(found[0].cure, "separate columns by commas");
    }

    /// Who leaves the first line out has a device there, with its token; what is found is printed, and kept by machines.
    #[test]
    fn no_token_in_a_first_line_is_repeated() {
        let token = "38e6a19932b014040ba06179518651aa";
        for (text, field, id) in [
            (
                format!("8c:1f,A,{token}\n"),
                "the first line",
                "import.no-header",
            ),
            (format!("{token}\n"), "column 1", "import.field"),
            (format!("id,{token}\n"), "column 2", "import.field"),
            (format!("8c:1f;A;{token}\n"), "column 1", "import.field"),
            (
                format!("dev-1,{token}{token}\n"),
                "the first line",
                "import.no-header",
            ),
        ] {
            let found = drafts(&text).expect_err("no column is named so");
            assert_eq!(places(&found), [("line 1".to_owned(), field, id)]);
            let told = format!("{found:?}");
            assert!(!told.contains(&token[..8]), "{told}");
        }
    }

    #[test]
    fn a_table_has_an_end() {
        let mut text = "id\n".to_owned();
        text.extend(std::iter::repeat_n("x\n", DEVICES_MAX + 1));
        let found = drafts(&text).expect_err("one too many");
        assert_eq!(found[0].id, "import.too-many");
    }
}
