//! Refusals of commands that would affect too many users at once.

use tonic::Status;

use crate::error_reason::ErrorReason;
use crate::ledger::outcome::Refusal;

/// A full sync would block `to_block` users, more than the `max` that are allowed of the `users` who were there
/// before.
#[must_use]
pub fn too_many_to_block(to_block: u64, users: u64, max: u64, dry_run: bool) -> Status {
    let was = if dry_run { "would be." } else { "was. What was created and updated before stands." };
    let text = format!(
        "{to_block} active users are not in this full sync, and at most {max} of the {users} who were there before may \
         be blocked (max_blocked): nobody {was}"
    );
    Refusal::Precondition { reason: ErrorReason::TooManyToBlock, subject: "max_blocked".to_owned(), text }.into()
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use tonic_types::StatusExt;

    use super::*;

    #[test]
    fn a_ceiling_says_how_many_and_how_many_may() {
        let status = too_many_to_block(60, 200, 20, false);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(
            status.message().starts_with("60 active users are not in this full sync, and at most 20 of the 200 who")
        );
        assert!(status.message().ends_with("nobody was. What was created and updated before stands."));
        assert!(too_many_to_block(60, 200, 20, true).message().ends_with(": nobody would be."));
        let violation = status.get_details_precondition_failure().unwrap().violations.remove(0);
        assert_eq!((violation.r#type.as_str(), violation.subject.as_str()), ("TOO_MANY_TO_BLOCK", "max_blocked"));
    }
}
