//! Milliseconds since the epoch, and the calendar.

use pyo3::prelude::*;
use pyo3::types::{
    PyDate, PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTime, PyTimeAccess, PyTzInfo, PyTzInfoAccess,
};

use super::types;

const DAY: i64 = 86_400_000;

/// Days from 1970-01-01 of a date of the proleptic Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date a number of days from 1970-01-01; the same source, `civil_from_days`.
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    // Both are within a calendar's bounds by construction.
    (year, month as u8, day as u8)
}

/// Midnight UTC of a date, in milliseconds.
pub fn date_to_millis(date: &impl PyDateAccess) -> i64 {
    days_from_civil(i64::from(date.get_year()), i64::from(date.get_month()), i64::from(date.get_day())) * DAY
}

/// A datetime in milliseconds; a naive one is taken as UTC. What is finer than a millisecond is cut off.
pub fn datetime_to_millis(moment: &Bound<'_, PyDateTime>) -> PyResult<i64> {
    let clock = i64::from(moment.get_hour()) * 3_600_000
        + i64::from(moment.get_minute()) * 60_000
        + i64::from(moment.get_second()) * 1000
        + i64::from(moment.get_microsecond()) / 1000;
    let local = date_to_millis(moment) + clock;
    match moment.get_tzinfo() {
        None => Ok(local),
        Some(zone) if zone.is(PyTzInfo::utc(moment.py())?) => Ok(local),
        Some(_) => {
            let offset = moment.call_method0(pyo3::intern!(moment.py(), "utcoffset"))?;
            let Ok(offset) = offset.cast::<PyDelta>() else { return Ok(local) };
            Ok(local - i64::from(offset.get_days()) * DAY - i64::from(offset.get_seconds()) * 1000)
        }
    }
}

/// A field's datetime; None beyond Python's years, where pydantic must say what it thinks.
pub fn read_datetime<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    match Moment::read(value) {
        Some(moment) => moment.to_python(py).map(Some),
        None => Ok(None),
    }
}

/// A field's date, which is stored as its midnight in UTC; None of other moments and beyond Python's years.
pub fn read_date<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some((year, month, day)) = calendar_day(value) else { return Ok(None) };
    Ok(Some(PyDate::new(py, year, month, day)?.into_any()))
}

/// Year, month and day of a midnight in UTC that Python's calendar has.
pub fn calendar_day(value: &[u8]) -> Option<(i32, u8, u8)> {
    let millis = i64::from_le_bytes(*value.first_chunk::<8>()?);
    if millis.rem_euclid(DAY) != 0 {
        return None;
    }
    let (year, month, day) = civil_from_days(millis.div_euclid(DAY));
    Some((i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?, month, day))
}

/// Days from 1970-01-01 of a midnight in UTC that Python's calendar has.
pub fn day_number(value: &[u8]) -> Option<i32> {
    calendar_day(value)?;
    i32::try_from(i64::from_le_bytes(*value.first_chunk::<8>()?) / DAY).ok()
}

/// A time of day, `12:30:00` or `12:30:00.000001`; None of other forms.
pub fn read_time<'py>(py: Python<'py>, text: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some((hour, minute, second, micros)) = clock(text) else { return Ok(None) };
    Ok(Some(PyTime::new(py, hour, minute, second, micros, None)?.into_any()))
}

/// Hour, minute, second and microsecond of what `time.isoformat()` gives without a zone.
pub fn clock(text: &str) -> Option<(u8, u8, u8, u32)> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = bytes.get(range)?;
        if digits.iter().all(u8::is_ascii_digit) { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
    };
    let small = |range, below: u32| number(range).filter(|number| *number < below).and_then(|n| u8::try_from(n).ok());
    let parts = (small(0..2, 24)?, small(3..5, 60)?, small(6..8, 60)?);
    let micros = match bytes.len() {
        8 => 0,
        15 if bytes[8] == b'.' => number(9..15)?,
        _ => return None,
    };
    let colons = bytes[2] == b':' && bytes[5] == b':';
    colons.then_some((parts.0, parts.1, parts.2, micros))
}

/// Days, seconds and microseconds of a span in seconds, as pydantic rounds them; None beyond what a timedelta holds.
pub fn span(seconds: f64) -> Option<(i32, i32, i32)> {
    let whole = seconds.abs();
    // Source: Python's `timedelta.max`, in seconds.
    if whole.is_nan() || whole >= 86_399_999_999_999.0 {
        return None;
    }
    let sign = if seconds < 0.0 { -1 } else { 1 };
    // All are within the bounds just checked.
    let (days, rest) = ((whole / 86_400.0) as i32, (whole % 86_400.0) as i32);
    let micros = (whole.fract() * 1e6).round() as i32;
    Some((sign * days, sign * rest, sign * micros))
}

/// A span of so many seconds.
pub fn read_span(py: Python<'_>, seconds: f64) -> PyResult<Option<Bound<'_, PyAny>>> {
    let Some((days, seconds, micros)) = span(seconds) else { return Ok(None) };
    Ok(Some(PyDelta::new(py, days, seconds, micros, true)?.into_any()))
}

/// A moment in UTC, within Python's years.
pub struct Moment {
    pub year: i32,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub millisecond: u16,
}

impl Moment {
    /// None beyond the years that Python knows.
    pub fn read(value: &[u8]) -> Option<Self> {
        Self::of(i64::from_le_bytes(*value.first_chunk::<8>()?))
    }

    fn of(millis: i64) -> Option<Self> {
        let (year, month, day) = civil_from_days(millis.div_euclid(DAY));
        let year = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year))?;
        let rest = millis.rem_euclid(DAY);
        // All are within a day.
        let (hour, minute) = ((rest / 3_600_000) as u8, (rest / 60_000 % 60) as u8);
        let (second, millisecond) = ((rest / 1000 % 60) as u8, (rest % 1000) as u16);
        Some(Self { year, month, day, hour, minute, second, millisecond })
    }

    fn to_python<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Self { year, month, day, hour, minute, second, millisecond } = *self;
        let (micros, utc) = (u32::from(millisecond) * 1000, PyTzInfo::utc(py)?);
        Ok(PyDateTime::new(py, year, month, day, hour, minute, second, micros, Some(&utc))?.into_any())
    }
}

/// An aware datetime in UTC; beyond the years that Python knows, PyMongo's `DatetimeMS`.
pub fn millis_to_datetime(py: Python<'_>, millis: i64) -> PyResult<Bound<'_, PyAny>> {
    match Moment::of(millis) {
        Some(moment) => moment.to_python(py),
        None => types::get(py)?.datetime_ms.bind(py).call1((millis,)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_goes_both_ways() {
        for days in [-719_162, -1, 0, 1, 59, 60, 10_956, 19_782, 2_932_896] {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, i64::from(month), i64::from(day)), days);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(civil_from_days(-1), (1969, 12, 31));
        assert_eq!(civil_from_days(19_782), (2024, 2, 29));
    }

    #[test]
    fn times_of_day_are_read_as_python_writes_them() {
        assert_eq!(clock("01:02:03"), Some((1, 2, 3, 0)));
        assert_eq!(clock("23:59:59.000004"), Some((23, 59, 59, 4)));
        for other in ["", "24:00:00", "1:02:03", "01:02", "01:02:03+01:00", "01-02-03", "01:02:03.1", "01:02:+3"] {
            assert_eq!(clock(other), None, "{other}");
        }
    }

    #[test]
    fn spans_are_split() {
        assert_eq!(span(86_403.000_005), Some((1, 3, 5)));
        assert_eq!(span(-0.5), Some((0, 0, -500_000)));
        for beyond in [f64::NAN, f64::INFINITY, -1e300] {
            assert_eq!(span(beyond), None);
        }
    }

    #[test]
    fn only_midnights_are_dates() {
        assert_eq!(calendar_day(&(19_782 * DAY).to_le_bytes()), Some((2024, 2, 29)));
        assert_eq!(calendar_day(&1_i64.to_le_bytes()), None);
        assert_eq!(calendar_day(&(i64::MAX / DAY * DAY).to_le_bytes()), None);
    }
}
