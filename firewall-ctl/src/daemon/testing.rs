//! Models for the tests of this module.

use crate::model::{
    AccountId, AddressSource, Attachment, ConnectionTracking, GroupId, HookWish, InterfaceId, MacSource, Model,
    NetworkInterface, SecurityGroup, Side, Tags,
};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A model with nothing but the default VPC and its group, the same at each call.
pub fn model() -> Model {
    Model::new_with_default_vpc(&mut SmallRng::seed_from_u64(1))
}

/// The group of the default VPC.
pub fn default_group(model: &Model) -> GroupId {
    model.groups.get_min().expect("the default VPC has a group").0
}

/// An identifier that no other call gives.
pub fn id<T: std::str::FromStr>() -> T
where
    T::Err: std::fmt::Debug,
{
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    ["sgr-", "eni-", "sg-"].iter().find_map(|prefix| format!("{prefix}{number:017x}").parse().ok()).expect("an id")
}

/// Changes a group in place.
pub fn edit_group(model: &mut Model, id: GroupId, edit: impl FnOnce(&mut SecurityGroup)) {
    let mut group = (**model.groups.get(&id).expect("the group is there")).clone();
    edit(&mut group);
    model.groups.insert(id, Arc::new(group));
}

/// Attaches a new interface of the default group to a device of this host.
pub fn attach(model: &mut Model, device: &str, addresses: &[&str]) -> InterfaceId {
    let id: InterfaceId = id();
    let number = u32::try_from(model.interfaces.len()).expect("few") + 1;
    let interface = NetworkInterface {
        id,
        vpc: model.vpcs.get_min().expect("the default VPC").0,
        owner: AccountId::default(),
        description: String::new(),
        groups: vec![default_group(model)],
        addresses: addresses.iter().map(|address| address.parse().expect("an address")).collect(),
        mac_address: None,
        attachment: Some(Attachment {
            device: device.to_owned(),
            side: Side::Host,
            hook: HookWish::Auto,
            addresses: AddressSource::Kernel,
            mac_source: MacSource::Auto,
            strict_l2: false,
            enforce: true,
            number,
            adopt: true,
            by_tag: false,
        }),
        device: Some(device.to_owned()),
        tags: Tags::default(),
        timeouts: ConnectionTracking::default(),
        source_dest_check: true,
        subnet: None,
        primary: None,
        instance: None,
        client_token: None,
    };
    model.interfaces.insert(id, Arc::new(interface));
    id
}
