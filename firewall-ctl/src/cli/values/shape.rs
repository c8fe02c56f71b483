//! The shapes of the API's structures: which members a record has, and of which kind each is.
//!
//! A flag is checked against its shape before anything is sent, so that a misspelt member is a mistake on the command
//! line with the names that would have been right, and so that `FromPort=22` becomes a number.

use serde_json::{Map, Value};

/// A kind of value.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    Integer,
    Boolean,
    List(&'static Shape),
    Record(&'static [(&'static str, Shape)]),
}

/// One entry of `--filters`.
pub(crate) static FILTER: Shape = Shape::Record(&[("Name", Shape::Text), ("Values", Shape::List(&Shape::Text))]);

/// One entry of `--tag-specifications`.
pub(crate) static TAG_SPECIFICATION: Shape =
    Shape::Record(&[("ResourceType", Shape::Text), ("Tags", Shape::List(&TAG))]);

/// One entry of `--tags`.
pub(crate) static TAG: Shape = Shape::Record(&[("Key", Shape::Text), ("Value", Shape::Text)]);

/// One entry of `--ip-permissions`.
pub(crate) static IP_PERMISSION: Shape = Shape::Record(&[
    ("IpProtocol", Shape::Text),
    ("FromPort", Shape::Integer),
    ("ToPort", Shape::Integer),
    ("IpRanges", Shape::List(&IP_RANGE)),
    ("Ipv6Ranges", Shape::List(&IPV6_RANGE)),
    ("PrefixListIds", Shape::List(&PREFIX_LIST)),
    ("UserIdGroupPairs", Shape::List(&GROUP_PAIR)),
]);

static IP_RANGE: Shape = Shape::Record(&[("CidrIp", Shape::Text), ("Description", Shape::Text)]);
static IPV6_RANGE: Shape = Shape::Record(&[("CidrIpv6", Shape::Text), ("Description", Shape::Text)]);
static PREFIX_LIST: Shape = Shape::Record(&[("PrefixListId", Shape::Text), ("Description", Shape::Text)]);
static GROUP_PAIR: Shape = Shape::Record(&[
    ("GroupId", Shape::Text),
    ("GroupName", Shape::Text),
    ("UserId", Shape::Text),
    ("VpcId", Shape::Text),
    ("VpcPeeringConnectionId", Shape::Text),
    ("PeeringStatus", Shape::Text),
    ("Description", Shape::Text),
]);

/// One entry of `--entries` and `--add-entries` of prefix lists.
pub(crate) static NEW_ENTRY: Shape = Shape::Record(&[("Cidr", Shape::Text), ("Description", Shape::Text)]);

/// One entry of `--remove-entries`.
pub(crate) static OLD_ENTRY: Shape = Shape::Record(&[("Cidr", Shape::Text)]);

/// One entry of `--security-group-rules`.
pub(crate) static RULE_UPDATE: Shape =
    Shape::Record(&[("SecurityGroupRuleId", Shape::Text), ("SecurityGroupRule", RULE)]);

const RULE: Shape = Shape::Record(&[
    ("IpProtocol", Shape::Text),
    ("FromPort", Shape::Integer),
    ("ToPort", Shape::Integer),
    ("CidrIpv4", Shape::Text),
    ("CidrIpv6", Shape::Text),
    ("PrefixListId", Shape::Text),
    ("ReferencedGroupId", Shape::Text),
    ("Description", Shape::Text),
]);

/// One entry of `--security-group-rule-descriptions`.
pub(crate) static RULE_NOTE: Shape =
    Shape::Record(&[("SecurityGroupRuleId", Shape::Text), ("Description", Shape::Text)]);

/// One entry of `--private-ip-addresses` of `create-network-interface`.
pub(crate) static PRIVATE_ADDRESS: Shape =
    Shape::Record(&[("PrivateIpAddress", Shape::Text), ("Primary", Shape::Boolean)]);

/// One entry of `--ipv6-addresses`.
pub(crate) static IPV6_ADDRESS: Shape =
    Shape::Record(&[("Ipv6Address", Shape::Text), ("IsPrimaryIpv6", Shape::Boolean)]);

/// `--connection-tracking-specification`.
pub(crate) static CONNECTION_TRACKING: Shape = Shape::Record(&[
    ("TcpEstablishedTimeout", Shape::Integer),
    ("UdpStreamTimeout", Shape::Integer),
    ("UdpTimeout", Shape::Integer),
]);

/// `--attachment` of `modify-network-interface-attribute`.
pub(crate) static INTERFACE_ATTACHMENT: Shape =
    Shape::Record(&[("AttachmentId", Shape::Text), ("DeleteOnTermination", Shape::Boolean)]);

/// A value that is not of its shape.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShapeError {
    #[error("{place}{wanted} expected, found {found}")]
    Kind { place: String, wanted: &'static str, found: String },
    #[error("{place}unknown member `{name}`, known are {known}")]
    Member { place: String, name: String, known: String },
}

impl Shape {
    /// The value as this shape wants it: text that should be a number becomes one, a single value a list of one.
    pub(crate) fn fit(&self, value: Value) -> Result<Value, ShapeError> {
        self.fit_at("", value)
    }

    fn fit_at(&self, place: &str, value: Value) -> Result<Value, ShapeError> {
        match self {
            Shape::Text => match value {
                Value::String(_) => Ok(value),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                    Err(wrong_kind(place, "text", &value))
                }
            },
            Shape::Integer => fit_integer(place, &value),
            Shape::Boolean => fit_boolean(place, &value),
            Shape::List(element) => {
                let list = match value {
                    Value::Array(list) => list,
                    single
                    @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                        vec![single]
                    }
                };
                let fit = |(index, value)| element.fit_at(&format!("{place}[{index}]"), value);
                list.into_iter().enumerate().map(fit).collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
            Shape::Record(members) => match value {
                Value::Object(record) => fit_record(members, place, record),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                    Err(wrong_kind(place, "a structure", &value))
                }
            },
        }
    }
}

fn fit_integer(place: &str, value: &Value) -> Result<Value, ShapeError> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse::<i64>().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number
        .filter(|number| i32::try_from(*number).is_ok())
        .map(Value::from)
        .ok_or_else(|| wrong_kind(place, "an integer", value))
}

fn fit_boolean(place: &str, value: &Value) -> Result<Value, ShapeError> {
    match value.as_bool().or_else(|| value.as_str().and_then(|text| text.to_ascii_lowercase().parse().ok())) {
        Some(truth) => Ok(Value::Bool(truth)),
        None => Err(wrong_kind(place, "true or false", value)),
    }
}

fn fit_record(
    members: &'static [(&'static str, Shape)],
    place: &str,
    record: Map<String, Value>,
) -> Result<Value, ShapeError> {
    let mut fitted = Map::new();
    for (name, value) in record {
        let Some((_, shape)) = members.iter().find(|(member, _)| *member == name) else {
            let known = members.iter().map(|(member, _)| *member).collect::<Vec<_>>().join(", ");
            return Err(ShapeError::Member { place: prefix(place), name, known });
        };
        let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        fitted.insert(name, shape.fit_at(&inner, value)?);
    }
    Ok(Value::Object(fitted))
}

fn wrong_kind(place: &str, wanted: &'static str, value: &Value) -> ShapeError {
    ShapeError::Kind { place: prefix(place), wanted, found: value.to_string() }
}

fn prefix(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_becomes_numbers_and_lists_where_the_shape_says_so() {
        let sent = json!({"IpProtocol": "tcp", "FromPort": "22", "ToPort": 22, "IpRanges": {"CidrIp": "10.0.0.0/8"}});
        let wanted = json!({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]});
        assert_eq!(IP_PERMISSION.fit(sent), Ok(wanted));
        assert_eq!(
            FILTER.fit(json!({"Name": "vpc-id", "Values": "vpc-1"})),
            Ok(json!({"Name": "vpc-id", "Values": ["vpc-1"]}))
        );
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let cases = [
            (json!("x"), "a structure expected, found \"x\""),
            (json!({"FromPort": "http"}), "FromPort: an integer expected, found \"http\""),
            (json!({"FromPort": 99999999999u64}), "FromPort: an integer expected, found 99999999999"),
            (json!({"IpProtocol": 6}), "IpProtocol: text expected, found 6"),
            (
                json!({"IpRanges": [{"CidrIp": "a"}, {"Cidr": "b"}]}),
                "IpRanges[1]: unknown member `Cidr`, known are CidrIp, Description",
            ),
            (json!({"IpRanges": [{"CidrIp": []}]}), "IpRanges[0].CidrIp: text expected, found []"),
        ];
        for (value, wanted) in cases {
            assert_eq!(IP_PERMISSION.fit(value).map_err(|error| error.to_string()), Err(wanted.to_owned()));
        }
    }
}
