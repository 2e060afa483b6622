//! Texts in the stores: a value that can be read stays the same when it is written and read again.

use std::fmt::Debug;

use usher::store::encode::{
    access_from_text, access_to_text, license_fetch_from_text, license_fetch_to_text, policy_from_text, policy_to_text,
    profile_from_text, profile_to_text,
};
use usher::store::entitlements;
use usher::store::{StoreError, terms};

use super::fuzz;

fn again<T: PartialEq + Debug>(read: Result<T, StoreError>, again: impl Fn(&T) -> Result<T, StoreError>) {
    if let Ok(value) = read {
        assert_eq!(again(&value), Ok(value));
    }
}

#[test]
fn policies_profiles_entitlements_terms_fetches_and_access() {
    fuzz("stored", 1, |bytes| {
        let text = &*String::from_utf8_lossy(bytes);
        again(policy_from_text(text), |policy| policy_from_text(&policy_to_text(policy)));
        again(profile_from_text(Some(text)), |(profile, former)| {
            profile_from_text(profile_to_text(profile, former).as_deref())
        });
        again(entitlements::from_text(text), |list| entitlements::from_text(&entitlements::to_text(list)));
        again(terms::from_text(text, ""), |of| terms::from_text(&terms::to_text(of), ""));
        again(license_fetch_from_text(text), |fetch| license_fetch_from_text(&license_fetch_to_text(fetch)));
        again(access_from_text(Some(text)), |access| access_from_text(access_to_text(access).as_deref()));
    });
}
