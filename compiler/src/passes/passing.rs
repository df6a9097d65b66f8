//! What a stage lets pass of a match that stands behind it.

use std::rc::Rc;

use data_bridge_ir::{Expr, Stage};

use crate::analyze::effects::leaves;

/// What something behind a stage is before it, where it is anything there.
pub type Form<'a, T> = Box<dyn Fn(&T) -> Option<T> + 'a>;

/// Which terms of the match may be tested before the stage. Except for the first, none that must stay where it is: what
/// is opaque may be a text search, and a link is followed from where its predicate stands. A term that may fail stays
/// behind those of which one may guard it.
pub enum Passing<'a> {
    /// All of them.
    All,
    /// Those that read none of these top-level fields.
    Around(Vec<&'a str>),
    /// Those that read none of these, but for the ones that have another name before the stage.
    Renamed(Vec<(&'a str, Option<&'a str>)>),
    /// All that may be tested elsewhere; the documents that the stage adds are asked the same.
    Copied,
    /// Those that read none of the fields and cannot fail.
    Safely(Vec<&'a str>),
    /// Those that read only top-level fields which have a name before the stage too: the name for the name behind it.
    Named(Form<'a, Rc<str>>),
    /// Those for which this has a form.
    Asked(Form<'a, Expr>),
    /// The stage is a match itself, and both become one.
    Joined,
}

impl<'a> Passing<'a> {
    /// Of a stage that keeps some fields under their names, and others under those that `renamed` tells.
    pub fn named(stage: &'a Stage, renamed: impl Fn(&str) -> Option<&'a str> + 'a) -> Self {
        let kept = |name: &Rc<str>| leaves(stage, name).then(|| name.clone());
        Self::Named(Box::new(move |name| kept(name).or_else(|| renamed(name).map(Rc::from))))
    }
}
