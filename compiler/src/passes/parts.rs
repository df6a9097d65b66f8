//! What a plan is made of, as the driver walks it.

use data_bridge_ir::{Expr, Stage};

/// The pipelines inside a stage, with what a trace calls them.
pub fn pipelines(stage: &mut Stage) -> Vec<(String, &mut Vec<Stage>)> {
    match stage {
        Stage::Lookup(lookup) => {
            let name = format!("Lookup({})", lookup.output);
            lookup.pipeline.iter_mut().map(|pipeline| (name.clone(), pipeline)).collect()
        }
        Stage::UnionWith(union) => {
            let name = format!("UnionWith({})", union.collection.as_deref().unwrap_or("documents"));
            vec![(name, &mut union.pipeline)]
        }
        Stage::Facet(outputs) => {
            outputs.iter_mut().map(|(name, pipeline)| (format!("Facet({name})"), pipeline)).collect()
        }
        _ => Vec::new(),
    }
}

/// The filters among the arguments of a stage that has no node of its own.
pub fn filters(stage: &mut Stage) -> impl Iterator<Item = &mut Expr> {
    let arguments = match stage {
        Stage::Generic { body: Expr::Document(arguments), .. } => arguments.as_mut_slice(),
        _ => &mut [],
    };
    arguments.iter_mut().filter_map(|(_, given)| match given {
        Expr::Filter(predicate) => Some(&mut **predicate),
        _ => None,
    })
}

/// How many parts of a stage rules look at.
pub fn size(stage: &Stage) -> usize {
    let inner = |stages: &[Stage]| stages.iter().map(size).sum::<usize>();
    1 + match stage {
        Stage::Match(predicate) => terms(predicate),
        Stage::Lookup(lookup) => lookup.pipeline.as_deref().map_or(0, inner),
        Stage::UnionWith(union) => inner(&union.pipeline),
        Stage::Facet(outputs) => outputs.iter().map(|(_, stages)| 1 + inner(stages)).sum(),
        Stage::Generic { body: Expr::Document(arguments), .. } => arguments
            .iter()
            .map(|(_, given)| if let Expr::Filter(predicate) = given { terms(predicate) } else { 0 })
            .sum(),
        _ => 0,
    }
}

/// How many terms a predicate has, at all depths.
pub fn terms(predicate: &Expr) -> usize {
    match predicate {
        Expr::And(items) | Expr::Or(items) | Expr::Nor(items) => items.iter().map(terms).sum::<usize>() + 1,
        Expr::Not(child) => terms(child) + 1,
        Expr::ElemMatch { predicate, .. } | Expr::Linked { predicate, .. } => terms(predicate) + 1,
        _ => 1,
    }
}
