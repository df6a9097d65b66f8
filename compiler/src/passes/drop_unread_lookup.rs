//! Drops a `Lookup` whose documents nobody reads.
//!
//! ```text
//! Lookup(pets -> pets) . Group(by=city)   =>   Group(by=city)
//! ```
//!
//! Never where the documents themselves are given, or where something may read them whole: `$$ROOT`, an opaque stage.
//! Never a join whose list is unwound: that keeps or drops documents by what was found. Null, missing and arrays: a join
//! gives every document back, once, whatever it finds.

use data_bridge_ir::plan::Read;
use data_bridge_ir::{Path, Stage};

use super::ReadRule;
use super::unread::{Fate, without_unread};
use crate::facts::Facts;

pub struct DropUnreadLookup;

impl ReadRule for DropUnreadLookup {
    fn name(&self) -> &'static str {
        "drop_unread_lookup"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let is_lookup = |stage: &Stage| matches!(stage, Stage::Lookup(_));
        without_unread(read, is_lookup, |stage, needed| match stage {
            Stage::Lookup(lookup) if !needed.has(Path::from(lookup.output.as_str()).root()) => Fate::Goes,
            _ => Fate::Stays,
        })
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, group, lookup, print, read, set};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DropUnreadLookup.rewrite(&read(stages.to_vec(), terminal), &Facts::none()).map(|stages| print(&stages))
    }

    #[test]
    fn what_nobody_reads_goes() {
        let stages = [lookup("pets"), group("city", "a")];
        assert_eq!(rewritten(&stages, Terminal::Aggregate).unwrap(), "Group(by=city, n=sum(a))");
        let stages = [lookup("pets"), Stage::Match(eq("a", 1))];
        assert_eq!(rewritten(&stages, Terminal::Count).unwrap(), "Match(a == 1)");
        let stages = [lookup("pets"), Stage::Unset(vec!["pets".into()])];
        assert_eq!(rewritten(&stages, Terminal::Aggregate).unwrap(), "Unset(pets)");
    }

    #[test]
    fn what_is_given_or_read_stays() {
        assert_eq!(rewritten(&[lookup("pets")], Terminal::Find), None);
        assert_eq!(rewritten(&[lookup("pets.all"), group("pets.x", "a")], Terminal::Aggregate), None);
        assert_eq!(rewritten(&[lookup("pets"), Stage::Match(eq("pets.x", 1))], Terminal::Count), None);
    }

    #[test]
    fn a_list_that_is_unwound_is_read() {
        let unwind = Stage::Unwind { path: "pets".into(), index: None, preserve: false };
        assert_eq!(rewritten(&[lookup("pets"), unwind, group("city", "a")], Terminal::Aggregate), None);
    }

    #[test]
    fn opaque_stages_read_everything() {
        let root = set("all", Expr::Variable("ROOT".into()));
        for whole in [Stage::Raw(1.into()), root] {
            assert_eq!(rewritten(&[lookup("pets"), whole, group("all", "b")], Terminal::Aggregate), None);
        }
    }
}
