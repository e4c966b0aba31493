//! One attempt to be given a certificate, from the account to the chain (RFC 8555, section 7). Read [`Ordering::run`].

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use zeroize::Zeroizing;

use super::asking::Asking;
use super::fault::Fault;
use super::kept::Kept;
use super::terms::AcmeTerms;
use crate::tls::{Answer, Challenges};

/// How often, and how long, the authority is asked whether it is done.
const PATIENCE: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(500))
    .backoff(1.5)
    .timeout(Duration::from_secs(280));

/// What an attempt needs.
pub(super) struct Ordering<'a> {
    pub terms: &'a AcmeTerms,
    pub kept: &'a Kept,
    pub challenges: &'a Challenges,
    pub asking: &'a Asking,
}

/// What the authority gave.
pub(super) struct Given {
    /// The certificate, and those behind it, in PEM.
    pub chain: String,
    /// Its key, in PEM, which was drawn for it.
    pub key: Zeroizing<String>,
}

impl Ordering<'_> {
    /// Asks for a certificate, shows that the names are this server's, and gets it. Answers to the authority's questions end with it, whichever way it ends.
    ///
    /// # Errors
    /// [`Fault`] says what kept it from being given.
    pub async fn run(&self) -> Result<Given, Fault> {
        let mut order = self.begun().await?;
        let answers = self.answered(&mut order).await?;
        self.ready(&mut order).await?;
        drop(answers);
        self.finalized(&mut order).await
    }

    /// An order. An authority that has forgotten the account, as one does that was set up anew, is asked for another one, once.
    async fn begun(&self) -> Result<Order, Fault> {
        match self.ordered().await {
            Err(fault) if fault.is_no_account() => {
                self.kept.forget_account().await?;
                self.ordered().await
            }
            ordered => ordered,
        }
    }

    async fn ordered(&self) -> Result<Order, Fault> {
        let account = self.account().await?;
        let names = self.terms.names.iter();
        let names: Vec<_> = names
            .map(|name| Identifier::Dns(name.as_str().to_owned()))
            .collect();
        let order = account.new_order(&NewOrder::new(&names)).await;
        order.map_err(Fault::of)
    }

    /// The account that lasts, or a new one.
    async fn account(&self) -> Result<Account, Fault> {
        let directory = &self.terms.directory;
        let builder = Account::builder_with_http(Box::new(self.asking.clone()));
        if let Some(known) = self.kept.account(directory).await {
            return builder.from_credentials(known).await.map_err(Fault::of);
        }
        let contact = self.terms.contact.as_ref();
        let contact: Vec<_> = contact
            .map(|address| format!("mailto:{address}"))
            .into_iter()
            .collect();
        let contact: Vec<_> = contact.iter().map(String::as_str).collect();
        let new = NewAccount {
            contact: &contact,
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let made = builder.create(&new, directory.clone(), None).await;
        let (account, credentials) = made.map_err(Fault::of)?;
        if let Err(fault) = self.kept.keep_account(&credentials).await {
            let (id, cure) = (fault.id(), fault.cure());
            tracing::error!(id, error = %fault, cure, "account not kept: the next certificate is asked for by another one");
        }
        Ok(account)
    }

    /// Answers what is asked of each name, and says that it does. What was shown lately isn't asked again.
    async fn answered(&self, order: &mut Order) -> Result<Vec<Answer>, Fault> {
        let mut answers = Vec::new();
        let mut asked = order.authorizations();
        while let Some(next) = asked.next().await {
            let mut authorization = next.map_err(Fault::of)?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                other => return Err(Fault::Odd(format!("a new order's name is {other:?}"))),
            }
            let name = authorization.identifier().to_string();
            if !is_asked_for(self.terms, &name) {
                return Err(Fault::Odd("it asks about another name".to_owned()));
            }
            let mut challenge = authorization
                .challenge(ChallengeType::TlsAlpn01)
                .ok_or_else(|| Fault::NoChallenge(name.clone()))?;
            let digest = challenge.key_authorization().digest();
            let digest = digest.as_ref().try_into();
            let digest = digest.map_err(|_| Fault::Odd("a digest is none".to_owned()))?;
            answers.push(self.challenges.answer(&name, digest)?);
            challenge.set_ready().await.map_err(Fault::of)?;
        }
        Ok(answers)
    }

    /// The certificate, with a key of its own: what was stolen with the one before is worth nothing once that is over.
    async fn finalized(&self, order: &mut Order) -> Result<Given, Fault> {
        let (request, key) = self.request()?;
        let sent = order.finalize_csr(&request).await;
        sent.map_err(Fault::of)?;
        let chain = order.poll_certificate(&PATIENCE).await;
        let chain = chain.map_err(Fault::of)?;
        Ok(Given { chain, key })
    }

    fn request(&self) -> Result<(Vec<u8>, Zeroizing<String>), Fault> {
        let names = self.terms.names.iter();
        let names: Vec<_> = names.map(|name| name.as_str().to_owned()).collect();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key)?;
        Ok((request.der().to_vec(), Zeroizing::new(key.serialize_pem())))
    }

    /// Waits until the authority has looked at all names.
    async fn ready(&self, order: &mut Order) -> Result<(), Fault> {
        let ended = order.poll_ready(&PATIENCE).await;
        let fault = match ended {
            Ok(OrderStatus::Ready) => return Ok(()),
            Ok(other) => Fault::Odd(format!("an order is {other:?}")),
            Err(error @ Error::Api(_)) => Fault::of(error),
            Err(error) => return Err(Fault::of(error)),
        };
        Err(self.unproven(order).await.unwrap_or(fault))
    }

    /// What the authority found wrong with a name, if it says that of one.
    async fn unproven(&self, order: &mut Order) -> Option<Fault> {
        let mut asked = order.authorizations();
        while let Some(Ok(authorization)) = asked.next().await {
            let name = authorization.identifier().to_string();
            let mut challenges = authorization.challenges.iter();
            let problem = challenges.find_map(|challenge| challenge.error.clone());
            if let Some(problem) = problem
                && is_asked_for(self.terms, &name)
            {
                return Some(Fault::Unproven { name, problem });
            }
        }
        None
    }
}

/// Whether this is one of the names that are asked for.
fn is_asked_for(terms: &AcmeTerms, name: &str) -> bool {
    let mut names = terms.names.iter();
    names.any(|one| one.as_str().eq_ignore_ascii_case(name))
}
