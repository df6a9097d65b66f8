//! Reduces a read that no document can pass to its false match: nothing needs to be sent.
//!
//! ```text
//! Match(false) . Sort(-age) . Limit(3)   =>   Match(false)
//! ```
//!
//! Never when a later stage makes documents of its own: `$facet` and `$unionWith` answer even for no input, and
//! `$out` writes. Null, missing and arrays: there is no document to look into.

use data_bridge_ir::plan::Read;
use data_bridge_ir::{Expr, Stage};

use super::ReadRule;
use crate::facts::Facts;

pub struct FalseMatchToNothing;

impl ReadRule for FalseMatchToNothing {
    fn name(&self) -> &'static str {
        "false_match_to_nothing"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let opaque = |stage: &Stage| {
            matches!(stage, Stage::UnionWith(_) | Stage::Facet(_) | Stage::Generic { .. } | Stage::Raw(_))
        };
        let is_false = |stage: &Stage| *stage == Stage::Match(Expr::Constant(false));
        if read.stages.len() < 2 || !read.stages.iter().any(is_false) || read.stages.iter().any(opaque) {
            return None;
        }
        Some(vec![Stage::Match(Expr::Constant(false))])
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, facet, generic, print, read, sort, union};

    #[test]
    fn nothing_else_is_left() {
        let stages = vec![Stage::Match(Expr::Constant(false)), sort("age")];
        let after = FalseMatchToNothing.rewrite(&read(stages, Terminal::Find), &Facts::none()).unwrap();
        assert_eq!(print(&after), "Match(false)");
    }

    #[test]
    fn what_answers_or_writes_for_no_input_stays() {
        for stage in [facet(vec![vec![]]), union(vec![]), generic(), Stage::Raw(1.into())] {
            let stages = vec![Stage::Match(Expr::Constant(false)), stage];
            assert_eq!(FalseMatchToNothing.rewrite(&read(stages, Terminal::Find), &Facts::none()), None);
        }
    }

    #[test]
    fn what_is_nothing_already_or_something_stays() {
        for stages in [vec![Stage::Match(Expr::Constant(false))], vec![Stage::Match(eq("a", 1)), sort("a")]] {
            assert_eq!(FalseMatchToNothing.rewrite(&read(stages, Terminal::Find), &Facts::none()), None);
        }
    }
}
