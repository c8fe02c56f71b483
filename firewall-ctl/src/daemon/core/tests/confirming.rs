use super::*;

fn caller(confirm_within: Option<Duration>) -> Caller {
    Caller { ssh: Some(SSH.parse().unwrap()), force: false, confirm_within, scope: None }
}

fn later(host: &Host, seconds: i64) -> Host {
    Host { now: host.now + jiff::SignedDuration::from_secs(seconds), ..host.clone() }
}

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

#[test]
fn a_change_that_locks_the_caller_out_is_refused_unless_forced() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let body = || json!({"Device": "eth0"});
    let error = ask(&mut core, &host(), &caller(None), "AttachDevice", body()).unwrap_err();
    assert_eq!(error.code, ErrorCode::WouldLockOut);
    let text = format!("{} {}", error.message, error.detail.unwrap());
    for part in
        ["eth0", SSH.split(' ').next().unwrap(), "--confirm-within", "--force", "authorize-security-group-ingress"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(fake.diary(), Vec::<String>::new());
    let dry_run = json!({"Device": "eth0", "DryRun": true});
    let outcome = ask(&mut core, &host(), &caller(None), "AttachDevice", dry_run).unwrap();
    assert!(outcome.warnings[0].contains("would deny"), "{:?}", outcome.warnings);
    let forced = Caller { force: true, ..caller(None) };
    ask(&mut core, &host(), &forced, "AttachDevice", body()).unwrap();
    assert!(core.pending().is_none());
}

#[test]
fn an_unconfirmed_change_is_undone() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let before = Arc::clone(&core.model);
    let host = host();
    let outcome = ask(&mut core, &host, &caller(MINUTE), "AttachDevice", json!({"Device": "eth0"})).unwrap();
    assert!(outcome.warnings.iter().any(|warning| warning.contains("firewall-ctl confirm")), "{:?}", outcome.warnings);
    core.reconcile(&later(&host, 59), &PeersSeen::new());
    assert!(core.pending().is_some());
    fake.diary();
    core.reconcile(&later(&host, 60), &PeersSeen::new());
    assert_eq!(fake.diary(), ["prepare", "commit", "detach 1", "publish []"]);
    assert_eq!(core.model.interfaces, before.interfaces);
    assert!(fake.load().unwrap().unwrap().pending.is_none());
}

#[test]
fn an_unconfirmed_change_is_undone_by_the_next_daemon() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host();
    ask(&mut core, &host, &caller(MINUTE), "AttachDevice", json!({"Device": "eth0"})).unwrap();
    drop(core);
    let mut core = open(&fake);
    assert_eq!(core.pending().map(|pending| pending.operation.as_str()), Some("AttachDevice"));
    core.reconcile(&later(&host, 61), &PeersSeen::new());
    assert!(core.model.interfaces.is_empty() && core.pending().is_none() && fake.world().kernel.is_empty());
}

#[test]
fn a_confirmed_change_stays() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host();
    ask(&mut core, &host, &caller(MINUTE), "AttachDevice", json!({"Device": "eth0"})).unwrap();
    let outcome = ask(&mut core, &host, &caller(None), "ConfirmChange", json!({})).unwrap();
    assert_eq!(
        serde_json::to_value(outcome.response).unwrap(),
        json!({"Operation": "AttachDevice", "State": "confirmed"})
    );
    core.reconcile(&later(&host, 61), &PeersSeen::new());
    assert_eq!(core.model.interfaces.len(), 1);
    assert!(fake.load().unwrap().unwrap().pending.is_none());
    let error = ask(&mut core, &host, &caller(None), "ConfirmChange", json!({})).unwrap_err();
    assert_eq!(error.code, ErrorCode::NoChangePending);
}

#[test]
fn while_a_change_waits_there_is_no_other() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host();
    ask(&mut core, &host, &caller(MINUTE), "AttachDevice", json!({"Device": "eth0"})).unwrap();
    let error = ask(&mut core, &host, &caller(None), "DetachDevice", json!({"Device": "eth0"})).unwrap_err();
    assert_eq!(error.code, ErrorCode::ChangePending);
    assert!(error.message.contains("AttachDevice") && error.detail.unwrap().contains("firewall-ctl confirm"));
    ask(&mut core, &host, &caller(None), "DescribeNetworkInterfaces", json!({})).unwrap();
    let outcome = ask(&mut core, &host, &caller(None), "UndoChange", json!({})).unwrap();
    assert_eq!(serde_json::to_value(outcome.response).unwrap()["State"], "undone");
    assert!(core.model.interfaces.is_empty());
}

#[test]
fn an_undone_detach_comes_back_with_another_number() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host();
    attach(&mut core, &host, json!({"Device": "eth0"})).unwrap();
    ask(&mut core, &host, &caller(MINUTE), "DetachDevice", json!({"Device": "eth0"})).unwrap();
    fake.diary();
    core.reconcile(&later(&host, 61), &PeersSeen::new());
    assert_eq!(fake.diary(), ["prepare", "publish [2]", "attach 2 eth0 auto without adoption", "commit"]);
    assert_eq!(number_of(&core, "eth0"), 2);
}

#[test]
fn a_rule_that_lets_the_caller_in_may_not_be_revoked() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let host = host();
    let group = core.model.groups.keys().next().unwrap().to_string();
    let rule = || {
        json!({"GroupId": group, "IpPermissions": [
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}
        ]})
    };
    ask(&mut core, &host, &caller(None), "AuthorizeSecurityGroupIngress", rule()).unwrap();
    ask(&mut core, &host, &caller(None), "AttachDevice", json!({"Device": "eth0"})).unwrap();
    let error = ask(&mut core, &host, &caller(None), "RevokeSecurityGroupIngress", rule()).unwrap_err();
    assert_eq!(error.code, ErrorCode::WouldLockOut);
    ask(&mut core, &host, &caller(None), "DetachDevice", json!({"Device": "eth0"})).unwrap();
    ask(&mut core, &host, &caller(None), "RevokeSecurityGroupIngress", rule()).unwrap();
}

#[test]
fn that_nothing_is_written_any_more_is_told() {
    let fake = Fake::default();
    let mut core = open(&fake);
    let problems = |core: &mut Core<Fake, Fake>| {
        let status = ask(core, &host(), &Caller::default(), "Status", json!({})).unwrap();
        serde_json::to_value(status.response).unwrap()["Problems"].clone()
    };
    ask(&mut core, &host(), &caller(MINUTE), "AttachDevice", json!({"Device": "eth0"})).unwrap();
    assert_eq!(problems(&mut core), json!([]));
    let host = host();
    let confirm = |core: &mut Core<Fake, Fake>| ask(core, &host, &caller(None), "ConfirmChange", json!({}));
    fake.fail("commit");
    let error = confirm(&mut core).unwrap_err();
    assert_eq!(error.message, "The confirmation could not be written.");
    assert!(error.detail.unwrap().ends_with("Make room, then restart the controller: until then it writes no more."));
    assert_eq!(problems(&mut core), json!([UNWRITTEN]));
    fake.heal();
    confirm(&mut core).unwrap();
    assert_eq!(problems(&mut core), json!([]));
}
