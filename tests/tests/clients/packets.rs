//! Packets obey what boto3 says: every step of rules, groups and lists is a call of it.

use super::Site;
use firewall_tests::controller::text;
use firewall_tests::world::{OPEN, World, friend, only, stranger};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A client of boto3 that is told what to call.
struct Boto3 {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Boto3 {
    fn new(site: &Site<'_>) -> Self {
        let mut command = site.script("call.py");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start Python");
        let asked = child.stdin.take().expect("was piped");
        let answers = BufReader::new(child.stdout.take().expect("was piped"));
        Self { child, asked, answers }
    }

    #[track_caller]
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        writeln!(self.asked, "{}", json!([method, parameters])).expect("ask boto3");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("an answer of boto3");
        let answer: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{method}: {error}: {line:?}"));
        assert_eq!(answer.get("Error"), None, "{method}: {answer}");
        answer
    }

    fn group(&mut self, name: &str) -> String {
        let answer = self.call("create_security_group", &json!({"GroupName": name, "Description": "of a test"}));
        text(&answer, "/GroupId")
    }
}

impl Drop for Boto3 {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Rules for the open port, with one peer.
fn rules(group: &str, peers: &str, peer: &Value) -> Value {
    json!({"GroupId": group, "IpPermissions": [{"IpProtocol": "tcp", "FromPort": OPEN, "ToPort": OPEN, peers: [peer]}]})
}

#[test]
fn packets_obey_what_boto3_says() {
    let world = World::new();
    let site = Site::new(&world.host);
    let mut boto3 = Boto3::new(&site);
    let served = boto3.group("served");
    site.ctl.attach("eth0", &served, &[]);
    let (friend, stranger) = (friend()[0], stranger()[0]);
    let expect = |friend_answers: bool, stranger_answers: bool| {
        for (from, answers) in [(friend, friend_answers), (stranger, stranger_answers)] {
            let attempt = world.tcp_in(from, OPEN);
            if answers { attempt.answers() } else { attempt.is_silent() }
        }
    };
    expect(false, false);

    // By group: who is a member comes in.
    let clients = boto3.group("clients");
    let _member = site.ctl.member(&clients, friend);
    let by_group = rules(&served, "UserIdGroupPairs", &json!({"GroupId": clients}));
    boto3.call("authorize_security_group_ingress", &by_group);
    expect(true, false);
    boto3.call("revoke_security_group_ingress", &by_group);
    expect(false, false);

    // By prefix list, which changes.
    let list = boto3.call(
        "create_managed_prefix_list",
        &json!({"PrefixListName": "admitted", "MaxEntries": 5, "AddressFamily": "IPv4", "Entries": [{"Cidr": only(friend)}]}),
    );
    let list = text(&list, "/PrefixList/PrefixListId");
    let by_list = rules(&served, "PrefixListIds", &json!({"PrefixListId": list}));
    boto3.call("authorize_security_group_ingress", &by_list);
    expect(true, false);
    let change = json!({
        "PrefixListId": list,
        "CurrentVersion": 1,
        "AddEntries": [{"Cidr": only(stranger)}],
        "RemoveEntries": [{"Cidr": only(friend)}],
    });
    boto3.call("modify_managed_prefix_list", &change);
    expect(false, true);
    boto3.call("revoke_security_group_ingress", &by_list);
    expect(false, false);
    boto3.call("delete_managed_prefix_list", &json!({"PrefixListId": list}));
}
