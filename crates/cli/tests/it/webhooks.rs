//! `mainstay webhook` at a real server, with a receiver that takes what it is told, or doesn't.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;

use crate::address::free_address;
use crate::folder::{Ended, Folder, PASSPHRASE};
use crate::served::Server;
use crate::settings::own;

struct House {
    folder: Folder,
    address: String,
    _server: Server,
}

impl House {
    fn new() -> Self {
        let folder = Folder::with_root();
        let init =
            "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
        folder.good(init);
        let token =
            folder.good("person add --data data operations@company.example --duty operations");
        folder.write("kim.token", token);
        own(&folder.write("webhook.key", "0a".repeat(32) + "\n"));
        let listen = free_address();
        let mut serve = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        serve
            .args(["serve", "--data", "data", "--webhook-key-file"])
            .args(["webhook.key", "--webhook-networks", "127.0.0.1"])
            .current_dir(folder.path())
            .env("MAINSTAY_PASSPHRASE", PASSPHRASE)
            .env("MAINSTAY_LISTEN", listen.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            _server: Server::start(&mut serve, listen),
            address: format!("http://{listen}"),
            folder,
        }
    }

    fn webhook(&self, words: &str) -> Ended {
        let server = &self.address;
        let words = format!("webhook {words} --token-file kim.token --server {server}");
        self.folder.run(&words)
    }

    fn good(&self, words: &str) -> String {
        let ended = self.webhook(words);
        assert_eq!(ended.code(), 0, "{}{}", ended.stdout(), ended.stderr());
        ended.stdout()
    }
}

/// Takes the first thing that it is told, and fails at the second; its address.
fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for status in ["204 No Content", "500 Internal Server Error"] {
            let (mut stream, _) = listener.accept().expect("it comes");
            let (mut read, mut piece) = (Vec::new(), [0; 4096]);
            // What is told ends with the end of the event, and of what is around it.
            while !read.ends_with(b"}}") {
                let bytes = stream.read(&mut piece).expect("it goes on");
                read.extend_from_slice(&piece[..bytes]);
            }
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).expect("it reads");
        }
    });
    format!("http://{address}/hook")
}

#[test]
fn a_webhook_is_added_tried_and_removed() {
    let house = House::new();
    assert_eq!(house.good("list").trim(), "nobody is told anything");
    let url = receiver();
    let made = house.good(&format!("add {url} --kind rollout.halted"));
    assert!(made.contains("secret  whsec_"), "{made}");
    let id = made.split(' ').next().expect("an id").to_owned();
    let listed = house.good("list");
    assert!(
        listed.contains(&format!("{id} tells {url} of rollout.halted")),
        "{listed}"
    );
    assert!(!listed.contains("whsec_"), "{listed}");
    let taken = house.good(&format!("test {id}"));
    assert!(
        taken.contains("took it: it was answered with 204"),
        "{taken}"
    );
    let failed = house.webhook(&format!("test {id}"));
    failed.failed(1, "webhook.not-taken");
    assert!(failed.stderr().contains("500"), "{}", failed.stderr());
    let none = house.good(&format!("deliveries {id}"));
    assert_eq!(none.trim(), "nothing was told yet");
    house.good(&format!("remove {id}"));
    house
        .webhook(&format!("remove {id}"))
        .failed(1, "request.not-found");
    for (words, id) in [
        ("add http://10.0.0.1/", "webhooks.url"),
        ("add https://hooks.example/ --kind rollout", "webhooks.kind"),
    ] {
        house.webhook(words).failed(1, id);
    }
    house.webhook("test ../people").failed(2, "webhook.name");
}

/// A key that is none starts nothing.
#[test]
fn a_key_for_webhooks_is_sixty_four_digits() {
    let folder = Folder::with_root();
    let init = "server init --data data --root root.cbor --plan plan.toml --status-key status.key";
    folder.good(init);
    own(&folder.write("webhook.key", "hunter2"));
    let ended = folder.run("serve --data data --listen 127.0.0.1:0 --webhook-key-file webhook.key");
    ended.failed(2, "key.sealing");
    let told = ended.stderr();
    assert!(
        told.contains("webhook_key_file (flag --webhook-key-file)"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
    let words = "serve --data data --listen 127.0.0.1:0 --webhook-networks 10.0.0.1/8";
    folder.run(words).failed(2, "settings.value");
}
