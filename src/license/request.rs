//! A license request (R32): a customer sends it to the vendor to get a license, or more of one. It is not signed; the
//! vendor trusts only the licenses in it, which are.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::claims::{parse_plan, plan_word};
use super::date::{self, Date};
use super::limit;
use super::parse;
use crate::ids::{LicenseId, PoolId, TenantId, Text};
use crate::json::{MAX_NUMBER, Member, Object, Wrong};
use crate::ledger::change::{Limit, Plan};
use crate::ledger::time::WallTime;

/// Largest request in bytes: a hundred licenses of the largest size, and the rest of the document.
pub const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;

const TYPE: &str = "usher-license-request";
const VERSION: u64 = 1;

/// The licenses and usage of a customer, and the changes that it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub tenant: TenantId,
    /// From the installed licenses, or as a first request says it; `None`: unknown.
    pub customer_id: Option<Text>,
    pub instance: Uuid,
    pub hosts: Vec<Text>,
    pub running_version: Text,
    /// Version of the software to which the customer wants to update.
    pub target_version: Option<Text>,
    /// In whole seconds.
    pub created: WallTime,
    pub pools: Vec<PoolUse>,
    /// Installed and not superseded; in force or not.
    pub licenses: Vec<Installed>,
    /// Seats to add.
    pub seats: Vec<SeatsWanted>,
    pub moves: Vec<Move>,
}

/// Seats of a pool, over all licenses, and its usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUse {
    pub pool: PoolId,
    pub plan: Plan,
    pub limit: Limit,
    pub in_use: u64,
}

/// An installed license, with its document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    pub license: LicenseId,
    pub revision: u64,
    pub document: String,
}

/// Seats to add to a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatsWanted {
    pub pool: PoolId,
    pub seats: u64,
}

/// Seats to move from one pool to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub from: PoolId,
    pub to: PoolId,
    pub seats: u64,
}

impl Request {
    /// Writes the document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("type", TYPE.into());
        put("version", VERSION.into());
        put("created_at", date::iso(self.created).into());
        put("tenant_id", self.tenant.as_str().into());
        put("instance_id", self.instance.to_string().into());
        put("hosts", self.hosts.iter().map(Text::as_str).collect());
        put("running_version", self.running_version.as_str().into());
        put("pools", self.pools.iter().map(PoolUse::to_json).collect());
        put("licenses", self.licenses.iter().map(Installed::to_json).collect());
        put("seats", self.seats.iter().map(SeatsWanted::to_json).collect());
        put("moves", self.moves.iter().map(Move::to_json).collect());
        if let Some(id) = &self.customer_id {
            put("customer_id", id.as_str().into());
        }
        if let Some(version) = &self.target_version {
            put("target_version", version.as_str().into());
        }
        Value::Object(members)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`Wrong`] names the first member that is missing, unknown, or invalid.
    pub fn parse(bytes: &[u8]) -> Result<Self, Wrong> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(Wrong::whole(format!("is larger than {MAX_REQUEST_BYTES} bytes")));
        }
        let mut object = Object::parse(bytes)?;
        let typ = object.need("type")?;
        if typ.text()? != TYPE {
            return Err(typ.wrong(format_args!("must be {TYPE}")));
        }
        object.need("version")?.number(VERSION..=VERSION)?;
        let request = Request {
            created: object.need("created_at")?.parsed(moment)?,
            tenant: object.need("tenant_id")?.parsed(TenantId::parse)?,
            customer_id: object.may("customer_id").map(|id| id.parsed(parse::text)).transpose()?,
            instance: object.need("instance_id")?.parsed(parse::instance)?,
            hosts: all(object.need("hosts")?, |host| host.parsed(parse::text))?,
            running_version: object.need("running_version")?.parsed(parse::text)?,
            target_version: object.may("target_version").map(|version| version.parsed(parse::text)).transpose()?,
            pools: all(object.need("pools")?, PoolUse::parse)?,
            licenses: all(object.need("licenses")?, Installed::parse)?,
            seats: all(object.need("seats")?, SeatsWanted::parse)?,
            moves: all(object.need("moves")?, Move::parse)?,
        };
        object.end()?;
        Ok(request)
    }
}

fn all<T>(list: Member, read: impl Fn(Member) -> Result<T, Wrong>) -> Result<Vec<T>, Wrong> {
    list.list()?.map(read).collect()
}

fn moment(text: &str) -> Result<WallTime, &'static str> {
    match Date::parse(text) {
        // Only in the form that Usher writes: whole seconds, in UTC.
        Some(Date::Moment(at)) if date::iso(at) == text => Ok(at),
        _ => Err("must be a time such as 2027-12-31T12:00:00Z"),
    }
}

/// At least one seat: zero would be no change.
fn seats(object: &mut Object) -> Result<u64, Wrong> {
    object.need("seats")?.number(1..=MAX_NUMBER)
}

impl PoolUse {
    fn to_json(&self) -> Value {
        json!({
            "pool": self.pool.as_str(),
            "plan": plan_word(self.plan),
            "limit": limit::write(self.limit),
            "in_use": self.in_use,
        })
    }

    fn parse(item: Member) -> Result<Self, Wrong> {
        let mut object = item.object()?;
        let read = Self {
            pool: object.need("pool")?.parsed(PoolId::parse)?,
            plan: object.need("plan")?.parsed(parse_plan)?,
            limit: limit::read(&object.need("limit")?)?,
            in_use: object.need("in_use")?.number(0..=MAX_NUMBER)?,
        };
        object.end().map(|()| read)
    }
}

impl Installed {
    fn to_json(&self) -> Value {
        json!({ "license_id": self.license.as_str(), "revision": self.revision, "document": self.document })
    }

    fn parse(item: Member) -> Result<Self, Wrong> {
        let mut object = item.object()?;
        let read = Self {
            license: object.need("license_id")?.parsed(LicenseId::parse)?,
            revision: object.need("revision")?.number(1..=MAX_NUMBER)?,
            document: object.need("document")?.text()?.to_owned(),
        };
        object.end().map(|()| read)
    }
}

impl SeatsWanted {
    fn to_json(&self) -> Value {
        json!({ "pool": self.pool.as_str(), "seats": self.seats })
    }

    fn parse(item: Member) -> Result<Self, Wrong> {
        let mut object = item.object()?;
        let read = Self { pool: object.need("pool")?.parsed(PoolId::parse)?, seats: seats(&mut object)? };
        object.end().map(|()| read)
    }
}

impl Move {
    fn to_json(&self) -> Value {
        json!({ "from": self.from.as_str(), "to": self.to.as_str(), "seats": self.seats })
    }

    fn parse(item: Member) -> Result<Self, Wrong> {
        let mut object = item.object()?;
        let to = object.need("to")?;
        let read = Self {
            from: object.need("from")?.parsed(PoolId::parse)?,
            to: to.parsed(PoolId::parse)?,
            seats: seats(&mut object)?,
        };
        if read.from == read.to {
            return Err(to.wrong("must be another pool"));
        }
        object.end().map(|()| read)
    }
}
