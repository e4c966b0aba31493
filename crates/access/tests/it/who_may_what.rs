//! Every role by every permission: as it was agreed, as the code has it, and as the page shows it.

use mainstay_access::{Email, Permission, Role};

const PAGE: &str = include_str!("../../../../docs/reference/who-may-what.md");

/// What was agreed, written down a second time: a change of the code's table is a change of this one, on purpose. The columns
/// are the roles in the order of [`Role::ALL`].
const AGREED: [(&str, &str); 23] = [
    ("read", "xxxxxx"),
    ("read-audit", "..x.x."),
    ("submit-release", "x....."),
    ("approve-release", ".x...."),
    ("activate-plan", ".x...."),
    ("register-devices", "..x..."),
    ("ask-attributes", "..xx.."),
    ("start-rollout", "..x..."),
    ("answer-rollout", "..x..."),
    ("withdraw-rollout", "..x..."),
    ("halt-rollout", "xxx..."),
    ("pause-rollout", "xxx..."),
    ("resume-rollout", "..x..."),
    ("quit-order", "..xx.."),
    ("hold-release", ".xx..."),
    ("review-incident", "xxx..."),
    ("close-incident", ".xx..."),
    ("publish-trust", "xxx..."),
    ("publish-schedule", "..x..."),
    ("mirror-payloads", "..x..."),
    ("manage-webhooks", "..x..."),
    ("manage-people", "..x..."),
    ("vouch-for-people", "xxx..."),
];

#[test]
fn every_role_may_what_was_agreed() {
    let ids: Vec<&str> = Permission::ALL.into_iter().map(Permission::id).collect();
    let agreed: Vec<&str> = AGREED.into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, agreed, "a permission lacks its row");
    let who = Email::new("ana@northwind.example").expect("an address");
    for (permission, (id, marks)) in Permission::ALL.into_iter().zip(AGREED) {
        for (role, mark) in Role::ALL.into_iter().zip(marks.chars()) {
            let may = role.may(&who, permission).is_ok();
            assert_eq!(may, mark == 'x', "{role} {id}");
        }
    }
}

#[test]
fn roles_without_a_duty_change_nothing_but_what_one_device_has() {
    let looking = [Permission::Read, Permission::ReadAudit];
    let helping = [Permission::AskAttributes, Permission::QuitOrder];
    for role in Role::ALL.into_iter().filter(|role| role.duty().is_none()) {
        for permission in Permission::ALL.into_iter().filter(|one| one.is_for(role)) {
            let harmless = looking.contains(&permission)
                || role == Role::Support && helping.contains(&permission);
            assert!(harmless, "{role} {permission:?}");
        }
    }
}

/// The page's table is the code's: when this fails, the text that it shows goes between the page's two marks.
#[test]
fn the_page_shows_the_same_table() {
    let (_, rest) = PAGE.split_once("<!-- table -->\n").expect("the first mark");
    let (shown, _) = rest
        .split_once("<!-- end of table -->")
        .expect("the second mark");
    assert_eq!(shown, table());
}

fn table() -> String {
    let roles: Vec<String> = Role::ALL.map(|role| role.to_string()).into();
    let mut table = format!("| scope | may | {} |\n", roles.join(" | "));
    table.push_str(&"|---".repeat(2 + roles.len()));
    table.push_str("|\n");
    for permission in Permission::ALL {
        let marks = Role::ALL.map(|role| if permission.is_for(role) { "yes" } else { "-" });
        let (id, phrase) = (permission.id(), permission.phrase());
        table.push_str(&format!("| `{id}` | {phrase} | {} |\n", marks.join(" | ")));
    }
    table
}
