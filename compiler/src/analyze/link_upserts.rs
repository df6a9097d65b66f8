//! Links that a filter asks for, in what an upsert inserts.
//!
//! The server copies a filter's equalities into the document that it makes. A link is asked for in each form that it may be
//! stored in, and so by no equality any more: what was asked for is given beside the filter.
//!
//! ```text
//! upsert(author == 7, $set year: 1)   =>   $set year: 1, $setOnInsert author: 7
//! ```
//!
//! Links in lists are left out, as one element is not the list; and so is a path that the update writes by itself.

use data_bridge_ir::expr::CompareOp;
use data_bridge_ir::plan::Change;
use data_bridge_ir::update::{Operation, Update};
use data_bridge_ir::{DType, Expr, Operands, Path, SchemaRef, Stage, Value};

use super::link_conditions::Conditions;
use super::link_updates::as_stored;

/// Gives what the change may insert the links that the filter asks for.
pub(super) fn add_links(change: &mut Change, filter: &Expr, schema: &SchemaRef) {
    let Change::Update { update, upsert: true } = change else { return };
    let mut asked = Vec::new();
    collect(filter, schema, &mut asked);
    match update {
        Update::Operators(operations) => {
            asked.retain(|link| !operations.iter().any(|operation| operation.path.overlaps(&link.path)));
            operations.extend(asked);
        }
        Update::Pipeline(_) if asked.is_empty() => {}
        Update::Pipeline(stages) => {
            // A document that was found has its link, in whichever form.
            let fields = asked.into_iter().map(|link| (link.path.clone(), or_else(link.path, link.operand))).collect();
            stages.insert(0, Stage::Set(fields));
        }
    }
}

fn or_else(path: Path, value: Value) -> Expr {
    let operands = Operands::Positional(vec![Expr::Field(path), Expr::Literal(value)]);
    Expr::Call { name: "$ifNull".to_owned(), operands }
}

fn collect(filter: &Expr, schema: &SchemaRef, asked: &mut Vec<Operation>) {
    if let Expr::And(terms) = filter {
        terms.iter().for_each(|term| collect(term, schema, asked));
        return;
    }
    let Some((CompareOp::Eq, path, value)) = filter.as_field_compare() else { return };
    let Some(path) = single_link(path, schema).filter(|_| !value.is_null()) else { return };
    // Asked for twice, it is two ids, which no document meets.
    if !asked.iter().any(|other| other.path.overlaps(&path)) {
        let mut operation = Operation { op: "$setOnInsert".to_owned(), path, operand: value.clone() };
        as_stored(&mut operation, &mut Conditions::of(schema));
        asked.push(operation);
    }
}

/// The path of the one stored link whose id is asked for, as itself or as the id of the linked document.
fn single_link(path: &Path, schema: &SchemaRef) -> Option<Path> {
    let link = match schema.crossing(path.as_str()) {
        Some(crossing) if crossing.rest.as_str() == "_id" => crossing.link,
        Some(_) => return None,
        None => path.clone(),
    };
    let dtype = schema.lookup(link.as_str()).found()?;
    let single = dtype.members().iter().any(|member| matches!(member, DType::Link { back: None, .. }));
    (single && !in_a_list(&link, schema)).then_some(link)
}

fn in_a_list(path: &Path, schema: &SchemaRef) -> bool {
    let prefixes = path.as_str().match_indices('.').map(|(end, _)| &path.as_str()[..end]);
    std::iter::once(path.as_str())
        .chain(prefixes)
        .any(|prefix| schema.lookup(prefix).found().is_none_or(|dtype| dtype.may_be_array()))
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::dtype::LinkForm;
    use data_bridge_ir::schema::{Collection, FieldSchema, Schema};

    use super::*;

    fn book() -> SchemaRef {
        let author = SchemaRef::declare("Author");
        let collection = Some(Collection { database: None, name: "authors".to_owned() });
        let fields = [("_id".to_owned(), FieldSchema::new(DType::Int, true))].into_iter().collect();
        author.define(Schema { collection, fields, ..Schema::default() });
        let link = DType::Link { target: author, id: Box::new(DType::Int), form: LinkForm::Id, back: None };
        let book = SchemaRef::declare("Book");
        let fields = [("author", link.clone()), ("editors", DType::Array(Box::new(link))), ("year", DType::Int)];
        let fields = fields.map(|(name, dtype)| (name.to_owned(), FieldSchema::new(dtype, true)));
        book.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        book
    }

    fn eq(path: &str, value: i32) -> Expr {
        Expr::compare(CompareOp::Eq, Expr::field(path), Expr::Literal(Value::from(value)))
    }

    fn inserted(filter: &Expr, written: &str, upsert: bool) -> Vec<String> {
        let given = Operation { op: "$set".to_owned(), path: written.into(), operand: Value::from(1) };
        let mut change = Change::Update { update: Update::Operators(vec![given]), upsert };
        add_links(&mut change, filter, &book());
        let Change::Update { update: Update::Operators(operations), .. } = change else {
            panic!("it is an update still")
        };
        let added = operations.iter().filter(|each| each.op == "$setOnInsert");
        added.map(|each| format!("{}: {}", each.path.as_str(), each.operand)).collect()
    }

    #[test]
    fn what_is_asked_for_is_inserted() {
        let filter = Expr::And(vec![eq("year", 1), Expr::And(vec![eq("author", 7)])]);
        assert_eq!(inserted(&filter, "year", true), ["author: 7"]);
        assert_eq!(inserted(&eq("author._id", 7), "year", true), ["author: 7"]);
    }

    #[test]
    fn nothing_else_is() {
        assert!(inserted(&eq("author", 7), "author", true).is_empty());
        assert!(inserted(&eq("author", 7), "year", false).is_empty());
        assert!(inserted(&eq("editors", 7), "year", true).is_empty());
        assert!(inserted(&eq("year", 7), "author", true).is_empty());
        assert!(inserted(&Expr::Or(vec![eq("author", 7)]), "year", true).is_empty());
    }

    #[test]
    fn a_pipeline_keeps_what_is_stored() {
        let mut change = Change::Update { update: Update::Pipeline(vec![]), upsert: true };
        add_links(&mut change, &eq("author", 7), &book());
        let Change::Update { update: Update::Pipeline(stages), .. } = change else { panic!("it is a pipeline still") };
        assert_eq!(stages, [Stage::Set(vec![("author".into(), or_else("author".into(), Value::from(7)))])]);
    }
}
