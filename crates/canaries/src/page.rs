//! The tables of `docs/concepts/statistics.md`.

use crate::count::Count;
use crate::soft_study;
use crate::study::Row;
use crate::world::{FIELD, LABORATORY, SITES, World};
use mainstay_plan::Unit;

/// Where the tables begin on the page.
const BEGIN: &str = "<!-- figures: made by `cargo xtask statistics --write` -->\n";

/// Where they end.
const END: &str = "<!-- end of figures -->\n";

/// The page with these tables in place of the older ones; none if it has no place for them.
#[must_use]
pub fn with_tables(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{tables}\n{END}{after}"))
}

/// All tables, as Markdown.
#[must_use]
pub fn tables(rows: &[Row], soft: &soft_study::Rows) -> String {
    let canaries = rows.first().map_or(0, |row| row.good.count.canaries);
    let of = |world: World, unit: Unit| {
        let is = move |row: &&Row| row.world == world && row.rule.unit == unit;
        rows.iter().filter(is)
    };
    let mut text =
        format!("{canaries} canaries for each pair of rates and each of the two releases.\n");
    for (title, world, unit) in [
        ("In the laboratory", LABORATORY, Unit::Device),
        ("In the field", FIELD, Unit::Device),
        (
            "Where devices of a site fail together, counted by device",
            SITES,
            Unit::Device,
        ),
        ("The same, counted by site", SITES, Unit::Site),
    ] {
        text.push_str(&format!("\n### {title}\n\n{}", endings(of(world, unit))));
    }
    text.push_str(&format!(
        "\n### Simpler ways of counting, in the field\n\n{}",
        simpler(of(FIELD, Unit::Device))
    ));
    let counts = soft.read.first().and_then(|row| row.counts.first());
    let canaries = counts.map_or(0, |(_, count)| count.canaries);
    text.push_str(&format!(
        "\n### Soft signals beside devices held back, in the field\n\n\
         {canaries} canaries for each row and each release, here and in the last table.\n\n{}",
        compared(&soft.read)
    ));
    text.push_str(&format!(
        "\n### Silence beside devices held back\n\n{}",
        silences(&soft.silent)
    ));
    text
}

/// How each release ends, side by side: halts, asks, goes on.
fn compared(rows: &[soft_study::Row]) -> String {
    let mut text = "| signals | devices | of which worse |".to_owned();
    for worse in soft_study::WORSE {
        let release = match worse {
            0 => "no worse".to_owned(),
            100 => "as much as allowed".to_owned(),
            worse => format!("{worse} % of that"),
        };
        text.push_str(&format!(" {release}: halts | asks | goes on |"));
    }
    text.push_str(&format!(
        "\n|---|---|---|{}\n",
        "---|".repeat(3 * soft_study::WORSE.len())
    ));
    for row in rows {
        let names: Vec<_> = row.comparing.signals.iter().map(|s| s.id()).collect();
        text.push_str(&format!(
            "| {} | {} | {} |",
            names.join(", "),
            row.comparing.devices,
            match row.comparing.among {
                100 => "all".to_owned(),
                among => format!("{among} %"),
            }
        ));
        for (_, count) in &row.counts {
            let of = |number| share(*count, number);
            let (halts, asks, goes_on) = (of(count.halts), of(count.asks), of(count.goes_on()));
            text.push_str(&format!(" **{halts}** | {asks} | {goes_on} |"));
        }
        text.push('\n');
    }
    text
}

/// How often each release ends with a question.
fn silences(rows: &[soft_study::Row]) -> String {
    let mut text = "| lose their network | devices |".to_owned();
    for silenced in soft_study::SILENCED {
        text.push_str(&format!(" {silenced} % silenced: asks |"));
    }
    text.push_str(&format!(
        "\n|---|---|{}\n",
        "---|".repeat(soft_study::SILENCED.len())
    ));
    for row in rows {
        let silent = (row.comparing.silent * 100.0).round();
        text.push_str(&format!("| {silent} % | {} |", row.comparing.devices));
        for (_, count) in &row.counts {
            text.push_str(&format!(" {} |", share(*count, count.asks)));
        }
        text.push('\n');
    }
    text
}

fn endings<'r>(rows: impl Iterator<Item = &'r Row>) -> String {
    let mut text = "| fails if good | if bad | devices | good: goes on | asks | halts | bad: halts | asks | goes on |\n\
                    |---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let (good, bad) = (row.good.count, row.bad.count);
        text.push_str(&format!(
            "| {} % | {} % | {} | {} | {} | **{}** | {} | {} | **{}** |\n",
            row.rule.expect,
            row.rule.halt,
            row.devices,
            share(good, good.goes_on()),
            share(good, good.asks),
            share(good, good.halts),
            share(bad, bad.halts),
            share(bad, bad.asks),
            share(bad, bad.goes_on()),
        ));
    }
    text
}

fn simpler<'r>(rows: impl Iterator<Item = &'r Row>) -> String {
    let mut text = "| fails if good | if bad | devices | halted by Mainstay | outcomes as they come | silence is failure |\n\
                    |---|---|---|---|---|---|\n"
        .to_owned();
    for row in rows {
        let good = row.good.count;
        text.push_str(&format!(
            "| {} % | {} % | {} | {} | {} | {} |\n",
            row.rule.expect,
            row.rule.halt,
            row.devices,
            share(good, good.halts),
            share(good, good.as_they_come),
            share(good, good.silence_is_failure),
        ));
    }
    text
}

fn share(count: Count, number: u32) -> String {
    format!("{:.1} %", count.percent(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who adds a table, or changes its columns, remakes the page: `cargo xtask statistics --write`.
    #[test]
    fn the_page_holds_every_heading_of_the_tables() {
        let page = include_str!("../../../docs/concepts/statistics.md");
        let tables = tables(&[], &soft_study::Rows::default());
        let is_heading = |line: &&str| line.starts_with("### ") || line.starts_with("| ");
        let headings: Vec<_> = tables.lines().filter(is_heading).collect();
        assert!(headings.len() >= 2 * 7, "each has a title and columns");
        for heading in headings {
            let found = page.lines().any(|line| line == heading);
            assert!(found, "run `cargo xtask statistics --write`: {heading}");
        }
    }

    #[test]
    fn only_the_tables_of_a_page_change() {
        let page = format!("before\n{BEGIN}old\n{END}after\n");
        let found = with_tables(&page, "new\n").expect("a place");
        assert_eq!(found, format!("before\n{BEGIN}\nnew\n\n{END}after\n"));
        assert_eq!(with_tables(&found, "new\n").as_ref(), Some(&found));
        assert_eq!(with_tables("no place", "new"), None);
    }
}
