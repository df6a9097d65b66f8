//! Decides whether a link leads to a document that is asked nothing more: no other collection is read for that.
//!
//! ```text
//! author.name exists, of authors that all have a name   =>   true, of a class whose links all lead somewhere
//! editor.name exists, of a link that may be missing      =>   editor != null
//! author.age in []                                       =>   false
//! ```
//!
//! Needs the fact that the field is one link, and that it leads to exactly one document of its class whenever it is
//! there: without it a link may dangle. Never of lists of links, nor of links that lead back, of which there may be none.
//! What no document can meet is met by none that a link leads to, whatever is known. Null and missing: no link. Arrays:
//! the fact excludes them.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::{Expr, Value};

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct SettleLinkTest;

impl PredicateRule for SettleLinkTest {
    fn name(&self) -> &'static str {
        "settle_link_test"
    }

    fn concerns(&self) -> Nodes {
        Nodes::LINKED
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let Expr::Linked { link, back, predicate: asked, .. } = predicate else { return None };
        match (&**asked, back) {
            (Expr::Constant(false), _) => Some(Expr::Constant(false)),
            (Expr::Constant(true), None) => {
                let leading = facts.leading_link(link)?;
                let null = Expr::Literal(Value(bson::RawBson::Null));
                Some(match leading.always {
                    true => Expr::Constant(true),
                    false => Expr::compare(CompareOp::Ne, Expr::Field(link.clone()), null),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites, assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing, eq};
    use crate::testing::{linked, linking};

    #[test]
    fn a_link_that_is_always_there_leads_to_a_document() {
        assert_rewrites_knowing(&SettleLinkTest, &linking(), linked("author", Expr::Constant(true)), "true");
    }

    #[test]
    fn one_that_may_be_missing_is_asked_for() {
        assert_rewrites_knowing(&SettleLinkTest, &linking(), linked("editor", Expr::Constant(true)), "editor != null");
    }

    #[test]
    fn nothing_is_met_by_none() {
        assert_rewrites(&SettleLinkTest, linked("readers", Expr::Constant(false)), "false");
    }

    #[test]
    fn lists_of_links_and_what_is_asked_of_the_target_stay() {
        assert_unchanged_knowing(&SettleLinkTest, &linking(), linked("readers", Expr::Constant(true)));
        assert_unchanged_knowing(&SettleLinkTest, &linking(), linked("author", eq("name", "A")));
    }

    #[test]
    fn a_link_may_dangle_where_nothing_else_is_known() {
        assert_unchanged(&SettleLinkTest, linked("author", Expr::Constant(true)));
    }

    #[test]
    fn what_leads_back_may_be_nothing() {
        let mut back = linked("author", Expr::Constant(true));
        if let Expr::Linked { back, .. } = &mut back {
            *back = Some("book".into());
        }
        assert_unchanged_knowing(&SettleLinkTest, &linking(), back.clone());
        if let Expr::Linked { predicate, .. } = &mut back {
            **predicate = Expr::Constant(false);
        }
        assert_rewrites(&SettleLinkTest, back, "false");
    }
}
