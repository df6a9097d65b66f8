//! A compiled plan as text: what was asked, what each rule did, what is sent.

use std::fmt::Write;

use bson::{Bson, Document, RawBson, RawDocument, RawDocumentBuf};

use data_bridge_ir::Plan;

use crate::compile::Compiled;
pub use crate::firings::line;
use crate::firings::{changed, cut, lines, trees};
use crate::physical::Hole;
use crate::relations::MOST_IDS;

/// Of a command that may not be sent.
const LONGEST_LINE: usize = 96;
/// Of a stage: what a person may still read.
const LONGEST_STAGE: usize = 400;
/// Of a list in a command.
const LONGEST_LIST: usize = 24;

/// The plan for a person to read at a glance.
pub fn text(compiled: &Compiled, verbose: bool) -> String {
    let mut out = String::new();
    let asked = compiled.analyzed.as_ref().unwrap_or(&compiled.optimized);
    section(&mut out, "plan", &tree(asked, verbose));
    if *asked != compiled.optimized {
        section(&mut out, "optimized", &changed(&tree(asked, verbose), &tree(&compiled.optimized, verbose)));
    }
    let rules = if verbose { trees(asked, &compiled.trace) } else { lines(&compiled.trace) };
    section(&mut out, "rules", if rules.is_empty() { "none fired" } else { &rules });
    if !compiled.links.is_empty() {
        section(&mut out, "links", &compiled.links.join("\n"));
    }
    section(&mut out, "commands", &commands(compiled, verbose));
    out.truncate(out.trim_end().len());
    out
}

/// What is sent; where it is more than one command, each with its number and what it is for.
fn commands(compiled: &Compiled, verbose: bool) -> String {
    let sent = compiled.sent();
    match sent.as_slice() {
        [] => return "none: no document can match".to_owned(),
        [only] => return mql(only.command, verbose),
        _ => {}
    }
    let mut lines: Vec<_> = sent
        .iter()
        .enumerate()
        .map(|(at, each)| format!("{}. {}\n   {}", at + 1, each.purpose, mql(each.command, verbose)))
        .collect();
    lines.extend(compiled.sent_otherwise().iter().map(|each| {
        format!(
            "or, with more than {MOST_IDS} ids: {}\n   {}",
            each.purpose,
            cut(&mql(each.command, verbose), LONGEST_LINE, verbose)
        )
    }));
    lines.join("\n")
}

fn tree(plan: &Plan, verbose: bool) -> String {
    plan.to_string().lines().map(|line| cut(line, LONGEST_STAGE, verbose)).collect::<Vec<_>>().join("\n")
}

fn section(out: &mut String, title: &str, body: &str) {
    let _infallible = writeln!(out, "{title}");
    indent(out, body);
}

fn indent(out: &mut String, body: &str) {
    for line in body.lines() {
        let _infallible = writeln!(out, "  {line}");
    }
}

/// The command with its holes named by the number of the command that fills them.
pub fn named_holes(command: &RawDocument) -> bson::error::Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(
        &Document::try_from(command)?.into_iter().map(|(name, value)| (name, shown(value))).collect(),
    )
}

/// A command as MQL, one line; long lists are shortened unless all is asked for.
pub fn mql(command: &RawDocument, verbose: bool) -> String {
    match Bson::try_from(RawBson::Document(command.to_owned())) {
        Ok(document) if verbose => shown(document).into_relaxed_extjson().to_string(),
        Ok(document) => shortened(shown(document)).into_relaxed_extjson().to_string(),
        Err(error) => format!("<malformed BSON: {error}>"),
    }
}

fn shown(value: Bson) -> Bson {
    match value {
        Bson::Symbol(text) => match Hole::parse(&text) {
            Some(hole) => Bson::String(format!("<ids of {}>", hole.feed() + 1)),
            None => Bson::Symbol(text),
        },
        Bson::Document(fields) => {
            Bson::Document(fields.into_iter().map(|(name, value)| (name, shown(value))).collect())
        }
        Bson::Array(items) => Bson::Array(items.into_iter().map(shown).collect()),
        other => other,
    }
}

/// Of long lists of values the first ones, and how many there are beside them. Lists of documents are pipelines and terms.
fn shortened(value: Bson) -> Bson {
    match value {
        Bson::Document(fields) => {
            Bson::Document(fields.into_iter().map(|(name, value)| (name, shortened(value))).collect())
        }
        Bson::Array(items) if items.len() > LONGEST_LIST && !matches!(items[0], Bson::Document(_)) => {
            let more = items.len() - LONGEST_LIST / 2;
            let first = items.into_iter().take(LONGEST_LIST / 2).map(shortened);
            Bson::Array(first.chain([Bson::String(format!("... {more} more"))]).collect())
        }
        Bson::Array(items) => Bson::Array(items.into_iter().map(shortened).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_lists_are_shortened() {
        let command =
            bson::rawdoc! { "find": "x", "filter": { "a": { "$in": (0..30).collect::<bson::RawArrayBuf>() } } };
        let text = mql(&command, false);
        assert!(text.ends_with(r#"10,11,"... 18 more"]}}}"#), "{text}");
        assert!(mql(&command, true).ends_with("28,29]}}}"));
        let few = bson::rawdoc! { "find": "x", "filter": { "a": { "$in": [1, 2, 3] } } };
        assert_eq!(mql(&few, false), mql(&few, true));
    }
}
