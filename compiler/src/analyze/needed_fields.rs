//! Which fields of the documents between two stages can still be observed by what comes after.

use data_bridge_ir::expr::root;
use data_bridge_ir::plan::{Read, Terminal};
use data_bridge_ir::stage::Projected;
use data_bridge_ir::{Expr, Operands, Path, Stage};

use super::effects::is_exclusion;
use super::reads::roots;
use super::roots::Roots;

/// Top-level fields that somebody may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed<'a> {
    fields: Fields<'a>,
    /// Documents are given, whole or in part, so that one can see in which order their fields stand.
    order: bool,
    /// What later stages write into these documents. The server keeps the place of a field that is dropped for one of
    /// its name that is written later, so a field's first writing is seen in the order of what is given.
    written: Roots<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Fields<'a> {
    AllBut(Roots<'a>),
    Only(Roots<'a>),
}

impl<'a> Needed<'a> {
    fn everything() -> Self {
        Self { fields: Fields::AllBut(Roots::default()), order: true, written: Roots::default() }
    }

    fn nothing() -> Self {
        Self { fields: Fields::Only(Roots::default()), order: false, written: Roots::default() }
    }

    pub fn has(&self, root: &str) -> bool {
        match &self.fields {
            Fields::AllBut(roots) => !roots.contains(root),
            Fields::Only(roots) => roots.contains(root),
        }
    }

    /// The fields, where documents are only read: none of them is given, whole or in part.
    pub fn only_read(&self) -> Option<&Roots<'a>> {
        match &self.fields {
            Fields::Only(roots) if !self.order => Some(roots),
            _ => None,
        }
    }

    /// What one or the other needs.
    fn or(self, other: Self) -> Self {
        let fields = match (self.fields, other.fields) {
            (Fields::Only(mut roots), Fields::Only(others)) => {
                roots.extend(others.iter());
                Fields::Only(roots)
            }
            (Fields::AllBut(mut roots), Fields::AllBut(others)) => {
                roots.retain(|root| others.contains(root));
                Fields::AllBut(roots)
            }
            (Fields::AllBut(mut roots), Fields::Only(needed)) | (Fields::Only(needed), Fields::AllBut(mut roots)) => {
                roots.retain(|root| !needed.contains(root));
                Fields::AllBut(roots)
            }
        };
        let mut written = self.written;
        written.extend(other.written.iter());
        Self { fields, order: self.order || other.order, written }
    }

    fn and(mut self, read: Option<Roots<'a>>) -> Self {
        let Some(read) = read else { return Self { written: self.written, ..Self::everything() } };
        match &mut self.fields {
            Fields::AllBut(roots) => roots.retain(|root| !read.contains(root)),
            Fields::Only(roots) => roots.extend(read.iter()),
        }
        self
    }

    fn and_path(self, path: &'a Path) -> Self {
        self.and_root(path.root())
    }

    fn and_root(mut self, read: &'a str) -> Self {
        match &mut self.fields {
            Fields::AllBut(roots) => roots.retain(|root| root != read),
            Fields::Only(roots) => roots.insert(read),
        }
        self
    }

    fn and_values(self, values: impl IntoIterator<Item = &'a Expr>) -> Self {
        values.into_iter().fold(self, |needed, value| needed.and(roots(value)))
    }

    /// Behind this, the fields with these names are gone.
    fn dropping(mut self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let seen = |path: &str| self.order && self.written.contains(path);
        let whole: Vec<_> = paths.into_iter().filter(|path| !path.contains('.') && !seen(path)).collect();
        match &mut self.fields {
            Fields::AllBut(roots) => roots.extend(whole),
            Fields::Only(roots) => roots.retain(|root| !whole.contains(&root)),
        }
        self
    }

    /// Behind this, the fields with these names hold something else; but where a field was, it keeps its place.
    fn overwriting(self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        if self.order { self } else { self.dropping(paths) }
    }

    /// Behind this, there is something at these paths.
    fn writing(mut self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        self.written.extend(paths.into_iter().map(root));
        self
    }
}

/// Shows each stage of a read, from the last to the first, with what is needed behind it.
pub fn behind_each<'a>(read: &'a Read, mut show: impl FnMut(&'a Stage, &Needed<'a>)) {
    let mut needed = match &read.terminal {
        Terminal::Find | Terminal::First | Terminal::Aggregate => Needed::everything(),
        Terminal::Count | Terminal::Exists => Needed::nothing(),
        Terminal::Distinct(path) => Needed::nothing().and_path(path),
    };
    for stage in read.stages.iter().rev() {
        show(stage, &needed);
        needed = before(stage, needed);
    }
}

/// What a stage needs of the documents it takes, given what is needed of those it gives.
fn before<'a>(stage: &'a Stage, needed: Needed<'a>) -> Needed<'a> {
    match stage {
        Stage::Match(predicate) => needed.and(roots(predicate)),
        Stage::Sort(keys) => keys.iter().fold(needed, |needed, key| needed.and_path(&key.path)),
        Stage::Skip(_) | Stage::Limit(_) | Stage::Sample(_) => needed,
        Stage::Set(fields) => {
            let seen: Vec<_> =
                fields.iter().filter(|(path, _)| needed.has(path.root())).map(|(_, value)| value).collect();
            let whole = fields.iter().filter(|(path, value)| writes_all(path, value));
            let needed = needed.overwriting(whole.map(|(path, _)| path.as_str()));
            needed.writing(fields.iter().map(|(path, _)| path.as_str())).and_values(seen)
        }
        Stage::Unset(paths) => needed.dropping(paths.iter().map(Path::as_str)),
        Stage::Project(fields) => before_projection(fields, needed),
        Stage::Group { by, outputs } => {
            let operands = outputs.iter().flat_map(|output| output.operands.iter().flat_map(Operands::children));
            Needed::nothing().and_values(by.iter().chain(operands))
        }
        // How many documents there are depends on the list.
        Stage::Unwind { path, index, .. } => {
            needed.overwriting(index.as_deref()).writing(index.as_deref()).and_path(path)
        }
        Stage::Count(_) => Needed::nothing(),
        Stage::Lookup(lookup) => {
            let needed = needed.overwriting([lookup.output.as_str()]).writing([lookup.output.as_str()]);
            let needed = lookup.local.iter().fold(needed, Needed::and_path);
            needed.and_values(lookup.variables.iter().map(|(_, value)| value))
        }
        Stage::UnionWith(_) => needed,
        Stage::Facet(outputs) => outputs
            .iter()
            .map(|(name, stages)| {
                let given = if needed.has(name) { Needed::everything() } else { Needed::nothing() };
                stages.iter().rev().fold(given, |needed, stage| before(stage, needed))
            })
            .fold(Needed::nothing(), Needed::or),
        Stage::Generic { .. } | Stage::Raw(_) => Needed::everything(),
    }
}

/// Whether nothing stays of what the top-level field held. Below the top level, and of a document field by field, a value
/// is written beside what is there, and into every element of a list.
fn writes_all(path: &Path, value: &Expr) -> bool {
    path.root() == path.as_str() && !matches!(value, Expr::Document(_) | Expr::Raw(_))
}

fn before_projection<'a>(fields: &'a [(Path, Projected)], needed: Needed<'a>) -> Needed<'a> {
    if is_exclusion(fields) {
        return needed.dropping(fields.iter().map(|(path, _)| path.as_str()));
    }
    let in_part = |(path, projected): &(Path, Projected)| match projected {
        Projected::Computed(value) => !writes_all(path, value),
        Projected::Include | Projected::Exclude => false,
    };
    // Where the server puts a field that it computes in part depends on which engine runs the stage, and that on what
    // stands before it.
    if needed.order && fields.iter().any(in_part) {
        return Needed::everything();
    }
    let seen = fields.iter().filter(|(path, _)| needed.has(path.root()));
    let nothing = Needed { order: needed.order, ..Needed::nothing() };
    let kept = seen.fold(nothing, |kept, (path, projected)| match projected {
        Projected::Exclude => kept,
        Projected::Include => kept.and_path(path),
        Projected::Computed(value) if writes_all(path, value) => kept.and(roots(value)),
        Projected::Computed(value) => kept.and(roots(value)).and_path(path),
    });
    let id_named = fields.iter().any(|(path, _)| path.root() == "_id");
    if needed.has("_id") && !id_named { kept.and_root("_id") } else { kept }
}

#[cfg(test)]
mod tests {
    use data_bridge_ir::stage::UnionWith;

    use super::*;
    use crate::testing::{eq, exclude, group, include, lookup, read, set, sort};

    /// The needed fields before the stages.
    fn needed(stages: &[Stage], terminal: Terminal) -> String {
        let first = Stage::Limit(9);
        let read = read([&[first], stages].concat(), terminal);
        let mut found = String::new();
        behind_each(&read, |_, needed| {
            found = match &needed.fields {
                Fields::AllBut(roots) if roots.is_empty() => "all".to_owned(),
                Fields::AllBut(roots) => format!("all but {}", names(roots)),
                Fields::Only(roots) => names(roots),
            };
        });
        found
    }

    fn names(roots: &Roots<'_>) -> String {
        roots.iter().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_given_is_needed() {
        assert_eq!(needed(&[], Terminal::Find), "all");
        assert_eq!(needed(&[], Terminal::Count), "");
        assert_eq!(needed(&[], Terminal::Distinct("a.b".into())), "a");
        assert_eq!(needed(&[exclude(&["a", "b.c"])], Terminal::Aggregate), "all but a");
        assert_eq!(needed(&[Stage::Match(eq("a.x", 1)), exclude(&["a", "b"])], Terminal::Aggregate), "all but b");
    }

    #[test]
    fn a_group_and_a_projection_need_what_they_read() {
        assert_eq!(needed(&[group("a.b", "c")], Terminal::Aggregate), "a c");
        assert_eq!(needed(&[include(&["a", "b.c"])], Terminal::Aggregate), "_id a b");
        assert_eq!(needed(&[include(&["a", "b"]), group("a", "_id")], Terminal::Aggregate), "_id a");
        assert_eq!(needed(&[Stage::Count("n".into())], Terminal::Aggregate), "");
    }

    #[test]
    fn computed_entries_need_their_values_and_below_the_top_their_field() {
        let computed = |path: &str| (path.into(), Projected::Computed(Expr::field("x")));
        let without_id = |path: &str| vec![("_id".into(), Projected::Exclude), computed(path)];
        assert_eq!(needed(&[Stage::Project(without_id("n"))], Terminal::Aggregate), "x");
        assert_eq!(needed(&[Stage::Project(without_id("n.y")), group("n", "b")], Terminal::Aggregate), "n x");
    }

    #[test]
    fn what_is_overwritten_is_not_needed() {
        let tail = group("a", "b");
        assert_eq!(needed(&[set("a", Expr::field("c")), tail.clone()], Terminal::Aggregate), "b c");
        assert_eq!(needed(&[set("a.x", Expr::field("c")), tail.clone()], Terminal::Aggregate), "a b c");
        assert_eq!(needed(&[set("z", Expr::field("c")), tail.clone()], Terminal::Aggregate), "a b");
        assert_eq!(needed(&[Stage::Unset(vec!["a".into()]), tail.clone()], Terminal::Aggregate), "b");
        assert_eq!(needed(&[lookup("a"), tail], Terminal::Aggregate), "b own");
    }

    #[test]
    fn a_document_is_written_beside_what_is_there() {
        let document = || Expr::Document(vec![("x".to_owned(), Expr::field("c"))]);
        assert_eq!(needed(&[set("a", document()), group("a", "b")], Terminal::Aggregate), "a b c");
        let computed = Stage::Project(vec![("a".into(), Projected::Computed(document()))]);
        assert_eq!(needed(&[computed.clone(), group("a", "b")], Terminal::Aggregate), "a c");
        assert_eq!(needed(&[computed], Terminal::Aggregate), "all");
    }

    #[test]
    fn what_is_overwritten_keeps_its_place_in_what_is_given() {
        assert_eq!(needed(&[set("a", Expr::field("c"))], Terminal::Aggregate), "all");
        assert_eq!(needed(&[lookup("a")], Terminal::Aggregate), "all");
        assert_eq!(needed(&[set("a", Expr::field("c")), include(&["a", "b"])], Terminal::Aggregate), "_id a b c");
    }

    #[test]
    fn what_is_dropped_keeps_its_place_for_what_is_written_later() {
        let dropped = [Stage::Unset(vec!["a".into()]), set("a.x", Expr::field("c"))];
        assert_eq!(needed(&dropped, Terminal::Aggregate), "all");
        assert_eq!(needed(&[exclude(&["a", "b"]), lookup("a")], Terminal::Aggregate), "all but b");
        assert_eq!(needed(&[dropped.as_slice(), &[include(&["a"])]].concat(), Terminal::Aggregate), "_id a c");
        assert_eq!(needed(&[dropped.as_slice(), &[group("a", "b")]].concat(), Terminal::Aggregate), "b c");
    }

    #[test]
    fn what_chooses_documents_is_needed() {
        let unwind = Stage::Unwind { path: "u.v".into(), index: Some("i".into()), preserve: false };
        let stages = [Stage::Match(eq("m.x", 1)), sort("s"), unwind, group("i", "b")];
        assert_eq!(needed(&stages, Terminal::Aggregate), "b m s u");
    }

    #[test]
    fn branches_need_what_is_read_of_them() {
        let branch = |name: &str, stages: &[Stage]| (name.to_owned(), stages.to_vec());
        let facet = Stage::Facet(vec![branch("x", &[group("a", "b")]), branch("y", &[exclude(&["c"])])]);
        assert_eq!(needed(std::slice::from_ref(&facet), Terminal::Aggregate), "all but c");
        assert_eq!(needed(&[facet.clone(), include(&["x"])], Terminal::Aggregate), "a b");
        assert_eq!(needed(&[facet.clone(), include(&["y"])], Terminal::Aggregate), "all but c");
        assert_eq!(needed(&[facet], Terminal::Count), "a b");
        let union = Stage::UnionWith(UnionWith { collection: Some("others".into()), class: None, pipeline: vec![] });
        assert_eq!(needed(&[union, group("a", "b")], Terminal::Aggregate), "a b");
    }

    #[test]
    fn opaque_stages_and_whole_documents_need_all() {
        assert_eq!(needed(&[Stage::Raw(1.into()), group("a", "b")], Terminal::Aggregate), "all");
        let whole = set("a", Expr::Variable("ROOT".into()));
        assert_eq!(needed(&[whole.clone(), group("a", "b")], Terminal::Aggregate), "all");
        assert_eq!(needed(&[whole, group("b", "b")], Terminal::Aggregate), "b");
        assert_eq!(needed(&[Stage::Match(Expr::Raw(1.into())), group("a", "b")], Terminal::Aggregate), "all");
    }
}
