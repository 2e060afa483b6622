//! NoteTokenUse: records the last uses of tokens, without an audit event (R35).

use std::sync::Arc;

use super::installation_command::InstallationCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Actor, Change, Changes};
use crate::ledger::model::command::NoteTokenUse;
use crate::ledger::model::time::Moment;
use crate::ledger::state::ledger::Ledger;

impl InstallationCommand for NoteTokenUse {
    fn apply(self, ledger: &mut Ledger, _: TenantId, _: &Actor, _: Moment, out: &mut Changes) {
        for (id, used) in self.uses {
            let Some(row) = ledger.tokens.rows.get_mut(&id).filter(|row| row.last_used < Some(used)) else { continue };
            let row = Arc::make_mut(row);
            row.last_used = Some(used);
            out.rows.push(Change::PutToken(row.clone()));
        }
    }
}
