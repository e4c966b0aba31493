//! Requests to a server that may be dead at this moment.

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
