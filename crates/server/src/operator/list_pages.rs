//! Lists that grow without end, a page at a time and the newest first: releases, rollouts and whatever else nobody takes away. Read [`ListAsked`].
//! Lists of devices: `device_pages.rs`.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use mainstay_api::page::{PAGE_LEN, PAGE_LEN_MAX};

use super::device_pages::Words;
use crate::problem::Refused;

/// The words of a request, if they are such as lists have.
pub(super) type ListWords = Result<Query<Words>, QueryRejection>;

/// Where a page begins, and how long it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListAsked {
    after: Option<String>,
    limit: u32,
}

impl ListAsked {
    /// As somebody asks for it; without a limit, as long as pages are.
    ///
    /// # Errors
    /// `lists.page` if there can't be such a page.
    pub(super) fn read(words: ListWords) -> Result<Self, Refused> {
        let Query(Words { after, limit }) = words.map_err(|_| no_page())?;
        Self::new(after, limit).ok_or_else(no_page)
    }

    fn new(after: Option<String>, limit: Option<u32>) -> Option<Self> {
        let limit = limit.unwrap_or(PAGE_LEN);
        (1..=PAGE_LEN_MAX)
            .contains(&limit)
            .then_some(Self { after, limit })
    }

    /// What the page follows, as `parse` reads its name; nothing for the first page.
    ///
    /// # Errors
    /// `lists.page` if nothing of the list can have that name.
    pub(super) fn after<C>(
        &self,
        parse: impl FnOnce(&str) -> Option<C>,
    ) -> Result<Option<C>, Refused> {
        let after = self.after.as_deref();
        after
            .map(|after| parse(after).ok_or_else(no_page))
            .transpose()
    }

    /// How many to read: one more than the page may have, by which it is known whether another one follows.
    pub(super) fn most(&self) -> u32 {
        self.limit + 1
    }

    /// What was read, as far as it is on the page; and the name behind which the next page begins, if there is one.
    pub(super) fn cut<T>(
        &self,
        mut found: Vec<T>,
        name: impl FnOnce(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let limit = self.limit as usize;
        let goes_on = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| goes_on).map(name);
        (found, next)
    }
}

/// The refusal of a page that there can't be.
pub(super) fn no_page() -> Refused {
    Refused::bad(
        "lists.page",
        "There is no such page of this list.",
        format_args!(
            "Say as `limit` a whole number from 1 to {PAGE_LEN_MAX}, and as `after` what the page before gave as `next`; or neither."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(limit: Option<u32>) -> Option<ListAsked> {
        ListAsked::new(None, limit)
    }

    #[test]
    fn only_a_page_that_can_be_is_asked_for() {
        for (limit, most) in [
            (None, Some(101)),
            (Some(1), Some(2)),
            (Some(200), Some(201)),
            (Some(0), None),
            (Some(201), None),
            (Some(u32::MAX), None),
        ] {
            assert_eq!(asked(limit).map(|asked| asked.most()), most, "{limit:?}");
        }
    }

    #[test]
    fn a_page_says_where_the_next_one_begins() {
        let two = asked(Some(2)).expect("a length");
        for (found, items, next) in [
            (vec![], &[][..], None),
            (vec![9], &[9], None),
            (vec![9, 8], &[9, 8], None),
            (vec![9, 8, 7], &[9, 8], Some("8")),
        ] {
            let (cut, behind) = two.cut(found, ToString::to_string);
            assert_eq!((&*cut, behind.as_deref()), (items, next));
        }
    }

    #[test]
    fn a_name_that_nothing_can_have_is_refused() {
        let behind = |after: &str| {
            let after = Some(after.to_owned());
            let asked = ListAsked::new(after, None).expect("a length");
            asked.after(|text| text.parse::<i64>().ok()).ok()
        };
        assert_eq!(behind("7"), Some(Some(7)));
        assert_eq!(behind("seven"), None);
        let first = asked(None).expect("a length");
        assert_eq!(first.after(|_| None::<i64>).ok(), Some(None));
    }
}
