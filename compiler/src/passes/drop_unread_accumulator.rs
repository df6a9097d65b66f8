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
use crate::analyze::needed_fields::behind_each;

pub struct DropUnreadAccumulator;

impl ReadRule for DropUnreadAccumulator {
    fn name(&self) -> &'static str {
        "drop_unread_accumulator"
    }

    fn rewrite(&self, read: &Read) -> Option<Vec<Stage>> {
        if !read.stages.iter().any(|stage| matches!(stage, Stage::Group { .. })) {
            return None;
        }
        let mut changed = false;
        let mut stages = read.stages.clone();
        for (stage, needed) in stages.iter_mut().zip(behind_each(read)) {
            if let Stage::Group { outputs, .. } = stage {
                let all = outputs.len();
                outputs.retain(|output| needed.has(&output.output));
                changed |= outputs.len() < all;
            }
        }
        changed.then_some(stages)
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, group, include, print, read, set, sort};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DropUnreadAccumulator.rewrite(&read(stages.to_vec(), terminal)).map(|stages| print(&stages))
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
