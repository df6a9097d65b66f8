//! Milliseconds since the epoch, and the calendar.

use pyo3::prelude::*;
use pyo3::types::{PyDateAccess, PyDateTime, PyDelta, PyDeltaAccess, PyTimeAccess, PyTzInfo, PyTzInfoAccess};

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
    let Some(millis) = value.first_chunk::<8>() else { return Ok(None) };
    let moment = millis_to_datetime(py, i64::from_le_bytes(*millis))?;
    Ok(moment.is_instance_of::<PyDateTime>().then_some(moment))
}

/// An aware datetime in UTC; beyond the years that Python knows, PyMongo's `DatetimeMS`.
pub fn millis_to_datetime(py: Python<'_>, millis: i64) -> PyResult<Bound<'_, PyAny>> {
    let (year, month, day) = civil_from_days(millis.div_euclid(DAY));
    let Some(year) = i32::try_from(year).ok().filter(|year| (1..=9999).contains(year)) else {
        return types::get(py)?.datetime_ms.bind(py).call1((millis,));
    };
    let rest = millis.rem_euclid(DAY);
    let utc = PyTzInfo::utc(py)?;
    let moment = PyDateTime::new(
        py,
        year,
        month,
        day,
        (rest / 3_600_000) as u8,
        (rest / 60_000 % 60) as u8,
        (rest / 1000 % 60) as u8,
        (rest % 1000 * 1000) as u32,
        Some(&utc),
    )?;
    Ok(moment.into_any())
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
}
