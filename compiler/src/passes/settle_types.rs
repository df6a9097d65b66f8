//! Decides a test for the type of a field whose type is known.
//!
//! ```text
//! a is of type "string"   =>   true, of a field of texts        a is of type "int"   =>   false
//! ```
//!
//! Needs the facts that the field has one type and, to hold, that it is always there: a missing field has no type, null is
//! a type of its own, and an array has those of its elements too. Never decides between int and long, both of which an
//! integer field holds.

use data_bridge_ir::{DType, Expr};

use super::{Nodes, PredicateRule};
use crate::facts::Facts;

pub struct SettleTypes;

impl PredicateRule for SettleTypes {
    fn name(&self) -> &'static str {
        "settle_types"
    }

    fn concerns(&self) -> Nodes {
        Nodes::IS_TYPE
    }

    fn rewrite(&self, predicate: &Expr, facts: &Facts) -> Option<Expr> {
        let Expr::IsType { field, types } = predicate else { return None };
        if !facts.is_single(field) {
            return None;
        }
        let stored = names(&facts.dtype(field)?)?;
        let asked = |name: &&str| types.iter().any(|each| each == name || (each == "number" && is_number(name)));
        if stored.iter().all(asked) && facts.is_present(field) {
            return Some(Expr::Constant(true));
        }
        // Null is stored where the field may be null, and then its type is not one of these.
        let may_be_null = types.iter().any(|each| each == "null");
        (!may_be_null && !stored.iter().any(asked)).then_some(Expr::Constant(false))
    }
}

fn is_number(name: &str) -> bool {
    matches!(name, "int" | "long" | "double" | "decimal")
}

/// MongoDB's names of the types that values of a field are stored with.
fn names(dtype: &DType) -> Option<&'static [&'static str]> {
    Some(match dtype {
        DType::Bool => &["bool"],
        DType::Int => &["int", "long"],
        DType::Double => &["double", "int", "long"],
        DType::Decimal => &["decimal"],
        DType::String => &["string"],
        DType::Binary => &["binData"],
        DType::ObjectId => &["objectId"],
        DType::Date => &["date"],
        DType::Timestamp => &["timestamp"],
        DType::Regex => &["regex"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_rewrites_knowing, assert_unchanged, assert_unchanged_knowing, known};

    fn is(path: &str, types: &[&str]) -> Expr {
        Expr::IsType { field: path.into(), types: types.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn a_known_type_is_not_asked_for() {
        assert_rewrites_knowing(&SettleTypes, &known(), is("city", &["string"]), "true");
        assert_rewrites_knowing(&SettleTypes, &known(), is("age", &["number"]), "true");
        assert_rewrites_knowing(&SettleTypes, &known(), is("age", &["string", "bool"]), "false");
        assert_rewrites_knowing(&SettleTypes, &known(), is("nickname", &["int"]), "false");
        assert_rewrites_knowing(&SettleTypes, &known(), is("city", &["number"]), "false");
        assert_rewrites_knowing(&SettleTypes, &known(), is("score", &["number", "null"]), "true");
    }

    #[test]
    fn what_the_schema_does_not_decide_is_asked_for() {
        assert_unchanged_knowing(&SettleTypes, &known(), is("age", &["int"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("nickname", &["string"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("nickname", &["null"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("nickname", &["null", "int"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("score", &["double"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("score", &["int"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("tags", &["string"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("tags", &["int"]));
        assert_unchanged_knowing(&SettleTypes, &known(), is("unknown", &["string"]));
        assert_unchanged(&SettleTypes, is("city", &["string"]));
    }
}
