//! What was read from the store, kept in memory under the number that counts its changes.
//!
//! Asking for that number costs one row, so what is kept is never older than the store. Read [`Kept`].

use std::sync::{PoisonError, RwLock};

/// The newest reading, if there was one.
#[derive(Debug)]
pub(crate) struct Kept<T>(RwLock<Option<(i64, T)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(RwLock::new(None))
    }
}

impl<T: Clone> Kept<T> {
    /// What was read under this number.
    pub fn of(&self, generation: i64) -> Option<T> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (known, what) = kept.as_ref()?;
        (*known == generation).then(|| what.clone())
    }

    /// Keeps `what`, which was read after the number: what changed meanwhile has a higher one, and is read again.
    pub fn keep(&self, generation: i64, what: &T) {
        // The change is one assignment; a panic elsewhere can't leave it half made.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((generation, what.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_under_another_number_is_read_again() {
        let kept = Kept::default();
        assert_eq!(kept.of(0), None);
        kept.keep(3, &"three");
        for (generation, known) in [(2, None), (3, Some("three")), (4, None)] {
            assert_eq!(kept.of(generation), known, "{generation}");
        }
        kept.keep(4, &"four");
        assert_eq!((kept.of(3), kept.of(4)), (None, Some("four")));
    }
}
