//! Drops a `Project` or an `Unset` that leaves every field which somebody still reads.
//!
//! ```text
//! Project(city, age) . Group(by=city, n=sum(age))   =>   Group(by=city, n=sum(age))
//! Unset(note) . Group(by=city)                      =>   Group(by=city)
//! ```
//!
//! Never where the documents are given, whole or projected, or where something may read them whole: `$$ROOT`, an opaque
//! stage.
//! Never where a field is read that the projection drops, computes or cuts: behind `Project(a)` the field `b` is
//! missing. Null, missing and arrays: neither stage adds or drops a document. The server reads from a document only what
//! the later stages need, with such a projection or without.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::ReadRule;
use super::unread::{Fate, without_unread};
use crate::analyze::effects::leaves;
use crate::facts::Facts;

pub struct DropUnreadProjection;

impl ReadRule for DropUnreadProjection {
    fn name(&self) -> &'static str {
        "drop_unread_projection"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let is_projection = |stage: &Stage| matches!(stage, Stage::Project(_) | Stage::Unset(_));
        without_unread(read, is_projection, |stage, needed| match needed.only_read() {
            Some(roots) if roots.iter().all(|root| leaves(stage, root)) => Fate::Goes,
            _ => Fate::Stays,
        })
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;
    use data_bridge_ir::stage::Projected;

    use super::*;
    use crate::testing::{eq, exclude, group, include, print, read, set};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DropUnreadProjection.rewrite(&read(stages.to_vec(), terminal), &Facts::none()).map(|stages| print(&stages))
    }

    #[test]
    fn what_leaves_all_that_is_read_goes() {
        let after = Some("Group(by=a, n=sum(b))".to_owned());
        for stage in [include(&["a", "b"]), exclude(&["c"]), Stage::Unset(vec!["c".into()])] {
            assert_eq!(rewritten(&[stage, group("a", "b")], Terminal::Aggregate), after);
        }
        let stages = [include(&["a"]), Stage::Match(eq("_id", 1))];
        assert_eq!(rewritten(&stages, Terminal::Count).unwrap(), "Match(_id == 1)");
    }

    #[test]
    fn what_changes_a_field_that_is_read_stays() {
        let computed = Stage::Project(vec![("a".into(), Projected::Computed(Expr::field("b")))]);
        for stage in
            [include(&["a"]), include(&["a", "b.x"]), exclude(&["b.x"]), Stage::Unset(vec!["b".into()]), computed]
        {
            assert_eq!(rewritten(&[stage, group("a", "b")], Terminal::Aggregate), None);
        }
    }

    #[test]
    fn a_field_that_is_written_into_later_is_read() {
        let stages = [include(&["a"]), set("b.x", Expr::field("a")), group("a", "b")];
        assert_eq!(rewritten(&stages, Terminal::Aggregate), None);
    }

    #[test]
    fn what_is_given_or_read_whole_stays() {
        assert_eq!(rewritten(&[include(&["a"])], Terminal::Find), None);
        assert_eq!(rewritten(&[include(&["a", "b"]), include(&["a"])], Terminal::Find), None);
        let root = set("all", Expr::Variable("ROOT".into()));
        for whole in [Stage::Raw(1.into()), root] {
            assert_eq!(rewritten(&[exclude(&["c"]), whole, group("all", "b")], Terminal::Aggregate), None);
        }
    }
}
