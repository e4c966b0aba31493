//! A query as text, in its canonical form: one blank between words, parentheses only where they are
//! needed.

use core::fmt;

use super::node::Node;

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any(nodes) => joined(f, nodes, " or ", |_| false),
            Self::All(nodes) => joined(f, nodes, " and ", |node| matches!(node, Self::Any(_))),
            Self::Not(node) => {
                f.write_str("not ")?;
                part(f, node, matches!(**node, Self::Any(_) | Self::All(_)))
            }
            Self::Has(field) => write!(f, "has {field}"),
            Self::Compare(field, operator, value) => write!(f, "{field} {operator} {value}"),
            Self::In(field, values) => {
                let values: Vec<_> = values.iter().map(ToString::to_string).collect();
                write!(f, "{field} in ({})", values.join(", "))
            }
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    nodes: &[Node],
    word: &str,
    looser: impl Fn(&Node) -> bool,
) -> fmt::Result {
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        part(f, node, looser(node))?;
    }
    Ok(())
}

fn part(f: &mut fmt::Formatter<'_>, node: &Node, in_parentheses: bool) -> fmt::Result {
    match in_parentheses {
        true => write!(f, "({node})"),
        false => write!(f, "{node}"),
    }
}
