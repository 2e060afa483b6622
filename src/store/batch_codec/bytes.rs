//! Numbers and values of columns as bytes. A number has 7 bits in each byte, the lowest first; all bytes but the last
//! have the highest bit set. A value has a byte for its type, and then a number, or a length and its bytes.

use std::borrow::Cow;

use uuid::Uuid;

use crate::store::StoreError;
use crate::store::table::ColumnValue;

const NULL: u8 = 0;
const CODE: u8 = 1;
const NUMBER: u8 = 2;
const LONG: u8 = 3;
const FALSE: u8 = 4;
const TRUE: u8 = 5;
const TEXT: u8 = 6;
const BYTES: u8 = 7;
const UUID: u8 = 8;

pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

pub(super) fn put_value(out: &mut Vec<u8>, value: &ColumnValue) {
    match value {
        ColumnValue::Null => out.push(NULL),
        ColumnValue::Code(code) => put_tagged(out, CODE, code.cast_unsigned().into()),
        ColumnValue::Number(number) => put_tagged(out, NUMBER, (*number).into()),
        ColumnValue::Long(long) => put_tagged(out, LONG, long.cast_unsigned()),
        ColumnValue::Flag(flag) => out.push(if *flag { TRUE } else { FALSE }),
        ColumnValue::Text(text) => put_slice(out, TEXT, text.as_bytes()),
        ColumnValue::Bytes(bytes) => put_slice(out, BYTES, bytes),
        ColumnValue::Uuid(uuid) => {
            out.push(UUID);
            out.extend(uuid.as_bytes());
        }
    }
}

fn put_tagged(out: &mut Vec<u8>, tag: u8, number: u64) {
    out.push(tag);
    put_number(out, number);
}

fn put_slice(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    put_tagged(out, tag, bytes.len() as u64);
    out.extend(bytes);
}

/// Bytes that are still to be read.
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(unreadable)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub fn byte(&mut self) -> Result<u8, StoreError> {
        self.take().map(|[byte]| byte)
    }

    pub fn number(&mut self) -> Result<u64, StoreError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(unreadable());
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(unreadable())
    }

    /// A number of at most 32 bits.
    pub fn small(&mut self) -> Result<u32, StoreError> {
        u32::try_from(self.number()?).map_err(|_| unreadable())
    }

    fn slice(&mut self) -> Result<&'a [u8], StoreError> {
        let len = usize::try_from(self.number()?).map_err(|_| unreadable())?;
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn value(&mut self) -> Result<ColumnValue<'a>, StoreError> {
        Ok(match self.byte()? {
            NULL => ColumnValue::Null,
            CODE => ColumnValue::Code(u16::try_from(self.number()?).map_err(|_| unreadable())?.cast_signed()),
            NUMBER => ColumnValue::Number(self.small()?),
            LONG => ColumnValue::Long(self.number()?.cast_signed()),
            FALSE => ColumnValue::Flag(false),
            TRUE => ColumnValue::Flag(true),
            TEXT => {
                let text = std::str::from_utf8(self.slice()?).map_err(|_| unreadable())?;
                ColumnValue::Text(Cow::Borrowed(text))
            }
            BYTES => ColumnValue::Bytes(self.slice()?),
            UUID => ColumnValue::Uuid(Uuid::from_bytes(self.take()?)),
            _ => return Err(unreadable()),
        })
    }
}

pub(super) fn unreadable() -> StoreError {
    StoreError("a followed batch: unreadable".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_survives() {
        let uuid = Uuid::from_u128(u128::MAX - 7);
        let numbers = [0, 1, 0x7f, 0x80, u32::MAX].map(ColumnValue::Number);
        let longs = [0, 1, -1, i64::MIN, i64::MAX].map(ColumnValue::Long);
        let codes = [0, -1, i16::MIN, i16::MAX].map(ColumnValue::Code);
        let texts = ["", "é\u{0}", &"x".repeat(300)].map(|text| ColumnValue::Text(text.to_owned().into()));
        let others = [ColumnValue::Null, ColumnValue::Flag(false), ColumnValue::Flag(true), ColumnValue::Uuid(uuid)];
        let bytes = [&[][..], &[0, 255, 128]].map(ColumnValue::Bytes);
        for value in numbers.into_iter().chain(longs).chain(codes).chain(texts).chain(others).chain(bytes) {
            let mut out = Vec::new();
            put_value(&mut out, &value);
            let mut bytes = Bytes(&out);
            assert_eq!(bytes.value(), Ok(value.clone()));
            assert_eq!(bytes.0, [0; 0], "{value:?}");
            let cut = (0..out.len()).find(|len| Bytes(&out[..*len]).value().is_ok());
            assert_eq!(cut, None, "a part of {value:?} is no value");
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        assert_eq!(Bytes(&[255, 255, 255, 255, 255, 255, 255, 255, 255, 1]).number(), Ok(u64::MAX));
        assert!(Bytes(&[255, 255, 255, 255, 255, 255, 255, 255, 255, 2]).number().is_err());
        assert!(Bytes(&[128; 11]).number().is_err());
        assert!(Bytes(&[NUMBER, 255, 255, 255, 255, 16]).value().is_err());
    }
}
