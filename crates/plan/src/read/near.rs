//! "Did you mean": the known word nearest to a misspelt one. Read [`nearest`].

/// Longest word compared: no key is longer, and the work grows with its square.
const WORD_CHARS_MAX: usize = 40;

/// The known word that `word` most likely meant, if one is near enough: at most two letters off,
/// and no more than a third of the word.
pub(crate) fn nearest<'w>(word: &str, known: &[&'w str]) -> Option<&'w str> {
    let word = word.to_lowercase().replace('_', "-");
    let off = |known: &&&str| distance(&word, &known.replace('_', "-"));
    let best = known.iter().min_by_key(off)?;
    let near_enough = 2.min(best.chars().count().div_ceil(3));
    (off(&best) <= near_enough).then_some(*best)
}

/// Letters to change, add or drop (the Levenshtein distance), by one row of its table at a time.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    if a.chars().count() > WORD_CHARS_MAX || b.len() > WORD_CHARS_MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let change = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["jitter", "poll", "give_up_after", "limit"];
        let cases = [
            ("jiter", Some("jitter")),
            ("Limits", Some("limit")),
            ("give-up-after", Some("give_up_after")),
            ("pol", Some("poll")),
            ("window", None),
            ("x", None),
            (&"j".repeat(10_000), None),
        ];
        for (word, expected) in cases {
            assert_eq!(nearest(word, &known), expected, "{word:.20}");
        }
        assert_eq!(nearest("a", &[]), None);
    }
}
