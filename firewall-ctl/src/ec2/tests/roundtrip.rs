//! JSON and XML carry the same values, and so do JSON and forms: of every operation of the table.

use crate::ec2::form::{Parameters, Tree};
use crate::ec2::shapes::{Form, Shapes, StructureIndex};
use crate::ec2::{decode, form, xml};
use proptest::prelude::*;
use proptest::sample::subsequence;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Nested deeper than this, structures are empty: few are, and none needs it.
const DEPTH: u32 = 5;

fn value(form: Form, depth: u32) -> BoxedStrategy<Value> {
    match form {
        Form::Text | Form::Timestamp | Form::Blob => text().prop_map(Value::from).boxed(),
        Form::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Form::Double => (-1e9..1e9).prop_map(|number: f64| json!(number)).boxed(),
        Form::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Form::Structure(index) => structure(index, depth),
        Form::List(list) => {
            let of = Shapes::get().list(list).of;
            if depth == 0 {
                return Just(json!([])).boxed();
            }
            prop::collection::vec(value(of, depth - 1), 0..4).prop_map(Value::from).boxed()
        }
    }
}

fn structure(index: StructureIndex, depth: u32) -> BoxedStrategy<Value> {
    let members = &Shapes::get().structure(index).members;
    if depth == 0 || members.is_empty() {
        return Just(json!({})).boxed();
    }
    let most = members.len().min(6);
    subsequence(members.iter().collect::<Vec<_>>(), 0..=most)
        .prop_flat_map(move |chosen| {
            let values: Vec<_> = chosen.iter().map(|member| value(member.form, depth - 1)).collect();
            let names: Vec<String> = chosen.iter().map(|member| member.name.clone()).collect();
            values.prop_map(move |values| Value::Object(names.iter().cloned().zip(values).collect()))
        })
        .boxed()
}

/// Texts that wires get wrong.
fn text() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        4 => any::<char>(),
        2 => prop::sample::select(vec!['<', '>', '&', '"', '\'', ']', '\r', '\n', '\t', ' ', '%', '+', '=', '.', '\0']),
        4 => prop::char::range('a', 'z'),
    ];
    let allowed = letter.prop_map(|letter| if form::is_in_xml(letter) { letter } else { '\u{fffd}' });
    prop::collection::vec(allowed, 0..12).prop_map(String::from_iter)
}

/// An operation and a value of one of its sides.
fn sided(side: fn(crate::ec2::shapes::Operation) -> Option<StructureIndex>) -> impl Strategy<Value = (String, Value)> {
    let shapes = Shapes::get();
    let with_side = |name: &&str| shapes.operation(name).and_then(side).is_some();
    let operations: Vec<String> = shapes.operations().filter(with_side).map(str::to_owned).collect();
    prop::sample::select(operations).prop_flat_map(move |name| {
        let index = Shapes::get().operation(&name).and_then(side).expect("chosen for having one");
        structure(index, DEPTH).prop_map(move |body| (name.clone(), body))
    })
}

/// The form of a request, as the SDKs write it, except that an empty list is said.
fn write_form(index: StructureIndex, body: &Value, prefix: &str, out: &mut Vec<(String, String)>) {
    let structure = Shapes::get().structure(index);
    for (name, value) in body.as_object().unwrap() {
        let member = structure.members.iter().find(|member| member.name == *name).unwrap();
        write_value(member.form, value, &format!("{prefix}{}", member.sent), out);
    }
}

fn write_value(form: Form, value: &Value, name: &str, out: &mut Vec<(String, String)>) {
    match form {
        Form::Structure(index) => write_form(index, value, &format!("{name}."), out),
        Form::List(list) => {
            let items = value.as_array().unwrap();
            if items.is_empty() {
                out.push((name.to_owned(), String::new()));
            }
            for (number, item) in (1..).zip(items) {
                // Every second place is left out.
                write_value(Shapes::get().list(list).of, item, &format!("{name}.{}", number * 2), out);
            }
        }
        Form::Text | Form::Timestamp | Form::Blob => out.push((name.to_owned(), value.as_str().unwrap().to_owned())),
        Form::Integer | Form::Double | Form::Boolean => out.push((name.to_owned(), value.to_string())),
    }
}

fn encode(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |mut out, octet| {
            let _ = match octet {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' => write!(out, "{}", char::from(octet)),
                other => write!(out, "%{other:02X}"),
            };
            out
        })
    };
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Structures without members are not in a form, and neither are lists in which there is nothing else.
fn is_said(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty() && members.values().all(is_said),
        Value::Array(items) => items.iter().all(is_said),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// An element with what is in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

fn parse(text: &str) -> Element {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::End(_) => {
                let done = open.pop().unwrap();
                open.last_mut().unwrap().children.push(done);
            }
            Event::Text(text) => open.last_mut().unwrap().text += &text.xml10_content(),
            Event::GeneralRef(reference) => {
                let name = (*reference).to_owned();
                let letter = match reference.resolve_char_ref().unwrap() {
                    Some(letter) => letter.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name).unwrap().to_owned(),
                };
                open.last_mut().unwrap().text += &letter;
            }
            Event::Eof => return open.pop().unwrap().children.pop().unwrap(),
            Event::Decl(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

fn read_structure(index: StructureIndex, element: &Element) -> Value {
    let structure = Shapes::get().structure(index);
    let mut members = Map::new();
    for child in element.children.iter().filter(|child| child.name != "requestId") {
        let member = structure.members.iter().find(|member| member.answered == child.name).unwrap();
        members.insert(member.name.clone(), read_value(member.form, child));
    }
    Value::Object(members)
}

fn read_value(form: Form, element: &Element) -> Value {
    match form {
        Form::Text | Form::Timestamp | Form::Blob => json!(element.text),
        Form::Integer => json!(element.text.parse::<i64>().unwrap()),
        Form::Double => json!(element.text.parse::<f64>().unwrap()),
        Form::Boolean => json!(element.text.parse::<bool>().unwrap()),
        Form::Structure(index) => read_structure(index, element),
        Form::List(list) => {
            let list = Shapes::get().list(list);
            assert!(element.children.iter().all(|child| child.name == list.item));
            element.children.iter().map(|child| read_value(list.of, child)).collect()
        }
    }
}

proptest! {
    #[test]
    fn json_and_xml_carry_the_same((name, body) in sided(|operation| operation.output)) {
        let shapes = Shapes::get();
        let operation = shapes.operation(&name).unwrap();
        let text = xml::answer(shapes, &name, operation, &body, "id").unwrap();
        let root = parse(&text);
        prop_assert_eq!(&root.name, &format!("{name}Response"));
        prop_assert_eq!(&root.children[0].text, "id");
        let read = read_structure(operation.output.unwrap(), &root);
        prop_assert_eq!(read, body);
    }

    #[test]
    fn json_and_forms_carry_the_same(
        (name, body) in sided(|operation| operation.input).prop_filter("can be said", |(_, body)| is_said(body))
    ) {
        let shapes = Shapes::get();
        let index = shapes.operation(&name).unwrap().input.unwrap();
        let mut pairs = Vec::new();
        write_form(index, &body, "", &mut pairs);
        let mut parameters = Parameters::new();
        form::read(encode(&pairs).as_bytes(), &mut parameters).unwrap();
        let tree = Tree::grow(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))).unwrap();
        let mut read = decode::members(shapes, Some(index), &tree).unwrap();
        let mut body = body;
        read.sort_all_objects();
        body.sort_all_objects();
        prop_assert_eq!(read, body);
    }

    #[test]
    fn errors_are_whole(code in "[A-Za-z.]{1,20}", message in text(), detail in prop::option::of(text())) {
        let root = parse(&xml::error(&code, &message, detail.as_deref(), "id"));
        let error = &root.children[0].children[0];
        prop_assert_eq!(&error.children[0].text, &code);
        prop_assert_eq!(&error.children[1].text, &message);
        prop_assert_eq!(error.children.get(2).map(|child| child.text.clone()), detail);
    }
}

fn decoded(operation: &str, text: &str) -> Result<Value, crate::actions::ApiError> {
    let mut parameters = Parameters::new();
    form::read(text.as_bytes(), &mut parameters)?;
    let tree = Tree::grow(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    decode::members(Shapes::get(), Shapes::get().operation(operation).unwrap().input, &tree)
}

#[test]
fn places_of_lists_may_be_left_out_and_keep_their_order() {
    let read =
        decoded("DescribeSecurityGroups", "GroupId.10=b&GroupId.9=a&Filter.3.Name=n&Filter.3.Value.2=v&DryRun=true");
    let expected = json!({"DryRun": true, "Filters": [{"Name": "n", "Values": ["v"]}], "GroupIds": ["a", "b"]});
    assert_eq!(read.unwrap(), expected);
}

#[test]
fn what_does_not_fit_is_named_as_it_was_sent() {
    for (text, message) in [
        ("GroupIds.1=a", "The parameter GroupIds is not recognized"),
        ("groupId.1=a", "The parameter groupId is not recognized"),
        ("GroupId.0=a", "The parameter GroupId.0 is not recognized"),
        ("GroupId.01=a", "The parameter GroupId.01 is not recognized"),
        ("GroupId.x=a", "The parameter GroupId.x is not recognized"),
        ("GroupId.4000000000=a", "The parameter GroupId.4000000000 is not recognized"),
        ("GroupId=a", "Value (a) for parameter GroupId is invalid."),
        ("GroupId.1.2=a", "The parameter GroupId.1.2 is not recognized"),
        ("Filter.1=a", "Value (a) for parameter Filter.1 is invalid."),
        ("Filter.1.Name.1=a", "The parameter Filter.1.Name.1 is not recognized"),
        ("MaxResults=many", "Value (many) for parameter MaxResults is invalid."),
        ("MaxResults=", "Value () for parameter MaxResults is invalid."),
        ("DryRun=yes", "Value (yes) for parameter DryRun is invalid."),
    ] {
        let error = decoded("DescribeSecurityGroups", text).unwrap_err();
        assert_eq!(error.message, message, "{text}");
    }
}
