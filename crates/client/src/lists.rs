//! How an [`Operator`] reads lists that grow without end.

use mainstay_api::Page;
use serde::de::DeserializeOwned;

use crate::{Answer, Operator, exchange};

impl Operator {
    /// All of the list at `path`, page after page.
    ///
    /// # Errors
    /// As every request: [`ClientError`](crate::ClientError).
    pub(crate) async fn all<T: DeserializeOwned>(&self, path: &str) -> Answer<Vec<T>> {
        let mut all = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let word = after.iter().map(|after| ("after", after.as_str()));
            let page: Page<T> = self.0.get(&exchange::with_words(path, word)).await?;
            all.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Operator;
    use crate::tests::server;

    #[tokio::test]
    async fn a_list_is_read_page_after_page() {
        let pages = [
            r#"{"items":[3,2],"next":"thermo-v2@1.0.0+b"}"#,
            r#"{"items":[1],"next":null}"#,
        ];
        let (base, asked) = server(pages.map(str::to_owned).to_vec());
        let operator = Operator::new(&base, "token").expect("an address");
        let all: Vec<u8> = operator.all("/releases").await.expect("two pages");
        assert_eq!(all, [3, 2, 1]);
        let first = "GET /api/v1/releases HTTP/1.1";
        let second = "GET /api/v1/releases?after=thermo-v2%401.0.0%2Bb HTTP/1.1";
        assert_eq!(asked.join().expect("it has answered"), [first, second]);
    }
}
