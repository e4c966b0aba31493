//! Requests to a server that may be dead at this moment.

use std::time::Duration;

use mainstay_client::ClientError;

/// How often one tries.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// A minute and a half: far longer than a server takes to start on a slow machine; a test that gets here has failed.
const TRIES_MAX: u32 = 1800;

/// Tries until the server answers with success.
pub async fn retried<T, F>(mut request: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, ClientError>>,
{
    for _ in 0..TRIES_MAX {
        match request().await {
            Ok(answer) => return answer,
            Err(error) if error.id() == "client.unreachable" => {
                tokio::time::sleep(TRY_EVERY).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the server never answers");
}
