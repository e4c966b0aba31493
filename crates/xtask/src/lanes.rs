//! What of the test run runs beside what. Most of our stories wait: for processes, for clocks, for disks. So the machine
//! has two lanes: in one a test binary waits, in the other one works, one after the other in each. What measures real time
//! comes last, with the machine to itself. Read [`Manner`] first.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// How a job takes up the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It mostly waits, so that something may work beside it.
    Waits,
    /// It keeps the processors busy.
    Works,
    /// It measures how long something takes: nothing runs beside it.
    Alone,
}

/// A program that the test run starts, and that must end with success.
pub struct Job {
    /// What people read; also the name of its log.
    pub name: String,
    /// It is started as it is; its output goes to its log.
    pub command: Command,
    /// Which lane it takes.
    pub manner: Manner,
}

/// What has not ended by then hangs: the longest takes a few minutes where two processors do nothing else.
const LONGEST: Duration = Duration::from_secs(1800);

/// How often one looks whether a job has ended: a hundred jobs take seconds longer by it.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// So many of the slowest are named in the end.
const SLOWEST: usize = 12;

/// Of what failed, so many lines of its log are told again in the end, and so many characters of each.
const COMPLAINTS: usize = 24;
/// See [`COMPLAINTS`].
const COMPLAINT_MAX: usize = 300;

/// A job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ended {
    name: String,
    took: Duration,
    /// How, if not with success.
    failure: Option<String>,
}

/// Runs all of them, whichever fail; prints the output of each as a whole when it ends, and keeps it in `logs`.
///
/// Those that wait are begun in the order that they are given in, and so are those that work; whichever lane takes longer
/// should begin with what takes longest.
///
/// # Errors
/// If one fails, or there is no room for its output. All that failed are named.
pub fn run(jobs: Vec<Job>, logs: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(logs).with_context(|| logs.display().to_string())?;
    let (alone, beside): (Vec<_>, Vec<_>) = jobs
        .into_iter()
        .partition(|job| job.manner == Manner::Alone);
    let queue = &Mutex::new(VecDeque::from(beside));
    let mut ended = thread::scope(|scope| {
        let lanes = [Manner::Waits, Manner::Works]
            .map(|lane| scope.spawn(move || drain(lane, queue, logs)));
        let ended = lanes.map(|lane| lane.join().expect("a lane doesn't panic"));
        ended.concat()
    });
    ended.extend(alone.into_iter().map(|job| job.run(logs)));
    conclude(&ended, logs)
}

/// Runs one job of the queue after the other, until none is left for this lane.
fn drain(lane: Manner, queue: &Mutex<VecDeque<Job>>, logs: &Path) -> Vec<Ended> {
    let next = || take(lane, &mut queue.lock().expect("no lane panics"));
    std::iter::from_fn(next).map(|job| job.run(logs)).collect()
}

/// The next job for a lane. The one that works helps to wait when nothing is left to work on; never the other way, since
/// two that work would only be in each other's way.
fn take(lane: Manner, queue: &mut VecDeque<Job>) -> Option<Job> {
    let own = queue.iter().position(|job| job.manner == lane);
    let any = (lane == Manner::Works && !queue.is_empty()).then_some(0);
    queue.remove(own.or(any)?)
}

impl Job {
    fn run(mut self, logs: &Path) -> Ended {
        println!("begins: {}", self.name);
        #[expect(
            clippy::disallowed_methods,
            reason = "people are told what takes how long"
        )]
        let begun = Instant::now();
        let log = log_of(&self.name, logs);
        let failure = match status(&mut self.command, &log, begun) {
            Ok(status) if status.success() => None,
            Ok(status) => Some(status.to_string()),
            Err(error) => Some(format!("{error:#}")),
        };
        let ended = Ended {
            name: self.name,
            took: begun.elapsed(),
            failure,
        };
        ended.tell(&log);
        ended
    }
}

fn log_of(name: &str, logs: &Path) -> PathBuf {
    logs.join(format!("{}.log", name.replace([' ', ':', '/'], "-")))
}

/// How it ended, with all that it said in the log.
fn status(command: &mut Command, log: &Path, begun: Instant) -> anyhow::Result<ExitStatus> {
    let said = File::create(log).with_context(|| log.display().to_string())?;
    command.stdin(Stdio::null());
    command.stderr(said.try_clone()?).stdout(said);
    let mut child = command.spawn().context("it can't be started")?;
    wait(&mut child, begun)
}

fn wait(child: &mut Child, begun: Instant) -> anyhow::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            bail!("it hangs, and was ended after {LONGEST:?}");
        }
        thread::sleep(LOOK_EVERY);
    }
}

impl Ended {
    /// Prints all that it said, at once, so that no other job's words stand in between.
    fn tell(&self, log: &Path) {
        let said = fs::read(log).unwrap_or_default();
        let how = self.failure.as_deref().unwrap_or("well");
        println!(
            "\n==== {}\n{}==== {} ended {how} after {:.1} s\n",
            self.name,
            String::from_utf8_lossy(&said),
            self.name,
            self.took.as_secs_f64()
        );
    }
}

/// Names what took longest, and what failed.
fn conclude(ended: &[Ended], logs: &Path) -> anyhow::Result<()> {
    let mut slowest: Vec<&Ended> = ended.iter().collect();
    slowest.sort_by_key(|job| std::cmp::Reverse(job.took));
    println!("what took longest:");
    for job in slowest.iter().take(SLOWEST) {
        println!("{:8.1} s  {}", job.took.as_secs_f64(), job.name);
    }
    let failed: Vec<String> = ended.iter().filter_map(|job| failed(job, logs)).collect();
    if failed.is_empty() {
        println!("{} of {} ended well", ended.len(), ended.len());
        return Ok(());
    }
    bail!(
        "{} of {} failed:\n{}",
        failed.len(),
        ended.len(),
        failed.join("\n")
    )
}

/// What people are told of a job that failed, and where to read on. The end of a run is what they see first, and at times all that is kept of it: so it
/// names the tests, and says why.
fn failed(job: &Ended, logs: &Path) -> Option<String> {
    let failure = job.failure.as_ref()?;
    let log = log_of(&job.name, logs);
    let said = fs::read(&log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let mut told = format!("{} ({failure}): {}", job.name, log.display());
    for line in complaints(&said) {
        told.push_str("\n    ");
        told.extend(line.chars().take(COMPLAINT_MAX));
    }
    Some(told)
}

/// Of what a test binary said: which tests failed, where each panicked, and the first line of its reason.
fn complaints(said: &str) -> Vec<&str> {
    let mut lines = said.lines().peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if line.ends_with("... FAILED") {
            found.push(line);
        } else if line.contains(" panicked at ") {
            found.push(line);
            found.extend(lines.peek());
        }
        if found.len() >= COMPLAINTS {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell that does this, in a folder.
    fn job(name: &str, manner: Manner, script: &str, folder: &Path) -> Job {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder);
        Job {
            name: name.to_owned(),
            command,
            manner,
        }
    }

    /// A folder of this test alone, empty.
    fn folder(name: &str) -> PathBuf {
        let name = format!("mainstay-lanes-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("room for a folder");
        folder
    }

    #[test]
    fn each_lane_takes_its_own_and_who_has_no_work_left_helps_to_wait() {
        let here = Path::new(".");
        let names = |lanes: &[Manner]| {
            let mut queue = VecDeque::from([
                job("w1", Manner::Waits, "", here),
                job("a", Manner::Works, "", here),
                job("w2", Manner::Waits, "", here),
                job("b", Manner::Works, "", here),
            ]);
            let taken = lanes.iter().filter_map(|lane| take(*lane, &mut queue));
            taken.map(|job| job.name).collect::<Vec<_>>()
        };
        let (waits, works) = (Manner::Waits, Manner::Works);
        assert_eq!(names(&[waits, works, works, waits]), ["w1", "a", "b", "w2"]);
        assert_eq!(names(&[works; 5]), ["a", "b", "w1", "w2"]);
        assert_eq!(
            names(&[waits; 3]),
            ["w1", "w2"],
            "work is left to the other lane"
        );
    }

    #[test]
    fn all_are_run_whichever_fail_and_each_that_failed_is_named_with_its_log() {
        let folder = folder("fail");
        let jobs = vec![
            job(
                "one it",
                Manner::Waits,
                "echo it is broken >&2; exit 3",
                &folder,
            ),
            job("two it", Manner::Works, "echo well > two", &folder),
            job("three it storm::", Manner::Alone, "exit 1", &folder),
            job("four it", Manner::Works, "echo well > four", &folder),
        ];
        let failed = run(jobs, &folder.join("logs")).expect_err("two of them fail");
        let failed = failed.to_string();
        let log = folder.join("logs/one-it.log");
        assert!(failed.starts_with("2 of 4 failed:\n"), "{failed}");
        let expected = format!("one it (exit status: 3): {}", log.display());
        assert!(failed.contains(&expected), "{failed}");
        assert!(failed.contains("three it storm:: ("), "{failed}");
        assert!(!failed.contains("it is broken"), "{failed}");
        assert_eq!(fs::read_to_string(log).expect("a log"), "it is broken\n");
        assert!(folder.join("two").exists() && folder.join("four").exists());
        fs::remove_dir_all(folder).expect("nobody is in it");
    }

    #[test]
    fn the_end_names_the_tests_that_failed_and_says_why() {
        let folder = folder("why");
        let script = "echo 'test door::a_door_opens ... ok'; echo 'test door::a_door_shuts ... FAILED'; \
                      echo \"thread 'door::a_door_shuts' (7) panicked at door.rs:3:5:\"; echo 'it is open'; \
                      echo 'what a server logged'; exit 101";
        let jobs = vec![job("door it", Manner::Waits, script, &folder)];
        let failed = run(jobs, &folder.join("logs")).expect_err("one of them fails");
        let told = failed.to_string();
        let told: Vec<&str> = told.lines().skip(2).collect();
        assert_eq!(
            told,
            [
                "    test door::a_door_shuts ... FAILED",
                "    thread 'door::a_door_shuts' (7) panicked at door.rs:3:5:",
                "    it is open"
            ]
        );
        fs::remove_dir_all(folder).expect("nobody is in it");
    }

    #[test]
    fn what_measures_comes_when_all_others_have_ended() {
        let folder = folder("alone");
        let jobs = vec![
            job(
                "measures",
                Manner::Alone,
                "test -e waited -a -e worked",
                &folder,
            ),
            job("waits", Manner::Waits, "sleep 0.3; touch waited", &folder),
            job("works", Manner::Works, "sleep 0.1; touch worked", &folder),
        ];
        run(jobs, &folder.join("logs")).expect("it has the machine to itself");
        fs::remove_dir_all(folder).expect("nobody is in it");
    }
}
