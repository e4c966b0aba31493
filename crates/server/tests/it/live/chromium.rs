//! A real browser, driven by the DevTools protocol over pipes: messages of JSON, each ended by a zero byte. Read [`Chromium`].

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

/// Where Debian's package puts it.
const PROGRAM: &str = "/usr/bin/chromium";

/// A browser that has started answers within that time on a machine with much else to do.
const ANSWERS_WITHIN: Duration = Duration::from_secs(120);

/// Its file descriptors 3 and 4 are what it is told and what it says (`--remote-debugging-pipe`); ours is the shell that lays them there.
const LAID: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A browser with one page.
pub struct Chromium {
    process: Child,
    told: ChildStdin,
    says: Receiver<Value>,
    last: i64,
    session: String,
    _profile: tempfile::TempDir,
}

impl Chromium {
    /// Starts it, with an empty page.
    ///
    /// # Panics
    /// If it isn't there.
    pub fn start() -> Self {
        assert!(
            std::path::Path::new(PROGRAM).exists(),
            "{PROGRAM} isn't there: `cargo xtask test` installs it"
        );
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new("sh")
            .args([
                "-c",
                LAID,
                PROGRAM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
            ])
            .args([
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--no-proxy-server",
            ])
            .args(["--disable-background-networking", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (told, says) = (
            process.stdin.take().unwrap(),
            process.stdout.take().unwrap(),
        );
        let mut browser = Self {
            process,
            told,
            says: heard(says),
            last: 0,
            session: String::new(),
            _profile: profile,
        };
        let page = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = json!({"targetId": page["targetId"], "flatten": true});
        let attached = browser.ask("Target.attachToTarget", attached);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        browser.ask("Page.enable", json!({}));
        browser
    }

    /// Tells it something, and waits for its answer.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.tries(method, params);
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same; its answer, or what it couldn't do.
    fn tries(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        self.told.write_all(&bytes).unwrap();
        let until = Instant::now() + ANSWERS_WITHIN;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let said = self.says.recv_timeout(left);
            let said = said.unwrap_or_else(|_| panic!("{PROGRAM} doesn't answer {method}"));
            if said["id"] == json!(self.last) {
                return match &said["error"] {
                    Value::Null => Ok(said["result"].clone()),
                    error => Err(error.clone()),
                };
            }
        }
    }

    /// What an expression comes to in the page.
    pub fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", asked);
        assert_eq!(answer["exceptionDetails"], Value::Null, "{expression}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true in the page: while that is exchanged for the next one, nothing is.
    pub fn until(&mut self, expression: &str, within: Duration) {
        let until = Instant::now() + within;
        let asked = json!({"expression": expression, "returnByValue": true});
        let is_so = |answer: Result<Value, Value>| {
            answer.is_ok_and(|answer| answer["result"]["value"] == json!(true))
        };
        while !is_so(self.tries("Runtime.evaluate", asked.clone())) {
            if Instant::now() >= until {
                let page = self.eval("document.body.innerText");
                panic!("not so within {within:?}: {expression}\n{page}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// All that it says, message by message.
fn heard(says: ChildStdout) -> Receiver<Value> {
    let (hands_on, heard) = channel();
    std::thread::spawn(move || {
        let mut says = BufReader::new(says);
        let mut message = Vec::new();
        while says.read_until(0, &mut message).is_ok_and(|read| read > 0) {
            message.pop();
            let Ok(said) = serde_json::from_slice(&message) else {
                return;
            };
            if hands_on.send(said).is_err() {
                return;
            }
            message.clear();
        }
    });
    heard
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
