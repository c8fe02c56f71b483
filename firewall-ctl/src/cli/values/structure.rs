//! Flags that take structures: as shorthand, as JSON, or as `file://PATH` that holds either.

use super::shape::{self, Shape, ShapeError};
use super::shorthand;
use serde_json::{Value, json};
use std::net::IpAddr;

/// What one word of such a flag brought: one structure as shorthand, or any number as a JSON list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Structures(Vec<Value>);

/// Why a word is not a structure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StructureError {
    #[error("{path} can't be read: {source}")]
    File { path: String, source: std::io::Error },
    #[error("not JSON: {0}")]
    Json(serde_json::Error),
    #[error(transparent)]
    Shorthand(#[from] shorthand::SyntaxError),
    #[error(transparent)]
    Shape(#[from] ShapeError),
    #[error("one structure expected, found {0}")]
    Count(usize),
}

/// Parser of `--ip-permissions`.
pub(crate) fn ip_permissions(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::IP_PERMISSION, word)
}

/// Parser of `--filters`.
pub(crate) fn filters(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::FILTER, word)
}

/// Parser of `--tag-specifications`.
pub(crate) fn tag_specifications(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::TAG_SPECIFICATION, word)
}

/// Parser of `--entries` and `--add-entries` of prefix lists.
pub(crate) fn new_entries(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::NEW_ENTRY, word)
}

/// Parser of `--remove-entries` of prefix lists.
pub(crate) fn old_entries(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::OLD_ENTRY, word)
}

/// Parser of `--tags`.
pub(crate) fn tags(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::TAG, word)
}

/// Parser of `--security-group-rules`.
pub(crate) fn rule_updates(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::RULE_UPDATE, word)
}

/// Parser of `--security-group-rule-descriptions`.
pub(crate) fn rule_notes(word: &str) -> Result<Structures, StructureError> {
    structures(&shape::RULE_NOTE, word)
}

/// Parser of `--private-ip-addresses` of `create-network-interface`: an address will do.
pub(crate) fn private_addresses(word: &str) -> Result<Structures, StructureError> {
    addresses("PrivateIpAddress", &shape::PRIVATE_ADDRESS, word)
}

/// Parser of `--ipv6-addresses`: an address will do.
pub(crate) fn ipv6_addresses(word: &str) -> Result<Structures, StructureError> {
    addresses("Ipv6Address", &shape::IPV6_ADDRESS, word)
}

/// Parser of `--connection-tracking-specification`.
pub(crate) fn timeouts(word: &str) -> Result<Structures, StructureError> {
    single(structures(&shape::CONNECTION_TRACKING, word)?)
}

/// Parser of `--attachment` of `modify-network-interface-attribute`.
pub(crate) fn attachment(word: &str) -> Result<Structures, StructureError> {
    single(structures(&shape::INTERFACE_ATTACHMENT, word)?)
}

/// A flag that takes one structure.
fn single(structures: Structures) -> Result<Structures, StructureError> {
    match structures.0.as_slice() {
        [_] => Ok(structures),
        several => Err(StructureError::Count(several.len())),
    }
}

/// All structures of a flag, in the order given.
pub(crate) fn all(words: &[Structures]) -> Vec<Value> {
    words.iter().flat_map(|word| word.0.iter().cloned()).collect()
}

fn addresses(member: &str, shape: &Shape, word: &str) -> Result<Structures, StructureError> {
    match word.parse::<IpAddr>() {
        Ok(_) => Ok(Structures(vec![json!({ member: word })])),
        Err(_) => structures(shape, word),
    }
}

/// What a word holds: itself, or what is in the file that it names.
pub(crate) fn content(word: &str) -> Result<String, StructureError> {
    match word.strip_prefix("file://") {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|source| StructureError::File { path: path.to_owned(), source })
        }
        None => Ok(word.to_owned()),
    }
}

fn structures(shape: &Shape, word: &str) -> Result<Structures, StructureError> {
    let content = content(word)?;
    let content = content.trim();
    let list = if content.starts_with(['[', '{']) {
        match serde_json::from_str(content).map_err(StructureError::Json)? {
            Value::Array(list) => list,
            single @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                vec![single]
            }
        }
    } else {
        vec![Value::Object(shorthand::parse(content)?)]
    };
    let fitted = list.into_iter().map(|value| shape.fit(value)).collect::<Result<_, _>>()?;
    Ok(Structures(fitted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_shorthand_and_file_say_the_same() {
        let wanted = vec![json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
            "IpRanges": [{"CidrIp": "10.0.0.0/8"}]})];
        let shorthand = "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8}]";
        let json = r#"[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"IpRanges":[{"CidrIp":"10.0.0.0/8"}]}]"#;
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("permissions.json");
        std::fs::write(&file, format!("\n{json}\n")).expect("a file");
        for word in [shorthand.to_owned(), json.to_owned(), format!("file://{}", file.display())] {
            assert_eq!(ip_permissions(&word).expect("a structure"), Structures(wanted.clone()), "{word}");
        }
    }

    #[test]
    fn mistakes_are_told_apart() {
        let error = |word| ip_permissions(word).expect_err("a mistake").to_string();
        assert!(error("[{").starts_with("not JSON: EOF"), "{}", error("[{"));
        assert!(error("file:///nonexistent/p.json").starts_with("/nonexistent/p.json can't be read: No such file"));
        assert!(error("Protocol=tcp").starts_with("unknown member `Protocol`, known are IpProtocol, FromPort"));
    }

    #[test]
    fn an_address_stands_for_its_structure() {
        let cases = [
            ("10.0.0.1", json!({"PrivateIpAddress": "10.0.0.1"})),
            ("PrivateIpAddress=10.0.0.1,Primary=true", json!({"PrivateIpAddress": "10.0.0.1", "Primary": true})),
        ];
        for (word, wanted) in cases {
            assert_eq!(private_addresses(word).expect("an address"), Structures(vec![wanted]), "{word}");
        }
        assert!(private_addresses("10.0.0.256").is_err());
        let error = private_addresses("Primary=maybe").expect_err("no truth").to_string();
        assert_eq!(error, "Primary: true or false expected, found \"maybe\"");
    }

    #[test]
    fn some_flags_take_one_structure() {
        let wanted = Structures(vec![json!({"TcpEstablishedTimeout": 60, "UdpTimeout": 30})]);
        assert_eq!(timeouts("TcpEstablishedTimeout=60,UdpTimeout=30").expect("a structure"), wanted);
        let error = timeouts(r#"[{"UdpTimeout": 30}, {"UdpTimeout": 31}]"#).expect_err("two").to_string();
        assert_eq!(error, "one structure expected, found 2");
        let wanted = Structures(vec![json!({"AttachmentId": "eni-attach-1", "DeleteOnTermination": true})]);
        assert_eq!(attachment("AttachmentId=eni-attach-1,DeleteOnTermination=true").expect("a structure"), wanted);
    }

    fn permission() -> impl Strategy<Value = Value> {
        let protocol = prop_oneof![Just("tcp"), Just("-1"), Just("icmpv6"), Just("47")];
        let ranges = prop::collection::vec(("[0-9./]{1,12}", "[a-z ,'\"=\\\\\\[\\]{}]{0,12}"), 0..3);
        let groups = prop::collection::vec("sg-[0-9a-f]{17}", 0..3);
        (protocol, any::<i32>(), any::<i32>(), ranges, groups).prop_map(|(protocol, from, to, ranges, groups)| {
            json!({
                "IpProtocol": protocol, "FromPort": from, "ToPort": to,
                "IpRanges": ranges.iter().map(|(cidr, text)| json!({"CidrIp": cidr, "Description": text}))
                    .collect::<Vec<_>>(),
                "UserIdGroupPairs": groups.iter().map(|id| json!({"GroupId": id})).collect::<Vec<_>>(),
            })
        })
    }

    /// The shorthand of a permission; quoting is left to text that needs it, as people do.
    fn shorthand_of(value: &Value) -> String {
        match value {
            Value::String(text) if text.chars().all(|char| char.is_ascii_alphanumeric() || "./:-".contains(char)) => {
                text.clone()
            }
            Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
            Value::Array(list) => format!("[{}]", list.iter().map(shorthand_of).collect::<Vec<_>>().join(",")),
            Value::Object(record) => {
                let pairs = record.iter().map(|(key, value)| format!("{key}={}", shorthand_of(value)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }

    proptest! {
        #[test]
        fn shorthand_and_json_of_a_permission_agree(permission in permission()) {
            let shorthand = shorthand_of(&permission);
            let shorthand = &shorthand[1..shorthand.len() - 1];
            let from_shorthand = ip_permissions(shorthand).expect("shorthand");
            let from_json = ip_permissions(&permission.to_string()).expect("JSON");
            prop_assert_eq!(&from_shorthand, &from_json);
            prop_assert_eq!(from_shorthand, Structures(vec![permission]));
        }
    }
}
