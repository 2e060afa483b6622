//! The columns of users.

use std::borrow::Cow;

use super::table;
use crate::ids::{TenantNo, UserId, UserNo};
use crate::ledger::change::UserRow;
use crate::ledger::time::Tick;
use crate::store::encode;

table! {
    "users", key 2,
    row: UserRow {
        tenant_no: u32 = row.tenant.0,
        user_no: u32 = row.no.0,
        user_id: &str = row.id.as_str().into(),
        administrator: bool = row.administrator,
        blocked: Option<i16> = row.blocked.map(|cause| encode::block_code(cause).into()),
        profile: Option<&str> = encode::profile_to_text(&row.profile, &row.former).map(Cow::Owned),
        created: u64 = row.created.0,
        version: u64 = row.version,
    },
    {
        let (profile, former) = encode::profile_from_text(profile)?;
        UserRow {
            tenant: TenantNo(tenant_no),
            no: UserNo(user_no),
            id: UserId::stored(user_id),
            administrator,
            blocked: encode::block_cause(blocked.map(i64::from))?,
            profile,
            former,
            created: Tick(created),
            version,
        }
    }
}
