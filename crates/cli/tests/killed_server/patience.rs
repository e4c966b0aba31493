//! Requests to a server that may be dead at this moment.

use std::collections::BTreeSet;
use std::time::Duration;

use mainstay_client::ClientError;

/// Tries until the server answers with success.
pub async fn retried<T, F>(mut request: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, ClientError>>,
{
    for _ in 0..200 {
        match request().await {
            Ok(answer) => return answer,
            Err(error) if error.id() == "client.unreachable" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the server never answers");
}

/// Tries until the server has done it. If a killed answer hid that it was done, doing it again is
/// refused, and that is as good.
pub async fn done_or_already<T, F>(mut request: impl FnMut() -> F)
where
    F: Future<Output = Result<T, ClientError>>,
{
    let refused_as_done: BTreeSet<&str> = [
        "release.exists",
        "release.wrong-stage",
        "store.already-exists",
    ]
    .into();
    for attempt in 0..200 {
        match request().await {
            Ok(_) => return,
            Err(error) if attempt > 0 && refused_as_done.contains(error.id()) => return,
            Err(error) if error.id() == "client.unreachable" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{}: {error}", error.id()),
        }
    }
    panic!("the server never answers");
}
