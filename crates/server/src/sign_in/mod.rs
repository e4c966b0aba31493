//! How people sign in with a password. Never compute a password's hash but by [`Hashing`], which keeps guessers from taking the
//! processors that devices wait for.

pub mod hashing;

pub use hashing::Hashing;
