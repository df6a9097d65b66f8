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
    use super::*;
    use crate::testing::{eq, print, read, sort};

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
}
