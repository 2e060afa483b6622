//! Changes of single fields.

use crate::ledger::model::change::Profile;
use crate::ledger::model::command::UserPatch;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::user::User;

/// New profile and role of the user, and the names of the fields that change; `None`: no change.
///
/// # Errors
/// The user would have more than [`UserPatch::MAX_ATTRIBUTES`].
pub(in crate::ledger) fn patched(user: &User, patch: &UserPatch) -> Done<Option<(Profile, bool, String)>> {
    let mut profile = user.profile.as_deref().cloned().unwrap_or_default();
    let mut administrator = user.administrator;
    let mut what = Vec::new();
    set(&mut administrator, patch.administrator, "administrator", &mut what);
    set(&mut profile.given_name, patch.given_name.clone(), "given_name", &mut what);
    set(&mut profile.family_name, patch.family_name.clone(), "family_name", &mut what);
    set(&mut profile.groups, patch.groups.clone(), "groups", &mut what);
    let attributes = patch.attributes_after(&profile.attributes);
    set(&mut profile.attributes, attributes, "attributes", &mut what);
    if profile.attributes.len() > UserPatch::MAX_ATTRIBUTES {
        return Err(Refusal::Invalid { field: "user.attributes", text: "must be at most 50 in all" });
    }
    Ok((!what.is_empty()).then(|| (profile, administrator, what.join(", "))))
}

/// Sets a field if a new value is given, and adds its name to `what`.
pub(in crate::ledger) fn set<T: PartialEq>(
    field: &mut T,
    value: Option<T>,
    name: &'static str,
    what: &mut Vec<&'static str>,
) {
    if let Some(value) = value
        && *field != value
    {
        *field = value;
        what.push(name);
    }
}
