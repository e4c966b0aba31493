//! Whether the running image is good: all checks of the configuration, one after another.

use std::time::Duration;

use mainstay_protocol::SelfTest;

use crate::config::Check;
use crate::fault::Fault;
use crate::notify::Notify;

/// How the checks ended. `up` is for how long the image has run: within `grace` a failure means no more than
/// that it isn't ready yet.
pub fn look(checks: &[Check], up: Duration, grace: Duration) -> (SelfTest, Option<Fault>) {
    let mut notify = Notify::from_environment();
    let well = checks.iter().try_for_each(|check| {
        notify.alive();
        one(check)
    });
    match well {
        Ok(()) => (SelfTest::Passed, None),
        Err(fault) if up < grace => (SelfTest::NotRun, Some(fault)),
        Err(fault) => (SelfTest::Failed, Some(fault)),
    }
}

fn one(check: &Check) -> Result<(), Fault> {
    match check {
        Check::Program(program) => {
            let what = format!("health check {:?}", program.command.join(" "));
            program.run(&what, &[])
        }
        Check::Http(url, limit) => probe(url, *limit),
    }
}

fn probe(url: &str, limit: Duration) -> Result<(), Fault> {
    let config = ureq::Agent::config_builder()
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(limit))
        .build();
    match config.new_agent().get(url).call() {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(ill(url, &answer.status())),
        Err(error) => Err(ill(url, &error)),
    }
}

fn ill(url: &str, why: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        "agent.health",
        format!("{url} isn't well: {why}"),
        "Look at what serves it.",
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;
    use crate::command::Program;

    fn shell(script: &str) -> Check {
        Check::Program(Program {
            command: ["/bin/sh", "-c", script].map(str::to_owned).into(),
            limit: Duration::from_secs(60),
        })
    }

    fn outcome(checks: &[Check], up_s: u64) -> SelfTest {
        let (up, grace) = (Duration::from_secs(up_s), Duration::from_secs(60));
        look(checks, up, grace).0
    }

    #[test]
    fn all_must_hold_once_the_grace_is_over() {
        assert_eq!(outcome(&[], 0), SelfTest::Passed);
        assert_eq!(
            outcome(&[shell("true"), shell("true")], 99),
            SelfTest::Passed
        );
        assert_eq!(
            outcome(&[shell("true"), shell("false")], 59),
            SelfTest::NotRun
        );
        assert_eq!(
            outcome(&[shell("true"), shell("false")], 60),
            SelfTest::Failed
        );
    }

    #[test]
    fn a_probe_wants_success() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
        let url = format!("http://{}/health", listener.local_addr().expect("is bound"));
        let server = std::thread::spawn(move || {
            for status in ["200 OK", "503 Service Unavailable", "302 Found"] {
                let (mut stream, _) = listener.accept().expect("connects");
                let _ = stream.read(&mut [0; 1024]);
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).expect("answers");
            }
        });
        let check = [Check::Http(url, Duration::from_secs(60))];
        let found: Vec<_> = (0..3).map(|_| outcome(&check, 99)).collect();
        server.join().expect("ends");
        assert_eq!(
            found,
            [SelfTest::Passed, SelfTest::Failed, SelfTest::Failed]
        );
        assert_eq!(outcome(&check, 99), SelfTest::Failed, "nobody listens");
    }
}
