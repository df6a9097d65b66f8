//! A compiled plan as text: what was asked, what each rule did, what is sent.

use std::fmt::Write;

use bson::{Bson, Document, RawBson, RawDocument, RawDocumentBuf};

use crate::compile::Compiled;
use crate::physical::Hole;
use crate::relations::MOST_IDS;

const LONGEST_LINE: usize = 96;

/// The plan for a person to read at a glance.
pub fn text(compiled: &Compiled, verbose: bool) -> String {
    let mut out = String::new();
    let asked = compiled.analyzed.as_ref().unwrap_or(&compiled.optimized);
    section(&mut out, "plan", &asked.to_string());
    if *asked != compiled.optimized {
        section(&mut out, "optimized", &compiled.optimized.to_string());
    }
    let rules: Vec<_> = compiled
        .trace
        .iter()
        .map(|firing| {
            let (before, after) = (cut(&firing.before, verbose), cut(&firing.after, verbose));
            let facts: String = firing.facts.iter().map(|fact| format!("\n  knowing {fact}")).collect();
            let place: String = firing.place.iter().map(|place| format!(" in {place}")).collect();
            format!("{}{place}\n  {before}\n  => {after}{facts}", firing.rule)
        })
        .collect();
    let fired = if rules.is_empty() { "none fired".to_owned() } else { rules.join("\n") };
    section(&mut out, "rules", &fired);
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
        [only] => return mql(only.command),
        _ => {}
    }
    let mut lines: Vec<_> = sent
        .iter()
        .enumerate()
        .map(|(at, each)| format!("{}. {}\n   {}", at + 1, each.purpose, mql(each.command)))
        .collect();
    lines.extend(compiled.sent_otherwise().iter().map(|each| {
        format!("or, with more than {MOST_IDS} ids: {}\n   {}", each.purpose, cut(&mql(each.command), verbose))
    }));
    lines.join("\n")
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

fn cut(text: &str, verbose: bool) -> String {
    match text.char_indices().nth(LONGEST_LINE) {
        Some((end, _)) if !verbose => format!("{}...", &text[..end]),
        _ => text.to_owned(),
    }
}

/// The command with its holes named by the number of the command that fills them.
pub fn named_holes(command: &RawDocument) -> bson::error::Result<RawDocumentBuf> {
    RawDocumentBuf::try_from(
        &Document::try_from(command)?.into_iter().map(|(name, value)| (name, shown(value))).collect(),
    )
}

/// A command as MQL, one line.
pub fn mql(command: &RawDocument) -> String {
    match Bson::try_from(RawBson::Document(command.to_owned())) {
        Ok(document) => shown(document).into_relaxed_extjson().to_string(),
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
