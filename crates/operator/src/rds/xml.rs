//! Answers as elements with text: as much of XML as a Query API has.

use quick_xml::Reader;
use quick_xml::events::Event;

/// No answer of RDS is so deep.
const DEEPEST: usize = 32;

/// One element: its name without a prefix, what is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

impl Element {
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child; nothing where there is none.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.child(name).map(|child| child.text.as_str()).unwrap_or_default()
    }

    /// What lies at the end of some names.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }
}

/// Reads the one element that a text is.
pub(crate) fn read(bytes: &[u8]) -> Result<Element, String> {
    let text = str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|error| error.to_string())?;
        match event {
            Event::Start(start) => {
                if open.len() > DEEPEST {
                    return Err("it is deeper than any answer of RDS".to_owned());
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                add(&mut open, Element { name, ..Element::default() });
            }
            Event::End(_) => {
                let closed = open.pop().unwrap_or_default();
                add(&mut open, closed);
            }
            Event::Text(text) => say(&mut open, &text),
            Event::CData(text) => say(&mut open, &text),
            Event::GeneralRef(reference) => {
                say(&mut open, &resolved(&reference)?);
            }
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            // Entities of their own are not resolved, so that nothing grows.
            Event::DocType(_) => return Err("it has a document type".to_owned()),
        }
    }
    let mut root = open.pop().filter(|_| open.is_empty()).ok_or("it ends in the middle")?;
    match (root.children.pop(), root.children.is_empty()) {
        (Some(one), true) => Ok(one),
        _ => Err("it is not one element".to_owned()),
    }
}

fn add(open: &mut [Element], child: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(child);
    }
}

fn say(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn resolved(name: &str) -> Result<String, String> {
    let number = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix('x') {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
        None => match name {
            "lt" => Some('<'.into()),
            "gt" => Some('>'.into()),
            "amp" => Some('&'.into()),
            "quot" => Some('"'.into()),
            "apos" => Some('\''.into()),
            _ => None,
        },
    };
    let character = number.and_then(char::from_u32).ok_or_else(|| format!("it has the unknown entity &{name};"))?;
    Ok(character.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_answer_is_read_with_its_lists_and_entities() {
        let answer =
            read(b"<?xml version=\"1.0\"?><A xmlns=\"http://x/\"><B><C>1 &lt; 2 &amp; &#x41;&#66;</C><C/></B></A>")
                .unwrap();
        let list = answer.at(&["B"]).unwrap();
        assert_eq!((list.children.len(), list.text_of("C")), (2, "1 < 2 & AB"));
        assert_eq!(answer.at(&["B", "D"]), None);
    }

    #[test]
    fn what_is_no_answer_is_told() {
        let deep = "<a>".repeat(100);
        for bad in [
            "",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "hello",
            "<a>&unknown;</a>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a/>",
            &deep,
        ] {
            assert!(read(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_there_is_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
