//! What is made of the words of devices: their progress, the figures of a rollout, incidents, reviews and service levels.

mod folding;
mod incidents;
mod levels;
mod reviews;
mod said;
mod version_word;
