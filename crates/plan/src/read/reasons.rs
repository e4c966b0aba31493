//! The ids of mistakes of form, each with the reason it is one. Read [`Reason`].

/// An id with its reason and where the reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    /// Stable id.
    pub id: &'static str,
    /// Why it matters, in one sentence without a full stop.
    pub why: &'static str,
    /// Where that comes from; empty for mistakes of form.
    pub source: &'static str,
}

const fn form(id: &'static str, why: &'static str) -> Reason {
    Reason {
        id,
        why,
        source: "",
    }
}

pub(crate) const TOO_LARGE: Reason = form(
    "plan.too-large",
    "a plan is read whole at every use, and people must be able to read it",
);
pub(crate) const EMPTY: Reason = form("plan.empty", "an empty file plans nothing");
pub(crate) const TOO_MANY: Reason = form(
    "plan.too-many-findings",
    "a list this long hides the mistake that caused the rest",
);
pub(crate) const SYNTAX: Reason = form(
    "plan.syntax",
    "nothing in the file counts before all of it can be read",
);
pub(crate) const UNKNOWN_KEY: Reason = form(
    "plan.unknown-key",
    "a misspelt setting that is passed over in silence is a setting lost",
);
pub(crate) const MISSING: Reason = form("plan.missing", "nothing safe can be assumed in its place");
pub(crate) const WRONG_VALUE: Reason = form(
    "plan.wrong-value",
    "it would have to be guessed what was meant",
);
/// Values that are read well enough, and can't be meant: the id is that of any wrong value, the reason is their own.
pub(crate) const NOTHING: Reason = form(
    "plan.wrong-value",
    "a wait of nothing would be over before anything is seen",
);
pub(crate) const A_SLIP: Reason = form(
    "plan.wrong-value",
    "a span of more than a year is nearly always a slip of the unit",
);
pub(crate) const NO_WINDOW: Reason = form(
    "plan.wrong-value",
    "nobody could tell a window that never opens from one that never closes",
);
pub(crate) const TWICE: Reason = form(
    "plan.named-twice",
    "one of the two would win without anybody having said which",
);
pub(crate) const CONTRADICTION: Reason =
    form("plan.contradiction", "the two settings can't both be kept");
