//! Who may do what: the table that was agreed on, and what holds of all of it.

mod properties;
mod who_may_what;
