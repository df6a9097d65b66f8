//! Many BSON documents in one piece of memory.

use std::ops::Range;

/// Complete BSON documents, each behind the other.
#[derive(Debug, Clone, Default)]
pub struct Statements {
    bytes: Vec<u8>,
    /// Where each ends in the bytes.
    ends: Vec<usize>,
}

impl Statements {
    /// Those of the iterator, which is gone through twice: first for their sizes.
    pub fn of<'a>(statements: impl Iterator<Item = &'a [u8]> + Clone) -> Self {
        let mut bytes = Vec::with_capacity(statements.clone().map(<[u8]>::len).sum());
        let append = |statement: &[u8]| {
            bytes.extend_from_slice(statement);
            bytes.len()
        };
        let ends = statements.map(append).collect();
        Self { bytes, ends }
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of all together.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.range(0..self.len())
    }

    /// Those at these places.
    pub(crate) fn range(&self, places: Range<usize>) -> impl Iterator<Item = &[u8]> {
        places.map(|place| &self.bytes[self.start(place)..self.ends[place]])
    }

    /// The bytes of those at these places together.
    pub(crate) fn size_of(&self, places: &Range<usize>) -> usize {
        self.start(places.end) - self.start(places.start)
    }

    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_where_it_was_put() {
        let all = Statements::of([&b"one"[..], b"", b"three"].into_iter());
        assert_eq!(all.iter().collect::<Vec<_>>(), [&b"one"[..], b"", b"three"]);
        assert_eq!(all.range(1..3).collect::<Vec<_>>(), [&b""[..], b"three"]);
        assert_eq!((all.len(), all.size(), all.size_of(&(1..3)), all.size_of(&(3..3))), (3, 8, 5, 0));
        assert!(Statements::default().is_empty() && !all.is_empty());
    }
}
