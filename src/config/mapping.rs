//! `[sources.<name>.map]`: how the payload of a custom source reads.

use std::collections::BTreeMap;

use crate::domain::expression::Expression;
use crate::intake::custom::{Mapping, NAMES};

use super::section::{Field, Section};
use super::shape;

/// The mapping; `None`, with an error, when it lacks what every alert must have.
pub(super) fn read(source: &Section<'_>, name: &str) -> Option<Mapping> {
    let cost = format!("nothing that `{name}` sends could be read");
    let section = source.section("map");
    let may = |name: &'static str| expression(&section.field(name), &cost);
    let must = |name: &'static str, example: &str| {
        let field = section.field(name);
        field.require(shape::text, &cost, example)?;
        expression(&field, &cost)
    };
    let fingerprint = must("fingerprint", "\"item.id\"");
    let title = must("title", "\"item.message\"");
    let label: BTreeMap<String, Expression> = section
        .field("label")
        .entries()
        .into_iter()
        .filter_map(|(name, field)| Some((name, expression(&field, &cost)?)))
        .collect();
    let mapping = (|| {
        Some(Mapping {
            each: may("each"),
            only: may("only"),
            fingerprint: fingerprint?,
            title: title?,
            status: may("status"),
            signal: may("signal"),
            severity: may("severity"),
            category: may("category"),
            description: may("description"),
            service: may("service"),
            labels: may("labels"),
            label,
            links: may("links"),
            started_at: may("started_at"),
            ended_at: may("ended_at"),
            said_at: may("said_at"),
            group: may("group"),
        })
    })();
    if mapping.as_ref().is_some_and(|mapping| mapping.status.is_none()) {
        section.field("status").warning(
            "nothing says when an alert is over",
            format!("every payload from `{name}` would count as firing"),
            "write `status` as an expression that gives \"firing\" or \"resolved\", such as `item.ok ? \"resolved\" : \"firing\"`",
        );
    }
    if mapping.is_some() {
        section.done();
    }
    mapping
}

fn expression(field: &Field<'_>, cost: &str) -> Option<Expression> {
    let text = field.read(shape::text, cost)?;
    match Expression::parse(&text, &NAMES) {
        Ok(expression) => Some(expression),
        Err(why) => {
            field.error(
                format!("the expression cannot be read: {why}"),
                cost,
                "write an expression such as `item.message` or `has(item.ok) && item.ok`; a fixed text stands in \
                 quotation marks of its own: `\"'fraud'\"`",
            );
            None
        }
    }
}
