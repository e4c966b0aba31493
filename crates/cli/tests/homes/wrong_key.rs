//! A bucket's key with another secret: whoever sets a server up is told, before anything is started. Read [`is_told`].

use std::path::Path;

use crate::{House, bucket, said, text};

/// As long as the wrong one is in the file.
pub fn is_told(house: &House, settings: &Path) {
    let (id, _) = bucket::KEY.split_once('\n').expect("two lines");
    house.secret("key", &format!("{id}\nanother-secret\n"));
    let told = said(2, &["serve", "--settings", text(settings), "--check"]);
    for words in [
        "error store.unreadable\n  blobs (",
        "another secret belongs to this key (SignatureDoesNotMatch)",
    ] {
        assert!(told.contains(words), "{told}");
    }
    assert!(!told.contains("another-secret"), "{told}");
    house.secret("key", bucket::KEY);
}
