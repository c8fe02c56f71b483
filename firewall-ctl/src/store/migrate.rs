//! What earlier versions have written, in the form of this one.
//!
//! Until version 2, a VPC had bare blocks, and there were neither subnets nor instances nor gateways. Blocks get identifiers,
//! the default VPC its default subnet, and the interfaces that are attached there belong to it.

use crate::model::{Model, NetworkInterface, Subnet, VpcAssociationId};
use rand::Rng;
use serde_json::{Value, json};
use std::sync::Arc;

/// A VPC of version 2: its blocks are texts. Made up was what a host of version 2 made up: a /56 of unique local addresses.
pub fn vpc<R: Rng + ?Sized>(vpc: &mut Value, rng: &mut R) {
    for member in ["cidr_blocks", "ipv6_cidr_blocks"] {
        let Some(Value::Array(blocks)) = vpc.get_mut(member) else { continue };
        for block in blocks {
            let Some(text) = block.as_str() else { continue };
            let provided = text.starts_with("fd") && text.ends_with("/56");
            *block = json!({"id": VpcAssociationId::random(rng), "block": text, "provided": provided});
        }
    }
    if let Some(vpc) = vpc.as_object_mut()
        && vpc.get("is_default") == Some(&Value::Bool(true))
    {
        vpc.insert("attributes".to_owned(), json!({"enable_dns_hostnames": true}));
    }
}

/// A change of version 2 that awaits its confirmation: what undoes it holds VPCs.
pub fn pending<R: Rng + ?Sized>(pending: &mut Value, rng: &mut R) {
    let Some(Value::Array(changes)) = pending.get_mut("undo") else { return };
    for change in changes {
        if let Some(value) = change.pointer_mut("/Vpc/Put/1") {
            vpc(value, rng);
        }
    }
}

/// A model of version 2: the default VPC, of which there was one, gets its default subnet.
pub fn model<R: Rng + ?Sized>(model: &mut Model, rng: &mut R) {
    let Some(subnet) = model.vpcs.values().find(|vpc| vpc.is_default).and_then(|vpc| Subnet::default_of(vpc, rng))
    else {
        return;
    };
    let (id, vpc) = (subnet.id, subnet.vpc);
    // What contradicts itself is told by the check that follows.
    model.subnets.insert(id, Arc::new(subnet));
    let attached: Vec<NetworkInterface> = model
        .interfaces_of(vpc)
        .filter(|interface| interface.attachment.is_some())
        .map(|interface| NetworkInterface { subnet: Some(id), ..NetworkInterface::clone(interface) })
        .collect();
    for interface in attached {
        model.interfaces.insert(interface.id, Arc::new(interface));
    }
}
