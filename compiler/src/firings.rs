//! What rules did, as text: a line each, or the tree behind each.

use std::collections::HashSet;

use data_bridge_ir::Plan;

use crate::passes::driver::Firing;

/// Of what stood before a rule, and of what stands behind it.
const LONGEST_SIDE: usize = 120;
/// Of more stages than these the first ones and the last one are shown.
const MOST_STAGES: usize = 4;

/// A line each: see [`line`].
pub fn lines(firings: &[Firing]) -> String {
    firings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The rule, what it made of what, and what it relied on.
pub fn line(firing: &Firing) -> String {
    let (before, after) = apart(&firing.before, &firing.after);
    let (before, after) = (cut(&before, LONGEST_SIDE, false), cut(&after, LONGEST_SIDE, false));
    let facts: String = firing.facts.iter().map(|fact| format!("; knowing {fact}")).collect();
    format!("{}: {before}  =>  {after}{facts}", head(firing))
}

/// The whole tree behind each rule, with what the rule changed marked.
pub fn trees(asked: &Plan, firings: &[Firing]) -> String {
    let mut stages: Vec<String> = match asked {
        Plan::Read(read) => read.stages.iter().map(ToString::to_string).collect(),
        other => other.to_string().lines().map(|line| line.trim().to_owned()).collect(),
    };
    let mut shown = Vec::new();
    for firing in firings {
        let before = indented(&stages);
        match (firing.stage, asked) {
            (Some(place), _) => stages.iter_mut().skip(place).take(1).for_each(|stage| within(stage, firing)),
            (None, Plan::Read(_)) => stages = split(&firing.after).into_iter().map(str::to_owned).collect(),
            (None, _) => stages.iter_mut().for_each(|line| within(line, firing)),
        }
        let tree = changed(&before, &indented(&stages));
        let facts: String = firing.facts.iter().map(|fact| format!("\n  knowing {fact}")).collect();
        shown.push(format!("{}\n{tree}{facts}", head(firing)));
    }
    shown.join("\n")
}

/// Which rule, how far and where.
fn head(firing: &Firing) -> String {
    let past = if firing.past > 1 { format!(", past {} stages", firing.past) } else { String::new() };
    let place: String = firing.place.iter().map(|place| format!(" in {place}")).collect();
    format!("{}{past}{place}", firing.rule)
}

fn indented(stages: &[String]) -> String {
    stages.iter().map(|stage| format!("    {stage}")).collect::<Vec<_>>().join("\n")
}

/// Does to the text of a stage what a rule did to the first part of it that reads as it says.
fn within(stage: &mut String, firing: &Firing) {
    *stage = stage.replacen(&firing.before, &firing.after, 1);
}

/// The stages that differ, without those that both have before and behind them; where one side would be left with none,
/// with a neighbour.
fn apart(before: &str, after: &str) -> (String, String) {
    let (before, after) = (split(before), split(after));
    let shared = before.iter().zip(&after).take_while(|(left, right)| left == right).count();
    let fewest = before.len().min(after.len());
    let ending = before.iter().rev().zip(after.iter().rev()).take_while(|(left, right)| left == right).count();
    let ending = ending.min(fewest - shared);
    let (start, ending) = match shared + ending == fewest {
        true if ending > 0 => (shared, ending - 1),
        true => (shared.saturating_sub(1), ending),
        false => (shared, ending),
    };
    (few(&before[start..before.len() - ending]), few(&after[start..after.len() - ending]))
}

fn few(stages: &[&str]) -> String {
    match stages {
        [first, second, left @ .., last] if left.len() + 3 > MOST_STAGES => {
            format!("{first} . {second} . ({} more) . {last}", left.len())
        }
        _ => stages.join(" . "),
    }
}

/// The text, or its beginning where it is longer and not all is asked for.
pub fn cut(text: &str, longest: usize, whole: bool) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) if !whole => format!("{}...", &text[..end]),
        _ => text.to_owned(),
    }
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
pub fn changed(before: &str, after: &str) -> String {
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

#[cfg(test)]
mod tests {
    use data_bridge_ir::plan::Terminal;
    use data_bridge_ir::{Expr, Stage};

    use super::*;
    use crate::compile::{Compiled, compile};
    use crate::passes::flags::Flags;
    use crate::testing::{eq, facet, gt, lookup, print, read, set, sort};

    fn compiled(stages: Vec<Stage>) -> Compiled {
        compile(Plan::Read(read(stages, Terminal::Aggregate)), &Flags::all(), true).unwrap()
    }

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
    }

    #[test]
    fn a_line_shows_the_stages_that_a_rule_changed() {
        let shown = |before: &str, after: &str| {
            let (before, after) = apart(before, after);
            format!("{before} => {after}")
        };
        assert_eq!(shown("a == 1", "false"), "a == 1 => false");
        assert_eq!(shown("S(a) . S(b) . M . L(1)", "S(a) . M . S(b) . L(1)"), "S(b) . M => M . S(b)");
        assert_eq!(shown("S . L(9) . L(3) . U", "S . L(3) . U"), "L(9) . L(3) => L(3)");
        assert_eq!(shown("S . U(a)", "S"), "S . U(a) => S");
        assert_eq!(shown("S . T . G", "T . G"), "S . T => T");
        let sets: Vec<_> = (0..9).map(|at| format!("S({at})")).collect();
        let (before, after) = (format!("{} . M", sets.join(" . ")), format!("M . {}", sets.join(" . ")));
        assert_eq!(shown(&before, &after), "S(0) . S(1) . (7 more) . M => M . S(0) . (7 more) . S(8)");
    }

    #[test]
    fn a_line_says_how_far_a_match_moved_and_where() {
        let stages =
            || vec![set("n", Expr::field("a")), set("m", Expr::field("b")), sort("a"), Stage::Match(eq("c", 1))];
        let told = "push_match_below_sort: Sort(-a) . Match(c == 1)  =>  Match(c == 1) . Sort(-a)\n\
            push_match_below_set, past 2 stages: Set(n=a) . Set(m=b) . Match(c == 1)  =>  \
            Match(c == 1) . Set(n=a) . Set(m=b)\n\
            merge_sets: Set(n=a) . Set(m=b)  =>  Set(n=a, m=b)";
        assert_eq!(lines(&compiled(stages()).trace), told);
        let joined = compiled(["a", "b", "c"].map(|path| Stage::Match(eq(path, 1))).to_vec());
        let told = "merge_matches: Match(a == 1) . Match(b == 1) . Match(c == 1)  =>  \
            Match((a == 1) & (b == 1) & (c == 1))";
        assert_eq!(lines(&joined.trace), told);
        let inside = compiled(vec![facet(vec![stages(), vec![]])]);
        assert!(lines(&inside.trace).contains("push_match_below_set, past 2 stages in Facet(f0): Set"));
    }

    #[test]
    fn the_last_tree_is_that_of_the_optimized_query() {
        let twice = || Expr::Or(vec![eq("a", 1), eq("a", 2)]);
        let Stage::Lookup(mut join) = lookup("pets") else { unreachable!("made as one") };
        join.pipeline = Some(vec![sort("b"), Stage::Match(twice()), Stage::Match(gt("c", 1))]);
        let stages = vec![
            Stage::Lookup(join),
            Stage::Match(Expr::And(vec![gt("x", 1), twice()])),
            sort("b"),
            Stage::Match(Expr::And(vec![Expr::And(vec![gt("y", 1), gt("y", 2)]), Expr::Not(Box::new(twice()))])),
            facet(vec![
                vec![Stage::Match(twice()), Stage::Limit(3), Stage::Limit(2)],
                vec![sort("b"), Stage::Match(twice())],
            ]),
        ];
        let compiled = compiled(stages);
        let text = trees(compiled.analyzed.as_ref().unwrap(), &compiled.trace);
        let Plan::Read(optimized) = &compiled.optimized else { panic!("a read") };
        let last: Vec<_> = text.lines().rev().take(optimized.stages.len()).collect();
        let last: Vec<_> = last.iter().rev().map(|line| line.trim_start_matches('*').trim()).collect();
        assert_eq!(last.join(" . "), print(&optimized.stages), "{text}");
    }
}
