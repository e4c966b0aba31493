//! What a provider says of itself (OpenID Connect Discovery 1.0, section 4). Read [`Endpoints`].

use jiff::SignedDuration;
use reqwest::{Client, Url};
use serde::Deserialize;

use super::fault::Fault;
use super::fetching;

/// How long it is believed: addresses move once in years.
pub(super) const KEPT_MAX: SignedDuration = SignedDuration::from_hours(1);
/// Where it says it, from the issuer's address.
const DESCRIPTION_PATH: &str = "/.well-known/openid-configuration";

/// Where a provider is asked for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Where browsers go.
    pub authorization: Url,
    /// Where codes are taken.
    pub token: Url,
    /// Where its keys are.
    pub keys: Url,
    /// Whether it takes this server's secret in a form alone, and not in the head.
    pub takes_secret_in_form: bool,
    /// Whether each of its answers says whose it is (RFC 9207).
    pub names_itself: bool,
}

/// As the provider writes it.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Asks a provider.
///
/// # Errors
/// If it doesn't answer, calls itself otherwise than it is called here, or is to be asked where others could listen.
pub(super) async fn ask(http: &Client, issuer: &str) -> Result<Endpoints, Fault> {
    let url = format!("{}{DESCRIPTION_PATH}", issuer.trim_end_matches('/'));
    let text = fetching::read(http, fetching::address(&url, issuer)?).await?;
    read(&text, issuer)
}

fn read(text: &[u8], issuer: &str) -> Result<Endpoints, Fault> {
    let described: Description =
        serde_json::from_slice(text).map_err(|_| Fault::Description("it can't be read"))?;
    if described.issuer != issuer {
        return Err(Fault::Description(
            "it calls itself otherwise than the setting oidc.issuer",
        ));
    }
    let methods = described.token_endpoint_auth_methods_supported;
    let takes = |method: &str| {
        let methods = methods.as_ref();
        methods.map(|methods| methods.iter().any(|known| known == method))
    };
    // Where nothing is said, it is the head (section 3).
    let takes_secret_in_form =
        takes("client_secret_basic") == Some(false) && takes("client_secret_post") == Some(true);
    Ok(Endpoints {
        authorization: fetching::address(&described.authorization_endpoint, issuer)?,
        token: fetching::address(&described.token_endpoint, issuer)?,
        keys: fetching::address(&described.jwks_uri, issuer)?,
        takes_secret_in_form,
        names_itself: described.authorization_response_iss_parameter_supported,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://id.example";

    fn described(change: &[(&str, serde_json::Value)]) -> Result<Endpoints, Fault> {
        let mut text = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example/authorize?tenant=1",
            "token_endpoint": "https://tokens.example/token",
            "jwks_uri": "https://id.example/keys",
        });
        for (name, value) in change {
            text[*name] = value.clone();
        }
        read(text.to_string().as_bytes(), ISSUER)
    }

    #[test]
    fn a_provider_is_asked_where_it_says_and_nobody_listens() {
        let good = described(&[]).unwrap();
        assert_eq!(good.token.as_str(), "https://tokens.example/token");
        assert!(!good.takes_secret_in_form && !good.names_itself);
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for wrong in [
                "http://id.example/x",
                "http://127.0.0.1:8480/x",
                "http://localhost/x",
                "javascript:alert(1)",
                "https://user@id.example/x",
                "/x",
                "",
            ] {
                let refused = described(&[(name, json!(wrong))]);
                assert!(
                    matches!(refused, Err(Fault::Description(_))),
                    "{name} {wrong}"
                );
            }
            let missing = described(&[(name, json!(null))]);
            assert!(matches!(missing, Err(Fault::Description(_))), "{name}");
        }
        for other in [
            "https://id.example/",
            "https://ID.example",
            "https://evil.example",
        ] {
            let refused = described(&[("issuer", json!(other))]);
            assert!(matches!(refused, Err(Fault::Description(_))), "{other}");
        }
    }

    #[test]
    fn the_secret_goes_where_it_is_taken() {
        for (methods, in_form) in [
            (json!(["client_secret_basic", "client_secret_post"]), false),
            (json!(["client_secret_post"]), true),
            (json!(["private_key_jwt"]), false),
        ] {
            let said = [("token_endpoint_auth_methods_supported", methods)];
            assert_eq!(described(&said).unwrap().takes_secret_in_form, in_form);
        }
    }
}
