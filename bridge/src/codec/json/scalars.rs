//! Single values as JSON, in pydantic's forms.

use std::io::Write;

use super::super::convert::uuid_bytes;
use super::super::reader::{Element, text};
use super::super::time;
use super::{Writer, Wrote};

impl Writer<'_, '_> {
    pub fn plain(&mut self, text: &[u8]) -> Wrote {
        self.out.extend_from_slice(text);
        Ok(true)
    }

    /// What needs no escaping.
    pub fn shown(&mut self, text: std::fmt::Arguments<'_>) -> Wrote {
        self.out.write_fmt(text)?;
        Ok(true)
    }

    pub fn integer(&mut self, number: i64) -> Wrote {
        self.shown(format_args!("{number}"))
    }

    /// The shortest text that is read back as the same number; null for what is none.
    pub fn float(&mut self, number: f64) -> Wrote {
        serde_json::to_writer(&mut *self.out, &number).map_err(std::io::Error::from)?;
        Ok(true)
    }

    pub fn string(&mut self, text: &str) -> Wrote {
        serde_json::to_writer(&mut *self.out, text).map_err(std::io::Error::from)?;
        Ok(true)
    }

    pub fn text(&mut self, value: &[u8]) -> Wrote {
        let text = text(value).map_err(|problem| self.malformed(problem))?;
        self.string(text)
    }

    fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        self.out.extend(digits.map(|digit| DIGITS[usize::from(digit)]));
    }

    pub fn object_id(&mut self, bytes: &[u8]) -> Wrote {
        self.out.push(b'"');
        self.hex(bytes);
        self.out.push(b'"');
        Ok(true)
    }

    pub fn uuid(&mut self, element: &Element<'_>) -> Wrote {
        let Some(bytes) = uuid_bytes(element) else { return Ok(false) };
        let mut before = b'"';
        for part in [0..4, 4..6, 6..8, 8..10, 10..16] {
            self.out.push(before);
            self.hex(&bytes[part]);
            before = b'-';
        }
        self.out.push(b'"');
        Ok(true)
    }

    pub fn datetime(&mut self, value: &[u8]) -> Wrote {
        let Some(moment) = time::Moment::read(value) else { return Ok(false) };
        let two = |number: u8| [b'0' + number / 10, b'0' + number % 10];
        self.out.push(b'"');
        // A year of Python's calendar has at most four digits.
        self.out.extend_from_slice(&two((moment.year / 100) as u8));
        self.out.extend_from_slice(&two((moment.year % 100) as u8));
        for (before, part) in [
            (b'-', moment.month),
            (b'-', moment.day),
            (b'T', moment.hour),
            (b':', moment.minute),
            (b':', moment.second),
        ] {
            self.out.push(before);
            self.out.extend_from_slice(&two(part));
        }
        if moment.millisecond != 0 {
            write!(self.out, ".{:03}000", moment.millisecond)?;
        }
        self.plain(b"Z\"")
    }

    /// ISO 8601 in the form that pydantic writes: years of 365 days, and no part that is nothing.
    pub fn span(&mut self, (days, seconds, micros): (i32, i32, i32)) -> Wrote {
        let total = (i128::from(days) * 86_400 + i128::from(seconds)) * 1_000_000 + i128::from(micros);
        let (whole, micros) = (total.unsigned_abs() / 1_000_000, total.unsigned_abs() % 1_000_000);
        let (days, rest) = (whole / 86_400, whole % 86_400);
        self.plain(if total < 0 { b"\"-P" } else { b"\"P" })?;
        let parts = [(days / 365, 'Y'), (days % 365, 'D')];
        for (count, letter) in parts.iter().filter(|(count, _)| *count != 0) {
            write!(self.out, "{count}{letter}")?;
        }
        if rest != 0 || micros != 0 || days == 0 {
            self.out.push(b'T');
        }
        for (count, letter) in [(rest / 3600, 'H'), (rest / 60 % 60, 'M')].iter().filter(|(count, _)| *count != 0) {
            write!(self.out, "{count}{letter}")?;
        }
        let fraction = format!("{micros:06}");
        let fraction = fraction.trim_end_matches('0');
        match (rest % 60, fraction) {
            (second, "") if second != 0 || total == 0 => write!(self.out, "{second}S")?,
            (_, "") => {}
            (second, fraction) => write!(self.out, "{second}.{fraction}S")?,
        }
        self.plain(b"\"")
    }

    pub fn base64(&mut self, bytes: &[u8]) -> Wrote {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.out.push(b'"');
        for chunk in bytes.chunks(3) {
            let group =
                chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let digit = DIGITS[(group >> (18 - 6 * place) & 63) as usize];
                self.out.push(if place > chunk.len() { b'=' } else { digit });
            }
        }
        self.plain(b"\"")
    }
}
