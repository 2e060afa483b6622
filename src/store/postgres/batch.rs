//! The statement of a batch: the fence, and a part for each table that has rows to put or delete, all as common table
//! expressions of one statement. So a batch is one message and one answer, and nothing (a lost connection, a canceled
//! query) can leave a part of it.
//!
//! Parts of one statement do not see each other's changes, and need not: a batch has each key once.

use std::collections::HashMap;
use std::fmt::Write as _;

use tokio_postgres::{Client, Error, Statement};

use super::statements::{FENCE, PARTS, Part};

/// Number of parameters of the fence, without the shard.
const FENCE_PARAMETERS: usize = 9;
/// Maximum number of prepared statements per connection, one for each kind of batch; a service needs about twelve.
const MAX_PREPARED: usize = 64;

/// Bit set of the parts in a batch.
pub type Parts = u32;

const _: () = assert!(PARTS.len() <= Parts::BITS as usize);

/// Prepared statements for the kinds of batches that were sent so far.
#[derive(Default)]
pub struct Prepared(HashMap<Parts, Statement>);

impl Prepared {
    pub async fn get(&mut self, client: &Client, parts: Parts) -> Result<Statement, Error> {
        if let Some(statement) = self.0.get(&parts) {
            return Ok(statement.clone());
        }
        let statement = client.prepare(&sql(parts)).await?;
        if self.0.len() >= MAX_PREPARED {
            self.0.clear();
        }
        self.0.insert(parts, statement.clone());
        Ok(statement)
    }
}

/// Bit of a part.
pub fn bit(part: Part) -> Parts {
    1 << part as u32
}

/// SQL text for a set of parts. It returns a row if the fence passed; no row means that the shard does not exist.
fn sql(parts: Parts) -> String {
    let mut text = format!("WITH fence AS ({FENCE} RETURNING 1)");
    let mut taken = FENCE_PARAMETERS;
    for (number, (name, part)) in PARTS.iter().enumerate().filter(|(number, _)| parts & (1 << number) != 0) {
        let (part, parameters) = shifted(&part(), taken);
        taken += parameters;
        let _ = write!(text, ", part_{number} AS (/* usher:{name} */ {part})");
    }
    text + " SELECT 1 FROM fence"
}

/// Moves all parameters except `$1`, the shard, up by `by`. Returns the text and the number of these parameters.
fn shifted(sql: &str, by: usize) -> (String, usize) {
    let mut pieces = sql.split('$');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    let mut parameters = 0;
    for piece in pieces {
        let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        let number: usize = piece[..digits].parse().expect("a parameter has a number");
        parameters = parameters.max(number - 1);
        let moved = if number == 1 { 1 } else { number + by };
        let _ = write!(text, "${moved}{}", &piece[digits..]);
    }
    (text, parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shard_stays_and_other_parameters_move_behind_those_before() {
        let (text, parameters) = shifted("A $1 B $2::int, $11 C $3", 8);
        assert_eq!((text.as_str(), parameters), ("A $1 B $10::int, $19 C $11", 10));
    }

    #[test]
    fn a_batch_is_the_fence_and_its_parts() {
        let text = sql(bit(Part::PutPools) | bit(Part::DeleteUsers));
        assert!(text.starts_with("WITH fence AS (/* usher:fence */ UPDATE shards"), "{text}");
        assert!(
            text.contains("/* usher:DeleteUsers */ DELETE FROM users") && text.contains("$11::integer[]"),
            "{text}"
        );
        assert!(text.contains("/* usher:PutPools */ INSERT INTO pools") && text.contains("unnest($13::integer[])"));
        assert!(!text.contains("sessions") && text.ends_with("SELECT 1 FROM fence"), "{text}");
    }
}
