//! Listings page by page.

use super::*;

/// Lists page by page, and gives all pages.
fn pages(world: &mut World, operation: &str, body: &Value, list: &str) -> Vec<Vec<Value>> {
    let mut body = body.clone();
    let mut pages = Vec::new();
    loop {
        let answer = world.done(operation, body.clone());
        pages.push(answer[list].as_array().unwrap().clone());
        match answer.get("NextToken") {
            Some(token) => body["NextToken"] = token.clone(),
            None => return pages,
        }
    }
}

#[test]
fn pages_together_are_the_whole() {
    let mut world = World::new();
    for number in 0..11 {
        world.group(&format!("web{number}"));
    }
    for (operation, list, filter) in [
        ("DescribeSecurityGroups", "SecurityGroups", json!([{"Name": "group-name", "Values": ["web*"]}])),
        ("DescribeSecurityGroupRules", "SecurityGroupRules", json!([{"Name": "group-id", "Values": ["sg-*"]}])),
    ] {
        let whole = world.done(operation, json!({"Filters": filter}));
        assert_eq!(whole.get("NextToken"), None);
        let whole = whole[list].as_array().unwrap();
        let pages = pages(&mut world, operation, &json!({"Filters": filter, "MaxResults": 5}), list);
        assert!(pages.len() > 2 && pages[..pages.len() - 1].iter().all(|page| page.len() == 5));
        assert_eq!(pages.concat(), *whole, "{operation}");
    }
}

#[test]
fn sizes_and_tokens_that_can_not_be_are_refused() {
    let mut world = World::new();
    for operation in ["DescribeSecurityGroups", "DescribeSecurityGroupRules"] {
        let message = "Value ( 4 ) for parameter maxResults is invalid.";
        let detail = Some("It is 5 to 1000.");
        world.refuses(operation, json!({"MaxResults": 4}), ErrorCode::InvalidMaxResults, message, detail);
        let message = "Value (AAAA) for parameter NextToken is invalid.";
        let detail =
            Some("It is the NextToken of the answer before, as it is, with everything else asked for as before.");
        world.refuses(operation, json!({"NextToken": "AAAA"}), ErrorCode::InvalidNextToken, message, detail);
    }
}
