//! Requests of both wires: whatever they hold, there is an answer that can be read.

use firewall_ctl::actions::{ApiError, Context, Outcome, Request, apply};
use firewall_ctl::api::ApiErrorBody;
use firewall_ctl::ec2::gate::{Asked, Incoming, Target, answer, understood};
use firewall_ctl::ec2::signature::{Claim, Received};
use firewall_ctl::ec2::xml;
use firewall_ctl::model::{AccountId, Model, NumberPool, Quotas};
use hyper::HeaderMap;
use hyper::header::HeaderValue;
use jiff::Timestamp;
use quick_xml::Reader;
use quick_xml::events::Event;
use rand::SeedableRng as _;
use serde_json::json;
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

/// A request behind an octet that says how it comes: as JSON on the socket, where its first line is the action, or as a form,
/// whose first line stands for the query string and its second one for the header `Authorization`.
///
/// # Panics
/// If it is not answered, or the answer cannot be read.
pub fn request(octets: &[u8]) {
    let Some((how, rest)) = octets.split_first() else { return };
    if how & 1 == 0 { object(rest) } else { form(rest, if how & 2 == 0 { "POST" } else { "GET" }) }
}

fn object(octets: &[u8]) {
    let (action, body) = line(octets);
    let Ok(body) = serde_json::from_slice(body) else { return };
    let done = Request::parse(&String::from_utf8_lossy(action), body).and_then(|request| perform(request, &model()));
    match done {
        Ok(outcome) => assert!(serde_json::to_value(&outcome.response).is_ok()),
        Err(error) => assert!(serde_json::to_string(&ApiErrorBody::from(error)).is_ok()),
    }
}

fn form(octets: &[u8], method: &str) {
    let (query, rest) = line(octets);
    let (authorization, body) = line(rest);
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("a"));
    headers.insert("x-amz-date", HeaderValue::from_static("20150830T123600Z"));
    if let Ok(value) = HeaderValue::from_bytes(authorization)
        && !authorization.is_empty()
    {
        headers.insert("authorization", value);
    }
    let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let incoming = Incoming {
        method: method.to_owned(),
        path: "/".to_owned(),
        query: String::from_utf8_lossy(query).into_owned(),
        headers,
        body: body.to_vec().into(),
        peer: anywhere,
        local: anywhere,
    };
    let Incoming { method, path, query, headers, body, peer: _, local: _ } = &incoming;
    let received = Received { method, path, query, headers, body };
    if let Ok(claim) = Claim::read(&received) {
        assert!(claim.check_signature(&received, "nobody guesses this").is_err());
    }
    let text = match answered(&incoming) {
        Ok(text) => text,
        Err(ApiErrorBody { code, message, detail }) => {
            assert_ne!(code, "InternalError", "{message} {detail:?}");
            xml::error(&code, &message, detail.as_deref(), "id")
        }
    };
    is_well_formed(&text);
}

fn answered(incoming: &Incoming) -> Result<String, ApiErrorBody> {
    let Asked { action, target, parameters } = Asked::read(incoming)?;
    if target == Target::Sts {
        return Ok("<nobody/>".to_owned());
    }
    let (_, request) = understood(&action, &parameters)?;
    if request.is_for_controller() {
        return Ok("<nobody/>".to_owned());
    }
    let Outcome { response, .. } = perform(request, &model())?;
    let body = serde_json::to_value(&response).expect("answers have a JSON form");
    answer(&action, &body, "id")
}

fn line(octets: &[u8]) -> (&[u8], &[u8]) {
    match octets.iter().position(|octet| *octet == b'\n') {
        Some(at) => (&octets[..at], &octets[at + 1..]),
        None => (octets, &[]),
    }
}

fn perform(request: Request, model: &Model) -> Result<Outcome, ApiError> {
    if request.is_for_controller() {
        return Err(ApiError::value("the controller is not asked here"));
    }
    let none = BTreeSet::new();
    let outcome = apply(
        request,
        Context {
            model,
            quotas: &Quotas::default(),
            account: AccountId::default(),
            region: "local",
            // Another one for each model, so that no id comes twice.
            rng: &mut rand::rngs::StdRng::seed_from_u64(1000 + u64::from(model.numbers.next_rule)),
            now: Timestamp::UNIX_EPOCH,
            host: "host",
            rule_numbers: NumberPool { last: 1000, busy: &none },
            attachment_numbers: NumberPool { last: 10, busy: &none },
        },
    )?;
    if let Some(next) = &outcome.model {
        next.check().expect("an action keeps the model whole");
    }
    Ok(outcome)
}

/// A group with rules, whose ids are the same in every run: what makes them up is seeded.
fn model() -> Model {
    thread_local! {
        static MODEL: Model = made();
    }
    MODEL.with(Model::clone)
}

fn made() -> Model {
    let mut model = Model::new_with_default_vpc(&mut rand::rngs::StdRng::seed_from_u64(1));
    let rule = json!({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]});
    for (action, body) in [
        ("CreateSecurityGroup", json!({"GroupName": "fuzzed", "Description": "of the fuzzer"})),
        ("AuthorizeSecurityGroupIngress", json!({"GroupName": "fuzzed", "IpPermissions": [rule]})),
    ] {
        let request = Request::parse(action, body).expect("a request");
        model = perform(request, &model).expect("an answer").model.expect("a change");
    }
    model
}

fn is_well_formed(text: &str) {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut depth = 0_u32;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error}: {text}")) {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            Event::Decl(_) | Event::Text(_) | Event::GeneralRef(_) | Event::Empty(_) => {}
            other => panic!("{other:?} in {text}"),
        }
    }
    assert_eq!(depth, 0, "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt as _;

    /// What the fuzzer begins with.
    #[test]
    fn the_seeds_are_answered() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/request");
        let mut count = 0;
        for file in std::fs::read_dir(directory).unwrap() {
            request(&std::fs::read(file.unwrap().path()).unwrap());
            count += 1;
        }
        assert!(count > 10, "{count}");
    }

    /// What a fuzzer does first, in every run of the tests.
    #[test]
    fn spoilt_seeds_are_answered() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/seeds/request");
        let mut paths: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
        paths.sort();
        let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
        let mut rng = rand::rngs::StdRng::seed_from_u64(7);
        for _ in 0..2000 {
            let mut octets = seeds[rng.random_range(0..seeds.len())].clone();
            for _ in 0..rng.random_range(1..4) {
                let at = rng.random_range(1..octets.len());
                match rng.random_range(0..4) {
                    0 => octets[at] = rng.random(),
                    1 => octets.insert(at, b"&=.%+1\n{[\"<"[rng.random_range(0..11)]),
                    2 => drop(octets.remove(at)),
                    _ => octets.extend_from_within(at..),
                }
            }
            request(&octets);
        }
    }

    #[test]
    fn a_good_form_is_answered_by_what_it_asks_for() {
        let body = "Action=DescribeSecurityGroups&Version=2016-11-15&Filter.1.Name=group-name&Filter.1.Value.1=fuzzed";
        let incoming = Incoming {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: body.into(),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            local: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
        };
        let text = answered(&incoming).unwrap();
        assert!(text.contains("<groupName>fuzzed</groupName>"), "{text}");
    }
}
