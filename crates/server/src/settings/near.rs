//! "Did you mean": the name nearest to a misspelt one. Read [`nearest`].

/// Longest name compared: none of ours is longer, and the work grows with its square.
const NAME_BYTES_MAX: usize = 60;

/// The known name that `name` most likely meant, if one is near enough: at most two letters off, and no more than a third of it;
/// or else the one that ends alike, in another table.
pub(super) fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let off = |known: &&&str| strsim::osa_distance(&plain(name), &plain(known));
    let best = known.iter().min_by_key(off)?;
    if off(&best) <= 2.min(best.len().div_ceil(3)) {
        return Some(*best);
    }
    let alike = |known: &&&str| last(known) == last(name);
    known.iter().find(alike).copied()
}

/// Upper and lower case, and what joins words, are easily mistaken for each other.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace(['-', '.'], "_")
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
