//! How messages become bytes: as prost does it, with buffers of the size that calls need.

use std::marker::PhantomData;

use bytes::Buf;
use prost::encoding::decode_varint;
use prost::{Message, Name};
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstCodec;

/// Bytes that a buffer begins with; a longer message makes it grow. Nearly every request and answer is shorter.
///
/// tonic's own 8 KiB, twice a call, are for a hundred bytes each: a batch's answers are written at once, and would lie in
/// a megabyte.
const BUFFER_BYTES: usize = 512;
/// Bytes of a stream that are gathered before they are sent: tonic's own value.
const MAX_BUFFERED_BYTES: usize = 32 * 1024;
/// Fields of a request, those in its own messages not counted: three lists of the longest batch have fewer. Two bytes can
/// be an entry, for which a list takes seven hundred.
const MAX_FIELDS: usize = 32_768;

/// What the generated servers and clients use.
#[derive(Debug)]
pub struct SmallBuffers<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for SmallBuffers<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for SmallBuffers<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Name + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = Bounded<<ProstCodec<T, U> as Codec>::Decoder, U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::new(BUFFER_BYTES, MAX_BUFFERED_BYTES))
    }

    fn decoder(&mut self) -> Self::Decoder {
        Bounded(ProstCodec::<T, U>::raw_decoder(BufferSettings::new(BUFFER_BYTES, MAX_BUFFERED_BYTES)), PhantomData)
    }
}

/// Decodes requests that have not too many fields, and any answer: a client asked for that.
#[derive(Debug)]
pub struct Bounded<D, U>(D, PhantomData<U>);

impl<D, U> Decoder for Bounded<D, U>
where
    D: Decoder<Item = U, Error = Status>,
    U: Name,
{
    type Item = U;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if U::NAME.ends_with("Request") && has_too_many_fields(source.chunk()) {
            return Err(Status::out_of_range(format!(
                "it has more than {MAX_FIELDS} fields: name fewer at once, in several calls or messages"
            )));
        }
        self.0.decode(source)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Follows the fields of a message without holding them. One that is none has as many as it begins with: whoever decodes
/// it says what is wrong.
fn has_too_many_fields(mut message: &[u8]) -> bool {
    if message.len() <= MAX_FIELDS {
        return false;
    }
    let mut fields = 0;
    while fields <= MAX_FIELDS && !message.is_empty() && pass_over_field(&mut message).is_some() {
        fields += 1;
    }
    fields > MAX_FIELDS
}

/// `None`: it is none, or a group, which nothing of ours has.
fn pass_over_field(message: &mut &[u8]) -> Option<()> {
    let key = decode_varint(message).ok()?;
    let length = match key & 7 {
        0 => return decode_varint(message).ok().map(drop),
        1 => 8,
        2 => usize::try_from(decode_varint(message).ok()?).ok()?,
        5 => 4,
        _ => return None,
    };
    message.split_off(..length).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1;

    #[test]
    fn fields_are_counted_whatever_they_are_and_only_those_of_the_message_itself() {
        let field = |bytes: &[u8], count: usize| bytes.repeat(count);
        let kinds: [&[u8]; 5] = [
            &[0x12, 0],
            &[0x08, 0x80, 1],
            &[0x09, 1, 2, 3, 4, 5, 6, 7, 8],
            &[0x0d, 1, 2, 3, 4],
            &[0x12, 4, 0x12, 0, 0x12, 0],
        ];
        for kind in kinds {
            assert!(!has_too_many_fields(&field(kind, MAX_FIELDS)), "{kind:?}");
            assert!(has_too_many_fields(&field(kind, MAX_FIELDS + 1)), "{kind:?}");
        }
        for none in [&[0x13][..], &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], &[0x12, 100]] {
            let broken = [none, &field(&[0x13, 0], 2 * MAX_FIELDS)].concat();
            assert!(!has_too_many_fields(&broken), "{none:?}");
        }
    }

    #[test]
    fn requests_and_answers_differ_by_their_names() {
        assert!(v1::SyncUsersRequest::NAME.ends_with("Request"));
        assert!(!v1::SyncUsersResponse::NAME.ends_with("Request"));
    }
}
