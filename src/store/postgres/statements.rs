//! The statements of a connection that writes. Each has its name in a comment, by which it is found in the server's
//! log.
//!
//! A put takes one array per column and writes whole rows. Repeating a put is harmless, except for new events and
//! blocks of the audit, whose numbers must not exist yet. The arrays are unnested in the select list, in parallel:
//! `FROM unnest(…)` would copy each one first. No statement changes a key, and `sessions` has no other index, so its
//! updates stay within their page (HOT).

use tokio_postgres::{Client, Error, Statement};

macro_rules! statements {
    ($($name:ident: $sql:expr;)*) => {
        pub struct Statements {
            $(pub $name: Statement,)*
        }

        impl Statements {
            /// Prepares all statements in one round trip.
            pub async fn prepare(client: &Client) -> Result<Self, Error> {
                let ($($name,)*) = tokio::try_join!(
                    $(client.prepare(concat!("/* usher:", stringify!($name), " */ ", $sql)),)*
                )?;
                Ok(Self { $($name,)* })
            }
        }
    };
}

macro_rules! delete_tenants {
    ($table:literal) => {
        concat!("DELETE FROM ", $table, " WHERE shard_id = $1 AND tenant_no = ANY($2::integer[])")
    };
}

/// Deletes the rows of `$table` whose keys are in the arrays `$2` and following.
macro_rules! delete {
    ($table:literal, $arrays:literal, $($column:literal),+) => {
        concat!(
            "DELETE FROM ", $table, " AS t USING unnest(", $arrays, ") AS gone(tenant_no", $(", ", $column,)+ ") ",
            "WHERE t.shard_id = $1 AND t.tenant_no = gone.tenant_no",
            $(" AND t.", $column, " = gone.", $column,)+
        )
    };
}

/// Two parts: a new event needs no search for an existing row, which saves a third of the time.
macro_rules! insert_events {
    () => {
        "INSERT INTO audit
            (shard_id, tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id,
             organization_id, count, detail)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::text[]),
            unnest($6::smallint[]), unnest($7::smallint[]), unnest($8::text[]), unnest($9::text[]),
            unnest($10::uuid[]), unnest($11::text[]), unnest($12::bigint[]), unnest($13::text[])"
    };
}

statements! {
    read_shard: "SELECT epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no,
            continuity
        FROM shards WHERE shard_id = $1";
    claim: "WITH claimed AS (UPDATE shards SET epoch = epoch + 1, owner_token = $4
            WHERE shard_id = $1 AND epoch = $2 AND owner_token = $3
            RETURNING epoch, owner_token, seq, tick_ms, wall_ms, wall_high_ms, last_tenant_no, last_event_no,
                continuity),
        named AS (INSERT INTO owners (shard_id, epoch, token, former_token, former_seq, node_id, generation)
            SELECT $1, epoch, owner_token, $3, seq, $5::uuid, $6::bigint FROM claimed
            ON CONFLICT (shard_id) DO UPDATE SET (epoch, token, former_token, former_seq, node_id, generation)
                = (excluded.epoch, excluded.token, excluded.former_token, excluded.former_seq, excluded.node_id,
                   excluded.generation))
        SELECT * FROM claimed";
    read_former: "SELECT former_seq FROM owners WHERE shard_id = $1 AND former_token = ANY($2::uuid[])";
    last_block: "SELECT coalesce(max(last_event_no), 0) FROM audit_blocks WHERE shard_id = $1";
    newest_events: "SELECT tenant_no, event_no, at_ms, actor, action, reason, user_id, pool_id, session_id,
            organization_id, count, detail
        FROM audit WHERE shard_id = $1 AND event_no > $2 ORDER BY event_no";
    confirm: "UPDATE shards SET owner_token = $3 WHERE shard_id = $1 AND epoch = $2 AND owner_token = $3";
    release: "WITH released AS (UPDATE shards SET owner_token = $4
            WHERE shard_id = $1 AND epoch = $2 AND owner_token = $3 RETURNING seq)
        UPDATE owners SET (token, former_token, former_seq, node_id, generation)
            = ($4, $3, (SELECT seq FROM released), NULL, NULL)
        WHERE shard_id = $1 AND EXISTS (SELECT FROM released)";
}

/// For a former owner, or a batch that was sent twice, writes NULL into a column that is NOT NULL.
pub const FENCE: &str = "/* usher:fence */ UPDATE shards SET
    seq = CASE WHEN epoch = $2 AND owner_token = $3 AND seq = $4::bigint - 1 THEN $4::bigint ELSE NULL END,
    tick_ms = $5, wall_ms = $6, wall_high_ms = $7, last_tenant_no = $8, last_event_no = $9,
    continuity = $10
    WHERE shard_id = $1";

macro_rules! parts {
    ($($name:ident: $sql:expr;)*) => {
        /// A kind of change that a batch can make to a table.
        #[derive(Debug, Clone, Copy)]
        pub enum Part {
            $($name,)*
        }

        /// Names and statements of the parts, in the order of [`Part`].
        pub const PARTS: &[(&str, &str)] = &[$((stringify!($name), $sql),)*];
    };
}

parts! {
    DeleteTenants: delete_tenants!("tenants");
    DeleteTenantsLicenses: delete_tenants!("licenses");
    DeleteTenantsPools: delete_tenants!("pools");
    DeleteTenantsOrganizations: delete_tenants!("organizations");
    DeleteTenantsUsers: delete_tenants!("users");
    DeleteTenantsSeats: delete_tenants!("seats");
    DeleteTenantsSessions: delete_tenants!("sessions");
    DeleteTenantsNotifications: delete_tenants!("notifications");

    DeleteLicenses: delete!("licenses", "$2::integer[], $3::text[], $4::bigint[]", "license_id", "revision");
    DeleteOrganizations: delete!("organizations", "$2::integer[], $3::integer[]", "organization_no");
    DeleteUsers: delete!("users", "$2::integer[], $3::integer[]", "user_no");
    DeleteSeats: delete!("seats", "$2::integer[], $3::integer[], $4::integer[]", "user_no", "pool_no");
    DeleteSessions: delete!("sessions", "$2::integer[], $3::integer[], $4::integer[]", "user_no", "place");
    DeleteNotifications: delete!("notifications", "$2::integer[], $3::text[]", "topic");
    DeleteTokens: "DELETE FROM tokens WHERE shard_id = $1 AND token_id = ANY($2::bigint[])";

    PutTenants: "INSERT INTO tenants
            (shard_id, tenant_no, tenant_id, display_name, contact, state, policy, created, version, license_fetch)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]),
            unnest($6::smallint[]), unnest($7::text[]), unnest($8::bigint[]), unnest($9::bigint[]),
            unnest($10::text[])
        ON CONFLICT (shard_id, tenant_no) DO UPDATE SET
            (tenant_id, display_name, contact, state, policy, created, version, license_fetch)
            = (excluded.tenant_id, excluded.display_name, excluded.contact, excluded.state, excluded.policy,
               excluded.created, excluded.version, excluded.license_fetch)";
    PutLicenses: "INSERT INTO licenses
            (shard_id, tenant_no, license_id, revision, standing, revoked_up_to, not_before_ms, expires_ms,
             entitlements, terms, document, installed, installed_by, changed)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::smallint[]),
            unnest($6::bigint[]), unnest($7::bigint[]), unnest($8::bigint[]), unnest($9::text[]),
            unnest($10::text[]), unnest($11::text[]), unnest($12::bigint[]), unnest($13::text[]),
            unnest($14::bigint[])
        ON CONFLICT (shard_id, tenant_no, license_id, revision) DO UPDATE SET
            (standing, revoked_up_to, not_before_ms, expires_ms, entitlements, terms, document, installed,
             installed_by, changed)
            = (excluded.standing, excluded.revoked_up_to, excluded.not_before_ms, excluded.expires_ms,
               excluded.entitlements, excluded.terms, excluded.document, excluded.installed, excluded.installed_by,
               excluded.changed)";
    PutPools: "INSERT INTO pools (shard_id, tenant_no, pool_no, pool_id)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::integer[]), unnest($4::text[])
        ON CONFLICT (shard_id, tenant_no, pool_no) DO UPDATE SET pool_id = excluded.pool_id";
    PutOrganizations: "INSERT INTO organizations
            (shard_id, tenant_no, organization_no, organization_id, display_name, created, version)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::integer[]), unnest($4::text[]), unnest($5::text[]),
            unnest($6::bigint[]), unnest($7::bigint[])
        ON CONFLICT (shard_id, tenant_no, organization_no) DO UPDATE SET
            (organization_id, display_name, created, version)
            = (excluded.organization_id, excluded.display_name, excluded.created, excluded.version)";
    PutUsers: "INSERT INTO users
            (shard_id, tenant_no, user_no, user_id, administrator, blocked, profile, created, version)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::integer[]), unnest($4::text[]), unnest($5::boolean[]),
            unnest($6::smallint[]), unnest($7::text[]), unnest($8::bigint[]), unnest($9::bigint[])
        ON CONFLICT (shard_id, tenant_no, user_no) DO UPDATE SET
            (user_id, administrator, blocked, profile, created, version)
            = (excluded.user_id, excluded.administrator, excluded.blocked, excluded.profile, excluded.created,
               excluded.version)";
    PutSeats: "INSERT INTO seats
            (shard_id, tenant_no, user_no, pool_no, granted, grant_event_no, organizations)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::integer[]), unnest($4::integer[]),
            unnest($5::bigint[]), unnest($6::bigint[]), unnest($7::text[])
        ON CONFLICT (shard_id, tenant_no, user_no, pool_no) DO UPDATE SET
            (granted, grant_event_no, organizations)
            = (excluded.granted, excluded.grant_event_no, excluded.organizations)";
    PutSessions: "INSERT INTO sessions
            (shard_id, tenant_no, user_no, place, session_id, pool_no, organization_no, device_id, client,
             administrator, exempt, started, last_activity, lease_ttl_ms, ended, ended_reason, signed_in)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::integer[]), unnest($4::integer[]), unnest($5::uuid[]),
            unnest($6::integer[]), unnest($7::integer[]), unnest($8::text[]), unnest($9::text[]),
            unnest($10::boolean[]), unnest($11::boolean[]), unnest($12::bigint[]), unnest($13::bigint[]),
            unnest($14::bigint[]), unnest($15::bigint[]), unnest($16::smallint[]), unnest($17::bigint[])
        ON CONFLICT (shard_id, tenant_no, user_no, place) DO UPDATE SET
            (session_id, pool_no, organization_no, device_id, client, administrator, exempt, started,
             last_activity, lease_ttl_ms, ended, ended_reason, signed_in)
            = (excluded.session_id, excluded.pool_no, excluded.organization_no, excluded.device_id, excluded.client,
               excluded.administrator, excluded.exempt, excluded.started, excluded.last_activity,
               excluded.lease_ttl_ms, excluded.ended, excluded.ended_reason, excluded.signed_in)";
    PutNotifications: "INSERT INTO notifications
            (shard_id, tenant_no, topic, event_no, raised, cleared, facts, deliveries)
        SELECT $1::smallint, unnest($2::integer[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::bigint[]),
            unnest($6::boolean[]), unnest($7::text[]), unnest($8::text[])
        ON CONFLICT (shard_id, tenant_no, topic) DO UPDATE SET
            (event_no, raised, cleared, facts, deliveries)
            = (excluded.event_no, excluded.raised, excluded.cleared, excluded.facts, excluded.deliveries)";
    PutTokens: "INSERT INTO tokens
            (shard_id, token_id, name, hash, roles, tenants, created_ms, created_by, expires_ms, revoked_ms, last_used_ms)
        SELECT $1::smallint, unnest($2::bigint[]), unnest($3::text[]), unnest($4::bytea[]), unnest($5::smallint[]),
            unnest($6::text[]), unnest($7::bigint[]), unnest($8::text[]), unnest($9::bigint[]),
            unnest($10::bigint[]), unnest($11::bigint[])
        ON CONFLICT (shard_id, token_id) DO UPDATE SET
            (name, hash, roles, tenants, created_ms, created_by, expires_ms, revoked_ms, last_used_ms)
            = (excluded.name, excluded.hash, excluded.roles, excluded.tenants, excluded.created_ms,
               excluded.created_by, excluded.expires_ms, excluded.revoked_ms, excluded.last_used_ms)";
    PutLicenseFloors: "INSERT INTO license_floors
            (shard_id, tenant_id, license_id, revision, revoked_up_to, fingerprint)
        SELECT $1::smallint, unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::bigint[]),
            unnest($6::bigint[])
        ON CONFLICT (shard_id, tenant_id, license_id) DO UPDATE SET
            (revision, revoked_up_to, fingerprint)
            = (excluded.revision, excluded.revoked_up_to, excluded.fingerprint)";
    PutEvents: insert_events!();
    PutEventsAgain: concat!(insert_events!(), "
        ON CONFLICT (shard_id, event_no) DO UPDATE SET
            (tenant_no, at_ms, actor, action, reason, user_id, pool_id, session_id, organization_id, count, detail)
            = (excluded.tenant_no, excluded.at_ms, excluded.actor, excluded.action, excluded.reason, excluded.user_id,
               excluded.pool_id, excluded.session_id, excluded.organization_id, excluded.count, excluded.detail)");
    PutBlocks: "INSERT INTO audit_blocks
            (shard_id, last_event_no, first_event_no, oldest_ms, newest_ms, closed_ms, filter)
        SELECT $1::smallint, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[]),
            unnest($6::bigint[]), unnest($7::bytea[])";
}
