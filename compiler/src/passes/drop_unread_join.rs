//! Drops a `Lookup` and the `Unwind` of what it found, where they change neither which documents there are nor what
//! anybody reads.
//!
//! ```text
//! Lookup(authors -> author) . Unwind(author) . Group(by=year)   =>   Group(by=year), of a link that always leads to one
//! Lookup(authors -> author) . Unwind?(author) . Count(n)         =>   Count(n), of a link that leads to one or is missing
//! ```
//!
//! Needs the facts that the local field is one link, stored as an id, to the collection that is joined, and that it leads
//! to exactly one document; and, where documents without a match are dropped, that every document has it. Never a join
//! with a pipeline, which may leave matches out, nor by another field than the id, nor an unwinding that numbers. Null
//! and missing: such a link may meet a document whose id is null, and no more than one. Never behind a stage that
//! changed the link. Arrays: the fact excludes them.

use std::collections::HashSet;

use data_bridge_ir::plan::Read;
use data_bridge_ir::stage::Lookup;
use data_bridge_ir::{Path, Stage};

use super::ReadRule;
use crate::analyze::effects::leaves;
use crate::analyze::needed_fields::behind_each;
use crate::facts::Facts;

pub struct DropUnreadJoin;

impl ReadRule for DropUnreadJoin {
    fn name(&self) -> &'static str {
        "drop_unread_join"
    }

    fn rewrite(&self, read: &Read, facts: &Facts) -> Option<Vec<Stage>> {
        if !read.stages.windows(2).any(|pair| as_join(pair).is_some()) {
            return None;
        }
        let mut gone = HashSet::new();
        let mut place = read.stages.len();
        behind_each(read, |_, needed| {
            place -= 1;
            let pair = place.checked_sub(1).and_then(|first| read.stages.get(first..=place));
            let Some(Join { lookup, local, output, preserve }) = pair.and_then(as_join) else { return };
            let before = &read.stages[..place - 1];
            if !needed.has(output)
                && before.iter().all(|stage| leaves(stage, local.root()))
                && leads_to_one(facts, read, local, lookup, preserve)
            {
                gone.extend([place - 1, place]);
            }
        });
        let left = read.stages.iter().enumerate().filter(|(place, _)| !gone.contains(place));
        (!gone.is_empty()).then(|| left.map(|(_, stage)| stage.clone()).collect())
    }
}

/// A `Lookup` by ids and the `Unwind` of what it finds.
struct Join<'a> {
    lookup: &'a Lookup,
    local: &'a Path,
    output: &'a str,
    preserve: bool,
}

fn as_join(pair: &[Stage]) -> Option<Join<'_>> {
    let [Stage::Lookup(lookup), Stage::Unwind { path, index: None, preserve }] = pair else { return None };
    let local = lookup.local.as_ref().filter(|_| joins_ids(lookup))?;
    let output = path.as_str();
    let whole = output == lookup.output && !output.contains('.');
    whole.then_some(Join { lookup, local, output, preserve: *preserve })
}

fn joins_ids(lookup: &Lookup) -> bool {
    lookup.pipeline.is_none() && lookup.foreign.as_ref().is_some_and(|foreign| foreign.as_str() == "_id")
}

fn leads_to_one(facts: &Facts, read: &Read, local: &Path, lookup: &Lookup, preserve: bool) -> bool {
    let Some(leading) = facts.leading_link(local) else { return false };
    let stored = |schema: &data_bridge_ir::SchemaRef| schema.get().and_then(|schema| schema.collection.clone());
    let Some(target) = stored(&leading.target) else { return false };
    let here = stored(&read.source.schema).and_then(|collection| collection.database);
    let joined = lookup.collection.as_deref() == Some(target.name.as_str()) && target.database == here;
    joined && leading.as_id && (leading.always || preserve)
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Terminal;
    use data_bridge_ir::schema::{Collection, Schema};
    use data_bridge_ir::{DType, Expr, SchemaRef};

    use super::*;
    use crate::testing::{eq, group, linking, linking_schema, lookup, print, read, set};

    fn join(local: &str) -> Stage {
        let Stage::Lookup(join) = lookup("found") else { unreachable!("made as one") };
        Stage::Lookup(Lookup {
            collection: Some("authors".into()),
            local: Some(local.into()),
            foreign: Some("_id".into()),
            ..join
        })
    }

    fn unwind(preserve: bool) -> Stage {
        Stage::Unwind { path: "found".into(), index: None, preserve }
    }

    fn rewritten(stages: &[Stage], facts: Facts) -> Option<String> {
        let mut read = read(stages.to_vec(), Terminal::Aggregate);
        read.source.schema = linking_schema();
        DropUnreadJoin.rewrite(&read, &facts).map(|stages| print(&stages))
    }

    fn counted(join: Stage, unwind: Stage) -> [Stage; 3] {
        [join, unwind, Stage::Count("n".into())]
    }

    #[test]
    fn a_join_of_one_document_that_nobody_reads_goes() {
        assert_eq!(rewritten(&counted(join("author"), unwind(false)), linking()).unwrap(), "Count(n)");
        assert_eq!(rewritten(&counted(join("editor"), unwind(true)), linking()).unwrap(), "Count(n)");
        let grouped = [Stage::Match(eq("year", 1)), join("author"), unwind(false), group("year", "pages")];
        assert_eq!(rewritten(&grouped, linking()).unwrap(), "Match(year == 1) . Group(by=year, n=sum(pages))");
    }

    #[test]
    fn documents_without_a_link_would_stay() {
        assert_eq!(rewritten(&counted(join("editor"), unwind(false)), linking()), None);
    }

    #[test]
    fn nothing_is_dropped_on_hearsay() {
        assert_eq!(rewritten(&counted(join("author"), unwind(false)), Facts::none()), None);
    }

    #[test]
    fn what_is_read_or_given_stays() {
        assert_eq!(rewritten(&[join("author"), unwind(false)], linking()), None);
        assert_eq!(rewritten(&[join("author"), unwind(false), group("found.name", "pages")], linking()), None);
    }

    #[test]
    fn other_joins_may_find_none_or_several() {
        let changed = |change: &dyn Fn(&mut Lookup)| {
            let Stage::Lookup(mut lookup) = join("author") else { unreachable!("made as one") };
            change(&mut lookup);
            rewritten(&counted(Stage::Lookup(lookup), unwind(false)), linking())
        };
        assert_eq!(changed(&|lookup| lookup.foreign = Some("name".into())), None);
        assert_eq!(changed(&|lookup| lookup.collection = Some("others".into())), None);
        assert_eq!(changed(&|lookup| lookup.pipeline = Some(vec![Stage::Limit(1)])), None);
        assert_eq!(rewritten(&counted(join("readers"), unwind(false)), linking()), None);
    }

    #[test]
    fn only_what_the_join_found_is_dropped_with_it() {
        let below = |path: &str| {
            let Stage::Lookup(found) = join("author") else { unreachable!("made as one") };
            let unwind = Stage::Unwind { path: path.into(), index: None, preserve: false };
            rewritten(&counted(Stage::Lookup(Lookup { output: "found.x".into(), ..found }), unwind), linking())
        };
        assert_eq!([below("found.x"), below("found")], [None, None]);
        let others = Stage::Unwind { path: "others".into(), index: None, preserve: false };
        assert_eq!(rewritten(&counted(join("author"), others), linking()), None);
    }

    #[test]
    fn links_may_have_another_form_and_lead_to_another_database() {
        let schema = linking_schema();
        let facts = Facts::of(&schema, &Default::default());
        let mut read = read(counted(join("author"), unwind(false)).into(), Terminal::Aggregate);
        read.source.schema = schema.clone();
        assert!(DropUnreadJoin.rewrite(&read, &facts).is_some());
        schema.set_link_forms_kept(false);
        assert_eq!(DropUnreadJoin.rewrite(&read, &facts), None);
        let Some(DType::Link { target, .. }) = schema.field("author").map(|field| &field.dtype) else {
            unreachable!("made as one")
        };
        schema.set_link_forms_kept(true);
        let elsewhere = Collection { database: Some("elsewhere".into()), name: "authors".into() };
        read.source.schema = SchemaRef::declare("Book");
        read.source.schema.define(Schema { collection: Some(elsewhere), ..Schema::default() });
        assert!(target.get().is_some_and(|known| known.collection.is_some()));
        assert_eq!(DropUnreadJoin.rewrite(&read, &facts), None);
    }

    #[test]
    fn a_link_that_was_changed_is_another() {
        let stages = [vec![set("author", Expr::field("x"))], counted(join("author"), unwind(false)).into()].concat();
        assert_eq!(rewritten(&stages, linking()), None);
    }

    #[test]
    fn numbers_of_elements_stay() {
        let numbered = Stage::Unwind { path: "found".into(), index: Some("i".into()), preserve: false };
        assert_eq!(rewritten(&counted(join("author"), numbered), linking()), None);
    }
}
