//! What a plan's rules are told of the root in use. Read [`root_facts`].
//!
//! The plan knows no root, and the root knows no plan: they meet here.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mainstay_plan::{RoleFacts, RootFacts, SignatureAlgorithm};
use mainstay_trust::key::Algorithm;
use mainstay_trust::root::{KeyState, Role, Root};

/// What `root` says of what a plan says, too.
#[must_use]
pub fn root_facts(root: &Root<'_>) -> RootFacts {
    RootFacts {
        version: root.version,
        vendor: root.vendor.to_owned(),
        environment: root.environment.to_owned(),
        issued: day(root.issued),
        expires: day(root.expires),
        build: role(root, Role::Build),
        release: role(root, Role::Release),
        operations: role(root, Role::Operations),
    }
}

fn role(root: &Root<'_>, role: Role) -> RoleFacts {
    let rule = root.role(role);
    let keys = rule.keys.iter().filter_map(|id| root.key(&id));
    let active = keys.filter(|key| key.state == KeyState::Active);
    RoleFacts {
        threshold: rule.threshold,
        algorithms: rule.required_algorithms.iter().filter_map(named).collect(),
        holders: active.map(|key| key.holder.to_owned()).collect(),
    }
}

/// As a plan names it; nobody signs releases in HSS-LMS, so none does.
fn named(algorithm: Algorithm) -> Option<SignatureAlgorithm> {
    Some(match algorithm {
        Algorithm::Esp256 => SignatureAlgorithm::Esp256,
        Algorithm::Ed25519 => SignatureAlgorithm::Ed25519,
        Algorithm::Esp384 => SignatureAlgorithm::Esp384,
        Algorithm::MlDsa65 => SignatureAlgorithm::MlDsa65,
        Algorithm::MlDsa87 => SignatureAlgorithm::MlDsa87,
        Algorithm::HssLms => return None,
    })
}

/// The day of a moment in Unix seconds (UTC); the last one for what no calendar holds.
fn day(unix_s: u64) -> Date {
    let moment = i64::try_from(unix_s).ok().map(Timestamp::from_second);
    match moment {
        Some(Ok(moment)) => TimeZone::UTC.to_datetime(moment).date(),
        _ => Date::MAX,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use mainstay_trust::List;
    use mainstay_trust::key::{KeyId, PublicKey};
    use mainstay_trust::root::{Key, RoleRule};

    use super::*;

    /// Looks like a point.
    const POINT: [u8; 65] = {
        let mut point = [0; 65];
        point[0] = 4;
        point
    };

    fn key(number: u8, holder: &str, state: KeyState) -> Key<'_> {
        Key {
            id: KeyId([number; 16]),
            holder,
            public: PublicKey::new(Algorithm::Esp256, &POINT).expect("as long as one"),
            state,
        }
    }

    #[test]
    fn a_root_is_told_in_the_plans_words() {
        let retired = KeyState::Retired { max_sequence: 9 };
        let keys = [
            key(1, "ana@northwind.example", KeyState::Active),
            key(2, "eve@northwind.example", retired),
            key(3, "sam@northwind.example", KeyState::Active),
        ];
        let (build, release) = ([keys[0].id, keys[1].id], [keys[2].id]);
        let demanded = [Algorithm::Esp256, Algorithm::HssLms];
        let rule = |keys| RoleRule {
            keys,
            threshold: 1,
            required_algorithms: List::from(&demanded[..]),
            epoch: 0,
        };
        let nobody = RoleRule::default();
        let roles = [
            nobody,
            rule(List::from(&build[..])),
            rule(List::from(&release[..])),
            nobody,
            nobody,
            nobody,
        ];
        let root = Root {
            version: 3,
            vendor: "northwind.example",
            environment: "production",
            issued: 1_767_225_600,
            expires: u64::MAX,
            keys: List::from(&keys[..]),
            roles: List::from(&roles[..]),
            policy: List::default(),
        };
        let told = root_facts(&root);
        assert_eq!((told.issued, told.expires), (date(2026, 1, 1), Date::MAX));
        let holders: Vec<_> = told.build.holders.iter().collect();
        assert_eq!(
            holders,
            ["ana@northwind.example"],
            "who retired signs nothing new"
        );
        assert_eq!(told.release.algorithms, [SignatureAlgorithm::Esp256]);
        assert_eq!(
            (told.release.threshold, told.operations),
            (1, RoleFacts::default())
        );
    }
}
