//! Which fields of what a stage puts under one name are still read behind it.

use std::collections::BTreeSet;

use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Expr, Operands, Path, Stage};

use super::effects::is_exclusion;
use super::reads::roots;

/// Names of fields, one level below another.
pub type Parts<'a> = BTreeSet<&'a str>;

/// What is read of a field that holds documents, or lists of them, behind the stage at a place: the names of its own
/// fields. None where it may be read, or given, as a whole.
pub fn parts_read<'a>(read: &'a Read, place: usize, name: &str) -> Option<Parts<'a>> {
    let mut walk = Walk { name, parts: Parts::new() };
    for stage in &read.stages[place + 1..] {
        if walk.stage(stage)? == Left::Nothing {
            return Some(walk.parts);
        }
    }
    match &read.terminal {
        Terminal::Count | Terminal::Exists => {}
        Terminal::Distinct(path) => walk.path(path)?,
        Terminal::Find | Terminal::First | Terminal::Aggregate => return None,
    }
    Some(walk.parts)
}

/// What later stages can see of the field.
#[derive(PartialEq)]
enum Left {
    All,
    /// Nothing beyond the parts that were seen so far.
    Nothing,
}

struct Walk<'a, 'n> {
    name: &'n str,
    parts: Parts<'a>,
}

impl<'a> Walk<'a, '_> {
    /// None where the stage may see the field as a whole.
    fn stage(&mut self, stage: &'a Stage) -> Option<Left> {
        match stage {
            Stage::Match(predicate) => self.expr(predicate)?,
            Stage::Sort(keys) => keys.iter().try_for_each(|key| self.path(&key.path))?,
            Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) | Stage::UnionWith(_) => {}
            Stage::Set(fields) => {
                fields.iter().try_for_each(|(path, value)| self.apart(path).and_then(|()| self.expr(value)))?;
            }
            Stage::Unset(paths) => {
                if paths.iter().any(|path| path.as_str() == self.name) {
                    return Some(Left::Nothing);
                }
            }
            Stage::Project(fields) => return self.projection(fields),
            Stage::Group { by, outputs } => {
                let operands = outputs.iter().flat_map(|output| output.operands.iter().flat_map(Operands::children));
                by.iter().chain(operands).try_for_each(|value| self.expr(value))?;
                return Some(Left::Nothing);
            }
            Stage::Unwind { path, index, .. } => {
                if let Some(index) = index {
                    self.apart(&Path::from(index.as_str()))?;
                }
                // Documents are unwound like any other elements.
                if path.as_str() != self.name {
                    self.path(path)?;
                }
            }
            Stage::Count(_) => return Some(Left::Nothing),
            Stage::Lookup(lookup) => {
                self.apart(&Path::from(lookup.output.as_str()))?;
                lookup.local.iter().try_for_each(|path| self.path(path))?;
                lookup.variables.iter().try_for_each(|(_, value)| self.expr(value))?;
            }
            Stage::Facet(_) | Stage::Generic { .. } | Stage::Raw(_) => return None,
        }
        Some(Left::All)
    }

    fn projection(&mut self, fields: &'a [(Path, Projected)]) -> Option<Left> {
        let whole = fields.iter().find(|(path, _)| path.as_str() == self.name).map(|(_, projected)| projected);
        if is_exclusion(fields) {
            return Some(if whole.is_some() { Left::Nothing } else { Left::All });
        }
        for (path, projected) in fields {
            match projected {
                Projected::Exclude => {}
                Projected::Include if path.as_str() == self.name => {}
                Projected::Include => self.path(path)?,
                Projected::Computed(value) => {
                    self.apart(path)?;
                    self.expr(value)?;
                }
            }
        }
        Some(if matches!(whole, Some(Projected::Include)) { Left::All } else { Left::Nothing })
    }

    /// None where what is written touches the field.
    fn apart(&self, path: &Path) -> Option<()> {
        (path.root() != self.name).then_some(())
    }

    fn path(&mut self, path: &'a Path) -> Option<()> {
        if path.root() != self.name {
            return Some(());
        }
        let part = path.as_str().split('.').nth(1)?;
        // A number may be a place in the list.
        if part.is_empty() || part.starts_with('$') || part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.parts.insert(part);
        Some(())
    }

    fn expr(&mut self, expr: &'a Expr) -> Option<()> {
        roots(expr)?;
        let mut known = Some(());
        expr.paths(&mut |path| known = known.and_then(|()| self.path(path)));
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{call, eq, exclude, group, include, lookup, read, set, sort};

    fn parts(stages: &[Stage], terminal: Terminal) -> Option<String> {
        let read = read([&[lookup("j")], stages].concat(), terminal);
        parts_read(&read, 0, "j").map(|parts| parts.into_iter().collect::<Vec<_>>().join(" "))
    }

    fn unwind(path: &str) -> Stage {
        Stage::Unwind { path: path.into(), index: None, preserve: false }
    }

    #[test]
    fn parts_are_told_apart_until_the_field_is_gone() {
        let stages = [Stage::Match(eq("j.a", 1)), unwind("j"), sort("j.b.c"), group("j.d", "x")];
        assert_eq!(parts(&stages, Terminal::Aggregate).unwrap(), "a b d");
        assert_eq!(parts(&[include(&["x", "j.a"])], Terminal::Aggregate).unwrap(), "a");
        assert_eq!(parts(&[include(&["x", "j"]), exclude(&["j"])], Terminal::Aggregate).unwrap(), "");
        assert_eq!(parts(&[Stage::Unset(vec!["j".into()])], Terminal::Find).unwrap(), "");
        assert_eq!(parts(&[unwind("j.list")], Terminal::Count).unwrap(), "list");
        assert_eq!(parts(&[unwind("j")], Terminal::Distinct("j.a".into())).unwrap(), "a");
    }

    #[test]
    fn what_is_given_or_read_whole_is_needed_whole() {
        assert_eq!(parts(&[], Terminal::Find), None);
        assert_eq!(parts(&[include(&["j"])], Terminal::Aggregate), None);
        assert_eq!(parts(&[group("j", "x")], Terminal::Aggregate), None);
        assert_eq!(parts(&[set("n", call("$size", Expr::field("j"))), group("n", "x")], Terminal::Aggregate), None);
        assert_eq!(parts(&[set("n", Expr::Variable("ROOT".into())), group("n", "x")], Terminal::Aggregate), None);
        assert_eq!(parts(&[Stage::Raw(1.into()), group("x", "x")], Terminal::Aggregate), None);
    }

    #[test]
    fn places_in_lists_and_what_is_written_there_need_all() {
        assert_eq!(parts(&[Stage::Match(eq("j.0.a", 1))], Terminal::Count), None);
        assert_eq!(parts(&[set("j.a", Expr::field("x"))], Terminal::Count), None);
        assert_eq!(parts(&[lookup("j.more")], Terminal::Count), None);
    }
}
