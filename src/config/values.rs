//! Parses and formats values of settings: addresses, numbers, durations, sizes, rates.

use std::net::SocketAddr;
use std::time::Duration;

use http::uri::Authority;

use crate::auth::rate::Rate;

/// Parses an address to listen on. No host name, because a name can stand for several addresses, or none.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an address such as 127.0.0.1:50051 or [::]:50051"))
}

/// Parses the address of another server: a host name or an address, with a port.
pub fn authority(text: &str) -> Result<Authority, String> {
    let parsed = text.parse::<Authority>().ok().filter(|found| found.port_u16().is_some() && !text.contains('@'));
    parsed.ok_or_else(|| format!("{text:?} is not HOST:PORT such as 127.0.0.1:50051 or usher.example.com:50051"))
}

/// Parses a host name, or an address that is used as one.
pub fn host_name(text: &str) -> Result<String, String> {
    /// Longest host name in bytes.
    const MAX_HOST_BYTES: usize = 253;
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '*';
    if text.is_empty() || text.len() > MAX_HOST_BYTES || text.contains(odd) {
        return Err(format!("{text:?} is not a name of a host such as login.example.com"));
    }
    Ok(text.to_owned())
}

/// Parses a whole number from `min` to `max`.
pub fn number<T: TryFrom<u64>>(text: &str, min: u64, max: u64) -> Result<T, String> {
    let parsed = text.parse::<u64>().ok().filter(|number| (min..=max).contains(number));
    parsed
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| format!("{text:?} is not a number from {min} to {max}"))
}

/// Parses a duration such as 500ms, 20s, or 1h 30m; from a millisecond to `max`.
pub fn duration(text: &str, max: Duration) -> Result<Duration, String> {
    let range = Duration::from_millis(1)..=max;
    let parsed = humantime::parse_duration(text).ok().filter(|duration| range.contains(duration));
    parsed.ok_or_else(|| format!("{text:?} is not a duration such as 20s, from 1ms to {}", shortest(max)))
}

/// Formats a duration as [`duration`] parses it: 1m 30s.
pub fn shortest(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Value for a duration that never ends.
pub const FOREVER: &str = "forever";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Parses how long something is kept: a duration of at least a day, or [`FOREVER`], which is `None`.
pub fn retention(text: &str) -> Result<Option<Duration>, String> {
    if text == FOREVER {
        return Ok(None);
    }
    let parsed = humantime::parse_duration(text).ok().filter(|duration| *duration >= DAY);
    parsed.map(Some).ok_or_else(|| format!("{text:?} is not a duration such as 400d, from 1d on, or {FOREVER}"))
}

/// Formats a duration as [`retention`] parses it: in days, if it is a whole number of them.
pub fn days(duration: Duration) -> String {
    let whole = duration.as_secs().is_multiple_of(DAY.as_secs()) && duration.subsec_nanos() == 0;
    if whole { format!("{}d", duration.as_secs() / DAY.as_secs()) } else { shortest(duration) }
}

/// Parses a number of bytes such as 65536, 64KiB, or 4MiB; from `min` to `max` bytes.
pub fn size<T: TryFrom<u64>>(text: &str, min: u64, max: u64) -> Result<T, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "" => Some(1),
        "KiB" => Some(1024),
        "MiB" => Some(1024 * 1024),
        _ => None,
    };
    let bytes = count.parse::<u64>().ok().zip(factor).and_then(|(count, factor)| count.checked_mul(factor));
    bytes
        .filter(|bytes| (min..=max).contains(bytes))
        .and_then(|bytes| T::try_from(bytes).ok())
        .ok_or_else(|| format!("{text:?} is not a size such as 64KiB or 4MiB, from {min} to {max} bytes"))
}

const UNITS: [(&str, Duration); 3] =
    [("s", Duration::from_secs(1)), ("m", Duration::from_secs(60)), ("h", Duration::from_secs(60 * 60))];

/// Parses a rate: 100/s, 10/m or 600/h.
pub fn rate(text: &str) -> Result<Rate, String> {
    /// Largest count, so that the time for each is not zero.
    const MAX_COUNT: u32 = 1_000_000;
    let parsed = text.split_once('/').and_then(|(count, unit)| {
        let count = count.parse::<u32>().ok().filter(|count| (1..=MAX_COUNT).contains(count))?;
        let (_, time) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        Some(Rate { burst: count, each: time / count })
    });
    parsed.ok_or_else(|| format!("{text:?} is not a rate such as 100/s, 10/m or 600/h"))
}

/// Formats a rate as [`rate`] parses it.
pub fn pace(rate: Rate) -> String {
    let time = rate.each * rate.burst;
    // The division was rounded, so the product can differ from the unit.
    let near = |unit: &Duration| unit.abs_diff(time) < Duration::from_millis(2);
    let unit = UNITS.iter().find(|(_, unit)| near(unit)).map_or("s", |(name, _)| name);
    format!("{}/{unit}", rate.burst)
}
