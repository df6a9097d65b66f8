//! The commands of a plan in the order they are sent, each with what it is for.

use bson::RawDocument;
use data_bridge_ir::Plan;
use data_bridge_ir::plan::{Change, Read, Terminal};

use crate::compile::Compiled;
use crate::physical::PhysicalPlan;

/// One command, by its place in the list: the first is 1 to a reader, as in `<ids of 1>`.
#[derive(Debug, Clone)]
pub struct Sent<'a> {
    /// What it is for: "ids of Author, for Book.author".
    pub purpose: String,
    /// The class whose collection it is about.
    pub class: &'a str,
    /// None: the connection's.
    pub database: Option<&'a str>,
    pub command: &'a RawDocument,
}

impl Compiled {
    /// What is sent unless a feed finds too many ids.
    pub fn sent(&self) -> Vec<Sent<'_>> {
        self.sent_by(&self.physical)
    }

    /// What is sent instead then; nothing where there is no other way.
    pub fn sent_otherwise(&self) -> Vec<Sent<'_>> {
        self.physical.otherwise.as_deref().map(|plan| self.sent_by(plan)).unwrap_or_default()
    }

    fn sent_by<'a>(&'a self, physical: &'a PhysicalPlan) -> Vec<Sent<'a>> {
        let feeds = physical.feeds.iter().map(|feed| Sent {
            purpose: feed.purpose.clone(),
            class: &feed.class,
            database: feed.database.as_deref(),
            command: &feed.command,
        });
        let parts = physical.steps.len();
        let steps = physical.steps.iter().enumerate().map(move |(part, step)| Sent {
            purpose: match parts {
                1 => purpose(&self.optimized),
                _ => format!("{}, part {} of {parts}", purpose(&self.optimized), part + 1),
            },
            class: class(&self.optimized),
            database: step.database.as_deref(),
            command: &step.command,
        });
        feeds.chain(steps).collect()
    }
}

fn class(plan: &Plan) -> &str {
    match plan {
        Plan::Read(read) => read.source.schema.name(),
        Plan::Write(write) => write.source.schema.name(),
        Plan::FindAndModify(plan) => plan.source.schema.name(),
        Plan::Insert(insert) => insert.source.schema.name(),
    }
}

fn purpose(plan: &Plan) -> String {
    let class = class(plan);
    match plan {
        Plan::Read(Read { terminal, .. }) => match terminal {
            Terminal::Find => format!("documents of {class}"),
            Terminal::First => format!("first of {class}"),
            Terminal::Aggregate => format!("rows of {class}"),
            Terminal::Count => format!("count of {class}"),
            Terminal::Exists => format!("whether there is any {class}"),
            Terminal::Distinct(path) => format!("values of {class}.{}", path.as_str()),
        },
        Plan::Write(write) => changing(&write.change, class),
        Plan::FindAndModify(plan) => changing(&plan.change, class),
        Plan::Insert(_) => format!("insert of {class}"),
    }
}

fn changing(change: &Change, class: &str) -> String {
    let what = match change {
        Change::Update { .. } => "update",
        Change::Replace { .. } => "replacement",
        Change::Delete => "deletion",
    };
    format!("{what} of {class}")
}
