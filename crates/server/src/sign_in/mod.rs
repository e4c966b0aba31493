//! How people sign in with a password. Never compute a password's hash but by [`Hashing`], which keeps guessers from taking the
//! processors that devices wait for, and never count an attempt but for what [`origin`](origin::origin) says.

pub mod hashing;
pub mod origin;

pub use hashing::Hashing;
