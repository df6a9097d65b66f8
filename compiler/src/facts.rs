//! What is known of stored documents, for the rules that are right only where data obeys its schema.

use std::cell::RefCell;
use std::sync::Arc;

use data_bridge_ir::dtype::LinkForm;
use data_bridge_ir::plan::Options;
use data_bridge_ir::schema::{FieldSchema, Unique};
use data_bridge_ir::{DType, Path, SchemaRef, Value};

/// The facts about the documents that a predicate sees. Every fact that is asked for and holds is noted with its source,
/// so that a plan can say what it relies on.
pub struct Facts {
    known: Option<(SchemaRef, Arc<str>)>,
    unique: Option<(SchemaRef, Unique)>,
    /// The query has a collation, which makes texts equal that differ.
    collated: bool,
    used: RefCell<Vec<String>>,
}

/// A link that leads to one document.
pub struct LeadingLink {
    pub target: SchemaRef,
    /// Every document has it.
    pub always: bool,
    /// It is stored as the target's id.
    pub as_id: bool,
}

/// A declared field at the end of a path that goes through single documents only.
struct Declared<'a> {
    field: &'a FieldSchema,
    /// No document on the way to it can be absent or null.
    reached: bool,
}

impl Facts {
    /// Nothing is known.
    pub fn none() -> Self {
        Self { known: None, unique: None, collated: false, used: RefCell::default() }
    }

    /// Of the documents of a collection; nothing where the schema is not trusted, or where a collation makes texts equal
    /// that differ.
    pub fn of(schema: &SchemaRef, options: &Options) -> Self {
        Self { collated: options.contains_key("collation"), ..Self::none() }.of_linked(schema)
    }

    /// Of the documents that a link leads to, which the same query reads.
    pub fn of_linked(&self, target: &SchemaRef) -> Self {
        if self.collated {
            return self.of_others();
        }
        let known = target.trust().map(|reason| (target.clone(), reason));
        let unique = target.unique().map(|unique| (target.clone(), unique));
        Self { known, unique, ..self.of_others() }
    }

    /// Of documents that the same query makes, and of their parts: nothing is known.
    pub fn of_others(&self) -> Self {
        Self { collated: self.collated, ..Self::none() }
    }

    /// Nothing is known: every other question is answered with no.
    pub fn are_none(&self) -> bool {
        self.known.is_none()
    }

    /// No array stands on the path or at its end: one document holds one value there, or none.
    pub fn is_single(&self, path: &Path) -> bool {
        self.holds(path, "one value", |declared| is_single(&declared.field.dtype))
    }

    /// There is one value at the path, and it is not null.
    pub fn is_present(&self, path: &Path) -> bool {
        self.holds(path, "always one value and never null", |declared| {
            is_single(&declared.field.dtype)
                && declared.reached
                && declared.field.required
                && !declared.field.dtype.nullable()
        })
    }

    /// The values at the path are of one type, whose order `<` and `>` follow for every two of them; so no numbers that
    /// can be NaN.
    pub fn is_ordered(&self, path: &Path, of: &DType) -> bool {
        let ordered = matches!(of, DType::Int | DType::String | DType::Date | DType::ObjectId | DType::Bool);
        ordered && self.holds(path, of.kind(), |declared| declared.field.dtype.non_null() == *of)
    }

    /// The type of the values at the path, null left out.
    pub fn dtype(&self, path: &Path) -> Option<DType> {
        let (schema, reason) = self.known.as_ref()?;
        let dtype = walk(schema, path)?.field.dtype.non_null();
        self.note(schema, path, dtype.kind(), reason);
        Some(dtype)
    }

    /// The form in which the links at the path are stored.
    pub fn link_form(&self, path: &Path) -> Option<LinkForm> {
        let (schema, reason) = self.known.as_ref()?;
        let form = link_form(schema, path)?;
        let what = if form == LinkForm::Id { "stored as an id" } else { "stored as a reference" };
        self.note(schema, path, what, reason);
        Some(form)
    }

    /// The link at the path, where it is one and no list of them, and leads to exactly one document whenever it is there.
    pub fn leading_link(&self, path: &Path) -> Option<LeadingLink> {
        let (schema, reason) = self.known.as_ref()?;
        let leads = schema.links_lead()?;
        let declared = walk(schema, path)?;
        let DType::Link { target, form, back: None, .. } = declared.field.dtype.non_null() else { return None };
        let always = declared.reached && declared.field.required && !declared.field.dtype.nullable();
        self.note(schema, path, "leads to one document", &leads);
        let there = if always { "always one link" } else { "one link or none" };
        self.note(schema, path, there, reason);
        Some(LeadingLink { target, always, as_id: schema.keeps_link_forms() && form == LinkForm::Id })
    }

    /// The only values that the field may hold.
    pub fn values(&self, path: &Path) -> Option<&[Value]> {
        let (schema, reason) = self.known.as_ref()?;
        let values = walk(schema, path)?.field.values.as_deref()?;
        self.note(schema, path, "a closed set of values", reason);
        Some(values)
    }

    /// No two documents hold the same value at the path.
    pub fn is_unique(&self, path: &Path) -> bool {
        let Some((schema, unique)) = self.unique.as_ref().filter(|(_, unique)| unique.paths.contains(path)) else {
            return false;
        };
        self.note(schema, path, "another value in every document", &unique.reason);
        true
    }

    /// The path holds a list of single values, or is missing or null: no list in the list, and nothing without a list.
    pub fn is_list_of_single(&self, path: &Path) -> Option<DType> {
        let (schema, reason) = self.known.as_ref()?;
        let DType::Array(item) = walk(schema, path)?.field.dtype.non_null() else { return None };
        if !is_single(&item) {
            return None;
        }
        self.note(schema, path, "a list without lists in it", reason);
        Some(*item)
    }

    /// What was relied on since this was last asked.
    pub fn take_used(&self) -> Vec<String> {
        self.used.take()
    }

    /// Forgets what a rule asked that did not fire.
    pub fn forget_used(&self) {
        if self.known.is_some() || self.unique.is_some() {
            self.used.borrow_mut().clear();
        }
    }

    fn holds(&self, path: &Path, what: &str, holds: impl FnOnce(&Declared<'_>) -> bool) -> bool {
        let Some((schema, reason)) = &self.known else { return false };
        let found = walk(schema, path).is_some_and(|declared| holds(&declared));
        if found {
            self.note(schema, path, what, reason);
        }
        found
    }

    fn note(&self, schema: &SchemaRef, path: &Path, what: &str, reason: &str) {
        let fact = format!("{}.{}: {what} ({reason})", schema.name(), path.as_str());
        let mut used = self.used.borrow_mut();
        if !used.contains(&fact) {
            used.push(fact);
        }
    }
}

/// The form in which the links at a path are stored, where the class is trusted to know. No collation changes it.
pub fn link_form(schema: &SchemaRef, path: &Path) -> Option<LinkForm> {
    if schema.trust().is_none() || !schema.keeps_link_forms() {
        return None;
    }
    let mut forms = Vec::new();
    declared_forms(&walk(schema, path)?.field.dtype, &mut forms);
    // Classes of one collection may declare different ones.
    let first = *forms.first()?;
    forms.iter().all(|form| *form == first).then_some(first)
}

fn declared_forms(dtype: &DType, forms: &mut Vec<LinkForm>) {
    for member in dtype.members() {
        match member {
            DType::Link { form, back: None, .. } => forms.push(*form),
            DType::Array(item) => declared_forms(item, forms),
            _ => {}
        }
    }
}

fn walk<'a>(schema: &'a SchemaRef, path: &Path) -> Option<Declared<'a>> {
    let mut schema = schema;
    let mut reached = true;
    let mut segments = path.as_str().split('.').peekable();
    loop {
        let field = schema.field(segments.next()?)?;
        if segments.peek().is_none() {
            return Some(Declared { field, reached });
        }
        reached &= field.required && !field.dtype.nullable();
        let mut inner = field.dtype.members().iter().filter(|member| **member != DType::Null);
        match (inner.next(), inner.next()) {
            (Some(DType::Document(next)), None) => schema = next,
            _ => return None,
        }
    }
}

/// A link may be stored in two forms, and one that leads back is not stored at all.
fn is_single(dtype: &DType) -> bool {
    !dtype.may_be_array() && dtype.link().is_none()
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::schema::Schema;

    use super::*;

    fn user(reason: Option<&str>) -> SchemaRef {
        let home = SchemaRef::declare("Home");
        let fields = [("city".to_owned(), FieldSchema::new(DType::String, true))];
        home.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        let user = SchemaRef::declare("User");
        let optional = DType::union(vec![DType::Document(home.clone()), DType::Null]);
        let fields = [
            ("age".to_owned(), FieldSchema::new(DType::Int, true)),
            ("score".to_owned(), FieldSchema::new(DType::Double, true)),
            ("tags".to_owned(), FieldSchema::new(DType::Array(Box::new(DType::String)), true)),
            ("home".to_owned(), FieldSchema::new(DType::Document(home), true)),
            ("other".to_owned(), FieldSchema::new(optional, true)),
        ];
        user.define(Schema { fields: fields.into_iter().collect(), ..Schema::default() });
        user.set_trust(reason);
        user.set_links_lead(Some("settings"));
        user
    }

    #[test]
    fn nothing_is_known_of_data_that_is_not_trusted() {
        let facts = Facts::of(&user(None), &Options::default());
        assert!(!facts.is_single(&"age".into()));
        assert_eq!(facts.take_used(), Vec::<String>::new());
    }

    #[test]
    fn what_was_relied_on_is_noted_with_its_source() {
        let facts = Facts::of(&user(Some("validator")), &Options::default());
        assert!(facts.is_present(&"home.city".into()));
        assert_eq!(facts.take_used(), ["User.home.city: always one value and never null (validator)"]);
    }

    #[test]
    fn lists_documents_that_may_be_null_and_unknown_fields_promise_less() {
        let facts = Facts::of(&user(Some("validator")), &Options::default());
        assert!(!facts.is_single(&"tags".into()));
        assert!(!facts.is_single(&"unknown".into()));
        assert!(facts.is_single(&"other.city".into()));
        assert!(!facts.is_present(&"other.city".into()));
    }

    #[test]
    fn a_number_that_may_be_nan_has_no_complement() {
        let facts = Facts::of(&user(Some("validator")), &Options::default());
        assert!(facts.is_ordered(&"age".into(), &DType::Int));
        assert!(!facts.is_ordered(&"score".into(), &DType::Double));
    }

    #[test]
    fn a_collation_takes_every_fact_away() {
        let mut options = Options::default();
        options.insert("collation".to_owned(), Value::from("x"));
        assert!(!Facts::of(&user(Some("validator")), &options).is_single(&"age".into()));
    }
}
