//! Drops keys of a `Sort` that decide nothing: those behind a unique one, and those on which all documents agree.
//!
//! ```text
//! Sort(-email, name)                     =>   Sort(-email)
//! Match(city == "NYC") . Sort(city, age)   =>   Match(city == "NYC") . Sort(age)
//! ```
//!
//! The first needs the fact that no two documents hold the same value at the path, the second that no array stands on
//! it: `[1, 9]` meets `a == 9` and is sorted by 1. Null and missing: an index that is unique and leaves none out keeps
//! them apart too; equality with null is left alone. Never behind a stage that changes documents. A query with a
//! collation relies on nothing.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::Read;
use data_bridge_ir::stage::SortKey;
use data_bridge_ir::{Expr, Path, Stage};

use super::ReadRule;
use crate::analyze::effects::keeps_stored;
use crate::facts::Facts;

pub struct DropSettledSortKeys;

impl ReadRule for DropSettledSortKeys {
    fn name(&self) -> &'static str {
        "drop_settled_sort_keys"
    }

    fn rewrite(&self, read: &Read, facts: &Facts) -> Option<Vec<Stage>> {
        if !read.stages.iter().any(|stage| matches!(stage, Stage::Sort(_))) {
            return None;
        }
        let mut settled: Vec<&Path> = Vec::new();
        for (place, stage) in read.stages.iter().enumerate().take_while(|(_, stage)| keeps_stored(stage)) {
            match stage {
                Stage::Match(predicate) => settled.extend(equalities(predicate)),
                Stage::Sort(keys) => {
                    let Some(left) = deciding(keys, &settled, facts) else { continue };
                    let mut stages = read.stages.clone();
                    if left.is_empty() {
                        stages.remove(place);
                    } else {
                        stages[place] = Stage::Sort(left);
                    }
                    return Some(stages);
                }
                _ => {}
            }
        }
        None
    }
}

/// The paths that a predicate holds to one value.
fn equalities(predicate: &Expr) -> impl Iterator<Item = &Path> {
    let terms = if let Expr::And(terms) = predicate { terms.as_slice() } else { std::slice::from_ref(predicate) };
    terms.iter().filter_map(|term| match term.as_field_compare() {
        Some((CompareOp::Eq, path, value)) if !value.is_null() && !value.is_regex() => Some(path),
        _ => None,
    })
}

/// The keys without those that decide nothing; none when all of them may decide.
fn deciding(keys: &[SortKey], settled: &[&Path], facts: &Facts) -> Option<Vec<SortKey>> {
    let mut left = Vec::with_capacity(keys.len());
    for key in keys {
        if settled.contains(&&key.path) && facts.is_single(&key.path) {
            continue;
        }
        left.push(key.clone());
        if left.len() < keys.len() && facts.is_unique(&key.path) {
            break;
        }
    }
    (left.len() < keys.len()).then_some(left)
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Terminal;

    use super::*;
    use crate::testing::{eq, gt, known, known_under_collation, null, pattern, print, read, set};

    fn by(paths: &[&str]) -> Stage {
        Stage::Sort(paths.iter().map(|path| SortKey { path: (*path).into(), descending: false }).collect())
    }

    fn rewritten(stages: &[Stage], facts: Facts) -> Option<String> {
        DropSettledSortKeys.rewrite(&read(stages.to_vec(), Terminal::Find), &facts).map(|stages| print(&stages))
    }

    #[test]
    fn what_is_behind_a_unique_key_decides_nothing() {
        assert_eq!(rewritten(&[by(&["age", "email", "city"])], known()).unwrap(), "Sort(+age, +email)");
    }

    #[test]
    fn what_is_the_same_in_all_decides_nothing() {
        let stages = [Stage::Match(eq("city", "NYC")), by(&["city", "age"])];
        assert_eq!(rewritten(&stages, known()).unwrap(), "Match(city == \"NYC\") . Sort(+age)");
        let stages = [Stage::Match(eq("city", "NYC")), by(&["city"])];
        assert_eq!(rewritten(&stages, known()).unwrap(), "Match(city == \"NYC\")");
    }

    #[test]
    fn without_facts_all_keys_may_decide() {
        let stages = [Stage::Match(eq("city", "NYC")), by(&["email", "city"])];
        assert_eq!(rewritten(&stages, Facts::none()), None);
        assert_eq!(rewritten(&[Stage::Match(eq("tags", "x")), by(&["tags", "age"])], known()), None);
        assert_eq!(rewritten(&[by(&["age", "email"])], known()), None);
    }

    #[test]
    fn documents_that_were_changed_are_not_known() {
        let stages = [set("email", Expr::field("age")), by(&["email", "city"])];
        assert_eq!(rewritten(&stages, known()), None);
    }

    #[test]
    fn null_patterns_and_ranges_hold_a_path_to_no_value() {
        for predicate in [eq("nickname", null()), eq("nickname", pattern()), gt("nickname", "x")] {
            assert_eq!(rewritten(&[Stage::Match(predicate), by(&["nickname", "age"])], known()), None);
        }
        let either = Expr::Or(vec![eq("city", "NYC"), eq("age", 1)]);
        assert_eq!(rewritten(&[Stage::Match(either), by(&["city", "age"])], known()), None);
    }

    #[test]
    fn a_collation_may_find_equal_what_the_index_tells_apart() {
        let stages = [Stage::Match(eq("city", "NYC")), by(&["city", "email", "age"])];
        assert_eq!(rewritten(&stages, known_under_collation()), None);
    }
}
