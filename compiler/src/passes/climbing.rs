//! Matches, limits and skips on their way up a pipeline.
//!
//! The terms of the matches are found by the fields that they read, so that passing a stage costs as much as the stage
//! names fields and as members stay behind it, however many pass.

use std::collections::BTreeSet;
use std::rc::Rc;

use data_bridge_ir::{Expr, Path, Stage};

use super::flatten_boolean::joined;
use super::passing::Passing;
use crate::analyze::reads::{may_fail, movable};
use crate::hashing::HashMap;

/// Adjacent matches, limits and skips. The terms of one match pass each other; nothing passes a limit or a skip.
#[derive(Clone, Default)]
pub struct Climbing {
    /// The last one first; none in the place of one that stayed behind.
    members: Vec<Option<Member>>,
    /// How many have not.
    count: usize,
    /// All in the places before this one have.
    first: usize,
    /// The places of limits and skips.
    counting: Vec<usize>,
    /// By the names that fields have where the terms stand now.
    fields: HashMap<Rc<str>, Field>,
    /// Whether some have another name in the terms.
    renamed: bool,
    /// The places of terms that must not be tested elsewhere.
    fixed: Vec<usize>,
    /// The places of terms that may fail.
    failing: BTreeSet<usize>,
}

#[derive(Clone)]
enum Member {
    Term(Expr),
    /// A limit or a skip.
    Counting(Stage),
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
    pub fn new(stage: Stage) -> Self {
        let mut climbing = Self::default();
        climbing.join(stage);
        climbing
    }

    /// Whether it begins with one opaque predicate, which can be no part of another.
    pub fn begins_opaque(&self) -> bool {
        matches!(self.front(), [Some(Member::Term(Expr::Raw(_)))])
    }

    /// Whether it begins with a match.
    pub fn begins_with_match(&self) -> bool {
        self.front().iter().any(Option::is_some)
    }

    /// How many terms there are.
    pub fn terms(&self) -> usize {
        self.count - self.counting.len()
    }

    pub fn has_counting(&self) -> bool {
        !self.counting.is_empty()
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes a match, a limit or a skip that stands before these.
    pub fn join(&mut self, stage: Stage) {
        match stage {
            Stage::Match(Expr::And(terms)) if terms.len() > 1 => {
                terms.into_iter().rev().for_each(|term| self.add(term))
            }
            Stage::Match(other) => self.add(other),
            counting => {
                self.counting.push(self.members.len());
                self.members.push(Some(Member::Counting(counting)));
                self.count += 1;
            }
        }
    }

    /// The stages as they are here.
    pub fn stages(&self) -> Vec<Stage> {
        self.clone().into_stages()
    }

    pub fn into_stages(mut self) -> Vec<Stage> {
        self.settle_names();
        stages(self.members.into_iter().rev().flatten())
    }

    /// Leaves behind all from the first limit or skip on.
    pub fn leave_from_counting(&mut self) -> Vec<Stage> {
        self.leave_from(self.counting.last().copied())
    }

    /// Leaves behind all from the first match on.
    pub fn leave_from_match(&mut self) -> Vec<Stage> {
        self.leave_from(self.members.iter().rposition(|member| matches!(member, Some(Member::Term(_)))))
    }

    fn leave_from(&mut self, place: Option<usize>) -> Vec<Stage> {
        let Some(place) = place else { return Vec::new() };
        self.settle_names();
        stages(self.take_behind(place).into_iter())
    }

    /// The terms that stand before all limits and skips.
    fn front(&self) -> &[Option<Member>] {
        &self.members[self.counting.last().map_or(0, |place| place + 1)..]
    }

    /// Passes a stage that lets limits and skips pass, and these terms; gives what stays behind it.
    pub fn pass(&mut self, passing: Passing<'_>) -> Vec<Stage> {
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
    fn around(&mut self, fields: &[&str], mut staying: Vec<usize>) -> Vec<Stage> {
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

    /// Takes the terms at these places out, those that one of them may guard from failing, and all from the first limit
    /// or skip behind one of them on.
    fn leave(&mut self, mut staying: Vec<usize>) -> Vec<Stage> {
        let Some(first) = staying.iter().copied().filter(|place| self.members[*place].is_some()).max() else {
            return Vec::new();
        };
        staying.extend(self.failing.range(..first));
        staying.sort_unstable_by(|left, right| right.cmp(left));
        for place in &staying {
            self.failing.remove(place);
        }
        let held = self.counting.partition_point(|place| *place < first).checked_sub(1).map(|at| self.counting[at]);
        let terms = staying.into_iter().take_while(|place| held.is_none_or(|held| *place > held));
        let mut left: Vec<_> = terms.filter_map(|place| self.members[place].take()).collect();
        self.count -= left.len();
        left.extend(held.into_iter().flat_map(|held| self.take_behind(held)));
        stages(left.into_iter())
    }

    /// Takes out all from a place on, the first one first.
    fn take_behind(&mut self, place: usize) -> Vec<Member> {
        let gone = self.counting.partition_point(|counting| *counting <= place);
        self.counting.drain(..gone);
        self.failing = self.failing.split_off(&(place + 1));
        let taken: Vec<_> = self.members[self.first..=place].iter_mut().rev().filter_map(Option::take).collect();
        self.first = place + 1;
        self.count -= taken.len();
        taken
    }

    /// Puts each term in the form that it has before the stage; leaves those that have none.
    fn ask(&mut self, before: &dyn Fn(&Expr) -> Option<Expr>) -> Vec<Stage> {
        self.settle_names();
        let form = |member: &Option<Member>| match member {
            Some(Member::Term(term)) => before(term),
            _ => None,
        };
        let forms: Vec<_> = self.members.iter().map(form).collect();
        let stays = |place: &usize| matches!(self.members[*place], Some(Member::Term(_))) && forms[*place].is_none();
        let left = self.leave((0..forms.len()).filter(stays).collect());
        for (member, form) in std::mem::take(self).members.into_iter().zip(forms) {
            match (member, form) {
                (Some(Member::Term(_)), Some(form)) => self.add(form),
                (Some(Member::Counting(stage)), _) => self.join(stage),
                _ => {}
            }
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
            let Some(Member::Term(term)) = &mut self.members[place] else { continue };
            term.change_paths(&|path| {
                if let Some(Renaming { from, to }) = renamings.iter().find(|each| *each.from == *path.root()) {
                    *path = Path(format!("{to}{}", &path.as_str()[from.len()..]));
                }
            });
        }
    }

    fn add(&mut self, term: Expr) {
        let place = self.members.len();
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
        self.members.push(Some(Member::Term(term)));
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

/// The terms that stand together as one match, and each limit and skip where it stands.
fn stages(members: impl Iterator<Item = Member>) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut terms = Vec::new();
    for member in members {
        match member {
            Member::Term(term) => terms.push(term),
            Member::Counting(stage) => {
                stages.extend(matching(std::mem::take(&mut terms)));
                stages.push(stage);
            }
        }
    }
    stages.extend(matching(terms));
    stages
}

fn matching(terms: Vec<Expr>) -> Option<Stage> {
    (!terms.is_empty()).then(|| Stage::Match(joined(terms, Expr::And)))
}
