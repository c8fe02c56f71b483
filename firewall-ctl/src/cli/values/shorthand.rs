//! The shorthand that the AWS CLI knows for structures: `Name=group-id,Values=sg-1,sg-2` or
//! `IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8,Description='office, 2nd floor'}]`.
//!
//! Here text becomes records, lists and text; [`super::shape`] knows which of them are numbers.
//!
//! ```text
//! record  = pair *( "," pair )
//! pair    = key "=" value *( "," scalar )        at the top level: more scalars make a list
//! value   = list / braces / scalar
//! list    = "[" [ value *( "," value ) ] "]"
//! braces  = "{" [ pair *( "," pair ) ] "}"       inside braces a pair has one value
//! scalar  = 'quoted' / "quoted" / bare           bare ends at "," "]" "}"; `\,` is a comma in it
//! ```

use serde_json::{Map, Value};

/// No structure of the API is deeper than four; the bound keeps a typing accident from exhausting the stack.
const DEPTH: usize = 16;

/// What the parser stumbled over, and where.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{wanted} expected at character {} of `{text}`, found {found}", at + 1)]
pub(crate) struct SyntaxError {
    wanted: &'static str,
    found: String,
    at: usize,
    text: String,
}

/// Reads one record.
pub(crate) fn parse(text: &str) -> Result<Map<String, Value>, SyntaxError> {
    let mut parser = Parser { text, rest: text, depth: 0 };
    parser.record()
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn record(&mut self) -> Result<Map<String, Value>, SyntaxError> {
        let mut record = Map::new();
        loop {
            let key = self.key(&record)?;
            let value = self.value()?;
            let value = self.more_scalars(value)?;
            record.insert(key, value);
            if self.eat(',') {
                continue;
            }
            return if self.rest.is_empty() { Ok(record) } else { Err(self.error("a comma or the end")) };
        }
    }

    /// `key=`, refused when the record has it already: most often a comma stands where a space belongs.
    fn key(&mut self, record: &Map<String, Value>) -> Result<String, SyntaxError> {
        self.skip_space();
        let Some((key, after)) = split_key(self.rest) else {
            return Err(self.error("`key=`"));
        };
        if record.contains_key(key) {
            return Err(self.error("another key (separate records with a space, not a comma)"));
        }
        self.rest = after;
        self.skip_space();
        Ok(key.to_owned())
    }

    /// After `key=scalar`: further scalars up to the next `key=` make a list of it.
    fn more_scalars(&mut self, first: Value) -> Result<Value, SyntaxError> {
        self.skip_space();
        if !first.is_string() {
            return Ok(first);
        }
        let mut list = vec![first];
        while let Some(after) = self.rest.strip_prefix(',') {
            let after = after.trim_start();
            if split_key(after).is_some() {
                break;
            }
            self.rest = after;
            if self.rest.is_empty() || self.rest.starts_with(',') {
                return Err(self.error("a value"));
            }
            list.push(Value::String(self.scalar()?));
            self.skip_space();
        }
        Ok(if list.len() == 1 { list.remove(0) } else { Value::Array(list) })
    }

    fn value(&mut self) -> Result<Value, SyntaxError> {
        if self.depth == DEPTH {
            return Err(self.error("a structure that is less deep"));
        }
        self.depth += 1;
        let value = match self.rest.chars().next() {
            Some('[') => self.list().map(Value::Array),
            Some('{') => self.braces().map(Value::Object),
            Some(_) | None => self.scalar().map(Value::String),
        };
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Result<Vec<Value>, SyntaxError> {
        self.expect('[', "`[`")?;
        let mut list = Vec::new();
        if self.eat(']') {
            return Ok(list);
        }
        loop {
            self.skip_space();
            if self.rest.is_empty() || self.rest.starts_with([',', ']', '}']) {
                return Err(self.error("a value"));
            }
            list.push(self.value()?);
            if !self.eat(',') {
                self.expect(']', "`,` or `]`")?;
                return Ok(list);
            }
        }
    }

    fn braces(&mut self) -> Result<Map<String, Value>, SyntaxError> {
        self.expect('{', "`{`")?;
        let mut record = Map::new();
        if self.eat('}') {
            return Ok(record);
        }
        loop {
            let key = self.key(&record)?;
            let value = self.value()?;
            record.insert(key, value);
            if !self.eat(',') {
                self.expect('}', "`,` or `}`")?;
                return Ok(record);
            }
        }
    }

    fn scalar(&mut self) -> Result<String, SyntaxError> {
        match self.rest.chars().next() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some(_) | None => Ok(self.bare()),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, char)) = chars.next() {
            if char == quote {
                self.rest = &self.rest[at + 1..];
                return Ok(text);
            }
            match chars.peek() {
                Some(&(_, next)) if char == '\\' && (next == quote || next == '\\') => {
                    text.push(next);
                    chars.next();
                }
                Some(_) | None => text.push(char),
            }
        }
        self.rest = "";
        Err(self.error("the closing quote"))
    }

    fn bare(&mut self) -> String {
        let mut text = String::new();
        let mut end = self.rest.len();
        let mut chars = self.rest.char_indices().peekable();
        while let Some((at, char)) = chars.next() {
            if matches!(char, ',' | ']' | '}') {
                end = at;
                break;
            }
            if char == '\\' && chars.next_if(|&(_, next)| next == ',').is_some() {
                text.push(',');
            } else {
                text.push(char);
            }
        }
        self.rest = &self.rest[end..];
        text.truncate(text.trim_end().len());
        text
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(after) => {
                self.rest = after;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, wanted: char, name: &'static str) -> Result<(), SyntaxError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(name)) }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn error(&self, wanted: &'static str) -> SyntaxError {
        let read = &self.text[..self.text.len() - self.rest.len()];
        let found = match self.rest.chars().next() {
            Some(char) => format!("`{char}`"),
            None => "the end".to_owned(),
        };
        SyntaxError { wanted, found, at: read.chars().count(), text: self.text.to_owned() }
    }
}

/// Splits `key=rest`, if the text begins so.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|char: char| !(char.is_ascii_alphanumeric() || "-_.#/:".contains(char)))?;
    let after = text[end..].trim_start().strip_prefix('=')?;
    (end > 0).then_some((&text[..end], after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn reads_what_the_aws_cli_reads() {
        let cases = [
            ("a=b", json!({"a": "b"})),
            ("a=", json!({"a": ""})),
            ("a=b,c=d", json!({"a": "b", "c": "d"})),
            ("a=b,c", json!({"a": ["b", "c"]})),
            ("Name=group-id,Values=sg-1,sg-2", json!({"Name": "group-id", "Values": ["sg-1", "sg-2"]})),
            ("Values=a,b,Name=x", json!({"Values": ["a", "b"], "Name": "x"})),
            ("Name=tag:role,Values=web", json!({"Name": "tag:role", "Values": "web"})),
            ("a=[b,c]", json!({"a": ["b", "c"]})),
            ("a=[ b , c ], d = e", json!({"a": ["b", "c"], "d": "e"})),
            ("a=[]", json!({"a": []})),
            ("a={}", json!({"a": {}})),
            ("a={b=c,d=[e]}", json!({"a": {"b": "c", "d": ["e"]}})),
            (
                "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8}]",
                json!({"IpProtocol": "tcp", "FromPort": "22", "ToPort": "22", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}),
            ),
            ("a=[{b=::/0,c='x, y'}]", json!({"a": [{"b": "::/0", "c": "x, y"}]})),
            (r#"a="say \"hi\" \\ \n""#, json!({"a": "say \"hi\" \\ \\n"})),
            (r"a=b\,c", json!({"a": "b,c"})),
            ("a=b=c", json!({"a": "b=c"})),
            ("a=two words ,b=c", json!({"a": "two words", "b": "c"})),
            ("a=Grüße", json!({"a": "Grüße"})),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text).map(Value::Object), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        let cases = [
            ("", "`key=` expected at character 1 of ``, found the end"),
            ("tcp", "`key=` expected at character 1 of `tcp`, found `t`"),
            ("a=b,", "a value expected at character 5 of `a=b,`, found the end"),
            ("a=[b", "`,` or `]` expected at character 5 of `a=[b`, found the end"),
            ("a=[b}", "`,` or `]` expected at character 5 of `a=[b}`, found `}`"),
            ("a={b}", "`key=` expected at character 4 of `a={b}`, found `b`"),
            ("a=[,]", "a value expected at character 4 of `a=[,]`, found `,`"),
            ("a=b]", "a comma or the end expected at character 4 of `a=b]`, found `]`"),
            ("a='b", "the closing quote expected at character 5 of `a='b`, found the end"),
            (
                "a=b,a=c",
                "another key (separate records with a space, not a comma) expected at character 5 of `a=b,a=c`, \
                 found `a`",
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(parse(text).map_err(|error| error.to_string()), Err(wanted.to_owned()), "{text}");
        }
        assert!(parse(&format!("a={}", "[".repeat(100_000))).is_err());
    }

    /// Writes what the parser reads; quotes whatever is not plain.
    fn write(value: &Value) -> String {
        match value {
            Value::String(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Value::Array(list) => format!("[{}]", list.iter().map(write).collect::<Vec<_>>().join(",")),
            Value::Object(record) => format!("{{{}}}", write_record(record)),
            Value::Null | Value::Bool(_) | Value::Number(_) => unreachable!("shorthand knows text only"),
        }
    }

    fn write_record(record: &Map<String, Value>) -> String {
        record.iter().map(|(key, value)| format!("{key}={}", write(value))).collect::<Vec<_>>().join(",")
    }

    fn record() -> impl Strategy<Value = Map<String, Value>> {
        let leaf = any::<String>().prop_map(Value::String);
        let value = leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map("[A-Za-z0-9_.-]{1,8}", inner, 0..4)
                    .prop_map(|record| Value::Object(record.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[A-Za-z0-9_.:/#-]{1,8}", value, 1..4)
            .prop_map(|record| record.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(record in record()) {
            prop_assert_eq!(parse(&write_record(&record)), Ok(record));
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[a-c=,\[\]{}"'\\ é]{0,24}"#) {
            let _either = parse(&text);
        }
    }
}
