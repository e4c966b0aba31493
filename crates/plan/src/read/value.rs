//! Readers of single values: each turns a TOML value into a checked one, or says what is wrong with
//! it and how to write it. Read [`Wrong`] first.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::DeValue;

use super::reasons::{Reason, WRONG_VALUE};

/// A value, or everything that is wrong with it.
pub(super) type Read<T> = Result<T, Vec<Wrong>>;

/// What is wrong with a value.
pub(super) struct Wrong {
    /// Offset in the file.
    pub at: usize,
    /// Which mistake it is.
    pub reason: &'static Reason,
    /// The rest of a sentence that begins with the key, without its full stop.
    pub says: String,
    /// What to write instead.
    pub fix: String,
}

/// The one mistake that `value` makes: it isn't `expected`, which one writes like `example`.
pub(super) fn wrong<T>(value: &Spanned<DeValue<'_>>, expected: &str, example: &str) -> Read<T> {
    let says = format!("must be {expected}, not {}", shown(value.get_ref()));
    let fix = format!("write it like {example}");
    Err(vec![Wrong {
        at: value.span().start,
        reason: &WRONG_VALUE,
        says,
        fix,
    }])
}

/// User's text between quotation marks, cut short, with control characters made visible.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    let cut: String = text.chars().take(SHOWN_CHARS_MAX).collect();
    if cut.len() < text.len() {
        format!("{cut:?}…")
    } else {
        format!("{cut:?}")
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.to_string().chars().take(30).collect(),
        DeValue::Float(number) => number.as_str().chars().take(30).collect(),
        DeValue::Datetime(date) => date.to_string(),
        other => format!("a value of type {}", other.type_str()),
    }
}

/// A reader of texts through `parse`.
pub(super) fn parsed<T>(
    parse: impl Fn(&str) -> Option<T>,
    expected: &'static str,
    example: &'static str,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<T> {
    move |value| match value.get_ref().as_str().and_then(&parse) {
        Some(parsed) => Ok(parsed),
        None => wrong(value, expected, example),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    words: &'static [(&'static str, T)],
) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<T> {
    move |value| {
        let given = value.get_ref().as_str();
        match words.iter().find(|(word, _)| Some(*word) == given) {
            Some((_, meaning)) => Ok(*meaning),
            None => {
                let known: Vec<_> = words
                    .iter()
                    .map(|(word, _)| format!("\"{word}\""))
                    .collect();
                wrong(value, &format!("one of {}", known.join(", ")), &known[0])
            }
        }
    }
}

/// A list of at most `max` values, all of them read; empty lists are allowed.
pub(super) fn list<T>(
    max: usize,
    item: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<Vec<T>> {
    move |value| {
        let Some(array) = value.get_ref().as_array() else {
            return wrong(value, "a list", "[\"one\", \"two\"]");
        };
        if array.len() > max {
            return too_many(value, array.len(), max);
        }
        let (mut items, mut wrongs) = (Vec::new(), Vec::new());
        for element in array {
            match item(element) {
                Ok(read) => items.push(read),
                Err(more) => wrongs.extend(more),
            }
        }
        if wrongs.is_empty() {
            Ok(items)
        } else {
            Err(wrongs)
        }
    }
}

fn too_many<T>(value: &Spanned<DeValue<'_>>, given: usize, max: usize) -> Read<T> {
    Err(vec![Wrong {
        at: value.span().start,
        reason: &WRONG_VALUE,
        says: format!("must be a list of at most {max}, not of {given}"),
        fix: format!("keep at most {max} of them"),
    }])
}

/// As [`list`], and not empty.
pub(super) fn some<T>(
    max: usize,
    item: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<Vec<T>> {
    let list = list(max, item);
    move |value| match list(value)? {
        items if items.is_empty() => wrong(value, "a list of at least one", "[\"one\", \"two\"]"),
        items => Ok(items),
    }
}

/// A whole number within `range`.
pub(super) fn count<N>(range: RangeInclusive<N>) -> impl Fn(&Spanned<DeValue<'_>>) -> Read<N>
where
    N: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    move |value| {
        let integer = value.get_ref().as_integer();
        let number = integer.and_then(|i| i64::from_str_radix(i.as_str(), i.radix()).ok());
        match number
            .and_then(|number| N::try_from(number).ok())
            .filter(|n| range.contains(n))
        {
            Some(number) => Ok(number),
            None => {
                let expected = format!("a whole number from {} to {}", range.start(), range.end());
                wrong(value, &expected, &range.start().to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: PartialEq + std::fmt::Debug>(
        read: impl Fn(&Spanned<DeValue<'_>>) -> Read<T>,
        toml: &str,
        expected: Option<T>,
    ) {
        let value = DeValue::parse(toml).expect("the case is TOML");
        assert_eq!(read(&value).ok(), expected, "{toml}");
    }

    #[test]
    fn whole_numbers_keep_to_their_range() {
        for (toml, expected) in [
            ("3", Some(3)),
            ("0x0a", Some(10)),
            ("0", None),
            ("11", None),
            ("3.0", None),
        ] {
            check(count(1..=10u8), toml, expected);
        }
    }

    #[test]
    fn a_list_reports_all_its_mistakes() {
        let value = DeValue::parse("[\"us\", \"usa\", 3]").expect("TOML");
        let Err(wrongs) = list(5, super::super::words::country)(&value) else {
            panic!("two are wrong")
        };
        assert_eq!(wrongs.len(), 2);
    }

    #[test]
    fn control_characters_never_reach_a_terminal() {
        assert_eq!(quoted("\u{1b}[31mred"), "\"\\u{1b}[31mred\"");
    }
}
