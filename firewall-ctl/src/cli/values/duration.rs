//! `--confirm-within`: a duration as people write it.

use crate::api::LONGEST_CONFIRMATION;
use std::time::Duration;

/// The longest time that the controller takes.
const LONGEST: Duration = Duration::from_secs(LONGEST_CONFIRMATION);

/// Parser of `--confirm-within`: `90s`, `5m`, `1h 30m`; at least a second, because that is the unit on the wire.
pub(crate) fn confirmation(text: &str) -> Result<Duration, String> {
    let duration = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text).map_err(|error| format!("{error} (write 90s, 5m or 1h30m)"))?,
    };
    if duration < Duration::from_secs(1) {
        return Err("shorter than a second".to_owned());
    }
    if duration > LONGEST { Err("longer than a day".to_owned()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(confirmation("90"), Ok(Duration::from_secs(90)));
        assert_eq!(confirmation("5m"), Ok(Duration::from_secs(300)));
        assert_eq!(confirmation("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(confirmation("1d"), Ok(LONGEST));
        for text in ["", "0", "10ms", "soon", "-5", "86401", "1d 1s"] {
            assert!(confirmation(text).is_err(), "{text}");
        }
    }
}
