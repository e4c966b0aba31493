//! A strict reader for the HTML that this crate writes: quoted attributes, every element closed.
//! It is no HTML parser: what browsers forgive, it refuses.

/// Elements without content (HTML, 13.1.2 "Void elements").
const VOID: [&str; 4] = ["meta", "link", "br", "input"];

/// The tags of a document, in their order.
pub struct Html<'a> {
    tags: Vec<Tag<'a>>,
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Html<'a> {
    /// Reads a document, or names the first fault.
    pub fn parse(document: &'a str) -> Result<Self, String> {
        let mut rest = document
            .strip_prefix("<!doctype html>")
            .ok_or("no doctype")?;
        let mut tags = Vec::new();
        let mut open: Vec<&str> = Vec::new();
        while let Some(start) = rest.find('<') {
            let text = &rest[start + 1..];
            let end = text.find('>').ok_or("a tag without end")?;
            let (inside, after) = (&text[..end], &text[end + 1..]);
            rest = after;
            if let Some(name) = inside.strip_prefix('/') {
                let opened = open.pop();
                if opened != Some(name) {
                    return Err(format!("{opened:?} closed by </{name}>"));
                }
                continue;
            }
            let tag = Tag::parse(inside.trim_end_matches('/'))?;
            if !inside.ends_with('/') && !VOID.contains(&tag.name) {
                open.push(tag.name);
            }
            tags.push(tag);
        }
        match open.pop() {
            None => Ok(Self { tags }),
            Some(name) => Err(format!("<{name}> is never closed")),
        }
    }

    /// How many elements have this name.
    pub fn count(&self, name: &str) -> usize {
        self.tags.iter().filter(|tag| tag.name == name).count()
    }

    /// The values of all attributes of this name.
    pub fn attributes(&self, name: &str) -> Vec<&'a str> {
        let all = self.tags.iter().flat_map(|tag| &tag.attributes);
        all.filter(|(key, _)| *key == name)
            .map(|(_, value)| *value)
            .collect()
    }

    /// The names of all elements and attributes.
    pub fn names(&self) -> Vec<&'a str> {
        let name = |tag: &Tag<'a>| {
            let attributes = tag.attributes.iter().map(|(key, _)| *key);
            std::iter::once(tag.name)
                .chain(attributes)
                .collect::<Vec<_>>()
        };
        self.tags.iter().flat_map(name).collect()
    }

    /// The levels of the headings.
    pub fn heading_levels(&self) -> Vec<u32> {
        let levels = self
            .tags
            .iter()
            .filter_map(|tag| tag.name.strip_prefix('h'));
        levels.filter_map(|level| level.parse().ok()).collect()
    }
}

impl<'a> Tag<'a> {
    fn parse(inside: &'a str) -> Result<Self, String> {
        let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while !rest.trim_start().is_empty() {
            let fault = || format!("<{inside}>: not `name=\"value\"`: {rest}");
            let (key, value) = rest.trim_start().split_once("=\"").ok_or_else(fault)?;
            let (value, after) = value.split_once('"').ok_or_else(fault)?;
            if key.contains(char::is_whitespace) || !(after.is_empty() || after.starts_with(' ')) {
                return Err(fault());
            }
            attributes.push((key, value));
            rest = after;
        }
        let known = |c: char| c.is_ascii_alphanumeric();
        match !name.is_empty() && name.chars().all(known) {
            true => Ok(Self { name, attributes }),
            false => Err(format!("<{inside}> has no name")),
        }
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for (document, fault) in [
        ("<p></p>", "no doctype"),
        ("<!doctype html><p><b></p></b>", "closed by </p>"),
        ("<!doctype html><p>", "never closed"),
        ("<!doctype html><p class=x></p>", "not `name"),
        ("<!doctype html><p a=\"1\"b=\"2\"></p>", "not `name"),
        ("<!doctype html>1 <> 2", "has no name"),
    ] {
        let refused = Html::parse(document).err().unwrap_or_default();
        assert!(refused.contains(fault), "{document}: {refused}");
    }
    let html = Html::parse("<!doctype html><p a=\"1\"><br><i/></p>").expect("well-formed");
    assert_eq!(html.names(), ["p", "a", "br", "i"]);
}
