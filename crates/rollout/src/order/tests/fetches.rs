//! Which requests are counted as fetching the payload once more.

use super::super::Word::{FetchBegan, FetchEntered, FetchResumed, FetchedWhole, HasWhole};
use super::{after, offered};

/// A client that keeps a part of a file, and asks for the rest after each restart without a word, is told from one that goes on over a bad line.
#[test]
fn the_rest_counts_unless_it_begins_further_than_before() {
    let rest = |from| FetchResumed { from };
    for (words, expected) in [
        (&[FetchBegan, FetchedWhole][..], 1),
        (&[FetchBegan, FetchedWhole, rest(4)], 1),
        (&[FetchBegan, FetchedWhole, rest(4), rest(4)], 2),
        (&[FetchBegan, FetchedWhole, rest(4), rest(4), rest(4)], 3),
        (&[FetchBegan, FetchedWhole, rest(4), rest(5), rest(6)], 1),
        (&[FetchBegan, FetchedWhole, rest(6), rest(5)], 2),
        // From the beginning on it may go on anew.
        (&[FetchBegan, FetchedWhole, rest(6), FetchBegan, rest(5)], 2),
        // What it has before may be of an earlier order.
        (&[FetchEntered, FetchedWhole, rest(4), rest(4)], 2),
        // An order that was kept before anybody noted where the rest began.
        (&[HasWhole, rest(4), rest(4)], 1),
        // Nothing was handed out: the server never says so.
        (&[rest(4), rest(4)], 0),
    ] {
        let seen = after(offered(), words).seen;
        assert_eq!(seen.fetches, expected, "{words:?}");
    }
}

/// Neither is said by the client, nor does it change where the order stands.
#[test]
fn a_request_for_the_rest_is_seen_and_not_said() {
    let whole = after(offered(), &[FetchBegan, FetchedWhole]);
    let word = FetchResumed { from: 4 };
    let resumed = after(whole.clone(), &[word, word]);
    assert!(!word.is_spoken());
    assert_eq!(resumed.state, whole.state);
    assert_eq!(resumed.seen.log, 0);
    assert_eq!(resumed.seen.rest_from, Some(4));
}
