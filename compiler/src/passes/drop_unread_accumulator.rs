//! Drops the outputs of a `Group` that nobody reads.
//!
//! ```text
//! Group(by=city, n=sum(1), all=push(name)) . Project(n)   =>   Group(by=city, n=sum(1)) . Project(n)
//! ```
//!
//! Never the group itself, whose documents are one for each key, nor its key. Never where the groups themselves are
//! given, or where something may read them whole: `$$ROOT`, an opaque stage. Null, missing and arrays: which groups
//! there are depends on the key alone. An output that fails on a document fails no longer.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::ReadRule;
use super::unread::{Fate, without_unread};
use crate::facts::Facts;

pub struct DropUnreadAccumulator;

impl ReadRule for DropUnreadAccumulator {
    fn name(&self) -> &'static str {
        "drop_unread_accumulator"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let is_group = |stage: &Stage| matches!(stage, Stage::Group { .. });
        without_unread(read, is_group, |stage, needed| match stage {
            Stage::Group { by, outputs } if !outputs.iter().all(|output| needed.has(&output.output)) => {
                let outputs = outputs.iter().filter(|output| needed.has(&output.output)).cloned().collect();
                Fate::Becomes(Stage::Group { by: by.clone(), outputs })
            }
            _ => Fate::Stays,
        })
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, group, include, print, read, set, sort};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DropUnreadAccumulator.rewrite(&read(stages.to_vec(), terminal), &Facts::none()).map(|stages| print(&stages))
    }

    #[test]
    fn what_nobody_reads_goes_and_the_group_stays() {
        let after = Some("Group(by=a) . Project(_id)".to_owned());
        assert_eq!(rewritten(&[group("a", "b"), include(&["_id"])], Terminal::Aggregate), after);
        assert_eq!(rewritten(&[group("a", "b")], Terminal::Count).unwrap(), "Group(by=a)");
        assert_eq!(
            rewritten(&[group("a", "b"), Stage::Count("k".into())], Terminal::Find).unwrap(),
            "Group(by=a) . Count(k)"
        );
    }

    #[test]
    fn what_is_given_or_read_stays() {
        assert_eq!(rewritten(&[group("a", "b")], Terminal::Aggregate), None);
        assert_eq!(
            rewritten(&[group("a", "b"), sort("n"), Stage::Limit(1), include(&["_id"])], Terminal::Aggregate),
            None
        );
        assert_eq!(rewritten(&[group("a", "b"), Stage::Match(eq("n.x", 1))], Terminal::Count), None);
    }

    #[test]
    fn opaque_stages_read_everything() {
        assert_eq!(rewritten(&[group("a", "b"), Stage::Raw(1.into()), include(&["_id"])], Terminal::Aggregate), None);
        let root = set("r", Expr::Variable("ROOT".into()));
        assert_eq!(rewritten(&[group("a", "b"), root, include(&["r"])], Terminal::Aggregate), None);
    }
}
