//! Seconds since 1970 as a date that people read, and dates that servers tell as seconds.

/// Such as `2011-11-11 00:00 UTC`.
pub fn text(seconds: u64) -> String {
    let (days, minutes) = (seconds / 86_400, seconds % 86_400 / 60);
    // The proleptic Gregorian calendar in eras of 400 years that start on 1 March 0000, 719468 days before 1970.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = era * 400 + year + u64::from(month < 3);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The date in a header of HTTP, such as `Sat, 01 Jun 2030 12:00:00 GMT` (RFC 9110, section 5.6.7).
pub fn of_http(text: &str) -> Option<u64> {
    let mut words = text.split_ascii_whitespace().skip(1);
    let mut number = |most| words.next()?.parse::<u64>().ok().filter(|number| *number <= most);
    let day = number(31)?;
    let month = words.next().and_then(|name| MONTHS.iter().position(|month| *month == name))?;
    let year = words.next()?.parse::<u64>().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut parts = words.next()?.split(':').map(|part| part.parse::<u64>().ok().filter(|part| *part <= 60));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if words.next() != Some("GMT") {
        return None;
    }
    // As above, the other way round: years begin in March.
    let (month, year) = if month < 2 { (month + 10, year - 1) } else { (month - 2, year) };
    let of_year = (153 * u64::try_from(month).ok()? + 2) / 5 + day.checked_sub(1)?;
    let days = (365 * year + year / 4 - year / 100 + year / 400 + of_year).checked_sub(719_468)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::{of_http, text};

    #[test]
    fn leap_years_included() {
        for (seconds, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_320_969_600, "2011-11-11 00:00 UTC"),
            (1_735_689_599, "2024-12-31 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(text(seconds), date);
        }
    }

    #[test]
    fn what_a_server_says_is_a_date_or_nothing() {
        for (date, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Mon, 28 Feb 2000 23:59:59 GMT", 951_782_399),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Tue, 31 Dec 2024 23:59:59 GMT", 1_735_689_599),
            ("Sat, 01 Jun 2030 12:00:00 GMT", 1_906_545_600),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ] {
            assert_eq!(of_http(date), Some(seconds), "{date}");
        }
        for wrong in [
            "",
            "Sat, 01 Jun 2030 12:00:00",
            "Sat, 01 Jun 2030 12:00:00 CET",
            "Sat, 00 Jun 2030 12:00:00 GMT",
            "Sat, 41 Jun 2030 12:00:00 GMT",
            "Sat, 01 June 2030 12:00:00 GMT",
            "Sat, 01 Jun 99999999999 12:00:00 GMT",
            "Sat, 01 Jun 2030 12:00 GMT",
            "Sat, 01 Jun 2030 12:99:00 GMT",
        ] {
            assert_eq!(of_http(wrong), None, "{wrong}");
        }
    }
}
