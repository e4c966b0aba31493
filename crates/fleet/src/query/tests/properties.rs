//! What holds of every query, and of every text.

use proptest::prelude::*;

use super::{known, now, silent};
use crate::query::Query;
use crate::query::field::{Field, Kind, NAMED};
use crate::query::node::{Node, Operator};
use crate::query::value::{Moment, Span, Value, version};

fn field() -> impl Strategy<Value = Field> {
    let named = (0..NAMED.len()).prop_map(|index| NAMED[index].1.clone());
    let attribute = "attributes\\.[a-z][a-z0-9_-]{0,5}"
        .prop_map(|name| Field::named(&name).expect("a good name"));
    prop_oneof![4 => named, 1 => attribute]
}

fn value(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => prop_oneof![
            "\\PC{0,8}",
            Just("store-7".to_owned()),
            Just("B".to_owned()),
        ]
        .prop_map(Value::Text)
        .boxed(),
        Kind::Version => "[0-3]\\.[0-9]\\.[0-9](-rc\\.[1-9])?"
            .prop_map(|word| Value::Version(version(&word).expect("a version")))
            .boxed(),
        Kind::Flag => any::<bool>().prop_map(Value::Flag).boxed(),
        Kind::Moment => prop_oneof![
            "[1-9][0-9]{0,4}[mhdw]"
                .prop_map(|word| Moment::Ago(Span::parse(&word).expect("a span"))),
            (-200_000_000_000..=200_000_000_000_i64).prop_map(|second| {
                Moment::At(jiff::Timestamp::from_second(second).expect("in range"))
            }),
        ]
        .prop_map(Value::Moment)
        .boxed(),
    }
}

/// Any comparison that the grammar allows.
fn leaf() -> impl Strategy<Value = Node> {
    field().prop_flat_map(|field| {
        let kind = field.kind();
        let operators = kind.operators();
        let compared = field.clone();
        let listed = field.clone();
        let compare = (0..operators.len(), value(kind)).prop_map(move |(index, value)| {
            match operators[index] {
                Operator::In => Node::In(compared.clone(), vec![value]),
                operator => Node::Compare(compared.clone(), operator, value),
            }
        });
        let list = prop::collection::vec(value(kind), 1..4).prop_map(move |values| match operators
            .contains(&Operator::In)
        {
            true => Node::In(listed.clone(), values),
            false => Node::Has(listed.clone()),
        });
        prop_oneof![4 => compare, 1 => list, 1 => Just(Node::Has(field))]
    })
}

fn query() -> impl Strategy<Value = Query> {
    let node = leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Node::any),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Node::all),
            inner.prop_map(|node| Node::Not(Box::new(node))),
        ]
    });
    node.prop_map(Query)
}

proptest! {
    #[test]
    fn what_is_shown_is_read_again(query in query()) {
        let text = query.to_string();
        prop_assert_eq!(Query::parse(&text).map_err(|e| e.to_string()), Ok(query), "{}", text);
    }

    #[test]
    fn a_device_is_meant_by_a_query_or_by_its_opposite(query in query()) {
        let opposite = Query(Node::Not(Box::new(query.0.clone())));
        for device in [known(), silent()] {
            prop_assert_ne!(query.matches(&device, now()), opposite.matches(&device, now()));
        }
    }

    /// Nobody is picked for what isn't known of them.
    #[test]
    fn no_comparison_holds_of_what_is_absent(leaf in leaf()) {
        let (Node::Has(field) | Node::Compare(field, ..) | Node::In(field, _)) = &leaf else {
            return Err(TestCaseError::fail("no leaf"));
        };
        let absent = !Node::Has(field.clone()).holds(&silent(), now());
        prop_assert!(!absent || !leaf.holds(&silent(), now()));
    }

    #[test]
    fn any_text_is_read_or_explained(text in "\\PC{0,60}|[a-z =!<>~\"(),\\\\.0-9\n]{0,60}") {
        match Query::parse(&text) {
            Ok(query) => prop_assert_eq!(query.to_string().parse(), Ok(query)),
            Err(error) => {
                prop_assert!(error.column() <= text.chars().count() + 1);
                prop_assert!(!error.cure().is_empty());
                prop_assert!(!error.to_string().chars().any(char::is_control));
                prop_assert_eq!(error.pointed().lines().count(), 2);
            }
        }
    }

    /// A good query with something cut out of it or put into it.
    #[test]
    fn a_damaged_query_is_read_or_explained(
        query in query(),
        from in 0..200usize,
        length in 0..8usize,
        put in "[ -~]{0,3}",
    ) {
        let text = query.to_string();
        let start = text.floor_char_boundary(from.min(text.len()));
        let end = text.floor_char_boundary((from + length).min(text.len())).max(start);
        let damaged = format!("{}{put}{}", &text[..start], &text[end..]);
        if let Ok(query) = Query::parse(&damaged) {
            prop_assert_eq!(query.to_string().parse(), Ok(query));
        }
    }
}
