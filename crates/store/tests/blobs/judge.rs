//! The S3 server that judges what goes into a bucket: moto, behind a guard that looks at every signature by botocore. Read [`Judge`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

/// A server of its own; it ends when its input does, which is with this value or with this process.
pub struct Judge {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _process: Child,
}

impl Judge {
    /// Lets in whoever signs with this key and secret. It takes a second to start.
    pub fn new(key: &str, secret: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/tests/blobs/s3.py");
        let mut process = Command::new(judges::program("python3"))
            .args([script, key, secret])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judges' environment has it");
        let input = process.stdin.take().expect("piped");
        let mut output = BufReader::new(process.stdout.take().expect("piped"));
        let port = line(&mut output);
        Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            talk: Mutex::new((input, output)),
            _process: process,
        }
    }

    /// Makes a bucket.
    pub fn make(&self, bucket: &str) {
        assert_eq!(self.ask("make", bucket), "made");
    }

    /// What the script answers to one of its words, `make` or `names`, of a bucket.
    pub fn ask(&self, what: &str, bucket: &str) -> String {
        let mut talk = self.talk.lock().expect("nobody panics with it");
        let (input, output) = &mut *talk;
        writeln!(input, "{what} {bucket}").expect("it reads");
        line(output)
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut told = String::new();
    output.read_line(&mut told).expect("it tells");
    assert!(told.ends_with('\n'), "it ended: what it says stands above");
    told.trim_end().to_owned()
}
