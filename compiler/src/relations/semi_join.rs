//! The ids of the other side first: each linked predicate becomes `$in` of ids that an earlier step reads.

use data_bridge_ir::{Expr, Value};

use super::{Feed, stored};
use crate::error::CompileError;
use crate::physical::Hole;

/// The predicate without links; what it needs is appended to the feeds, what that needs before it.
pub fn predicate(predicate: Expr, feeds: &mut Vec<Feed>) -> Result<Expr, CompileError> {
    match predicate {
        Expr::Linked { link, target, back, predicate: test } => {
            let filter = self::predicate(*test, feeds)?;
            let collection = stored(&target)?;
            let (field, collected, hole) = match back {
                None => (link, "_id".into(), Hole::Links { feed: feeds.len(), collection: collection.name.clone() }),
                Some(back) => ("_id".into(), back, Hole::Ids { feed: feeds.len() }),
            };
            feeds.push(Feed { collection, schema: target, filter, collected });
            Ok(Expr::In {
                needle: Box::new(Expr::Field(field)),
                values: vec![Value(hole.placeholder())],
                negated: false,
            })
        }
        Expr::And(_) | Expr::Or(_) | Expr::Nor(_) | Expr::Not(_) => {
            predicate.map_children(|child| self::predicate(child, feeds))
        }
        other => Ok(other),
    }
}
