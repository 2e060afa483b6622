//! Commands about API tokens, with few names and ids, so that they collide.

use usher::ids::{TenantId, TokenId, TokenName};
use usher::ledger::access::{Role, Roles, Tenants};
use usher::ledger::command::{Command, CreateToken, ListTokens, NoteTokenUse, RevokeToken};
use usher::ledger::time::WallTime;
use usher::ledger::token::TokenHash;

use super::super::naive::Model;
use super::{DAY, Generator, HOUR, MINUTE};

impl Generator {
    pub(super) fn token(&mut self, model: &Model) -> Command {
        match self.rng.below(5) {
            0..=2 => CreateToken {
                id: TokenId(self.rng.below(200)),
                name: TokenName::stored(self.rng.word(&["login", "login", "console", "cron"])),
                hash: TokenHash([self.rng.below(256) as u8; 32]),
                roles: self.rng.some(&Role::ALL, 1, 2).into_iter().collect::<Roles>(),
                tenants: self.tenants(),
                within: Tenants::All,
                ttl: self.perhaps(70, |this| this.length(&[0, MINUTE, HOUR, DAY, 20 * DAY])),
            }
            .into(),
            3 => RevokeToken { id: self.token_id(model), within: self.tenants() }.into(),
            _ => {
                let used = WallTime(self.now.wall.0 - self.rng.below(2 * MINUTE) as i64);
                NoteTokenUse { uses: vec![(self.token_id(model), used), (TokenId(self.rng.below(200)), used)] }.into()
            }
        }
    }

    pub(super) fn list_tokens(&mut self, limit: usize) -> ListTokens {
        ListTokens { within: self.tenants(), after: None, limit }
    }

    fn token_id(&mut self, model: &Model) -> TokenId {
        let known = model.token_ids();
        if known.is_empty() { TokenId(0) } else { *self.rng.pick(&known) }
    }

    fn tenants(&mut self) -> Tenants {
        if self.rng.percent(50) {
            return Tenants::All;
        }
        Tenants::Only(self.rng.some(&["acme", "bolt"].map(TenantId::stored), 1, 2).into_iter().collect())
    }
}
