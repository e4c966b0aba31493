//! Work that keeps a processor for long, such as a look at a whole fleet: done on a thread of its own, so that whoever asks meanwhile is
//! answered by those that are there for it. Read [`worked_out`].

use std::panic::resume_unwind;

use mainstay_store::StoreError;
use tokio::task::JoinError;

/// What `work` comes to. It goes on to its end even if nobody waits for it any more.
///
/// # Errors
/// [`StoreError::Failed`] if the server ends before the work began.
///
/// # Panics
/// If `work` does, as if it had been done here.
pub(crate) async fn worked_out<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    let done = unbroken(tokio::task::spawn_blocking(work).await);
    done.map_err(|ended| StoreError::Failed(Box::new(ended)))
}

/// What came of work elsewhere; an error only if it was ended before.
///
/// # Panics
/// If the work did, as if it had been done here.
pub(crate) fn unbroken<T>(done: Result<T, JoinError>) -> Result<T, JoinError> {
    done.map_err(|error| match error.try_into_panic() {
        Ok(broken) => resume_unwind(broken),
        Err(ended) => ended,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// On one thread: if the work were done there, nobody could tell it to end.
    #[tokio::test]
    async fn others_go_on_while_it_is_worked_out() {
        let (tell, told) = mpsc::channel();
        let work = worked_out(move || told.recv_timeout(Duration::from_secs(10)));
        let others = async {
            tokio::task::yield_now().await;
            tell.send(7)
        };
        let (worked, others) = tokio::join!(work, others);
        assert_eq!(worked.expect("the server goes on"), Ok(7));
        assert_eq!(others, Ok(()));
    }

    #[tokio::test]
    #[should_panic(expected = "as it was said")]
    async fn what_breaks_in_it_breaks_whoever_waits() {
        let _ = worked_out(|| panic!("as it was said")).await;
    }
}
