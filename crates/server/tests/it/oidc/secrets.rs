//! What is written down of a way by the provider: nothing that lets anybody in.

use axum::http::StatusCode;
use serde_json::json;

use super::provider::Forgery;
use super::visit::Visit;
use super::{CLIENT_SECRET, KIM, house_of};
use crate::door::secrets::Log;

#[tokio::test]
async fn the_log_holds_no_secret_of_anybodys_way() {
    let (log, _listening) = Log::listen();
    let (house, provider) = house_of(&[]).await;
    let claims = json!({ "email": KIM, "email_verified": true });
    let mut secrets = vec![CLIENT_SECRET.to_owned(), "never+shown".to_owned()];
    for forgery in [Forgery::None, Forgery::Tampered, Forgery::Unsigned] {
        let mut kim = Visit::at(&house.base);
        let sent = kim.leave("").await;
        secrets.push(kim.jar["mainstay-flow"].clone());
        let code = provider.code(&sent, "k-1", claims.clone(), forgery);
        let said = ["state", "nonce", "code_challenge"].map(|name| sent.get(name).to_owned());
        secrets.extend(said);
        kim.back(&[("code", &code), ("state", sent.get("state"))])
            .await;
        secrets.extend(kim.jar.get("mainstay").cloned());
    }
    secrets.extend(provider.given());
    let answer = "a text with a secret of the provider's";
    provider.answers(Some((StatusCode::INTERNAL_SERVER_ERROR, answer)));
    Visit::at(&house.base)
        .comes_in(&provider, "k-1", claims)
        .await;
    secrets.push(answer.to_owned());
    // What stands in a browser's address somebody else may have written there.
    for error in ["unauthorized_client", "call 555-0100"] {
        let mut visit = Visit::at(&house.base);
        let sent = visit.leave("").await;
        let said = [("error", error), ("error_description", "and ask for Joe")];
        visit
            .back(&[said[0], said[1], ("state", sent.get("state"))])
            .await;
    }
    secrets.extend(["call 555-0100", "and ask for Joe"].map(str::to_owned));
    let log = log.text();
    for told in [
        "signed in by the provider",
        "bound to a subject of the provider",
        "oidc.token-signature",
        "oidc.token-malformed",
        "oidc.answer",
        "unauthorized_client",
        "no registered word",
    ] {
        assert!(log.contains(told), "the log lacks {told:?}");
    }
    // Three ways with four secrets each, a session, two spellings of one secret, three tokens, an answer, two of somebody's texts.
    assert_eq!(secrets.len(), 12 + 1 + 2 + 3 + 1 + 2);
    for secret in secrets {
        // Of ours the digits alone: what stands before them says what they are.
        let ours = secret.strip_prefix("mainstay_");
        let digits = ours.map(|rest| rest.split(['_', '.']).nth(1).unwrap());
        assert!(
            !log.contains(digits.unwrap_or(&secret)),
            "the log holds {secret}"
        );
    }
}
