//! Update bundles as SWUpdate takes them: a description, the vendor's CMS signature over it, and one file.
//!
//! Debian's build refuses whatever isn't signed so. The description holds the file's SHA-256, and SWUpdate checks it while it
//! installs. Read [`Vendor::bundle`].

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The board that the bundles are for, as `-H` names it.
pub const HARDWARE: &str = "gateway:1.0";

/// In this order: SWUpdate reads a bundle as a stream, and must have judged the signature before the first byte of the file.
const MEMBERS: &str = "sw-description\nsw-description.sig\nfw.bin\n";

/// What is wrong with a bundle that is signed all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// The description has another file's digest.
    OtherDigest,
}

/// Who signs bundles: one key and its certificate.
pub struct Vendor {
    folder: PathBuf,
}

impl Vendor {
    /// A vendor with a key of its own, kept in `folder`.
    pub fn in_folder(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("an own folder");
        let vendor = Self {
            folder: folder.to_owned(),
        };
        // Without this extended usage the signature isn't taken, whoever made it.
        vendor.run(
            "openssl",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=northwind \
             -addext extendedKeyUsage=emailProtection -keyout vendor.key -out vendor.crt",
            Stdio::null(),
        );
        vendor
    }

    /// The certificate that devices are made with.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("vendor.crt")
    }

    /// A bundle that puts `firmware` at `target`.
    pub fn bundle(&self, version: &str, firmware: &[u8], target: &Path, flaw: Flaw) -> Vec<u8> {
        self.write("fw.bin", firmware);
        let digest = self.digest(flaw);
        let description = format!(
            "software = {{\n  version = \"{version}\";\n  hardware-compatibility: [ \"1.0\" ];\n  files: ( {{ \
             filename = \"fw.bin\"; path = \"{}\"; sha256 = \"{digest}\"; }} );\n}}\n",
            target.display()
        );
        self.write("sw-description", description.as_bytes());
        self.run(
            "openssl",
            "cms -sign -in sw-description -out sw-description.sig -signer vendor.crt -inkey vendor.key \
             -outform DER -nosmimecap -binary",
            Stdio::null(),
        );
        self.write("members", MEMBERS.as_bytes());
        let members = std::fs::File::open(self.folder.join("members")).expect("just written");
        self.run("cpio", "-o -H crc --quiet", members.into())
    }

    /// The SHA-256 that the description tells, by a program that isn't ours.
    fn digest(&self, flaw: Flaw) -> String {
        let of = match flaw {
            Flaw::None => "fw.bin",
            Flaw::OtherDigest => "vendor.crt",
        };
        let told = self.run("sha256sum", of, Stdio::null());
        let told = String::from_utf8(told).expect("plain text");
        told.split(' ').next().unwrap_or_default().to_owned()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.join(name), bytes).expect("a file in an own folder");
    }

    /// Runs a program in the folder; gives what it wrote.
    fn run(&self, program: &str, words: &str, input: Stdio) -> Vec<u8> {
        let output = Command::new(program)
            .args(words.split_whitespace())
            .current_dir(&self.folder)
            .stdin(input)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test` installs it"));
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {words}: {complaint}");
        output.stdout
    }
}
