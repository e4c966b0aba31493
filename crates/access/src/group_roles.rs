//! Which role a provider's groups give: what somebody wrote down once, on the server's machine.
//!
//! A group gives a role to whoever has no account yet, and keeps it from whoever left the group. It never gives anybody another role:
//! an address keeps its own for good. Read [`GroupRoles::role_of`].

use crate::role::Role;

/// Most groups: nobody reads a longer table.
pub const GROUPS_MAX: usize = 64;

/// Groups and their roles. None unless somebody says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupRoles(Vec<(String, Role)>);

/// Why a table of groups can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupRolesFlaw {
    /// Not of the form group=role.
    #[error("{0:?} isn't a group, an equals sign and a role")]
    Form(String),
    /// No role is called so.
    #[error("{0:?} is no role")]
    Role(String),
    /// A group stands there twice.
    #[error("the group {0:?} stands there twice")]
    Twice(String),
    /// There are too many.
    #[error("there are more than {GROUPS_MAX} groups")]
    TooMany,
}

/// Why somebody's groups give no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GroupRefusal {
    /// They are in none that gives one.
    #[error("no group of this person has a role here")]
    None,
    /// They are in groups of different ones.
    #[error("the groups of this person have the roles {0} and {1}, and a person has one")]
    Several(Role, Role),
}

impl GroupRefusal {
    /// Stable id of this refusal.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::None => "oidc.no-group",
            Self::Several(..) => "oidc.two-roles",
        }
    }
}

impl GroupRoles {
    /// Reads `group=role`, parted by commas. What stands before the last equals sign is the group.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, GroupRolesFlaw> {
        let mut all: Vec<(String, Role)> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let form = || GroupRolesFlaw::Form(part.to_owned());
            let (group, role) = part.rsplit_once('=').ok_or_else(form)?;
            let (group, role) = (group.trim(), role.trim());
            if group.is_empty() {
                return Err(form());
            }
            let role = Role::from_id(role).ok_or_else(|| GroupRolesFlaw::Role(role.to_owned()))?;
            if all.iter().any(|(known, _)| known == group) {
                return Err(GroupRolesFlaw::Twice(group.to_owned()));
            }
            all.push((group.to_owned(), role));
        }
        if all.len() > GROUPS_MAX {
            return Err(GroupRolesFlaw::TooMany);
        }
        Ok(Self(all))
    }

    /// Whether no group gives a role, and so groups say nothing at all.
    #[must_use]
    pub fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The role that these groups give. That of a viewer, which the group of all colleagues may have, gives way to another one;
    /// beside that, one person has one role, and two duties never.
    ///
    /// # Errors
    /// [`GroupRefusal`], if they give none or several.
    pub fn role_of<'a>(
        &self,
        groups: impl IntoIterator<Item = &'a str>,
    ) -> Result<Role, GroupRefusal> {
        let mut found = None;
        for group in groups {
            let known = self.0.iter().find(|(known, _)| known == group);
            found = match (found, known.map(|(_, role)| *role)) {
                (found, None) => found,
                (None | Some(Role::Viewer), Some(role)) => Some(role),
                (Some(role), Some(Role::Viewer)) => Some(role),
                (Some(one), Some(other)) if one == other => Some(one),
                (Some(one), Some(other)) => return Err(GroupRefusal::Several(one, other)),
            };
        }
        found.ok_or(GroupRefusal::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_whole_or_refused() {
        let twice = GroupRolesFlaw::Twice("a".to_owned());
        for (text, flaw) in [
            ("fw-ops=operations", None),
            ("fw-ops = operations , everyone=viewer", None),
            ("cn=ops=support", None),
            ("", Some(GroupRolesFlaw::Form(String::new()))),
            ("ops", Some(GroupRolesFlaw::Form("ops".to_owned()))),
            ("=viewer", Some(GroupRolesFlaw::Form("=viewer".to_owned()))),
            ("a=viewer,", Some(GroupRolesFlaw::Form(String::new()))),
            ("a=admin", Some(GroupRolesFlaw::Role("admin".to_owned()))),
            ("a=viewer,a=auditor", Some(twice)),
        ] {
            assert_eq!(GroupRoles::parse(text).err(), flaw, "{text:?}");
        }
        let many: Vec<String> = (0..=GROUPS_MAX).map(|n| format!("g{n}=viewer")).collect();
        let refused = GroupRoles::parse(&many.join(","));
        assert_eq!(refused, Err(GroupRolesFlaw::TooMany));
    }

    #[test]
    fn one_person_has_one_role_whatever_the_order_of_their_groups() {
        let text =
            "ops=operations, ops-2=operations, rm=release-manager, all=viewer, audit=auditor";
        let roles = GroupRoles::parse(text).expect("a good table");
        for (groups, role) in [
            (&["ops"][..], Ok(Role::Operations)),
            (&["ops", "ops-2"], Ok(Role::Operations)),
            (&["all"], Ok(Role::Viewer)),
            (&["all", "ops"], Ok(Role::Operations)),
            (&["ops", "all"], Ok(Role::Operations)),
            (&["stranger", "audit"], Ok(Role::Auditor)),
            (&[], Err(GroupRefusal::None)),
            (&["OPS"], Err(GroupRefusal::None)),
            (
                &["ops", "all", "rm"],
                Err(GroupRefusal::Several(
                    Role::Operations,
                    Role::ReleaseManager,
                )),
            ),
            (
                &["audit", "ops"],
                Err(GroupRefusal::Several(Role::Auditor, Role::Operations)),
            ),
        ] {
            assert_eq!(roles.role_of(groups.iter().copied()), role, "{groups:?}");
        }
    }
}
