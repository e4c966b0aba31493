//! Amounts as people read them. Read [`bytes`].

/// In the largest unit that leaves a whole number before the point.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    let unit = UNITS.into_iter().find(|(size, _)| count >= *size);
    match unit {
        Some((size, name)) => format!("{}.{} {name}", count / size, count % size * 10 / size),
        None => format!("{count} B"),
    }
}

/// Thousandths as percent: `12.3`.
pub(super) fn tenths(permille: u32) -> String {
    format!("{}.{}", permille / 10, permille % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told_in_their_unit() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_999_999, "1.9 MB"),
            (12_500_000_000, "12.5 GB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
