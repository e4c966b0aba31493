//! What else must be done once a key has gone: said beside the draft, since nobody remembers it in the
//! night of a theft.

use mainstay_trust::Role;

/// What became of a revoked root key.
pub const DROPPED: &str = "A root key is dropped, not listed as revoked: it may have to sign this very \
                           root for the old threshold. From this root on it counts for nothing.";

/// Whether anything is counted by this role's epoch. What a root key or operations once signed is void
/// when the key goes.
pub fn has_epoch(role: Role) -> bool {
    matches!(
        role,
        Role::Build | Role::Release | Role::Revocation | Role::Status
    )
}

/// The question that decides between a routine change and a theft.
pub fn if_stolen(roles: &[Role]) -> Vec<String> {
    let roles: Vec<_> = roles.iter().filter(|role| has_epoch(**role)).collect();
    let names: Vec<_> = roles.iter().map(|role| role.id()).collect();
    match names[..] {
        [] => Vec::new(),
        _ => vec![format!(
            "If somebody else may have had the key, also raise the epoch of its role: \
             `mainstay root raise-epoch {}`, or --compromised.",
            names.join("`, `mainstay root raise-epoch ")
        )],
    }
}

/// What a raised epoch asks of people.
pub fn raised(role: Role, epoch: u32) -> String {
    let what = match role {
        Role::Build | Role::Release => {
            "sequence numbers begin anew, and devices install nothing until new revocations name the \
             least sequence number of each class: `mainstay revoke --minimum CLASS=SEQUENCE`, with a \
             number above all that the thief may have signed or approved"
        }
        Role::Revocation => {
            "all earlier revocations are void: publish new ones by the new keys with `mainstay revoke \
             --from LAST-GOOD`, and read what they name"
        }
        Role::Status => {
            "the counters of the status begin anew: give the server its new status key together with \
             this root"
        }
        Role::Root | Role::Operations => "nothing is counted by it",
    };
    format!("Role {} is in epoch {epoch}: {what}.", role.id())
}
