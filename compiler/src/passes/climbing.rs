//! The terms of a match on their way up a pipeline.
//!
//! They are found by the fields that they read, so that passing a stage costs as much as the stage names fields and as
//! terms stay behind it, however many pass.

use std::collections::BTreeSet;
use std::rc::Rc;

use data_bridge_ir::{Expr, Path};

use super::flatten_boolean::joined;
use super::passing::Passing;
use crate::analyze::reads::{may_fail, movable};
use crate::hashing::HashMap;

#[derive(Clone, Default)]
pub struct Climbing {
    /// The last one first; none in the place of one that stayed behind.
    terms: Vec<Option<Expr>>,
    /// How many have not.
    count: usize,
    /// By the names that fields have where the match stands now.
    fields: HashMap<Rc<str>, Field>,
    /// Whether some have another name in the terms.
    renamed: bool,
    /// The places of terms that must not be tested elsewhere.
    fixed: Vec<usize>,
    /// The places of terms that may fail.
    failing: BTreeSet<usize>,
}

/// A top-level field that terms read.
#[derive(Clone)]
struct Field {
    name: Rc<str>,
    readers: Vec<Reader>,
}

#[derive(Clone)]
struct Reader {
    place: usize,
    /// What the term calls the field.
    name: Rc<str>,
}

struct Renaming {
    from: Rc<str>,
    to: Rc<str>,
}

impl Climbing {
    pub fn new(predicate: Expr) -> Self {
        let mut climbing = Self::default();
        climbing.join(predicate);
        climbing
    }

    /// Whether this is one opaque predicate, which can be no part of another.
    pub fn is_opaque(&self) -> bool {
        matches!(self.terms.as_slice(), [Some(Expr::Raw(_))])
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes the terms of a match that stands before these.
    pub fn join(&mut self, predicate: Expr) {
        match predicate {
            Expr::And(terms) if terms.len() > 1 => terms.into_iter().rev().for_each(|term| self.add(term)),
            other => self.add(other),
        }
    }

    /// The conjunction of the terms as they are asked here.
    pub fn predicate(&self) -> Expr {
        self.clone().into_predicate()
    }

    pub fn into_predicate(mut self) -> Expr {
        self.settle_names();
        joined(self.terms.into_iter().rev().flatten().collect(), Expr::And)
    }

    /// Passes a stage; gives the terms that stay behind it.
    pub fn pass(&mut self, passing: Passing<'_>) -> Vec<Expr> {
        match passing {
            Passing::All | Passing::Joined => Vec::new(),
            Passing::Around(fields) => self.around(&fields, Vec::new()),
            Passing::Copied => self.around(&[], Vec::new()),
            Passing::Safely(fields) => {
                let failing = self.failing.iter().copied().collect();
                self.around(&fields, failing)
            }
            Passing::Named(before) => {
                let gone: Vec<_> = self.fields.keys().filter(|name| before(name).is_none()).cloned().collect();
                let left = self.around(&gone.iter().map(|name| &**name).collect::<Vec<_>>(), Vec::new());
                self.rename(&before);
                left
            }
            Passing::Renamed(fields) => {
                let (renamed, touched): (Vec<_>, Vec<_>) = fields.into_iter().partition(|(_, before)| before.is_some());
                let left = self.around(&touched.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), Vec::new());
                // All of them at once: two fields may change their names with each other.
                let taken: Vec<_> =
                    renamed.into_iter().filter_map(|(name, before)| self.fields.remove(name).zip(before)).collect();
                for (field, before) in taken {
                    self.call(Rc::from(before), field.readers);
                }
                left
            }
            Passing::Asked(before) => self.ask(&before),
        }
    }

    /// Leaves behind what reads one of the fields, what must stay, and these.
    fn around(&mut self, fields: &[&str], mut staying: Vec<usize>) -> Vec<Expr> {
        let touched: Vec<_> = fields.iter().filter(|name| self.fields.contains_key(**name)).collect();
        if touched.is_empty() && staying.is_empty() && self.fixed.is_empty() {
            return Vec::new();
        }
        self.settle_names();
        staying.append(&mut self.fixed);
        for name in touched {
            let field = self.fields.remove(*name);
            staying.extend(field.into_iter().flat_map(|field| field.readers).map(|reader| reader.place));
        }
        self.leave(staying)
    }

    /// Takes the terms at these places out, and those that one of them may guard from failing.
    fn leave(&mut self, mut staying: Vec<usize>) -> Vec<Expr> {
        let Some(first) = staying.iter().copied().filter(|place| self.terms[*place].is_some()).max() else {
            return Vec::new();
        };
        staying.extend(self.failing.range(..first));
        staying.sort_unstable_by(|left, right| right.cmp(left));
        for place in &staying {
            self.failing.remove(place);
        }
        let left: Vec<_> = staying.into_iter().filter_map(|place| self.terms[place].take()).collect();
        self.count -= left.len();
        left
    }

    /// Puts each term in the form that it has before the stage; gives those that have none.
    fn ask(&mut self, before: &dyn Fn(&Expr) -> Option<Expr>) -> Vec<Expr> {
        self.settle_names();
        let forms: Vec<_> = self.terms.iter().map(|term| term.as_ref().and_then(before)).collect();
        let left = self.leave((0..forms.len()).filter(|place| forms[*place].is_none()).collect());
        let passed = std::mem::take(self).terms.into_iter().zip(forms);
        for form in passed.filter_map(|(term, form)| term.and(form)) {
            self.add(form);
        }
        left
    }

    /// Calls each field as it is called before the stage, where all of them have a name.
    fn rename(&mut self, before: &dyn Fn(&Rc<str>) -> Option<Rc<str>>) {
        let unchanged = |name: &Rc<str>| before(name).is_none_or(|before| before == *name);
        if self.fields.keys().all(unchanged) {
            return;
        }
        for (_, field) in std::mem::take(&mut self.fields) {
            self.call(before(&field.name).unwrap_or(field.name), field.readers);
        }
    }

    /// Gives what these terms read a name; another field may have it too.
    fn call(&mut self, name: Rc<str>, mut readers: Vec<Reader>) {
        self.renamed = true;
        let known = self.fields.entry(name.clone()).or_insert_with(|| Field { name, readers: Vec::new() });
        if known.readers.len() < readers.len() {
            std::mem::swap(&mut known.readers, &mut readers);
        }
        known.readers.append(&mut readers);
    }

    /// Writes the names that fields have here into the terms.
    fn settle_names(&mut self) {
        if !std::mem::take(&mut self.renamed) {
            return;
        }
        let mut renamings: HashMap<usize, Vec<Renaming>> = HashMap::default();
        for field in self.fields.values_mut() {
            for reader in field.readers.iter_mut().filter(|reader| reader.name != field.name) {
                let from = std::mem::replace(&mut reader.name, field.name.clone());
                renamings.entry(reader.place).or_default().push(Renaming { from, to: field.name.clone() });
            }
        }
        for (place, renamings) in renamings {
            let Some(term) = &mut self.terms[place] else { continue };
            term.change_paths(&|path| {
                if let Some(Renaming { from, to }) = renamings.iter().find(|each| *each.from == *path.root()) {
                    *path = Path(format!("{to}{}", &path.as_str()[from.len()..]));
                }
            });
        }
    }

    fn add(&mut self, term: Expr) {
        let place = self.terms.len();
        if let Some((_, path, _)) = term.as_field_compare() {
            self.reads(place, path.root());
        } else {
            match movable(&term) {
                Some(roots) => roots.iter().for_each(|root| self.reads(place, root)),
                None => self.fixed.push(place),
            }
            if may_fail(&term) {
                self.failing.insert(place);
            }
        }
        self.terms.push(Some(term));
        self.count += 1;
    }

    fn reads(&mut self, place: usize, root: &str) {
        if !self.fields.contains_key(root) {
            let name: Rc<str> = Rc::from(root);
            self.fields.insert(name.clone(), Field { name, readers: Vec::new() });
        }
        if let Some(Field { name, readers }) = self.fields.get_mut(root) {
            readers.push(Reader { place, name: name.clone() });
        }
    }
}
