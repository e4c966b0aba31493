//! People, their roles and duties: who may do what, who may not do both, and what lets them in.
//!
//! One person has one duty. That is checked here for the plan and the server, and once more by every
//! device, which knows the holders of keys through its root. A role is what somebody is to the server; three of the six come
//! with a duty. Nothing here reads a clock or draws chance: secrets are made of bytes that are handed in, and kept as hashes.
//!
//! Read [`Permission`] for what people may do, [`Account`] for how they get in, [`Assignments`] for the conflicts; [`JoinCode`] for how
//! devices get in that have no token yet, [`Welcome`] for those that need none.

pub mod account;
pub mod api_token;
pub mod assignments;
pub mod code_tries;
pub mod duty;
pub mod email;
pub mod group_roles;
pub mod id_token;
pub mod issued;
pub mod join_code;
pub mod join_tries;
pub mod password;
pub mod password_hash;
pub mod permission;
pub mod role;
pub mod secret;
pub mod session;
pub mod setup_link;
pub mod sign_in_attempts;
pub mod totp;
pub mod welcome;

pub use account::{Account, LastOfOperations};
pub use api_token::{ApiToken, ApiTokenDenied, ApiTokenFlaw, ApiTokenWish, Scope};
pub use assignments::{Assignments, DutyConflict};
pub use code_tries::CodeTries;
pub use duty::{Duty, Person};
pub use email::{Email, EmailError};
pub use group_roles::{GroupRefusal, GroupRoles, GroupRolesFlaw};
pub use id_token::{IdClaims, IdTokenFlaw, Subject, Vouched};
pub use issued::TooManyCertificates;
pub use join_code::{JoinCode, JoinFlaw, JoinRefusal, JoinTerms, Joins, SaysOfItself};
pub use join_tries::JoinTries;
pub use password::{Password, PasswordFlaw};
pub use password_hash::PasswordHash;
pub use permission::{Denied, Permission};
pub use role::Role;
pub use secret::{Secret, SecretHash, SecretKind};
pub use session::{Means, Session, SessionStanding};
pub use setup_link::{LinkEffect, Maker, SetupLink, SetupLinkRefusal};
pub use sign_in_attempts::{Origin, SignInAttempts, TryLater};
pub use totp::{CodeRefusal, SecondFactor, TotpSecret};
pub use welcome::{
    AuthorityDigest, Declares, Newcomer, NotWelcome, Welcome, WelcomeFlaw, WelcomeId, WelcomeTerms,
};
