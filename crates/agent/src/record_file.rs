//! The file with the record, its bytes as `mainstay_device::record_wire` draws them.
//!
//! Only a file that isn't there makes a fresh device. One that is damaged is a fault that people must end: what it
//! knew of newer releases, of withdrawn ones and of time would be forgotten with it.

use std::path::Path;

use mainstay_device::Record;
use mainstay_device::record_wire::RECORD_BYTES;

use crate::durable;
use crate::fault::Fault;

/// The id of the fault that a damaged record is.
pub const DAMAGED: &str = "agent.record-damaged";

/// The record at `path`; none if there never was one.
///
/// # Errors
/// If the file can't be read, or isn't a record.
pub fn read(path: &Path) -> Result<Option<Record>, Fault> {
    let bytes = match durable::read(path, RECORD_BYTES as u64) {
        Ok(None) => return Ok(None),
        Ok(Some(bytes)) => bytes,
        Err(fault) if fault.id == durable::TOO_LARGE => Vec::new(),
        Err(fault) => return Err(fault),
    };
    let whole = <[u8; RECORD_BYTES]>::try_from(bytes).ok();
    let record = whole.and_then(|bytes| Record::decode(&bytes));
    record.map(Some).ok_or_else(|| damaged(path))
}

fn damaged(path: &Path) -> Fault {
    Fault::new(
        DAMAGED,
        format!("{} isn't what the agent wrote there", path.display()),
        "Put a copy of it back, or say anew what runs: mainstay-agent install --factory ARTIFACT.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_isnt_there_is_a_fresh_device() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("record");
        assert_eq!(read(&path), Ok(None));
        let good = Record::default().encode();
        std::fs::write(&path, good).expect("writes");
        assert_eq!(read(&path), Ok(Some(Record::default())));
        let mut flipped = good;
        flipped[100] ^= 1;
        let longer = [&good[..], b"x"].concat();
        for bytes in [
            &b""[..],
            b"MSJ2",
            &good[1..],
            &longer,
            &flipped,
            &[0xff; 972],
        ] {
            std::fs::write(&path, bytes).expect("writes");
            let fault = read(&path).expect_err("isn't a record");
            assert_eq!(fault.id, DAMAGED, "{} bytes", bytes.len());
        }
    }
}
