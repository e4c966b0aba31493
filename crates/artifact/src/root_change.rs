//! The next root, one change after another, from the root that is in force.
//!
//! A draft that is made [`of`](RootDraft::of) a root says the same as that root, byte for byte; each
//! method here changes one thing. Whether the outcome is a root that devices may follow is `trust`'s
//! business, asked when the draft is written. No clock is read: whoever changes a root dates it.

use mainstay_trust::{KeyId, KeyState, Primitives, Refusal, Role, Root};

use crate::root_file::{Listed, Member, RootDraft, each_once};

/// Why a root can't be changed like that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// No such key.
    #[error("the root doesn't list the key {0}")]
    KeyUnknown(KeyId),
    /// Nothing to add.
    #[error("{holder} plays role {} with this key already", .role.id())]
    AlreadyMember {
        /// Who.
        holder: String,
        /// Which role.
        role: Role,
    },
    /// Nothing to remove.
    #[error("the key {key} doesn't play role {}", .role.id())]
    NotInRole {
        /// Which key.
        key: KeyId,
        /// Which role.
        role: Role,
    },
    /// A root key that may not sign the root that retires it.
    #[error("a root key can't be retired after {asked}: it still signs version {version}")]
    RetiresTooEarly {
        /// The last version asked for.
        asked: u64,
        /// The version of the draft.
        version: u32,
    },
    /// What `trust` would refuse.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

impl ChangeError {
    /// Stable id of this error.
    pub fn id(&self) -> &'static str {
        match self {
            Self::KeyUnknown(_) => "root.key-unknown",
            Self::AlreadyMember { .. } => "root.already-member",
            Self::NotInRole { .. } => "root.not-in-role",
            Self::RetiresTooEarly { .. } => "root.retires-too-early",
            Self::Refused(refusal) => refusal.id(),
        }
    }

    /// What to do about it.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::KeyUnknown(_) | Self::NotInRole { .. } => {
                "See which keys play which roles with `mainstay root show`."
            }
            Self::AlreadyMember { .. } => "Nothing needs to be done, or name another key.",
            Self::RetiresTooEarly { .. } => {
                "Remove the key from role root instead; it may still sign the root that drops it."
            }
            Self::Refused(refusal) => refusal.cure(),
        }
    }
}

impl RootDraft {
    /// The draft that is written as `root`, byte for byte, if that is a root that `trust` accepts.
    pub fn of(root: &Root<'_>) -> Self {
        let mut draft = Self {
            version: root.version,
            vendor: root.vendor.to_owned(),
            environment: root.environment.to_owned(),
            issued: root.issued,
            expires: root.expires,
            ..Self::default()
        };
        for key in root.keys.iter() {
            draft.listed.push(Listed {
                holder: key.holder.to_owned(),
                public_key: key.public.into(),
            });
            if key.state != KeyState::Active {
                draft.states.push((key.id, key.state));
            }
        }
        for role in Role::ALL {
            draft.take_rule(role, root);
        }
        let policies = root.policy.iter();
        draft.policy = policies
            .map(|policy| (policy.class, policy.roles.iter().collect()))
            .collect();
        draft
    }

    /// Takes over one role. What follows from its members isn't written down, so that it still
    /// follows when they change.
    fn take_rule(&mut self, role: Role, root: &Root<'_>) {
        let rule = root.role(role);
        let keys: Vec<_> = rule.keys.iter().filter_map(|id| root.key(&id)).collect();
        self.members.extend(keys.iter().map(|key| Member {
            role,
            holder: key.holder.to_owned(),
            public_key: key.public.into(),
        }));
        let demanded: Vec<_> = rule.required_algorithms.iter().collect();
        if demanded != each_once(keys.iter().map(|key| key.public.algorithm())) {
            self.algorithms.push((role, demanded));
        }
        if rule.threshold > 1 {
            self.thresholds.push((role, rule.threshold));
        }
        if rule.epoch > 0 {
            self.epochs.push((role, rule.epoch));
        }
    }

    /// The draft of the root after this one, made at `issued` (Unix seconds).
    ///
    /// # Errors
    /// [`Refusal::RootVersion`] after the highest version there is.
    pub fn next(&self, issued: u64) -> Result<Self, ChangeError> {
        let version = self.version.checked_add(1).ok_or(Refusal::RootVersion)?;
        Ok(Self {
            version,
            issued,
            ..self.clone()
        })
    }

    /// Lets a key play a role.
    ///
    /// # Errors
    /// If it does already, or was retired or revoked.
    pub fn add(&mut self, member: Member, primitives: &impl Primitives) -> Result<(), ChangeError> {
        let key = id_of(&member, primitives);
        if self.plays(key, Some(member.role), primitives) {
            return Err(ChangeError::AlreadyMember {
                holder: member.holder,
                role: member.role,
            });
        }
        if self.states.iter().any(|(id, _)| *id == key) {
            return Err(Refusal::RootRevival.into());
        }
        self.members.push(member);
        Ok(())
    }

    /// Takes a role from a key, or every role. A key without any is dropped from the root: what it
    /// signed counts no more, and what it signs is passed over.
    ///
    /// # Errors
    /// If the root doesn't list it, or not in that role.
    pub fn remove(
        &mut self,
        key: KeyId,
        role: Option<Role>,
        primitives: &impl Primitives,
    ) -> Result<(), ChangeError> {
        self.must_list(key, primitives)?;
        match role {
            Some(role) if !self.plays(key, Some(role), primitives) => {
                return Err(ChangeError::NotInRole { key, role });
            }
            _ => self.leave(key, role, primitives),
        }
        if !self.plays(key, None, primitives) {
            self.listed
                .retain(|listed| KeyId::of(&listed.public_key.as_key(), primitives) != key);
            self.states.retain(|(id, _)| *id != key);
        }
        Ok(())
    }

    /// Lets a key sign nothing above `max_sequence` any more: a release's or document's own number,
    /// for a root key the version of a root, for operations the moment in Unix seconds.
    ///
    /// # Errors
    /// If the root doesn't list it, it could sign less before, or it is a root key that has to sign
    /// this very root.
    pub fn retire(
        &mut self,
        key: KeyId,
        max_sequence: u64,
        primitives: &impl Primitives,
    ) -> Result<(), ChangeError> {
        self.must_list(key, primitives)?;
        let state = self.states.iter().find(|(id, _)| *id == key);
        match state.map(|(_, state)| *state) {
            Some(KeyState::Revoked) => return Err(Refusal::RootRevival.into()),
            Some(KeyState::Retired {
                max_sequence: before,
            }) if before < max_sequence => {
                return Err(Refusal::RootRevival.into());
            }
            _ => {}
        }
        if self.plays(key, Some(Role::Root), primitives) && max_sequence < self.version.into() {
            return Err(ChangeError::RetiresTooEarly {
                asked: max_sequence,
                version: self.version,
            });
        }
        put(&mut self.states, key, KeyState::Retired { max_sequence });
        Ok(())
    }

    /// Takes every role from a key and lists it as revoked, so that whatever it signs is refused.
    ///
    /// A root key is dropped instead, and the answer is `false`: its block on the root that dismisses
    /// it may be needed for the old threshold, and a revoked key's block would refuse that root.
    ///
    /// # Errors
    /// If the root doesn't list it.
    pub fn revoke(
        &mut self,
        key: KeyId,
        primitives: &impl Primitives,
    ) -> Result<bool, ChangeError> {
        if self.plays(key, Some(Role::Root), primitives) {
            self.remove(key, None, primitives)?;
            return Ok(false);
        }
        self.must_list(key, primitives)?;
        self.list_members_first(primitives);
        self.leave(key, None, primitives);
        put(&mut self.states, key, KeyState::Revoked);
        Ok(true)
    }

    /// Raises a role's epoch: whatever its keys said before is void, and its counters begin anew.
    ///
    /// # Errors
    /// [`Refusal::RootEpoch`] after the highest epoch there is.
    pub fn raise_epoch(&mut self, role: Role) -> Result<u32, ChangeError> {
        let epoch = self.epochs.iter().find(|(of, _)| *of == role);
        let epoch = epoch.map_or(0, |(_, epoch)| *epoch);
        let raised = epoch.checked_add(1).ok_or(Refusal::RootEpoch)?;
        put(&mut self.epochs, role, raised);
        Ok(raised)
    }

    /// Sets how many different people a role takes.
    pub fn set_threshold(&mut self, role: Role, people: u8) {
        put(&mut self.thresholds, role, people);
    }

    /// The roles that a key plays.
    pub fn roles_of(&self, key: KeyId, primitives: &impl Primitives) -> Vec<Role> {
        let plays = |role: &Role| self.plays(key, Some(*role), primitives);
        Role::ALL.into_iter().filter(plays).collect()
    }

    fn plays(&self, key: KeyId, role: Option<Role>, primitives: &impl Primitives) -> bool {
        let wanted = |member: &&Member| role.is_none_or(|role| member.role == role);
        let mut members = self.members.iter().filter(wanted);
        members.any(|member| id_of(member, primitives) == key)
    }

    fn leave(&mut self, key: KeyId, role: Option<Role>, primitives: &impl Primitives) {
        self.members.retain(|member| {
            let other_role = role.is_some_and(|role| member.role != role);
            other_role || id_of(member, primitives) != key
        });
    }

    fn must_list(&self, key: KeyId, primitives: &impl Primitives) -> Result<(), ChangeError> {
        let listed = self.listed.iter().map(|key| &key.public_key);
        let mut all = listed.chain(self.members.iter().map(|member| &member.public_key));
        match all.any(|public| KeyId::of(&public.as_key(), primitives) == key) {
            true => Ok(()),
            false => Err(ChangeError::KeyUnknown(key)),
        }
    }

    /// Lists every member's key by itself, so that it stays when its roles go.
    fn list_members_first(&mut self, primitives: &impl Primitives) {
        for member in &self.members {
            let key = id_of(member, primitives);
            let same = |listed: &Listed| KeyId::of(&listed.public_key.as_key(), primitives) == key;
            if !self.listed.iter().any(same) {
                self.listed.push(Listed {
                    holder: member.holder.clone(),
                    public_key: member.public_key.clone(),
                });
            }
        }
    }
}

fn id_of(member: &Member, primitives: &impl Primitives) -> KeyId {
    KeyId::of(&member.public_key.as_key(), primitives)
}

/// Sets the value of `key` in a short list of pairs.
fn put<K: PartialEq, V>(pairs: &mut Vec<(K, V)>, key: K, value: V) {
    match pairs.iter_mut().find(|(other, _)| *other == key) {
        Some((_, old)) => *old = value,
        None => pairs.push((key, value)),
    }
}
