//! Numbers, times and lengths as the page writes them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `1,500`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 cluster`, `1,500 clusters`.
pub(super) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        many if one.ends_with('h') => format!("{} {one}es", grouped(many)),
        many => format!("{} {one}s", grouped(many)),
    }
}

/// `40 ms`, `0.34 s`, `12.3 s`, `2 min 05 s`, `1 h 02 min`; never broken into lines.
pub(super) fn length(seconds: f64) -> String {
    if seconds < 0.0995 {
        return format!("{:.0}\u{a0}ms", seconds * 1e3);
    }
    if seconds < 9.995 {
        return format!("{seconds:.2}\u{a0}s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1}\u{a0}s");
    }
    let whole = seconds.round() as u64;
    match whole {
        ..3600 => format!("{}\u{a0}min\u{a0}{:02}\u{a0}s", whole / 60, whole % 60),
        _ => format!(
            "{}\u{a0}h\u{a0}{:02}\u{a0}min",
            whole / 3600,
            whole % 3600 / 60
        ),
    }
}

/// Seconds from one moment to another; negative if it is earlier.
pub(super) fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// `2026-11-25 10:01:18.123 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S.%3f UTC").to_string()
}

/// The time of day in UTC, with the date where that is not the one of `day`.
pub(super) fn clock(at: Timestamp, day: Timestamp) -> String {
    let date = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let format = match date(at) == date(day) {
        true => "%H:%M:%S.%3f",
        false => "%Y-%m-%d %H:%M:%S.%3f",
    };
    at.strftime(format).to_string()
}

/// At most so many characters: names differ in their beginning or in their end.
pub(super) fn shortened(text: &str, limit: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= limit {
        return text.to_owned();
    }
    let tail = limit / 2;
    let head = limit - tail - 1;
    let head: String = characters[..head].iter().collect();
    let tail: String = characters[characters.len() - tail..].iter().collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_are_written_for_people() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "switch"), "1 switch");
        assert_eq!(count(1500, "switch"), "1,500 switches");
        assert_eq!(length(0.04), "40\u{a0}ms");
        assert_eq!(length(0.34), "0.34\u{a0}s");
        assert_eq!(length(59.96), "1\u{a0}min\u{a0}00\u{a0}s");
        assert_eq!(length(3725.0), "1\u{a0}h\u{a0}02\u{a0}min");
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let day = at("2026-11-25T23:59:59Z");
        assert_eq!(clock(day, day), "23:59:59.000");
        assert_eq!(
            clock(at("2026-11-26T00:00:01.5Z"), day),
            "2026-11-26 00:00:01.500"
        );
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(shortened("größer", 6), "größer");
        assert_eq!(shortened("default/api-prod/admin", 9), "defa…dmin");
    }
}
