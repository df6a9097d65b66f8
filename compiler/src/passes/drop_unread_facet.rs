//! Drops the outputs of a `Facet` that nobody reads.
//!
//! ```text
//! Facet(n=[Count(n)], all=[Sort(a)]) . Project(n)   =>   Facet(n=[Count(n)]) . Project(n)
//! ```
//!
//! Never the last output: a facet has one. Never where its document is given, or where something may read it whole:
//! `$$ROOT`, an opaque stage. Null, missing and arrays: a facet gives one document, whatever its outputs find. An output
//! that fails on a document fails no longer.

use data_bridge_ir::Stage;
use data_bridge_ir::plan::Read;

use super::ReadRule;
use super::unread::{Fate, without_unread};
use crate::facts::Facts;

pub struct DropUnreadFacet;

impl ReadRule for DropUnreadFacet {
    fn name(&self) -> &'static str {
        "drop_unread_facet"
    }

    fn rewrite(&self, read: &Read, _facts: &Facts) -> Option<Vec<Stage>> {
        let is_facet = |stage: &Stage| matches!(stage, Stage::Facet(_));
        without_unread(read, is_facet, |stage, needed| {
            let Stage::Facet(outputs) = stage else { return Fate::Stays };
            let mut seen: Vec<_> = outputs.iter().filter(|(name, _)| needed.has(name)).collect();
            if seen.is_empty() {
                seen.extend(outputs.first());
            }
            if seen.len() == outputs.len() {
                return Fate::Stays;
            }
            Fate::Becomes(Stage::Facet(seen.into_iter().cloned().collect()))
        })
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{facet, include, print, read, set};

    fn rewritten(stages: &[Stage], terminal: Terminal) -> Option<String> {
        DropUnreadFacet.rewrite(&read(stages.to_vec(), terminal), &Facts::none()).map(|stages| print(&stages))
    }

    fn two() -> Stage {
        facet(vec![vec![Stage::Count("n".into())], vec![Stage::Limit(1)]])
    }

    #[test]
    fn what_nobody_reads_goes() {
        let after = "Facet(f1=[Limit(1)]) . Project(f1)";
        assert_eq!(rewritten(&[two(), include(&["f1"])], Terminal::Aggregate).unwrap(), after);
    }

    #[test]
    fn one_output_stays() {
        assert_eq!(rewritten(&[two()], Terminal::Count).unwrap(), "Facet(f0=[Count(n)])");
        assert_eq!(rewritten(&[facet(vec![vec![]])], Terminal::Count), None);
    }

    #[test]
    fn what_is_given_or_read_stays() {
        assert_eq!(rewritten(&[two()], Terminal::Aggregate), None);
        assert_eq!(rewritten(&[two(), include(&["f0", "f1"])], Terminal::Aggregate), None);
        let root = set("all", Expr::Variable("ROOT".into()));
        for whole in [Stage::Raw(1.into()), root] {
            assert_eq!(rewritten(&[two(), whole, include(&["all"])], Terminal::Aggregate), None);
        }
    }
}
