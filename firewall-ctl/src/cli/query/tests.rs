use super::*;
use proptest::prelude::*;
use serde_json::json;

fn chosen(query: &str, answer: &Value) -> Value {
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    query.of(answer).unwrap_or_else(|error| panic!("{query:?}: {error}"))
}

fn answer() -> Value {
    json!({"SecurityGroups": [
        {"GroupName": "web", "GroupId": "sg-1", "Tags": [{"Key": "Env", "Value": "prod"}], "Made": "2026-01-02"},
        {"GroupName": "db", "GroupId": "sg-2", "IpPermissions": [], "Made": "2025-12-31"},
    ]})
}

#[test]
fn parts_of_answers_are_chosen() {
    let cases = [
        ("SecurityGroups[].GroupId", json!(["sg-1", "sg-2"])),
        ("SecurityGroups[?GroupName=='db'].GroupId | [0]", json!("sg-2")),
        (
            "SecurityGroups[*].{Id:GroupId,Env:Tags[?Key=='Env']|[0].Value}",
            json!([{"Id": "sg-1", "Env": "prod"}, {"Id": "sg-2", "Env": null}]),
        ),
        ("length(SecurityGroups)", json!(2)),
        ("SecurityGroups[::-1].GroupId", json!(["sg-2", "sg-1"])),
        ("SecurityGroups[1::2147483647].GroupId", json!(["sg-2"])),
        ("SecurityGroups[?!Tags].GroupName", json!(["db"])),
        ("SecurityGroups[?Tags && GroupId=='sg-1'].GroupName", json!(["web"])),
        ("sort_by(SecurityGroups, &GroupName)[].GroupName", json!(["db", "web"])),
        ("Nothing", Value::Null),
        ("Nothing.{A:B}", Value::Null),
        ("&A", Value::Null),
    ];
    for (query, wanted) in cases {
        assert_eq!(chosen(query, &answer()), wanted, "{query}");
    }
}

/// JSON as it is printed: maps are compared without regard to the order of their members.
fn printed(query: &str) -> String {
    chosen(query, &answer()).to_string()
}

#[test]
fn members_keep_the_order_of_the_expression_and_of_the_answer() {
    for (query, wanted) in [
        ("SecurityGroups[1]", r#"{"GroupName":"db","GroupId":"sg-2","IpPermissions":[],"Made":"2025-12-31"}"#),
        ("SecurityGroups[].{Name:GroupName,Id:GroupId}", r#"[{"Name":"web","Id":"sg-1"},{"Name":"db","Id":"sg-2"}]"#),
        ("SecurityGroups[].{N:GroupName,I:GroupId}|[0].{N:N,I:I}", r#"{"N":"web","I":"sg-1"}"#),
        ("SecurityGroups[].{N:GroupName,I:GroupId}|[0].{I:I,N:N}", r#"{"I":"sg-1","N":"web"}"#),
        ("{B:SecurityGroups[0].Tags,A:{D:`1`,C:`2`}}", r#"{"B":[{"Key":"Env","Value":"prod"}],"A":{"D":1,"C":2}}"#),
        ("{B:`1`,A:`2`,B:`3`}", r#"{"B":3,"A":2}"#),
        ("SecurityGroups[1].*", r#"["db","sg-2",[],"2025-12-31"]"#),
        ("values(SecurityGroups[1])", r#"["db","sg-2",[],"2025-12-31"]"#),
        ("keys(SecurityGroups[1])", r#"["GroupName","GroupId","IpPermissions","Made"]"#),
        ("merge(SecurityGroups[0].Tags[0], {B:`1`,A:`2`})", r#"{"Key":"Env","Value":"prod","B":1,"A":2}"#),
        ("map(&{Name:GroupName,Id:GroupId}, SecurityGroups)[1]", r#"{"Name":"db","Id":"sg-2"}"#),
        ("reverse(SecurityGroups)[0].GroupName", r#""db""#),
        (
            "max_by(SecurityGroups, &GroupId)",
            r#"{"GroupName":"db","GroupId":"sg-2","IpPermissions":[],"Made":"2025-12-31"}"#,
        ),
        ("`{\"B\": 1, \"A\": 2}`", r#"{"A":2,"B":1}"#),
    ] {
        assert_eq!(printed(query), wanted, "{query}");
    }
}

#[test]
fn texts_are_compared_and_need_no_quotes_within_a_literal() {
    for query in [
        "SecurityGroups[?GroupName==`db`].GroupId|[0]",
        "SecurityGroups[?GroupName==` db`].GroupId|[0]",
        "SecurityGroups[?GroupName==`\"db\"`].GroupId|[0]",
        "SecurityGroups[?Made<`2026-01-01`].GroupId|[0]",
        "SecurityGroups[?Made<='2026-01-01'].GroupId|[0]",
        "SecurityGroups[?!(Made>'2026-01-01')].GroupId|[0]",
        "SecurityGroups[?!(Made>='2026-01-01')].GroupId|[0]",
        "SecurityGroups[?contains(['`db`',GroupName],`db`)].GroupId|[0]",
    ] {
        assert_eq!(printed(query), "\"sg-2\"", "{query}");
    }
    // A number and a text are neither before nor behind one another.
    assert_eq!(printed("SecurityGroups[?Made<`3000`].GroupId"), "[]");
    assert_eq!(with_json_literals(r#"'`a`'.`a\`b`.`[1]`.`a\"`"#), r#"'`a`'.`"a\`b"`.`[1]`.`"a\""`"#);
}

#[test]
fn mistakes_are_told() {
    for query in ["SecurityGroups[", "`a", "'a", "`a\"b`"] {
        let error = Query::parse(query).expect_err(query);
        assert!(error.starts_with("not a JMESPath expression: "), "{query}: {error}");
    }
    for query in ["length(`1`)", "nothing(@)", "keys(@, @)", "merge(`1`)", "map(@, @)", "values(`1`)", "a[::0]"] {
        assert!(Query::parse(query).expect("well formed").of(&json!({"a": []})).is_err(), "{query}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[abc]", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof!["[abc]", Just("@".to_owned()), Just("'a'".to_owned()), Just("`1`".to_owned()),];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let one = |form: &'static str| inner.clone().prop_map(move |one| form.replace('X', &one));
        let two = |form: &'static str| {
            (inner.clone(), inner.clone()).prop_map(move |(one, other)| form.replace('X', &one).replace('Y', &other))
        };
        prop_oneof![
            one("(X)[*]"),
            one("(X)[]"),
            one("(X).*"),
            one("(X)[0]"),
            one("(X)[::-1]"),
            one("!(X)"),
            one("length(X)"),
            one("keys(X)"),
            one("values(X)"),
            one("to_array(X)"),
            two("(X) | (Y)"),
            two("(X)[?Y]"),
            two("(X) || (Y)"),
            two("(X) && (Y)"),
            two("(X) == (Y)"),
            two("[X, Y]"),
            two("{a: X, b: Y}"),
            two("(X)[].{b: Y}"),
            two("map(&(Y), X)"),
        ]
    })
}

proptest! {
    #[test]
    fn but_for_orders_it_is_what_the_crate_finds(answer in value(), expression in expression()) {
        let by_crate = jmespath::compile(&expression).expect(&expression).search(&answer);
        let ours = Query::parse(&expression).expect(&expression).of(&answer);
        match (by_crate, ours) {
            (Ok(wanted), Ok(ours)) => {
                let wanted = serde_json::to_value(&*wanted).expect("JSON");
                prop_assert_eq!(ours, wanted, "{}", expression);
            }
            (Err(_), Err(_)) => {}
            (wanted, ours) => prop_assert!(false, "{expression}: {wanted:?} and {ours:?}"),
        }
    }
}
