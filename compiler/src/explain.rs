//! A compiled plan as text: what was asked, what each rule did, what is sent.

use std::collections::HashSet;
use std::fmt::Write;

use bson::{Bson, Document, RawBson, RawDocument, RawDocumentBuf};

use data_bridge_ir::Plan;

use crate::compile::Compiled;
use crate::physical::Hole;
use crate::relations::MOST_IDS;

/// Of what a rule did.
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
    let rules: Vec<_> = compiled
        .trace
        .iter()
        .map(|firing| {
            let done = match verbose {
                true => in_full(&firing.before, &firing.after),
                false => format!("  {}\n  => {}", cut(&firing.before, false), cut(&firing.after, false)),
            };
            let facts: String = firing.facts.iter().map(|fact| format!("\n  knowing {fact}")).collect();
            let place: String = firing.place.iter().map(|place| format!(" in {place}")).collect();
            format!("{}{place}\n{done}{facts}", firing.rule)
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
        [only] => return mql(only.command, verbose),
        _ => {}
    }
    let mut lines: Vec<_> = sent
        .iter()
        .enumerate()
        .map(|(at, each)| format!("{}. {}\n   {}", at + 1, each.purpose, mql(each.command, verbose)))
        .collect();
    lines.extend(compiled.sent_otherwise().iter().map(|each| {
        format!("or, with more than {MOST_IDS} ids: {}\n   {}", each.purpose, cut(&mql(each.command, verbose), verbose))
    }));
    lines.join("\n")
}

fn tree(plan: &Plan, verbose: bool) -> String {
    plan.to_string().lines().map(|line| cut_at(line, LONGEST_STAGE, verbose)).collect::<Vec<_>>().join("\n")
}

/// What a rule made: of stages the tree behind it, one stage a line.
fn in_full(before: &str, after: &str) -> String {
    let (before_stages, stages) = (split(before), split(after));
    if before_stages.len() == 1 && stages.len() == 1 {
        return format!("  {before}\n  => {after}");
    }
    let lines = |stages: Vec<&str>| stages.iter().map(|stage| format!("    {stage}")).collect::<Vec<_>>().join("\n");
    changed(&lines(before_stages), &lines(stages))
}

/// A printed list as its stages: apart at the dots that stand in no bracket and in no text.
fn split(stages: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quoted, mut escaped) = (Vec::new(), 0, 0_usize, false, false);
    for (at, letter) in stages.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '.' if depth == 0 && stages[..at].ends_with(' ') && stages[at..].starts_with(". ") => {
                found.push(stages[start..at].trim_end());
                start = at + 2;
            }
            _ => {}
        }
    }
    found.push(&stages[start..]);
    found
}

/// The second tree with a mark before each line that the first does not have at this place.
fn changed(before: &str, after: &str) -> String {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let kept = common(&before, &after);
    let line = |(at, line): (usize, &&str)| match line.strip_prefix("  ") {
        Some(rest) if !kept.contains(&at) => format!("* {rest}"),
        _ => (*line).to_owned(),
    };
    after.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The places in the second list of a longest sequence that both have in this order.
fn common(before: &[&str], after: &[&str]) -> HashSet<usize> {
    let mut longest = vec![vec![0_usize; after.len() + 1]; before.len() + 1];
    for (row, left) in before.iter().enumerate().rev() {
        for (column, right) in after.iter().enumerate().rev() {
            longest[row][column] = match left == right {
                true => longest[row + 1][column + 1] + 1,
                false => longest[row + 1][column].max(longest[row][column + 1]),
            };
        }
    }
    let (mut row, mut column, mut kept) = (0, 0, HashSet::new());
    while row < before.len() && column < after.len() {
        if before[row] == after[column] {
            kept.insert(column);
            (row, column) = (row + 1, column + 1);
        } else if longest[row + 1][column] >= longest[row][column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    kept
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
    cut_at(text, LONGEST_LINE, verbose)
}

fn cut_at(text: &str, longest: usize, verbose: bool) -> String {
    match text.char_indices().nth(longest) {
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
    fn what_changed_is_marked_and_what_moved_once() {
        let before = "Find\n  Sort(a)\n  Match(b)\n  Limit(3)";
        let after = "Find\n  Match(b)\n  Sort(a)\n  Limit(3)";
        assert_eq!(changed(before, after), "Find\n  Match(b)\n* Sort(a)\n  Limit(3)");
        assert_eq!(changed(before, before), before);
    }

    #[test]
    fn stages_are_split_outside_of_brackets_and_texts() {
        let text = r#"Match(a == " . (") . Lookup(x, [Match(b) . Limit(1)]) . Limit(3)"#;
        assert_eq!(split(text), [r#"Match(a == " . (")"#, "Lookup(x, [Match(b) . Limit(1)])", "Limit(3)"]);
        let full = in_full("Sort(a) . Match(b)", "Match(b) . Sort(a)");
        assert_eq!(full, "    Match(b)\n*   Sort(a)");
        assert_eq!(in_full("a == 1", "false"), "  a == 1\n  => false");
    }

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
