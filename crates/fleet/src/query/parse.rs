//! From tokens to a tree, by recursive descent: one function a rule of the grammar, loosest first.

use super::error::{Fault, Mistake, QueryError};
use super::field::{Field, Kind};
use super::node::{Node, Operator};
use super::token::{Placed, Token, cut, tokens};
use super::value::{Moment, Span, Value, version};
use super::{NESTING_MAX, QUERY_BYTES_MAX, TERMS_MAX};

/// Reads a whole query.
pub(super) fn parse(text: &str) -> Result<Node, QueryError> {
    read(text).map_err(|mistake| QueryError::new(text, mistake))
}

fn read(text: &str) -> Result<Node, Mistake> {
    if text.len() > QUERY_BYTES_MAX {
        let bytes = text.len();
        return Err(Fault::TooLong { bytes }.at(QUERY_BYTES_MAX));
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        next: 0,
        depth: 0,
        terms: 0,
    };
    let node = parser.any()?;
    match parser.token() {
        Token::End => short_enough(node),
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

/// The canonical form is a query too, and some are longer than what was written.
fn short_enough(node: Node) -> Parsed<Node> {
    match node.to_string().len() {
        0..=QUERY_BYTES_MAX => Ok(node),
        bytes => Err(Fault::TooLong { bytes }.at(QUERY_BYTES_MAX)),
    }
}

struct Parser {
    /// Never empty; the last is the end.
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    terms: usize,
}

type Parsed<T> = Result<T, Mistake>;

impl Parser {
    /// `all { "or" all }`
    fn any(&mut self) -> Parsed<Node> {
        let mut nodes = vec![self.all()?];
        while self.takes_word("or") {
            nodes.push(self.all()?);
        }
        Ok(Node::any(nodes))
    }

    /// `one { "and" one }`
    fn all(&mut self) -> Parsed<Node> {
        let mut nodes = vec![self.one()?];
        while self.takes_word("and") {
            nodes.push(self.one()?);
        }
        Ok(Node::all(nodes))
    }

    /// `"not" one | "(" any ")" | "has" field | comparison`
    fn one(&mut self) -> Parsed<Node> {
        if self.takes_word("not") {
            return self.deeper(|parser| Ok(Node::Not(Box::new(parser.one()?))));
        }
        if self.takes(&Token::Open) {
            return self.deeper(|parser| {
                let node = parser.any()?;
                parser.demand(&Token::Close, "`and`, `or` or `)`")?;
                Ok(node)
            });
        }
        self.count()?;
        if self.takes_word("has") {
            return Ok(Node::Has(self.field("a field")?));
        }
        self.comparison()
    }

    /// `field operator value | field "in" "(" value { "," value } ")"`
    fn comparison(&mut self) -> Parsed<Node> {
        let field = self.field("a field, `has`, `not` or `(`")?;
        match self.operator(&field)? {
            Operator::In => {
                let values = self.values(&field)?;
                Ok(Node::In(field, values))
            }
            operator => {
                let value = self.value(&field)?;
                Ok(Node::Compare(field, operator, value))
            }
        }
    }

    fn field(&mut self, what: &'static str) -> Parsed<Field> {
        let Token::Word(name) = self.token() else {
            return Err(self.expected(what));
        };
        match Field::named(name) {
            Some(field) => {
                self.next += 1;
                Ok(field)
            }
            None if matches!(name.as_str(), "and" | "or" | "in") => Err(self.expected(what)),
            None => Err(self.here(Fault::UnknownField { name: cut(name) })),
        }
    }

    fn operator(&mut self, field: &Field) -> Parsed<Operator> {
        let operator = match self.token() {
            Token::Sign(operator) => *operator,
            Token::Word(word) if word == "in" => Operator::In,
            _ => return Err(self.expected("`in` or one of = != < <= > >= ~")),
        };
        if !field.kind().operators().contains(&operator) {
            let field = field.clone();
            return Err(self.here(Fault::Operator { field, operator }));
        }
        self.next += 1;
        Ok(operator)
    }

    fn values(&mut self, field: &Field) -> Parsed<Vec<Value>> {
        self.demand(&Token::Open, "`(` and a list of values")?;
        let mut values = vec![self.value(field)?];
        while self.takes(&Token::Comma) {
            self.count()?;
            values.push(self.value(field)?);
        }
        self.demand(&Token::Close, "`,` or `)`")?;
        Ok(values)
    }

    fn value(&mut self, field: &Field) -> Parsed<Value> {
        let token = self.token();
        let value = match (field.kind(), token) {
            (Kind::Text, Token::Text(text)) => Some(Value::Text(text.clone())),
            (Kind::Version, Token::Word(word)) => version(word).map(Value::Version),
            (Kind::Flag, Token::Word(word)) => word.parse().ok().map(Value::Flag),
            (Kind::Moment, Token::Word(word)) => match Span::parse(word) {
                Some(span) => return self.ago(span),
                None => Moment::parse(word).map(Value::Moment),
            },
            _ => None,
        };
        let Some(value) = value else {
            let (field, found) = (field.clone(), token.shown());
            return Err(self.here(Fault::Value { field, found }));
        };
        self.next += 1;
        Ok(value)
    }

    /// A span is a moment only with the word behind it.
    fn ago(&mut self, span: Span) -> Parsed<Value> {
        self.next += 1;
        match self.takes_word("ago") {
            true => Ok(Value::Moment(Moment::Ago(span))),
            false => Err(self.expected("`ago`")),
        }
    }

    fn deeper(&mut self, read: impl FnOnce(&mut Self) -> Parsed<Node>) -> Parsed<Node> {
        if self.depth == NESTING_MAX {
            return Err(self.here(Fault::TooDeep));
        }
        self.depth += 1;
        let node = read(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn count(&mut self) -> Parsed<()> {
        if self.terms == TERMS_MAX {
            return Err(self.here(Fault::TooMany));
        }
        self.terms += 1;
        Ok(())
    }

    fn token(&self) -> &Token {
        &self.tokens[self.next].token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_there = self.token() == token;
        self.next += usize::from(is_there);
        is_there
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_there = matches!(self.token(), Token::Word(there) if there == word);
        self.next += usize::from(is_there);
        is_there
    }

    fn demand(&mut self, token: &Token, what: &'static str) -> Parsed<()> {
        match self.takes(token) {
            true => Ok(()),
            false => Err(self.expected(what)),
        }
    }

    fn expected(&self, what: &'static str) -> Mistake {
        let found = self.token().shown();
        self.here(Fault::Expected { what, found })
    }

    fn here(&self, fault: Fault) -> Mistake {
        fault.at(self.tokens[self.next].at)
    }
}
