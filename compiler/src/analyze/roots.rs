//! Names of top-level fields, as they stand in a plan.

/// A set of names, sorted: there are few, so a list of them is the quickest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roots<'a>(Vec<&'a str>);

impl<'a> Roots<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, root: &str) -> bool {
        self.0.binary_search(&root).is_ok()
    }

    pub fn insert(&mut self, root: &'a str) {
        if let Err(place) = self.0.binary_search(&root) {
            self.0.insert(place, root);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().copied()
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|root| keep(root));
    }
}

impl<'a> Extend<&'a str> for Roots<'a> {
    fn extend<T: IntoIterator<Item = &'a str>>(&mut self, roots: T) {
        roots.into_iter().for_each(|root| self.insert(root));
    }
}

impl<'a> FromIterator<&'a str> for Roots<'a> {
    fn from_iter<T: IntoIterator<Item = &'a str>>(roots: T) -> Self {
        let mut found = Self::default();
        found.extend(roots);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_once_and_in_order() {
        let mut roots: Roots<'_> = ["b", "a", "b"].into_iter().collect();
        roots.extend(["c", "a"]);
        assert_eq!(roots.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
        roots.retain(|root| root != "b");
        assert!(roots.contains("c") && !roots.contains("b"));
    }
}
