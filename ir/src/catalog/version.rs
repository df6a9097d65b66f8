//! Server versions.

use std::fmt;

/// A server version: 7.0.3 is later than 7.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl Version {
    /// Earlier than all: what was always there.
    pub const ANY: Self = Self::new(0, 0, 0);
    /// Servers below are not told apart: every server that the driver speaks to has what came before.
    pub const FIRST_TOLD: Self = Self::new(4, 4, 0);

    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self { major, minor, patch }
    }

    /// Reads "7.0", "7.0.3" and what servers say of themselves, such as "8.0.0-rc1"; none when it is no version.
    ///
    /// A version without a patch is the last of its series: whoever says "7.0" means one that is kept up to date.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.split(['-', '+', '~']).next()?;
        let mut parts = numbers.split('.').map(|part| part.parse::<u16>());
        let major = parts.next()?.ok()?;
        let minor = parts.next().unwrap_or(Ok(0)).ok()?;
        let patch = parts.next().unwrap_or(Ok(u16::MAX)).ok()?;
        Some(Self::new(major, minor, patch))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)?;
        if matches!(self.patch, 0 | u16::MAX) { Ok(()) } else { write!(out, ".{}", self.patch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_ordered() {
        assert_eq!(Version::parse("8.0.0-rc1"), Some(Version::new(8, 0, 0)));
        assert!(Version::parse("7.0") > Version::parse("7.0.3"));
        assert!(Version::parse("6.0.5") < Version::parse("7"));
        assert_eq!(Version::parse("latest"), None);
        assert_eq!(Version::parse("7.0").map(|version| version.to_string()), Some("7.0".to_owned()));
    }
}
