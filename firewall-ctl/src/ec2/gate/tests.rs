//! Requests as SDKs send them, to a service that says what it was asked.

use super::*;
use crate::actions::access::Role;
use crate::ec2::credentials::{Credential, NewCredential};
use crate::ec2::signature::SKEW;
use crate::ec2::signature::tests::sign;
use hyper::header::HeaderValue;
use serde_json::json;

const REGION: &str = "local";
/// After how long buckets fill again where that is not to happen, however busy the machine is.
const NEVER: Duration = Duration::from_secs(3600);

/// Answers with what it was asked.
struct Echo {
    calls: Mutex<Vec<Call>>,
}

impl Service for Echo {
    async fn call(&self, call: Call) -> Result<Reply, ApiErrorBody> {
        let operation = call.operation.clone();
        let is_dry = call.body["DryRun"] == json!(true);
        lock(&self.calls).push(call);
        match operation.as_str() {
            _ if is_dry => Err(ApiError::new(ErrorCode::DryRunOperation, "Request would have succeeded.").into()),
            "DescribeVpcs" => Ok(Reply {
                body: json!({"Vpcs": [{"VpcId": "vpc-1", "IsDefault": true, "Tags": [{"Key": "<", "Value": "&"}]}]}),
                warnings: vec!["mind the gap".to_owned()],
            }),
            "DeleteVpc" => Ok(Reply { body: json!({}), warnings: Vec::new() }),
            "DescribeSecurityGroups" => Ok(Reply { body: json!({"Groups": []}), warnings: Vec::new() }),
            "DeleteSecurityGroup" => {
                Err(ApiErrorBody::new("DependencyViolation", "resource sg-1 has a dependent object")
                    .with_detail("a\nb"))
            }
            _ => panic!("for the test"),
        }
    }
}

struct World {
    gate: Gate<Echo>,
    key: Credential,
    _directory: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let keys = KeyRing::open(directory.path().join("keys")).unwrap();
        let new = NewCredential {
            user_name: "tester".to_owned(),
            account: "123456789012".parse().unwrap(),
            role: Role::Operator,
            vpc: None,
        };
        let key = keys.create(new, Timestamp::now()).unwrap();
        let service = Arc::new(Echo { calls: Mutex::new(Vec::new()) });
        let long_ago = Timestamp::now() - SKEW - SKEW;
        Self { gate: Gate::new(service, Arc::new(keys), REGION.to_owned(), long_ago), key, _directory: directory }
    }

    /// A signed request by POST.
    fn request(&self, form: &str) -> Incoming {
        self.signed(incoming("POST", "", form), Timestamp::now())
    }

    fn signed(&self, incoming: Incoming, time: Timestamp) -> Incoming {
        let key = (self.key.access_key_id.as_str(), self.key.secret_access_key.reveal());
        signed_by(incoming, key, (REGION, "ec2"), time)
    }

    async fn ask(&self, incoming: Incoming) -> Answer {
        self.gate.answer(incoming).await
    }

    /// Status and code of a refusal.
    async fn refusal(&self, incoming: Incoming) -> (u16, String) {
        let answer = self.ask(incoming).await;
        assert_ne!(answer.status, 200, "{answer:?}");
        let code = answer.body.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0;
        (answer.status, code.to_owned())
    }

    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut lock(&self.gate.service.calls))
    }
}

fn incoming(method: &str, query: &str, form: &str) -> Incoming {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("127.0.0.1:8773"));
    if method == "POST" {
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8");
        headers.insert("content-type", kind);
    }
    Incoming {
        method: method.to_owned(),
        path: "/".to_owned(),
        query: query.to_owned(),
        headers,
        body: Bytes::copy_from_slice(form.as_bytes()),
        peer: "192.0.2.1:50000".parse().unwrap(),
        local: "192.0.2.2:8773".parse().unwrap(),
    }
}

fn signed_by(incoming: Incoming, key: (&str, &str), scope: (&str, &str), time: Timestamp) -> Incoming {
    let Incoming { method, path, query, headers, body, .. } = &incoming;
    let headers = sign(&Received { method, path, query, headers, body }, key, scope, time);
    Incoming { headers, ..incoming }
}

fn form(rest: &str) -> String {
    format!("{rest}&Version={VERSION}")
}

#[tokio::test]
async fn a_call_reaches_the_service_and_its_answer_the_client() {
    let world = World::new();
    let answer = world.ask(world.request(&form("Action=DescribeVpcs&Filter.1.Name=state&Filter.1.Value.1=a+b"))).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>{}</requestId><vpcSet><item><vpcId>vpc-1</vpcId><isDefault>true</isDefault>\
             <tagSet><item><key>&lt;</key><value>&amp;</value></item></tagSet></item></vpcSet></DescribeVpcsResponse>",
            answer.request_id
        )
    );
    assert_eq!(answer.warnings, ["mind the gap"]);
    let [call] = &world.calls()[..] else { panic!() };
    assert_eq!(call.body, json!({"Filters": [{"Name": "state", "Values": ["a b"]}]}));
    assert_eq!(call.principal, Some(world.key.principal()));
    assert_eq!(call.ssh_connection.as_deref(), Some("192.0.2.1 50000 192.0.2.2 8773"));
    assert!(!call.force);
}

#[tokio::test]
async fn a_request_by_get_is_as_good() {
    let world = World::new();
    let get = incoming("GET", &form("Action=DescribeVpcs"), "");
    assert_eq!(world.ask(world.signed(get, Timestamp::now())).await.status, 200);
}

#[tokio::test]
async fn refusals_keep_their_detail() {
    let world = World::new();
    let answer = world.ask(world.request(&form("Action=DeleteSecurityGroup&GroupId=sg-1"))).await;
    assert_eq!(answer.status, 400);
    let expected = format!(
        "<Response><Errors><Error><Code>DependencyViolation</Code><Message>resource sg-1 has a dependent object</Message>\
         <Detail>a\nb</Detail></Error></Errors><RequestID>{}</RequestID></Response>",
        answer.request_id
    );
    assert!(answer.body.ends_with(&expected), "{}", answer.body);
    let dry = world.request(&form("Action=DeleteVpc&VpcId=vpc-1&DryRun=true"));
    assert_eq!(world.refusal(dry).await, (412, "DryRunOperation".to_owned()));
}

#[tokio::test]
async fn what_is_no_request_is_told_why() {
    let world = World::new();
    for (text, code) in [
        ("", "MissingAction"),
        ("Action=&Version=2016-11-15", "MissingAction"),
        ("Action=DescribeVpcs", "NoSuchVersion"),
        ("Action=DescribeVpcs&Version=2014-10-01", "NoSuchVersion"),
        ("Action=%ff&Version=2016-11-15", "MalformedQueryString"),
        ("Action=CreateUnicorn&Version=2016-11-15", "InvalidAction"),
        ("Action=AttachDevice&Version=2016-11-15", "InvalidAction"),
        ("Action=CreateFlowLogs&Version=2016-11-15", "InvalidAction"),
        ("Action=DescribeVpcs&Version=2016-11-15&Colour=red", "UnknownParameter"),
        ("Action=CreateVpc&Version=2016-11-15&Ipv4IpamPoolId=a", "UnsupportedOperation"),
        ("Action=DescribeVpcs&Version=2016-11-15&DryRun=maybe", "InvalidParameterValue"),
    ] {
        assert_eq!(world.refusal(world.request(text)).await.1, code, "{text}");
    }
    let good = form("Action=DescribeVpcs");
    let other_path = Incoming { path: "/ec2".to_owned(), ..incoming("POST", "", &good) };
    let mut json = incoming("POST", "", &good);
    json.headers.insert("content-type", HeaderValue::from_static("application/json"));
    for bad in [other_path, json, incoming("PUT", "", &good), incoming("GET", &good, "a=b")] {
        let refused = world.refusal(world.signed(bad, Timestamp::now())).await;
        assert_eq!(refused, (400, "MalformedQueryString".to_owned()));
    }
    assert!(world.calls().is_empty());
}

#[tokio::test]
async fn only_holders_of_keys_come_in() {
    let world = World::new();
    let now = Timestamp::now();
    let (id, secret) = (world.key.access_key_id.as_str(), world.key.secret_access_key.reveal());
    let plain = || incoming("POST", "", &form("Action=DescribeVpcs"));
    let too_old = now - SKEW - SignedDuration::from_secs(2);
    let from_the_future = now + SKEW + SignedDuration::from_secs(2);
    for (request, refusal) in [
        (plain(), (403, "MissingAuthenticationToken")),
        (signed_by(plain(), ("AKIAUNKNOWN", secret), (REGION, "ec2"), now), (401, "AuthFailure")),
        (signed_by(plain(), (id, "guess"), (REGION, "ec2"), now), (403, "SignatureDoesNotMatch")),
        (signed_by(plain(), (id, secret), ("mars", "ec2"), now), (403, "SignatureDoesNotMatch")),
        (signed_by(plain(), (id, secret), (REGION, "sts"), now), (403, "SignatureDoesNotMatch")),
        (signed_by(plain(), (id, secret), (REGION, "ec2"), too_old), (400, "RequestExpired")),
        (signed_by(plain(), (id, secret), (REGION, "ec2"), from_the_future), (400, "RequestExpired")),
    ] {
        assert_eq!(world.refusal(request).await, (refusal.0, refusal.1.to_owned()));
    }
    let mut tampered = world.request(&form("Action=DescribeVpcs"));
    tampered.body = Bytes::from(form("Action=DeleteVpc&VpcId=vpc-1"));
    assert_eq!(world.refusal(tampered).await.1, "SignatureDoesNotMatch");
    assert!(world.calls().is_empty());
    world.gate.keys.delete(id).unwrap();
    let late = world.request(&form("Action=DescribeVpcs"));
    assert_eq!(world.refusal(late).await.1, "AuthFailure");
}

#[tokio::test]
async fn a_change_is_made_once_however_often_it_comes() {
    let world = World::new();
    let change = world.request(&form("Action=DeleteVpc&VpcId=vpc-1"));
    assert_eq!(world.ask(change.clone()).await.status, 200);
    assert_eq!(world.refusal(change).await, (503, "RequestLimitExceeded".to_owned()));
    assert_eq!(world.calls().len(), 1);
    // Looking twice does no harm, and SDKs do it within a second.
    let look = world.request(&form("Action=DescribeVpcs"));
    assert_eq!(world.ask(look.clone()).await.status, 200);
    assert_eq!(world.ask(look).await.status, 200);
}

#[tokio::test]
async fn what_was_signed_before_the_start_changes_nothing() {
    let mut world = World::new();
    world.gate.started = Timestamp::now();
    let before = world.gate.started - SignedDuration::from_secs(5);
    let change = world.signed(incoming("POST", "", &form("Action=DeleteVpc&VpcId=vpc-1")), before);
    assert_eq!(world.refusal(change).await, (503, "RequestLimitExceeded".to_owned()));
    let look = world.signed(incoming("POST", "", &form("Action=DescribeVpcs")), before);
    assert_eq!(world.ask(look).await.status, 200);
}

#[tokio::test]
async fn whoever_guesses_is_told_nothing_for_a_while_and_whoever_knows_comes_in() {
    let mut world = World::new();
    world.gate.failures = Mutex::new(Buckets::new(FAILURES, NEVER, PARTIES));
    let guess = || incoming("POST", "", &form("Action=DescribeVpcs"));
    for _ in 0..FAILURES {
        assert_eq!(world.refusal(guess()).await.1, "MissingAuthenticationToken");
    }
    assert_eq!(world.refusal(guess()).await, (503, "RequestLimitExceeded".to_owned()));
    let from_elsewhere = Incoming { peer: "192.0.2.9:1".parse().unwrap(), ..guess() };
    assert_eq!(world.refusal(from_elsewhere).await.1, "MissingAuthenticationToken");
    // Behind the same address there may be others.
    let good = world.request(&form("Action=DescribeVpcs"));
    assert_eq!(world.ask(good).await.status, 200);
}

#[tokio::test]
async fn a_key_has_a_rate() {
    let mut world = World::new();
    world.gate.requests = Mutex::new(Buckets::new(BURST, NEVER, PARTIES));
    let look = world.request(&form("Action=DescribeVpcs"));
    let mut refused = 0;
    for _ in 0..BURST + 100 {
        refused += u32::from(world.ask(look.clone()).await.status == 503);
    }
    assert_eq!(refused, 100);
}

#[tokio::test]
async fn a_failure_of_ours_is_told_and_nothing_else() {
    let world = World::new();
    for action in ["Action=CreateVpc", "Action=DescribeSecurityGroups"] {
        assert_eq!(world.refusal(world.request(&form(action))).await, (500, "InternalError".to_owned()), "{action}");
    }
}

#[tokio::test]
async fn sts_tells_who_one_is() {
    let world = World::new();
    let key = (world.key.access_key_id.as_str(), world.key.secret_access_key.reveal());
    let ask = |text: &str| {
        let text = format!("{text}&Version={}", sts::VERSION);
        signed_by(incoming("POST", "", &text), key, (REGION, "sts"), Timestamp::now())
    };
    let answer = world.ask(ask("Action=GetCallerIdentity")).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<Arn>arn:aws:iam::123456789012:user/tester</Arn>"), "{}", answer.body);
    let answer = world.ask(ask("Action=AssumeRole")).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("<Type>Sender</Type><Code>InvalidAction</Code>"), "{}", answer.body);
    world.gate.keys.delete(&world.key.access_key_id).unwrap();
    let answer = world.ask(ask("Action=GetCallerIdentity")).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("<Code>InvalidClientTokenId</Code>"), "{}", answer.body);
}

#[test]
fn request_ids_are_random_uuids() {
    let id = request_id();
    assert_eq!(id.len(), 36);
    assert_eq!(id.as_bytes()[14], b'4');
    assert!(b"89ab".contains(&id.as_bytes()[19]));
    assert_ne!(id, request_id());
}
