//! From the JSON of an answer to XML, by the shape of its output; and errors.

use super::form::is_in_xml;
use super::local;
use super::shapes::{Form, Operation, Shapes, StructureIndex};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use serde_json::Value;
use std::io;

/// Why an answer has no XML form.
#[derive(Debug, thiserror::Error)]
pub enum XmlError {
    /// A value is not of the form that its place has.
    #[error("{place} is {form:?}, and the answer has {found}")]
    Form {
        /// The structure and its member.
        place: String,
        /// What it should be.
        form: Form,
        /// The value.
        found: String,
    },
    /// A structure has no such member.
    #[error("{place} is no member that the service knows")]
    Member {
        /// The structure and the member.
        place: String,
    },
    /// It could not be written.
    #[error("cannot write XML")]
    Write(#[from] io::Error),
}

/// The answer to an operation.
///
/// # Errors
/// It is not of the shape of the operation's answers, which is a mistake of ours.
pub fn answer(
    shapes: &Shapes,
    name: &str,
    operation: Operation,
    body: &Value,
    request_id: &str,
) -> Result<String, XmlError> {
    let mut xml = Xml::new();
    let root = format!("{name}Response");
    xml.root(&root, &shapes.namespace, |xml| {
        xml.text("requestId", request_id)?;
        match operation.output {
            Some(index) => xml.structure(shapes, index, body),
            // The service says at least this.
            None => xml.text("return", "true"),
        }
    })?;
    Ok(xml.finish())
}

/// A refusal.
#[must_use]
pub fn error(code: &str, message: &str, detail: Option<&str>, request_id: &str) -> String {
    let mut xml = Xml::new();
    let written = xml.element("Response", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", code)?;
                xml.text("Message", message)?;
                detail.map_or(Ok(()), |detail| xml.text("Detail", detail))
            })
        })?;
        xml.text("RequestID", request_id)
    });
    debug_assert!(written.is_ok(), "writing to memory does not fail: {written:?}");
    xml.finish()
}

/// XML that grows.
pub(super) struct Xml {
    writer: Writer<Vec<u8>>,
}

impl Xml {
    pub(super) fn new() -> Self {
        let mut writer = Writer::new(Vec::new());
        let written = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        debug_assert!(written.is_ok(), "writing to memory does not fail: {written:?}");
        Self { writer }
    }

    pub(super) fn finish(self) -> String {
        String::from_utf8_lossy(&self.writer.into_inner()).into_owned()
    }

    /// The outermost element.
    pub(super) fn root(
        &mut self,
        name: &str,
        namespace: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), XmlError>,
    ) -> Result<(), XmlError> {
        let start = quick_xml::events::BytesStart::new(name).with_attributes([("xmlns", namespace)]);
        self.writer.write_event(Event::Start(start))?;
        inner(self)?;
        self.writer.write_event(Event::End(quick_xml::events::BytesEnd::new(name)))?;
        Ok(())
    }

    pub(super) fn element(
        &mut self,
        name: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), XmlError>,
    ) -> Result<(), XmlError> {
        self.writer.write_event(Event::Start(quick_xml::events::BytesStart::new(name)))?;
        inner(self)?;
        self.writer.write_event(Event::End(quick_xml::events::BytesEnd::new(name)))?;
        Ok(())
    }

    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), XmlError> {
        self.element(name, |xml| Ok(xml.writer.write_event(Event::Text(BytesText::from_escaped(escaped(text))))?))
    }

    fn structure(&mut self, shapes: &Shapes, index: StructureIndex, value: &Value) -> Result<(), XmlError> {
        let structure = shapes.structure(index);
        let Value::Object(members) = value else {
            return Err(unfit(&structure.name, Form::Structure(index), value));
        };
        for (name, value) in members {
            let Some(member) = structure.members.iter().find(|member| member.name == *name) else {
                if local::ANSWERED.contains(&(structure.name.as_str(), name.as_str())) {
                    continue;
                }
                return Err(XmlError::Member { place: format!("{}.{name}", structure.name) });
            };
            if !value.is_null() {
                let place = || format!("{}.{name}", structure.name);
                self.value(shapes, &member.answered, member.form, value, &place)?;
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        shapes: &Shapes,
        name: &str,
        form: Form,
        value: &Value,
        place: &dyn Fn() -> String,
    ) -> Result<(), XmlError> {
        match (form, value) {
            (Form::Structure(index), Value::Object(_)) => self.element(name, |xml| xml.structure(shapes, index, value)),
            (Form::List(index), Value::Array(items)) => {
                let list = shapes.list(index);
                self.element(name, |xml| {
                    items.iter().try_for_each(|item| xml.value(shapes, &list.item, list.of, item, place))
                })
            }
            (Form::Text | Form::Timestamp | Form::Blob, Value::String(text)) => self.text(name, text),
            (Form::Boolean, Value::Bool(truth)) => self.text(name, if *truth { "true" } else { "false" }),
            (Form::Integer, Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.text(name, &number.to_string())
            }
            (Form::Double, Value::Number(number)) => self.text(name, &number.to_string()),
            (form, value) => Err(unfit(&place(), form, value)),
        }
    }
}

fn unfit(place: &str, form: Form, value: &Value) -> XmlError {
    XmlError::Form { place: place.to_owned(), form, found: value.to_string() }
}

/// Text as it stands in XML. What XML cannot hold at all is replaced; a carriage return is escaped, since readers take it
/// for the end of a line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            letter if is_in_xml(letter) => out.push(letter),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}
