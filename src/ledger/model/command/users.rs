//! Commands and queries about one user.

use crate::ids::{OrganizationId, PoolId, UserId};
use crate::ledger::model::profile::Profile;

/// Creates a user with a seat in each pool, or creates nothing (R15).
#[derive(Debug, Clone)]
pub struct CreateUser {
    pub user: UserId,
    pub administrator: bool,
    pub profile: Profile,
    pub pools: Vec<PoolId>,
}

/// Change of a user; a field that is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub administrator: Option<bool>,
    pub given_name: Option<Box<str>>,
    pub family_name: Option<Box<str>>,
    pub groups: Option<Vec<Box<str>>>,
    /// Replaces all attributes.
    pub attributes: Option<Vec<(Box<str>, Box<str>)>>,
    /// Changes only these attributes; an empty value removes the attribute.
    pub some_attributes: Vec<(Box<str>, Box<str>)>,
}

impl UserPatch {
    /// Highest number of attributes of a user.
    pub const MAX_ATTRIBUTES: usize = 50;

    /// Profile of a new user.
    pub(in crate::ledger) fn into_profile(self) -> Profile {
        let attributes = self.attributes_after(&[]).unwrap_or_default();
        Profile {
            given_name: self.given_name.unwrap_or_default(),
            family_name: self.family_name.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            attributes,
        }
    }

    /// The attributes after the patch, sorted by name; `None`: unchanged.
    pub(in crate::ledger) fn attributes_after(
        &self,
        before: &[(Box<str>, Box<str>)],
    ) -> Option<Vec<(Box<str>, Box<str>)>> {
        if self.some_attributes.is_empty() {
            return self.attributes.clone();
        }
        let mut after = self.attributes.clone().unwrap_or_else(|| before.to_vec());
        for (name, value) in &self.some_attributes {
            let at = after.binary_search_by(|(other, _)| other.cmp(name));
            match at {
                // A directory does not distinguish an empty value from a missing one: keep whichever is stored.
                Ok(at) if value.is_empty() && !after[at].1.is_empty() => drop(after.remove(at)),
                Ok(at) => after[at].1.clone_from(value),
                Err(at) if !value.is_empty() => after.insert(at, (name.clone(), value.clone())),
                Err(_) => {}
            }
        }
        Some(after)
    }
}

/// Changes a user. With `version`, the etag, only if it is the user's version.
#[derive(Debug, Clone)]
pub struct UpdateUser {
    pub user: UserId,
    pub version: Option<u64>,
    pub patch: UserPatch,
}

/// Gives a user another id. The person, seats, sessions and history stay (R2).
#[derive(Debug, Clone)]
pub struct RenameUser {
    pub user: UserId,
    pub new: UserId,
}

/// Blocks a user (R5, R6).
#[derive(Debug, Clone)]
pub struct BlockUser {
    pub user: UserId,
    pub end_sessions: bool,
}

/// Unblocks a user if each named pool of the user's seats has a seat free (R5).
#[derive(Debug, Clone)]
pub struct UnblockUser {
    pub user: UserId,
}

/// Deletes a user and the user's seats, and ends the sessions (R5, R6).
#[derive(Debug, Clone)]
pub struct DeleteUser {
    pub user: UserId,
}

#[derive(Debug, Clone)]
pub struct GetUser {
    pub user: UserId,
    /// Organization for which the status is shown: blank where access is off. `None`: the whole tenant (R23).
    pub organization: Option<OrganizationId>,
}

/// Returns a user's id and former ids, latest first; for an unknown user only the id that was given.
#[derive(Debug, Clone)]
pub struct FormerIds {
    pub user: UserId,
}
