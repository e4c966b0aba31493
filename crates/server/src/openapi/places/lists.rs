//! How lists are read that grow without end: releases, rollouts and whatever else nobody takes away.

use mainstay_api::page::PAGE_LEN_MAX;

use super::super::told::{Word, WordKind};

/// No name in such a list is longer.
const NAME_CHARS_MAX: usize = 200;

/// How all of it is read.
pub(super) const BY_PAGE: &str = "To see all, ask again with the `next` of the answer as `after`, until there is none: nothing comes twice, and nothing \
    that is there all the while is left out.";

/// The words of such a list.
pub(super) const WORDS: &[Word] = &[
    Word {
        name: "after",
        what: "The page begins behind this one: the `next` of the page before.",
        is_required: false,
        kind: WordKind::Text(NAME_CHARS_MAX),
    },
    Word {
        name: "limit",
        what: "How many at most; 100 if it isn't said.",
        is_required: false,
        kind: WordKind::Number(1, PAGE_LEN_MAX as u64),
    },
];

/// What is refused of a page that there can't be.
pub(super) const REFUSALS: &[(u16, &[&str])] = &[(400, &["lists.page"])];
