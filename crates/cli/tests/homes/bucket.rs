//! A bucket on an S3 server by others. Read [`Bucket`].

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

pub const KEY: &str = "AKIDEXAMPLE\nnever-in-a-log-either\n";

/// The bucket `northwind`, as long as this is held.
pub struct Bucket {
    pub endpoint: String,
    process: Child,
}

impl Bucket {
    pub fn new() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../store/tests/blobs/s3.py");
        let mut process = Command::new(judges::program("python3"))
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the judges' environment has it");
        let mut port = String::new();
        let output = process.stdout.as_mut().expect("piped");
        let told = BufReader::new(output).read_line(&mut port);
        told.expect("it tells its port");
        let bucket = Self {
            endpoint: format!("http://127.0.0.1:{}", port.trim()),
            process,
        };
        let made = bucket.ask("PUT", "/northwind");
        assert!(made.starts_with("HTTP/1.1 200"), "{made}");
        bucket
    }

    /// The names of all objects.
    pub fn names(&self) -> Vec<String> {
        let listed = self.ask("GET", "/northwind?list-type=2");
        let keys = listed.split("<Key>").skip(1);
        let names = keys.filter_map(|rest| rest.split_once("</Key>"));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let address = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("it listens");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
