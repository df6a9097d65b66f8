//! Drops what a count cannot notice: sorts, and stages that only change what each document holds.
//!
//! ```text
//! Count: Match(p) . Sort(-age) . Project(name)   =>   Count: Match(p)
//! ```
//!
//! Never a stage that a later one needs: a projection stays when a match, an unwind or anything else but counting
//! stages follows it. Null, missing and arrays: none of the dropped stages adds or removes a document.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::{Read, Terminal};

use super::ReadRule;
use crate::facts::Facts;

pub struct CountWithoutOrder;

impl ReadRule for CountWithoutOrder {
    fn name(&self) -> &'static str {
        "count_without_order"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        if !matches!(read.terminal, Terminal::Count | Terminal::Exists) {
            return None;
        }
        // From the first stage after which only whole documents are kept, dropped or counted.
        let only_counted = |stage: &Stage| {
            matches!(
                stage,
                Stage::Sort(_) | Stage::Project(_) | Stage::Set(_) | Stage::Unset(_) | Stage::Skip(_) | Stage::Limit(_)
            )
        };
        let start = read.stages.iter().rposition(|stage| !only_counted(stage)).map_or(0, |last| last + 1);
        let (kept, tail) = read.stages.split_at(start);
        let counting = |stage: &&Stage| matches!(stage, Stage::Skip(_) | Stage::Limit(_));
        if tail.iter().all(|stage| counting(&stage)) {
            return None;
        }
        Some(kept.iter().chain(tail.iter().filter(counting)).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{eq, generic, group, include, print, read, set, sort, union, unwind};

    #[test]
    fn order_and_contents_are_not_counted() {
        let stages = vec![Stage::Match(eq("a", 1)), sort("age"), Stage::Limit(3)];
        let after = CountWithoutOrder.rewrite(&read(stages, Terminal::Count), &Facts::none()).unwrap();
        assert_eq!(print(&after), "Match(a == 1) . Limit(3)");
    }

    #[test]
    fn a_find_keeps_its_order() {
        assert_eq!(CountWithoutOrder.rewrite(&read(vec![sort("age")], Terminal::Find), &Facts::none()), None);
    }

    #[test]
    fn what_a_later_match_reads_stays() {
        let stages = vec![sort("age"), Stage::Limit(3), Stage::Match(eq("a", 1))];
        assert_eq!(CountWithoutOrder.rewrite(&read(stages, Terminal::Count), &Facts::none()), None);
    }

    #[test]
    fn whether_there_is_any_has_no_order_either() {
        let stages = vec![Stage::Match(eq("a", 1)), sort("age")];
        let after = CountWithoutOrder.rewrite(&read(stages, Terminal::Exists), &Facts::none()).unwrap();
        assert_eq!(print(&after), "Match(a == 1)");
    }

    #[test]
    fn what_documents_hold_is_not_counted() {
        let stages = vec![include(&["a"]), set("b", Expr::field("a")), Stage::Skip(2), Stage::Unset(vec!["a".into()])];
        let after = CountWithoutOrder.rewrite(&read(stages, Terminal::Count), &Facts::none()).unwrap();
        assert_eq!(print(&after), "Skip(2)");
    }

    #[test]
    fn what_adds_or_drops_documents_stays_with_all_before_it() {
        let others = [unwind("a"), group("a", "b"), union(vec![]), Stage::Sample(1), generic(), Stage::Raw(1.into())];
        for stage in others {
            assert_eq!(CountWithoutOrder.rewrite(&read(vec![sort("a"), stage], Terminal::Count), &Facts::none()), None);
        }
    }

    #[test]
    fn what_only_counts_stays() {
        let stages = vec![Stage::Skip(2), Stage::Limit(3)];
        assert_eq!(CountWithoutOrder.rewrite(&read(stages, Terminal::Count), &Facts::none()), None);
    }
}
