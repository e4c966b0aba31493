//! Where sentences and JSON lines go: results to standard output, failures to standard error.

use std::io::{ErrorKind, Write};

use serde::Serialize;

use crate::failure::Failure;

/// What a shell says of a program that a closed pipe ended (128 and the number of SIGPIPE): the Rust runtime ignores that signal, so
/// the program ends by itself.
const PIPE_CLOSED: i32 = 128 + 13;

/// What a command says, in the form that its caller asked for.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// JSON lines if `json`, else sentences.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a machine reads this.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// One result: `sentence` for a person, `value` as one JSON line for a machine.
    pub fn say(self, sentence: impl FnOnce() -> String, value: &impl Serialize) {
        if self.json {
            print_json(value);
        } else {
            print(&(sentence() + "\n"));
        }
    }

    /// A list: a line for each item, or `none` if there is none; for a machine one JSON array.
    pub fn list<T: Serialize>(self, items: &[T], none: &str, line: impl Fn(&T) -> String) {
        let lines = || match items {
            [] => none.to_owned(),
            items => items.iter().map(line).collect::<Vec<_>>().join("\n"),
        };
        self.say(lines, &items);
    }

    /// Some lines of a list that goes on; nothing for a machine, which gets the list as a whole.
    pub fn lines<T>(self, items: &[T], line: impl Fn(&T) -> String) {
        if !self.json {
            print(
                &items
                    .iter()
                    .map(|item| line(item) + "\n")
                    .collect::<String>(),
            );
        }
    }

    /// A document as it is, for the program that reads it.
    pub fn document(self, text: &str) {
        print(text);
    }

    /// A remark beside the result, on standard error; a machine gets none.
    pub fn note(self, sentence: impl FnOnce() -> String) {
        if !self.json {
            eprintln!("{}", sentence());
        }
    }

    /// A failure, on standard error.
    pub fn failure(self, failure: &Failure) {
        if self.json {
            eprintln!("{}", serde_json::json!({ "error": failure }));
        } else {
            eprintln!(
                "error {}\n  {}\n  fix   {}",
                failure.id, failure.what, failure.cure
            );
        }
    }
}

fn print_json(value: &impl Serialize) {
    match serde_json::to_string(value) {
        Ok(line) => print(&(line + "\n")),
        Err(error) => {
            eprintln!("error output.json\n  the result can't be written as JSON: {error}")
        }
    }
}

/// Text on standard output. Whoever reads it may have enough before its end (`| head`): that is no failure to be told, and the program
/// ends with it.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    let Err(error) = written else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(PIPE_CLOSED);
    }
    eprintln!("error output.unwritten\n  the result can't be written to standard output: {error}");
    std::process::exit(1);
}
