//! Decimal128, in the binary integer form that BSON holds.
//!
//! Source: IEEE 754-2008, section 3.5.2, and the BSON specification's "Decimal128".

use std::fmt;

const BIAS: i32 = 6176;
const LARGEST: u128 = 10_u128.pow(34) - 1;

/// A finite number: coefficient times ten to the exponent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finite {
    pub negative: bool,
    pub coefficient: u128,
    pub exponent: i32,
}

impl Finite {
    /// None of infinities, of what is no number, and of forms that no writer should produce.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bits = u128::from_le_bytes(*bytes.first_chunk::<16>()?);
        // Both bits behind the sign: a special value, or a coefficient that is too large.
        if (bits >> 125) & 0b11 == 0b11 {
            return None;
        }
        let coefficient = bits & ((1 << 113) - 1);
        if coefficient > LARGEST {
            return None;
        }
        // Fourteen bits fit.
        let exponent = ((bits >> 113) & 0x3fff) as i32 - BIAS;
        Some(Self { negative: bits >> 127 == 1, coefficient, exponent })
    }
}

impl fmt::Display for Finite {
    /// As Python's `decimal.Decimal` writes it, from which it reads the same digits and exponent.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.to_string();
        // At most 34 digits and an exponent of 14 bits.
        let count = digits.len() as i32;
        let adjusted = self.exponent + count - 1;
        if self.negative {
            out.write_str("-")?;
        }
        if self.exponent > 0 || adjusted < -6 {
            let (first, rest) = digits.split_at(1);
            out.write_str(first)?;
            if !rest.is_empty() {
                write!(out, ".{rest}")?;
            }
            return write!(out, "E{adjusted:+}");
        }
        let point = count + self.exponent;
        if self.exponent == 0 {
            out.write_str(&digits)
        } else if point > 0 {
            let (whole, fraction) = digits.split_at(point as usize);
            write!(out, "{whole}.{fraction}")
        } else {
            write!(out, "0.{}{digits}", "0".repeat(point.unsigned_abs() as usize))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        let value: bson::Decimal128 = text.parse().unwrap();
        Finite::read(&value.bytes()).map(|finite| finite.to_string())
    }

    #[test]
    fn numbers_are_shown_as_python_shows_them() {
        for text in ["0", "1.50", "-0.001", "1E+3", "0.000001", "1E-7", "-1.23E-10", "9.999E+6000", "0E-6176", "12345"]
        {
            assert_eq!(shown(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_not_finite_is_none() {
        for text in ["NaN", "Infinity", "-Infinity"] {
            assert_eq!(shown(text), None);
        }
        // A coefficient beyond 34 digits.
        assert_eq!(Finite::read(&((1_u128 << 113) - 1).to_le_bytes()), None);
        assert_eq!(Finite::read(&[0; 15]), None);
    }
}
