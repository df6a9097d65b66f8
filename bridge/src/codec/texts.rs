//! Texts that come again and again in the documents of one read, made once.
//!
//! Kinds, states, places: many fields have few values. One object for all that are alike takes less time and memory
//! than one for each, and Python cannot tell: texts do not change.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// What a text is wanted for: keys of dicts are interned, values are not.
#[derive(Clone, Copy)]
pub enum Use {
    Value,
    Key,
}

/// How many places there are for texts: at first, and at most.
const FEWEST: usize = 64;
const MOST: usize = 2048;

/// How many bytes a text has that is remembered: longer ones seldom come again.
const LONGEST: usize = 16;

/// How often a place is asked for a text, on the average, before there are more places.
const CROWDED: usize = 4;

/// The bytes of a short text, and its length and what it is wanted for. Equal ones are of equal texts.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Packed {
    words: [u64; 2],
    tag: u32,
}

impl Packed {
    /// None of longer texts.
    fn new(bytes: &[u8], used: Use) -> Option<Self> {
        let word = |at: usize| bytes.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word));
        let half = |at: usize| bytes.get(at..)?.first_chunk().map(|half| u64::from(u32::from_le_bytes(*half)));
        // Words that overlap, so that none is longer than the text.
        let words = match bytes {
            [] => [0, 0],
            [only] => [u64::from(*only), 0],
            [first, second] => [u64::from(*first), u64::from(*second)],
            [first, second, third] => [u64::from(*first), u64::from(*second) << 8 | u64::from(*third)],
            _ if bytes.len() < 8 => [half(0)?, half(bytes.len() - 4)?],
            _ if bytes.len() <= LONGEST => [word(0)?, word(bytes.len() - 8)?],
            _ => return None,
        };
        // At most `LONGEST`.
        Some(Self { words, tag: (bytes.len() as u32) << 1 | u32::from(matches!(used, Use::Key)) })
    }

    fn hash(&self) -> u64 {
        // Source: the multiplier of Knuth's multiplicative hashing, 2^64 divided by the golden ratio.
        let mix = |mixed: u64, word: &u64| (mixed.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.words.iter().fold(u64::from(self.tag), mix)
    }
}

/// A text, and a part of the hash of one that came since and was not this one. Only what comes twice is kept: to hold
/// what comes once would cost more than to make it. Two of these fill a line of the processor's cache.
#[derive(Default)]
struct Place {
    words: [u64; 2],
    tag: u32,
    last: u32,
    text: Option<Py<PyString>>,
}

impl Place {
    fn packed(&self) -> Packed {
        Packed { words: self.words, tag: self.tag }
    }

    fn keep(&mut self, Packed { words, tag }: Packed, text: Py<PyString>) {
        (self.words, self.tag, self.text) = (words, tag, Some(text));
    }
}

/// The texts of one read.
#[derive(Default)]
pub struct Texts(Option<Box<Table>>);

#[derive(Default)]
struct Table {
    places: Vec<Place>,
    /// How many texts were asked for since there are so many places.
    asked: usize,
}

impl Texts {
    /// The text of these bytes, or what `make` makes of them.
    pub fn find_or<'py>(
        &mut self,
        py: Python<'py>,
        bytes: &[u8],
        used: Use,
        make: impl FnOnce() -> Option<Bound<'py, PyString>>,
    ) -> Option<Bound<'py, PyString>> {
        let Some(packed) = Packed::new(bytes, used) else { return make() };
        let hash = packed.hash();
        let place = self.0.get_or_insert_default().place(hash);
        if let Some(text) = place.text.as_ref().filter(|_| place.packed() == packed) {
            return Some(text.bind(py).clone());
        }
        let text = make()?;
        // The lower bits are not those that chose the place.
        let again = std::mem::replace(&mut place.last, hash as u32) == hash as u32;
        if again {
            place.keep(packed, text.clone().unbind());
        }
        Some(text)
    }
}

impl Table {
    /// Where a text is kept, if it is.
    #[inline(always)]
    fn place(&mut self, hash: u64) -> &mut Place {
        self.asked += 1;
        if self.asked > self.places.len() * CROWDED && self.places.len() < MOST {
            self.grow();
        }
        let index = self.index(hash);
        &mut self.places[index]
    }

    #[cold]
    fn grow(&mut self) {
        let count = (self.places.len() * 8).clamp(FEWEST, MOST);
        let kept = std::mem::take(&mut self.places);
        self.places.resize_with(count, Place::default);
        self.asked = 0;
        for place in kept.into_iter().filter(|place| place.text.is_some()) {
            let index = self.index(place.packed().hash());
            self.places[index] = place;
        }
    }

    fn index(&self, hash: u64) -> usize {
        // The upper bits are the well mixed ones; the count is a power of two.
        (hash >> 40) as usize & (self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'py>(texts: &mut Texts, py: Python<'py>, text: &str, used: Use) -> Bound<'py, PyString> {
        texts.find_or(py, text.as_bytes(), used, || Some(PyString::new(py, text))).expect("it is made")
    }

    #[test]
    fn texts_that_come_again_are_one_object() {
        Python::initialize();
        Python::attach(|py| {
            let mut texts = Texts::default();
            for length in 2..=LONGEST {
                for first in ["a", "\0"] {
                    let text = first.repeat(length);
                    find(&mut texts, py, &text, Use::Value);
                    let second = find(&mut texts, py, &text, Use::Value);
                    assert_eq!(second, text.as_str());
                    assert!(find(&mut texts, py, &text, Use::Value).is(&second), "{length}");
                    assert!(!find(&mut texts, py, &text, Use::Key).is(&second), "{length}");
                }
            }
            let long = "a".repeat(LONGEST + 1);
            find(&mut texts, py, &long, Use::Value);
            assert!(!find(&mut texts, py, &long, Use::Value).is(find(&mut texts, py, &long, Use::Value)));
        });
    }

    #[test]
    fn different_texts_are_packed_differently() {
        let base: Vec<u8> = (1..=LONGEST as u8).collect();
        let mut seen: Vec<Packed> = Vec::new();
        for length in 0..=LONGEST {
            for changed in 0..=length {
                let mut text = base[..length].to_vec();
                if let Some(byte) = text.get_mut(changed) {
                    *byte = 0;
                }
                for used in [Use::Value, Use::Key] {
                    let packed = Packed::new(&text, used).expect("it is short");
                    assert!(!seen.contains(&packed), "{text:?}");
                    seen.push(packed);
                }
            }
        }
    }

    #[test]
    fn what_comes_once_does_not_drive_out_what_comes_again() {
        Python::initialize();
        Python::attach(|py| {
            let mut texts = Texts::default();
            // So many that there will not be more places.
            for number in 0..MOST * CROWDED * 2 {
                find(&mut texts, py, &format!("once {number}"), Use::Value);
            }
            find(&mut texts, py, "again", Use::Value);
            let again = find(&mut texts, py, "again", Use::Value);
            for number in 0..MOST * 4 {
                let other = format!("other {number}");
                assert_eq!(find(&mut texts, py, &other, Use::Value), other.as_str());
            }
            assert!(find(&mut texts, py, "again", Use::Value).is(&again));
        });
    }

    #[test]
    fn what_is_no_text_is_not_remembered() {
        Python::initialize();
        Python::attach(|py| {
            let mut texts = Texts::default();
            for _ in 0..3 {
                assert!(texts.find_or(py, &[0xff], Use::Value, || None).is_none());
            }
        });
    }
}
