//! Tests of the crate as a whole: stories, offers, sentences, invariants and error rates.

mod error_rates;
mod held_back;
mod invariants;
mod late_starts;
mod needs;
mod offers;
mod pauses;
mod payloads;
mod promotion;
mod samples;
mod sentences;
mod set_back;
mod silences;
mod soft_signals;
mod soft_story;
mod stones;
mod stories;
mod ways_back;
