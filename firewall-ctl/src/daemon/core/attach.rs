//! What attaching needs to know of the device, and what the answer says of it.

use super::transition::Missing;
use super::{Core, DeviceStatus, Host};
use crate::actions::types::{AttachDevice, AttachDeviceResult, AttachState};
use crate::actions::{ApiError, ErrorCode, Request, Response, set_observed_addresses, set_observed_mac};
use crate::daemon::enforcer::{Enforcer, Place, Placed};
use crate::daemon::net::{Behind, Link, Snapshot};
use crate::model::{AddressSource, Attachment, InterfaceId, MacAddress, MacSource, Model, Side};
use crate::store::Store;
use std::collections::BTreeMap;

/// What is behind a device, or why it is not known.
pub type PeerSeen = Result<Behind, String>;

/// What an attach request is about.
pub(super) struct Wish {
    device: String,
    /// A hardware address is given.
    gives_mac: bool,
    /// Nothing is to be changed.
    pub dry_run: bool,
}

impl Wish {
    /// What a request wants attached. Its `DryRun` is taken out, so that what would become of it is worked out whole.
    pub(super) fn take(request: &mut Request) -> Option<Self> {
        let Request::AttachDevice(AttachDevice { device: Some(device), mac_address, dry_run, .. }) = request else {
            return None;
        };
        Some(Self { device: device.clone(), gives_mac: mac_address.is_some(), dry_run: std::mem::take(dry_run) })
    }

    /// Looks at the device, and gives its interface the addresses that it has.
    ///
    /// # Errors
    /// There is no such device, it is unsuitable, or its addresses cannot be read.
    pub(super) fn settle(
        &self,
        next: &mut Model,
        host: &Host,
        peer: Option<PeerSeen>,
    ) -> Result<Vec<String>, ApiError> {
        let link = host.snapshot.by_name(&self.device).ok_or_else(|| no_device(&self.device, &host.snapshot))?;
        let Some((id, attachment)) = attachment_of(next, &self.device) else { return Ok(Vec::new()) };
        suitable(link, attachment.side, &host.snapshot)?;
        let mut warnings = Vec::new();
        let mac = match attachment.side {
            Side::Host => link.mac_address,
            Side::Workload => peer.as_ref().and_then(|peer| peer.as_ref().ok()?.mac_address),
        };
        warnings.extend(self.settle_mac(next, id, mac)?);
        let observed = match attachment.addresses {
            AddressSource::Given => return Ok(warnings),
            AddressSource::Kernel => host.snapshot.member_addresses(link.ifindex),
            AddressSource::PeerNamespace => match peer {
                Some(Ok(seen)) => match seen.addresses(&self.device) {
                    Ok(addresses) => addresses.clone(),
                    Err(error) => return Err(unreadable(&self.device, error.to_string())),
                },
                Some(Err(text)) => return Err(unreadable(&self.device, text)),
                None => return Err(unreadable(&self.device, "its other end could not be looked for".to_owned())),
            },
        };
        if observed.is_empty() {
            warnings.push(format!("{} has no address yet by which it is a member of its groups", self.device));
        }
        let seen = set_observed_addresses(next, id, observed)?;
        if let Some(model) = seen.model {
            *next = model;
        }
        warnings.extend(seen.refused.iter().map(|(address, holder)| {
            format!("{address} makes {} no member of its groups: it is an address of {holder}", self.device)
        }));
        Ok(warnings)
    }

    /// Gives the interface the hardware address that was seen, or holds the one given against that.
    fn settle_mac(
        &self,
        next: &mut Model,
        id: InterfaceId,
        seen: Option<MacAddress>,
    ) -> Result<Option<String>, ApiError> {
        let device = &self.device;
        let refused = match seen {
            Some(seen) => {
                let observed = set_observed_mac(next, id, seen)?;
                if let Some(model) = observed.model {
                    *next = model;
                }
                observed.refused.map(|holder| (seen, holder))
            }
            None => None,
        };
        let Some(interface) = next.interfaces.get(&id) else { return Ok(None) };
        let Some(attachment) = &interface.attachment else { return Ok(None) };
        let known = interface.mac_address;
        Ok(match (attachment.mac_source, seen.filter(|seen| known != Some(*seen))) {
            (MacSource::Given, Some(seen)) if self.gives_mac => {
                let given = interface.mac();
                let message = format!("The hardware address {given} is not that of the device behind '{device}'.");
                let detail = format!(
                    "That one has {seen}: what it sends would be dropped. Leave --mac-address out, or say `any` if others send \
                     through it."
                );
                return Err(ApiError::new(ErrorCode::DeviceUnsuitable, message).with_detail(detail));
            }
            (MacSource::Given, Some(seen)) => Some(format!(
                "the device behind {device} has the hardware address {seen}, and what it sends is dropped: it has to be {}",
                interface.mac()
            )),
            (MacSource::Auto, _) if let Some((seen, holder)) = refused => Some(format!(
                "{seen}, the hardware address of the device behind {device}, is that of {holder}, and is not taken over"
            )),
            (MacSource::Auto, _)
                if known.is_none() && attachment.side == Side::Workload && interface.source_dest_check =>
            {
                Some(format!(
                    "the hardware address of what is behind {device} is not known, so that it may send with any: give it with \
                     --mac-address"
                ))
            }
            (MacSource::Auto | MacSource::Given | MacSource::Any, _) => None,
        })
    }
}

/// The attachment of a device.
fn attachment_of(model: &Model, device: &str) -> Option<(InterfaceId, Attachment)> {
    model.attached().find_map(|interface| {
        let attachment = interface.attachment.as_ref().filter(|attachment| attachment.device == device)?;
        Some((interface.id, attachment.clone()))
    })
}

/// Whether programs on the device would see the traffic that is meant.
pub(super) fn suitable(link: &Link, side: Side, snapshot: &Snapshot) -> Result<(), ApiError> {
    let refuse =
        |message: String, detail: String| Err(ApiError::new(ErrorCode::DeviceUnsuitable, message).with_detail(detail));
    if link.loopback {
        let message = format!("The device '{}' is this machine's loopback.", link.name);
        return refuse(message, "What passes there never leaves the machine, and needs no rules.".to_owned());
    }
    match (side, snapshot.master_of(link)) {
        (Side::Host, Some(master)) => refuse(
            format!("The device '{}' is a port of the {} '{}'.", link.name, master.kind, master.name),
            format!(
                "The addresses of this machine are on {0}: attach that (`firewall-ctl attach {0}`). If a container or a \
                 virtual machine is behind {1}, say so with --side workload.",
                master.name, link.name
            ),
        ),
        (Side::Host, None) | (Side::Workload, _) => Ok(()),
    }
}

/// There is no such device.
pub(super) fn no_device(device: &str, snapshot: &Snapshot) -> ApiError {
    let detail = format!("This machine has: {}.", snapshot.names().join(", "));
    ApiError::new(ErrorCode::DeviceNotFound, format!("The device '{device}' does not exist.")).with_detail(detail)
}

fn unreadable(device: &str, text: String) -> ApiError {
    let message = format!("The addresses behind the device '{device}' cannot be read.");
    ApiError::new(ErrorCode::DeviceUnsuitable, message).with_detail(text)
}

impl<E: Enforcer, S: Store> Core<E, S> {
    /// Adds to an answer what the kernel has.
    pub(super) fn fill(&self, response: &mut Response, warnings: &[String], placed: &BTreeMap<u32, Placed>) {
        let result = match response {
            Response::AttachDevice(result) => result,
            Response::DetachDevice(result) => {
                result.warnings = warnings.to_vec();
                return;
            }
            _ => return,
        };
        result.warnings = warnings.to_vec();
        let number = result.attachment_number;
        self.fill_addresses(result);
        if let Some(status) = self.devices.get(&number) {
            let DeviceStatus { ifindex: _, mtu, hook_rx: _, hook_tx: _, amiss, flows: _ } = status;
            result.mtu = *mtu;
            result.hook.got = status.hooks();
            result.warnings.extend(amiss.iter().cloned());
        }
        if let Some(done) = placed.get(&number) {
            if result.state == AttachState::Unchanged {
                result.state = AttachState::Attached;
            }
            result.adopted_connections = Some(done.adopted);
            result.warnings.extend(done.warnings.iter().cloned());
        }
    }

    /// Puts programs back on a device that is attached already, and that emergency-detach has taken them off.
    pub(super) fn put_released_back(&mut self, wish: &Wish, host: &Host) -> Result<BTreeMap<u32, Placed>, ApiError> {
        let Some((_, attachment)) = attachment_of(&self.model, &wish.device) else { return Ok(BTreeMap::new()) };
        let kernel = self.enforcer.in_kernel()?;
        if kernel.get(&attachment.number).is_none_or(|seen| seen.released.is_none()) {
            return Ok(BTreeMap::new());
        }
        let place = Place::of(&attachment, host).ok_or_else(|| no_device(&wish.device, &host.snapshot))?;
        let placed = self.place(&[place], Missing::Refuse, host)?;
        self.look(host);
        Ok(placed)
    }

    /// The addresses that the record has in the end.
    fn fill_addresses(&self, result: &mut AttachDeviceResult) {
        if let Some(interface) = self.model.interface_by_number(result.attachment_number) {
            result.private_ip_addresses = interface.addresses.iter().map(ToString::to_string).collect();
            result.mac_address = interface.mac().to_string();
        }
    }

    /// Says what attaching would do: whether the tables hold it, and what the programs would run on.
    pub(super) fn rehearse(
        &mut self,
        response: &mut Response,
        next: &Model,
        warnings: &[String],
        host: &Host,
    ) -> Result<(), ApiError> {
        let prepared = self.enforcer.prepare(&self.compiled(next)?)?;
        self.enforcer.discard(prepared);
        let Response::AttachDevice(result) = response else { return Ok(()) };
        result.dry_run = true;
        result.warnings = warnings.to_vec();
        let Some(interface) = next.interface_by_number(result.attachment_number) else { return Ok(()) };
        result.private_ip_addresses = interface.addresses.iter().map(ToString::to_string).collect();
        result.mac_address = interface.mac().to_string();
        let Some(attachment) = &interface.attachment else { return Ok(()) };
        let Some(place) = Place::of(attachment, host) else { return Ok(()) };
        result.mtu = host.snapshot.links.get(&place.ifindex).map(|link| link.mtu);
        let Placed { hook_rx, hook_tx, warnings, adopted } = self.enforcer.rehearse(&place)?;
        let status = DeviceStatus { hook_rx: Some(hook_rx), hook_tx: Some(hook_tx), ..DeviceStatus::default() };
        result.hook.got = status.hooks();
        result.adopted_connections = Some(adopted);
        result.warnings.extend(warnings);
        Ok(())
    }
}

impl Place {
    /// Where an attachment's programs go, while its device is there.
    pub(super) fn of(attachment: &Attachment, host: &Host) -> Option<Self> {
        host.snapshot.by_name(&attachment.device).map(|link| Self::at(attachment, link, host))
    }

    /// A device that an attachment's programs go on, whatever its name is now.
    pub(super) fn at(attachment: &Attachment, link: &Link, host: &Host) -> Self {
        let Attachment {
            device: _,
            side,
            hook,
            addresses: _,
            mac_source: _,
            strict_l2: _,
            enforce: _,
            number,
            adopt,
            by_tag: _,
        } = attachment;
        Self {
            number: *number,
            device: link.name.clone(),
            ifindex: link.ifindex,
            side: *side,
            wish: *hook,
            adopt: *adopt,
            addresses: host.snapshot.all_addresses(link.ifindex).map(|each| each.address).collect(),
        }
    }
}
