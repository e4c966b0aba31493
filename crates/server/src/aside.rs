//! Threads for some, beside those of all others: where thousands of check-ins are at work, whatever waits for the database stands in their row each
//! time that it goes on, and a page waits several times. Read [`Aside`].

use std::mem;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinHandle, JoinSet};
use tracing::dispatcher::{self, Dispatch};

use crate::apart::unbroken;

/// A runtime of its own, once it has begun, with a thread for each processor. What is worked on there stands in a row of its own, and a thread that mostly waits
/// is given the processor as soon as it asks for it. Until then, and where no thread can be had, it is worked on like all else: so it is wherever no server is
/// run, such as in a simulation, which lives in a time of its own.
#[derive(Debug, Default)]
pub(crate) struct Aside(OnceLock<Runtime>);

impl Aside {
    /// From now on there are threads, which tools that look at threads show by this name.
    pub fn begin(&self, name: &str) {
        // Whoever listens to what is logged where it begins listens to what is logged there, too.
        let log = dispatcher::get_default(Dispatch::clone);
        let made = Builder::new_multi_thread()
            .thread_name(name)
            .on_thread_start(move || mem::forget(dispatcher::set_default(&log)))
            .enable_all()
            .build();
        match made {
            // A server that is run once more in the same process has its threads.
            Ok(runtime) => {
                if let Err(another) = self.0.set(runtime) {
                    another.shutdown_background();
                }
            }
            Err(error) => tracing::warn!(name, %error, "no thread aside"),
        }
    }

    /// What `work` comes to; none if the server ends before. Who no longer waits for it ends it.
    ///
    /// # Panics
    /// If `work` does, as if it had been done here.
    pub async fn done<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let Some(runtime) = self.0.get() else {
            return Some(work.await);
        };
        let mut one = JoinSet::new();
        one.spawn_on(work, runtime.handle());
        unbroken(one.join_next().await?).ok()
    }

    /// Begins `work`, which goes on by itself.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match self.0.get() {
            Some(runtime) => runtime.spawn(work),
            None => tokio::spawn(work),
        }
    }
}

impl Drop for Aside {
    /// Whoever would wait for what is left is gone; and this may be in the midst of another runtime, which must not wait.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};
    use std::thread;
    use std::time::Duration;

    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::{Method, Request};
    use axum::middleware::from_fn_with_state;
    use mainstay_store::reads;
    use tokio::sync::oneshot;
    use tokio::time::timeout;
    use tower_service::Service as _;

    use super::*;
    use crate::guard::{Guard, Times, guard};

    fn begun() -> Aside {
        let aside = Aside::default();
        aside.begin("people");
        aside
    }

    async fn thread_of(aside: &Aside) -> Option<String> {
        let name = async { thread::current().name().map(str::to_owned) };
        aside.done(name).await.expect("nothing ends")
    }

    #[tokio::test]
    async fn it_is_done_on_other_threads_once_there_are_some() {
        let aside = Aside::default();
        let here = thread::current().name().map(str::to_owned);
        assert_eq!(thread_of(&aside).await, here);
        for _ in 0..2 {
            aside.begin("people");
            assert_eq!(thread_of(&aside).await.as_deref(), Some("people"));
        }
    }

    #[tokio::test]
    async fn people_and_brakes_are_worked_on_aside_and_read_so_and_devices_are_not() {
        let guards = Guard::new(Arc::default(), Times::default());
        guards.people().begin("people");
        let says = async || {
            let current = thread::current();
            let thread = current.name().unwrap_or_default();
            format!("{thread}, {}", reads::are_of_people())
        };
        let mut server = Router::new()
            .fallback(says)
            .layer(from_fn_with_state(guards, guard));
        for (method, path, is_aside) in [
            (Method::GET, "/devices/th-1", true),
            (Method::POST, "/api/v1/rollouts/7/halt", true),
            (Method::POST, "/device/v1/reports", false),
            (Method::GET, "/device/v1/payloads/00ff", false),
        ] {
            let request = Request::builder().method(method).uri(path);
            let request = request.body(Body::empty()).expect("a request");
            let answer = server.call(request).await.expect("it answers");
            let said = to_bytes(answer.into_body(), 1024).await.expect("a name");
            assert_eq!(said == "people, true", is_aside, "{path}: {said:?}");
            assert_eq!(said.ends_with(b", false"), !is_aside, "{path}: {said:?}");
        }
    }

    /// Whoever waits for it keeps the only thread that there is here: on that it would never end.
    #[tokio::test]
    async fn it_goes_on_while_all_else_is_kept_waiting() {
        let aside = begun();
        let (tell, told) = mpsc::channel();
        let _goes_on = aside.spawn(async move { tell.send(7).expect("somebody waits") });
        assert_eq!(told.recv_timeout(Duration::from_secs(10)), Ok(7));
    }

    #[tokio::test]
    async fn who_no_longer_waits_ends_it() {
        let aside = begun();
        let (held, ended) = oneshot::channel::<()>();
        let work = aside.done(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        let waits = timeout(Duration::from_millis(50), work).await;
        assert!(waits.is_err(), "it never ends by itself");
        let ended = timeout(Duration::from_secs(10), ended).await;
        assert!(ended.expect("it is dropped").is_err());
    }

    #[tokio::test]
    #[should_panic(expected = "as it was said")]
    async fn what_breaks_in_it_breaks_whoever_waits() {
        begun().done(async { panic!("as it was said") }).await;
    }
}
