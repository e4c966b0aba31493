//! Idle polls, answered before any route is looked for. Read [`AtOnce`].
//!
//! Most of what a server is asked is whether there is anything to do, and most of what is answered comes from memory
//! ([`crate::quiet`]). Finding a route, a place among the requests at work and a time limit cost as much again, for an answer that waits for
//! nothing. What isn't known here goes on to the routes, as if nobody had looked; they ask the same memory.

use axum::body::Bytes;
use axum::http::Method;
use axum::http::header::EXPECT;
use axum::http::request::Parts;
use axum::response::Response;
use mainstay_protocol::CHECK_IN_PATH;

use crate::front::AtOnce;
use crate::{App, ddi, device_protocol};

impl AtOnce for App {
    fn may_know(&self, head: &Parts) -> bool {
        may_be_a_poll(head)
    }

    fn answer(&self, head: &Parts, body: &Bytes) -> Option<Response> {
        match head.method {
            Method::GET => ddi::at_once(self, head),
            _ => device_protocol::at_once(self, &head.headers, body),
        }
    }
}

fn may_be_a_poll(head: &Parts) -> bool {
    // Whoever wants to be told first whether its body is welcome is told by the routes.
    if head.headers.contains_key(EXPECT) {
        return false;
    }
    match head.method {
        Method::GET => true,
        Method::POST => head.uri.path() == CHECK_IN_PATH,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_what_polls_look_like_is_looked_at() {
        for (method, path, header, expected) in [
            ("POST", CHECK_IN_PATH, None, true),
            ("POST", CHECK_IN_PATH, Some((EXPECT, "100-continue")), false),
            ("POST", CHECK_IN_PATH, Some((EXPECT, "anything")), false),
            ("POST", "/device/v1/check-in/", None, false),
            ("POST", "/api/v1/devices", None, false),
            ("PUT", CHECK_IN_PATH, None, false),
            ("HEAD", CHECK_IN_PATH, None, false),
            ("GET", "/default/controller/v1/th-1", None, true),
            (
                "GET",
                "/default/controller/v1/th-1",
                Some((EXPECT, "100-continue")),
                false,
            ),
            ("HEAD", "/default/controller/v1/th-1", None, false),
            ("DELETE", "/default/controller/v1/th-1", None, false),
            ("OPTIONS", "/", None, false),
        ] {
            let mut request = Request::builder().method(method).uri(path);
            if let Some((name, value)) = header.clone() {
                request = request.header(name, value);
            }
            let (head, ()) = request.body(()).expect("a request").into_parts();
            assert_eq!(may_be_a_poll(&head), expected, "{method} {path} {header:?}");
        }
    }
}
