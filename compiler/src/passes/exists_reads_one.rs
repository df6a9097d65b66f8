//! Asks for one document when the question is whether there is any.
//!
//! ```text
//! Exists: Match(p) . Limit(10)   =>   Exists: Match(p) . Limit(1)
//! ```
//!
//! Never below a skip: `Limit(10) . Skip(5)` asks for a sixth document; nor behind a `Count`, a `Facet` or a `Group` by
//! nothing, which give one document at most. Null, missing and arrays: whole documents are counted, never looked into.

use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::{Expr, Stage};

use super::ReadRule;
use crate::analyze::effects::gives_one_at_most;
use crate::facts::Facts;

pub struct ExistsReadsOne;

impl ReadRule for ExistsReadsOne {
    fn name(&self) -> &'static str {
        "exists_reads_one"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let settled = |last: &Stage| gives_one_at_most(last) || *last == Stage::Match(Expr::Constant(false));
        if read.terminal != Terminal::Exists || read.stages.last().is_some_and(settled) {
            return None;
        }
        let mut stages = read.stages.clone();
        if matches!(stages.last(), Some(Stage::Limit(_))) {
            stages.pop();
        }
        stages.push(Stage::Limit(1));
        Some(stages)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{eq, facet, print, read};

    #[test]
    fn one_is_enough() {
        let stages = vec![Stage::Match(eq("a", 1)), Stage::Limit(10)];
        let after = ExistsReadsOne.rewrite(&read(stages, Terminal::Exists), &Facts::none()).unwrap();
        assert_eq!(print(&after), "Match(a == 1) . Limit(1)");
    }

    #[test]
    fn a_skip_keeps_its_limit() {
        let stages = vec![Stage::Limit(10), Stage::Skip(5)];
        let after = ExistsReadsOne.rewrite(&read(stages, Terminal::Exists), &Facts::none()).unwrap();
        assert_eq!(print(&after), "Limit(10) . Skip(5) . Limit(1)");
    }

    #[test]
    fn what_nothing_meets_needs_no_limit() {
        let stages = vec![Stage::Match(Expr::Constant(false))];
        assert_eq!(ExistsReadsOne.rewrite(&read(stages, Terminal::Exists), &Facts::none()), None);
    }

    #[test]
    fn what_gives_one_needs_no_limit() {
        let group = Stage::Group { by: None, outputs: vec![] };
        for last in [Stage::Count("n".into()), Stage::Limit(1), facet(vec![vec![]]), group] {
            assert_eq!(ExistsReadsOne.rewrite(&read(vec![last], Terminal::Exists), &Facts::none()), None);
        }
    }

    #[test]
    fn a_find_reads_all() {
        for terminal in [Terminal::Find, Terminal::Aggregate, Terminal::Count] {
            assert_eq!(ExistsReadsOne.rewrite(&read(vec![], terminal), &Facts::none()), None);
        }
    }
}
