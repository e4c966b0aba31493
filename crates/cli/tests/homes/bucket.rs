//! A bucket on an S3 server by others. Read [`Bucket`].

#[path = "../../../store/tests/blobs/judge.rs"]
mod judge;

use judge::Judge;

/// The file of the key that the bucket lets in.
pub const KEY: &str = "AKIDEXAMPLE\nnever-in-a-log-either\n";

/// The bucket `northwind`, as long as this is held. Nothing comes in that isn't signed with [`KEY`].
pub struct Bucket {
    pub endpoint: String,
    judge: Judge,
}

impl Bucket {
    pub fn new() -> Self {
        let (key, secret) = KEY.trim_end().split_once('\n').expect("two lines");
        let judge = Judge::new(key, secret);
        judge.make("northwind");
        Self {
            endpoint: judge.endpoint.clone(),
            judge,
        }
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        let told = self.judge.ask("names", "northwind");
        serde_json::from_str(&told).expect("a list of names")
    }
}
