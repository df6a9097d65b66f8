//! Drops a `Sort` or a `Limit` behind a stage that gives one document at most.
//!
//! ```text
//! Group(by=None, n=sum(1)) . Sort(-n) . Limit(5)   =>   Group(by=None, n=sum(1))
//! ```
//!
//! Only behind `Count`, `Facet`, `Limit(1)` and a `Group` by nothing. Never behind a group by a literal or a field,
//! even where there is likely one group, and never a `Skip`: that drops the one. Null, missing and arrays: whole
//! documents are counted, and one document is in order whatever it holds.

use data_bridge_ir::Stage;

use super::{Rewrite, StageRule};
use crate::analyze::effects::gives_one_at_most;

pub struct DropOrderOfOne;

impl StageRule for DropOrderOfOne {
    fn name(&self) -> &'static str {
        "drop_order_of_one"
    }

    fn rewrite(&self, stages: &[Stage]) -> Option<Rewrite> {
        match stages {
            [one, Stage::Sort(_) | Stage::Limit(1..), ..] if gives_one_at_most(one) => {
                Some(Rewrite::replace(2, vec![one.clone()]))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::Expr;

    use super::*;
    use crate::testing::{assert_stages_rewrite, assert_stages_unchanged, facet, generic, sort, unwind};

    fn group(by: Option<Expr>) -> Stage {
        Stage::Group { by, outputs: vec![] }
    }

    #[test]
    fn one_document_needs_no_order_and_no_limit() {
        assert_stages_rewrite(&DropOrderOfOne, &[group(None), sort("n")], "Group(by=None)");
        assert_stages_rewrite(&DropOrderOfOne, &[Stage::Count("n".into()), Stage::Limit(2)], "Count(n)");
        assert_stages_rewrite(&DropOrderOfOne, &[Stage::Limit(1), sort("n")], "Limit(1)");
        assert_stages_rewrite(&DropOrderOfOne, &[facet(vec![vec![]]), sort("n")], "Facet(f0=[])");
    }

    #[test]
    fn several_documents_do() {
        assert_stages_unchanged(&DropOrderOfOne, &[group(Some(Expr::field("a"))), sort("n")]);
        assert_stages_unchanged(&DropOrderOfOne, &[group(Some(Expr::Literal(1.into()))), Stage::Limit(1)]);
        for several in [Stage::Limit(2), Stage::Sample(1), unwind("a"), generic(), Stage::Raw(1.into())] {
            assert_stages_unchanged(&DropOrderOfOne, &[several, sort("n")]);
        }
    }

    #[test]
    fn a_skip_drops_the_one() {
        assert_stages_unchanged(&DropOrderOfOne, &[group(None), Stage::Skip(1)]);
        assert_stages_unchanged(&DropOrderOfOne, &[group(None), Stage::Limit(0)]);
    }
}
