//! GRUB's environment block, as `grub-editenv` and GRUB's `load_env` and `save_env` read and write it (GRUB
//! manual, "Environment block").
//!
//! 1024 bytes: a line that says what it is, `name=text` lines with `\` before a backslash or a line's end, and
//! `#` as padding. It is replaced as a whole file: GRUB looks it up by its name at each start.

use std::path::{Path, PathBuf};

use super::{Environment, Variables, damaged, too_small};
use crate::durable;
use crate::fault::Fault;

/// Bytes of the block: never more, never fewer.
pub const BYTES: usize = 1024;
const SIGNATURE: &str = "# GRUB Environment Block\n";

/// The block in one file.
#[derive(Debug, Clone)]
pub struct Grub {
    file: PathBuf,
}

impl Grub {
    /// The block in this file, such as `/boot/grub/grubenv`.
    #[must_use]
    pub fn at(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into() }
    }
}

impl Environment for Grub {
    fn read(&self) -> Result<Variables, Fault> {
        let bytes = durable::read(&self.file, BYTES as u64)?
            .ok_or_else(|| damaged(&self.file, "the file isn't there"))?;
        parse(&bytes, &self.file)
    }

    fn write(&mut self, variables: &Variables) -> Result<(), Fault> {
        let block = block(variables).ok_or_else(|| too_small(&self.file))?;
        durable::write(&self.file, &block)
    }
}

fn parse(bytes: &[u8], file: &Path) -> Result<Variables, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| damaged(file, "it isn't text"))?;
    let body = text
        .strip_prefix(SIGNATURE)
        .filter(|_| bytes.len() == BYTES)
        .ok_or_else(|| damaged(file, "it isn't 1024 bytes with GRUB's first line"))?;
    let mut variables = Variables::new();
    for line in lines(body) {
        if let Some((name, text)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
            variables.insert(name.to_owned(), text.to_owned());
        }
    }
    Ok(variables)
}

/// The lines, with what was escaped as it is meant.
fn lines(body: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut escaped = false;
    for c in body.chars() {
        match c {
            '\\' if !escaped => escaped = true,
            '\n' if !escaped => lines.push(String::new()),
            _ => {
                escaped = false;
                // There is a last line from the start on.
                if let Some(line) = lines.last_mut() {
                    line.push(c);
                }
            }
        }
    }
    lines
}

fn block(variables: &Variables) -> Option<Vec<u8>> {
    let mut text = SIGNATURE.to_owned();
    for (name, value) in variables {
        let value = value.replace('\\', "\\\\").replace('\n', "\\\n");
        text.push_str(&format!("{name}={value}\n"));
    }
    let mut bytes = text.into_bytes();
    (bytes.len() <= BYTES).then(|| {
        bytes.resize(BYTES, b'#');
        bytes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut env = Grub::at(folder.path().join("grubenv"));
        assert_eq!(env.read().unwrap_err().id, "agent.environment-damaged");
        let variables = Variables::from([
            ("BOOT_ORDER".to_owned(), "B A".to_owned()),
            ("odd".to_owned(), "a\\b\nc=d".to_owned()),
        ]);
        env.write(&variables).expect("writes");
        assert_eq!(env.read().expect("reads"), variables);
        let long = [("n".to_owned(), "x".repeat(BYTES))];
        assert_eq!(env.set(&long).unwrap_err().id, "agent.environment-full");
    }

    #[test]
    fn other_files_are_no_environment() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("grubenv");
        for bytes in [
            &b""[..],
            &[b'#'; BYTES],
            SIGNATURE.as_bytes(),
            &[0xff; 2000],
        ] {
            std::fs::write(&file, bytes).expect("writes");
            assert!(Grub::at(&file).read().is_err());
        }
    }
}
