//! U-Boot's environment, as `fw_setenv` and U-Boot itself read and write it (U-Boot `include/env_internal.h`,
//! libubootenv).
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | CRC-32 (ISO-HDLC) of the texts and the padding, little-endian |
//! | 4 | 1 | number of the copy, only where there are two |
//! | 4 or 5 | the rest | `name=text`, each ended by a zero, one more zero, padding |
//!
//! Of two copies that are whole the one with the later number counts; numbers wrap from 255 to 0. A write
//! goes to the other copy, so that a power cut leaves the old one.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _};
use std::path::PathBuf;

use crc::{CRC_32_ISO_HDLC, Crc};

use super::{Environment, Variables, damaged, too_small};
use crate::fault::Fault;

const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);
/// The largest environment that is read: U-Boot's boards use 4 to 128 KiB.
pub const BYTES_MAX: u32 = 1024 * 1024;

/// Where one copy lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// The file or device.
    pub file: PathBuf,
    /// Its first byte there.
    pub offset: u64,
    /// Its bytes, checksum included.
    pub size: u32,
}

/// One copy, or two.
#[derive(Debug, Clone)]
pub struct UBoot {
    areas: Vec<Area>,
}

/// A copy that was read and is whole.
struct Copy {
    index: usize,
    number: u8,
    variables: Variables,
}

impl UBoot {
    /// The environment in one area, or in two. The configuration has checked that they are one or two.
    #[must_use]
    pub fn new(areas: Vec<Area>) -> Self {
        Self { areas }
    }

    /// Whether its areas lie in files or on block devices. Raw flash must be erased before it is written, and U-Boot
    /// marks the copies there in another way.
    ///
    /// # Errors
    /// If one lies elsewhere.
    pub fn check_places(&self) -> Result<(), Fault> {
        let is_known = |area: &&Area| {
            std::fs::metadata(&area.file).map_or(true, |found| {
                found.is_file() || found.file_type().is_block_device()
            })
        };
        match self.areas.iter().find(|area| !is_known(area)) {
            Some(area) => Err(Fault::new(
                "agent.environment-unusable",
                format!(
                    "{} is neither a file nor a block device",
                    area.file.display()
                ),
                "Let the boot loader keep its environment in a file or on a block device, such as a partition of an eMMC: raw flash (MTD, UBI) isn't written to.",
            )),
            None => Ok(()),
        }
    }

    fn header_bytes(&self) -> usize {
        if self.areas.len() > 1 { 5 } else { 4 }
    }

    fn newest(&self) -> Result<Copy, Fault> {
        let mut newest: Option<Copy> = None;
        for index in 0..self.areas.len() {
            let Some(copy) = self.copy(index)? else {
                continue;
            };
            if newest
                .as_ref()
                .is_none_or(|other| is_later(copy.number, other.number))
            {
                newest = Some(copy);
            }
        }
        newest.ok_or_else(|| damaged(&self.areas[0].file, "no copy has the right checksum"))
    }

    /// A copy; none if it isn't whole.
    fn copy(&self, index: usize) -> Result<Option<Copy>, Fault> {
        let area = &self.areas[index];
        let mut bytes = vec![0; area.size as usize];
        let read =
            File::open(&area.file).and_then(|file| file.read_exact_at(&mut bytes, area.offset));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
            outcome => outcome.map_err(|error| Fault::io("read", &area.file, &error))?,
        }
        let (header, texts) = bytes.split_at(self.header_bytes());
        if header[..4] != CRC.checksum(texts).to_le_bytes() {
            return Ok(None);
        }
        Ok(Some(Copy {
            index,
            number: header.get(4).copied().unwrap_or(0),
            variables: parse(texts),
        }))
    }
}

impl Environment for UBoot {
    fn read(&self) -> Result<Variables, Fault> {
        Ok(self.newest()?.variables)
    }

    fn write(&mut self, variables: &Variables) -> Result<(), Fault> {
        let newest = self.newest()?;
        let index = (newest.index + 1) % self.areas.len();
        let area = &self.areas[index];
        let texts = texts(variables, area.size as usize - self.header_bytes())
            .ok_or_else(|| too_small(&area.file))?;
        let mut bytes = CRC.checksum(&texts).to_le_bytes().to_vec();
        if self.areas.len() > 1 {
            bytes.push(newest.number.wrapping_add(1));
        }
        bytes.extend(texts);
        OpenOptions::new()
            .write(true)
            .open(&area.file)
            .and_then(|file| {
                file.write_all_at(&bytes, area.offset)?;
                file.sync_all()
            })
            .map_err(|error| Fault::io("write", &area.file, &error))
    }
}

/// Whether a copy's number comes after another's, as U-Boot decides it (`env_check_redund`).
fn is_later(number: u8, other: u8) -> bool {
    match (number, other) {
        (0, 255) => true,
        (255, 0) => false,
        _ => number > other,
    }
}

fn parse(texts: &[u8]) -> Variables {
    let lines = texts.split(|&byte| byte == 0);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let line = String::from_utf8_lossy(line);
            let (name, text) = line.split_once('=')?;
            Some((name.to_owned(), text.to_owned()))
        })
        .collect()
}

/// The texts, padded to `bytes`; none if they don't fit.
fn texts(variables: &Variables, bytes: usize) -> Option<Vec<u8>> {
    let mut texts = Vec::new();
    for (name, text) in variables {
        texts.extend(name.as_bytes());
        texts.push(b'=');
        texts.extend(text.as_bytes());
        texts.push(0);
    }
    texts.push(0);
    (texts.len() <= bytes).then(|| {
        texts.resize(bytes, 0);
        texts
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (tempfile::TempDir, UBoot) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("env");
        std::fs::write(&file, vec![0xff; 0x4000]).expect("writes");
        let area = |offset| Area {
            file: file.clone(),
            offset,
            size: 0x2000,
        };
        let mut env = UBoot::new(vec![area(0), area(0x2000)]);
        begin(&mut env);
        (folder, env)
    }

    /// What the factory does: a first copy.
    fn begin(env: &mut UBoot) {
        let area = &env.areas[0];
        let texts = texts(&Variables::new(), 0x2000 - 5).expect("fits");
        let mut bytes = CRC.checksum(&texts).to_le_bytes().to_vec();
        bytes.push(0xfe);
        bytes.extend(texts);
        let file = OpenOptions::new().write(true).open(&area.file);
        file.expect("opens")
            .write_all_at(&bytes, 0)
            .expect("writes");
    }

    fn set(env: &mut UBoot, text: &str) {
        env.set(&[("n".to_owned(), text.to_owned())]).expect("sets");
    }

    #[test]
    fn numbers_wrap_and_the_later_copy_counts() {
        let (_folder, mut env) = pair();
        for round in 0..5 {
            set(&mut env, &round.to_string());
            assert_eq!(env.read().expect("reads")["n"], round.to_string());
        }
    }

    #[test]
    fn a_torn_write_leaves_the_copy_before() {
        let (_folder, mut env) = pair();
        set(&mut env, "old");
        set(&mut env, "new");
        let newest = env.newest().expect("reads").index;
        let area = &env.areas[newest];
        let file = OpenOptions::new().write(true).open(&area.file);
        file.expect("opens")
            .write_all_at(b"torn", area.offset + 9)
            .expect("writes");
        assert_eq!(env.read().expect("reads")["n"], "old");
    }

    #[test]
    fn raw_flash_is_never_written_to() {
        let area = |file: &str| Area {
            file: file.into(),
            offset: 0,
            size: 0x2000,
        };
        // A character device, as MTD and UBI are.
        let refused = UBoot::new(vec![area("/dev/null")]).check_places();
        assert_eq!(refused.unwrap_err().id, "agent.environment-unusable");
        assert_eq!(pair().1.check_places(), Ok(()));
    }

    #[test]
    fn what_is_no_environment_or_doesnt_fit_is_named() {
        let (folder, mut env) = pair();
        let long = [("n".to_owned(), "x".repeat(0x2000))];
        assert_eq!(env.set(&long).unwrap_err().id, "agent.environment-full");
        std::fs::write(folder.path().join("env"), [0; 0x4000]).expect("writes");
        // All zeros have no right checksum: nothing is invented.
        assert_eq!(env.read().unwrap_err().id, "agent.environment-damaged");
    }
}
