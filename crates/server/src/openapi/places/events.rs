//! What happened.

use mainstay_api::EventPage;
use mainstay_api::event::{EVENT_PAGE_MAX, SUBJECT_BYTES_MAX};

use super::super::told::{Answer, NOTHING, Told, Word, WordKind, of};
use crate::operator::listening::EVENT_STREAM_MEDIA_TYPE;

/// Numbers up to here are whole in every program.
const NUMBER_MAX: u64 = (1 << 53) - 1;

const AFTER: Word = Word {
    name: "after",
    what: "The number behind which to begin: what the page before gave as `next`.",
    is_required: false,
    kind: WordKind::Number(0, NUMBER_MAX),
};

const LIMIT: Word = Word {
    name: "limit",
    what: "How many at most.",
    is_required: false,
    kind: WordKind::Number(1, EVENT_PAGE_MAX as u64),
};

const KIND: Word = Word {
    name: "kind",
    what: "Only those of this kind, such as rollout.halted.",
    is_required: false,
    kind: WordKind::Text(40),
};

const SUBJECT: Word = Word {
    name: "subject",
    what: "Only those about this, such as rollout/3.",
    is_required: false,
    kind: WordKind::Text(SUBJECT_BYTES_MAX),
};

const WORDS: &[Word] = &[AFTER, LIMIT, KIND, SUBJECT];

pub(super) const TOLD: &[Told] = &[
    Told {
        method: "GET",
        path: "/events",
        name: "events",
        summary: "What happened, the oldest first",
        more: "Ask again with `next` as `after`: no event is missed or comes twice, whichever server answers. The newest 50,000 are kept; \
               `oldest` tells whether some were forgotten in between.",
        words: WORDS,
        answers: &[(200, Answer::Json(of::<EventPage>))],
        refusals: &[(400, &["events.words", "events.ahead"])],
        ..NOTHING
    },
    Told {
        method: "GET",
        path: "/events/stream",
        name: "event_stream",
        summary: "What happens, as it happens: server-sent events",
        more: "Each event is the `data` of a message, with its number as `id`. A client that comes again says the last one in the header \
               `Last-Event-ID`, as browsers do by themselves, and gets what followed; without it and without `after` the stream begins with \
               what happens next. Every 15 seconds at least something comes, if only a comment. A stream ends after a quarter of an hour. A message \
               of the type `missed` says that events between were forgotten.",
        words: WORDS,
        answers: &[(200, Answer::Text(EVENT_STREAM_MEDIA_TYPE))],
        refusals: &[
            (400, &["events.words", "events.ahead"]),
            (503, &["events.too-many-listeners"]),
        ],
        ..NOTHING
    },
];
