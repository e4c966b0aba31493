//! A query's text as words, texts and signs. Read [`tokens`].

use super::error::{Fault, Mistake};
use super::node::Operator;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a field, or a value without quotes.
    Word(String),
    /// What stood between double quotes.
    Text(String),
    /// A sign that compares.
    Sign(Operator),
    Open,
    Close,
    Comma,
    End,
}

/// A token and the byte at which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub at: usize,
    pub token: Token,
}

/// Most characters of the reader's own text in a message.
const QUOTED_CHARS_MAX: usize = 40;

/// All tokens of `text`; the last is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(sign) = text[at..].chars().next() {
        if sign.is_whitespace() {
            at += sign.len_utf8();
            continue;
        }
        let (token, length) = one(&text[at..], sign).map_err(|fault| fault.at(at))?;
        tokens.push(Placed { at, token });
        at += length;
    }
    let token = Token::End;
    tokens.push(Placed { at, token });
    Ok(tokens)
}

/// The token at the start of `rest`, which begins with `sign`, and its bytes.
fn one(rest: &str, sign: char) -> Result<(Token, usize), Fault> {
    if is_of_a_word(sign) {
        let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
        return Ok((Token::Word(rest[..end].to_owned()), end));
    }
    let longest_first = [
        Operator::AtMost,
        Operator::AtLeast,
        Operator::Differs,
        Operator::Is,
        Operator::Below,
        Operator::Above,
        Operator::Like,
    ];
    if let Some(found) = longest_first.iter().find(|o| rest.starts_with(o.sign())) {
        return Ok((Token::Sign(*found), found.sign().len()));
    }
    match sign {
        '"' => text(rest),
        '(' => Ok((Token::Open, 1)),
        ')' => Ok((Token::Close, 1)),
        ',' => Ok((Token::Comma, 1)),
        sign => Err(strange(sign)),
    }
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._-+:".contains(c)
}

/// A text in double quotes; `\"` and `\\` stand for a quote and a backslash.
fn text(rest: &str) -> Result<(Token, usize), Fault> {
    let mut read = String::new();
    let mut signs = rest.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return Ok((Token::Text(read), at + 1)),
            '\\' => match signs.next() {
                Some((_, escaped @ ('"' | '\\'))) => read.push(escaped),
                _ => return Err(escape()),
            },
            sign if sign.is_control() => return Err(strange(sign)),
            sign => read.push(sign),
        }
    }
    Err(Fault::Open)
}

fn escape() -> Fault {
    Fault::Sign {
        sign: '\\',
        write: "within a text write \\\" for a quote and \\\\ for a backslash",
    }
}

fn strange(sign: char) -> Fault {
    let write = match sign {
        '&' => "write `and`",
        '|' => "write `or`",
        '!' => "write `not`, or `!=`",
        '\'' => "put texts into double quotes",
        '*' | '?' => "put patterns into double quotes: id ~ \"th-*\"",
        _ => "put texts into double quotes; nothing else may hold this sign",
    };
    Fault::Sign { sign, write }
}

impl Token {
    /// What was found, for a message.
    pub fn shown(&self) -> String {
        match self {
            Self::Word(word) => format!("`{}`", cut(word)),
            Self::Text(text) => format!("the text {:?}", cut(text)),
            Self::Sign(operator) => format!("`{operator}`"),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::End => "the end".to_owned(),
        }
    }
}

/// The first characters of the reader's own text.
pub(super) fn cut(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
