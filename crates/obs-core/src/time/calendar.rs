//! Days as years, months and days.

const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Year, month and day of a day counted from 1970-01-01, in the proleptic Gregorian calendar. Asked for once a second per
/// thread at most, so it walks the months; years before the last are skipped at once.
pub fn civil(days: u64) -> (u32, u32, u32) {
    // No year is longer than 366 days, so this never overshoots; at most a few years are left to walk.
    let mut year = 1970 + (days / 366) as u32;
    let mut left = days - days_before(year);
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if left < length {
            break;
        }
        left -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if left < length {
            break;
        }
        left -= length;
        month += 1;
    }
    (year, month, left as u32 + 1)
}

/// Days from 1970-01-01 to the first day of `year`.
fn days_before(year: u32) -> u64 {
    let leaps = |year: u32| (year / 4 - year / 100 + year / 400) as u64;
    u64::from(year - 1970) * 365 + leaps(year - 1) - leaps(1969)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_range_follows_the_one_before() {
        let last = u64::MAX / 1_000_000_000 / 86_400;
        let mut expected = (1970, 1, 1);
        for day in 0..=last {
            assert_eq!(civil(day), expected, "day {day}");
            let (year, month, of_month) = expected;
            let length = match month {
                2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            expected = match (of_month < length, month < 12) {
                (true, _) => (year, month, of_month + 1),
                (false, true) => (year, month + 1, 1),
                (false, false) => (year + 1, 1, 1),
            };
        }
    }
}
