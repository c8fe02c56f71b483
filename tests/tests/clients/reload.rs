//! TLS on the wire, and what SIGHUP has read again: certificate and access keys, as boto3 finds them.

use super::boto3::Boto3;
use super::{LISTEN, Site};
use firewall_tests::controller::text;
use firewall_tests::netns::Namespace;
use firewall_tests::wait::eventually;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes a certificate for the listener's address, and its key.
fn certify(directory: &Path) -> [PathBuf; 2] {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let paths = ["certificate.pem", "key.pem"].map(|name| directory.join(name));
    fs::write(&paths[0], made.cert.pem()).expect("write the certificate");
    fs::write(&paths[1], made.signing_key.serialize_pem()).expect("write the key");
    paths
}

/// Has everything read again, and waits until the controller says so in these words once more.
fn reload(site: &Site<'_>, words: &str) {
    let said = || site.ctl.log().matches(words).count();
    let before = said();
    site.ctl.reload();
    eventually(words, || said() > before);
}

/// A client that trusts one certificate.
fn trusting(site: &Site<'_>, host: &str, certificate: &Path) -> Boto3 {
    let mut command = site.script("call.py");
    let port = LISTEN.rsplit(':').next().unwrap_or_default();
    command.env("FIREWALL_ENDPOINT", format!("https://{host}:{port}")).env("FIREWALL_VERIFY", certificate);
    Boto3::of(command)
}

#[test]
fn a_certificate_is_trusted_renewed_and_never_lost() {
    let namespace = Namespace::new("tls");
    let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [certificate, key] = certify(first.path());
    let renewed = certify(second.path());
    let [certificate_text, key_text] = [&certificate, &key].map(|path| path.display().to_string());
    let site = Site::with(&namespace, &["--tls-certificate", &certificate_text, "--tls-key", &key_text]);
    let trusted = first.path().join("trusted.pem");
    fs::copy(&certificate, &trusted).unwrap();

    // It is called at each step: an idle connection ends after 30 s, and a busy machine takes longer for all of them.
    let mut early = trusting(&site, "127.0.0.1", &trusted);
    let mut goes_on = || early.call("describe_vpcs", &json!({}));
    goes_on();
    assert_eq!(trusting(&site, "127.0.0.1", &renewed[0]).refused("describe_vpcs", &json!({})), "SSLError");
    goes_on();
    assert_eq!(trusting(&site, "localhost", &trusted).refused("describe_vpcs", &json!({})), "SSLError");
    // Without TLS there is no answer, and nothing is told.
    let plain = Boto3::new(&site).refused("describe_vpcs", &json!({}));
    assert_eq!(plain, "ConnectionClosedError");
    goes_on();

    // Half of a renewal is none.
    fs::copy(&renewed[0], &certificate).unwrap();
    reload(&site, "the certificate was not taken");
    trusting(&site, "127.0.0.1", &trusted).call("describe_vpcs", &json!({}));
    goes_on();
    fs::copy(&renewed[1], &key).unwrap();
    reload(&site, "the certificate was read again");
    goes_on();
    trusting(&site, "127.0.0.1", &renewed[0]).call("describe_vpcs", &json!({}));
    goes_on();
    assert_eq!(trusting(&site, "127.0.0.1", &trusted).refused("describe_vpcs", &json!({})), "SSLError");
    // Connections that were there go on.
    goes_on();
}

#[test]
fn keys_are_those_of_the_file_since_the_last_sighup() {
    let namespace = Namespace::new("keys");
    let site = Site::new(&namespace);
    let file = site.ctl.state_dir().join("credentials.toml");
    let one_key = fs::read_to_string(&file).unwrap();
    let made = site.ctl.ok(&["create-access-key", "--user-name", "second", "--role", "read-only"]);
    let two_keys = fs::read_to_string(&file).unwrap();
    let second = ["AccessKeyId", "SecretAccessKey"].map(|member| text(&made, &format!("/AccessKey/{member}")));
    let mut command = site.script("call.py");
    command.env("AWS_ACCESS_KEY_ID", &second[0]).env("AWS_SECRET_ACCESS_KEY", &second[1]);
    let mut second = Boto3::of(command);
    let mut first = Boto3::new(&site);
    let read = "the access keys were read again";
    second.call("describe_vpcs", &json!({}));

    // Deleted by hand.
    fs::write(&file, &one_key).unwrap();
    second.call("describe_vpcs", &json!({}));
    reload(&site, read);
    assert_eq!(second.refused("describe_vpcs", &json!({})), "AuthFailure");
    first.call("describe_vpcs", &json!({}));

    // And back, of another role.
    fs::write(&file, two_keys.replace("read-only", "operator")).unwrap();
    reload(&site, read);
    second.call("create_security_group", &json!({"GroupName": "made", "Description": "by an operator"}));

    // Set aside.
    fs::write(&file, two_keys.replace("status = \"Active\"", "status = \"Inactive\"")).unwrap();
    reload(&site, read);
    for client in [&mut first, &mut second] {
        assert_eq!(client.refused("describe_vpcs", &json!({})), "AuthFailure");
    }
    fs::write(&file, &one_key).unwrap();
    reload(&site, read);

    // What is no list of keys changes nothing.
    fs::write(&file, "key = 5").unwrap();
    reload(&site, "the access keys were not taken");
    first.call("describe_vpcs", &json!({}));
    assert_eq!(second.refused("describe_vpcs", &json!({})), "AuthFailure");
}
