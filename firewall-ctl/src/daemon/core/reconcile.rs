//! What should be, held against what is. It takes no orders: a restart, a crash, a device that comes back and somebody's
//! meddling are all the same here.

use super::transition::Missing;
use super::{Core, DeviceStatus, Host};
use crate::actions::{set_observed_addresses, set_observed_mac};
use crate::daemon::enforcer::{Enforcer, InKernel, Place};
use crate::daemon::net::Behind;
use crate::dataplane::FlowCounts;
use crate::model::{AddressSource, Attachment, Model, NetworkInterface, Side};
use crate::store::{PendingEdit, Store};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long a program may stay ahead of ours after we have got in front of it.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// What was seen behind devices, by number of the attachment. What could not be read is left out.
pub type PeersSeen = BTreeMap<u32, Behind>;

/// How an attachment stands.
enum Standing {
    /// The programs are on the device, with what is broken about them.
    Placed(u32, Vec<String>),
    /// The device that the programs are on has another name now. It stays enforced, with what is broken about them.
    Renamed(u32, Vec<String>),
    /// The device is there, and its programs are not.
    Unplaced(u32),
    /// The device is gone.
    Gone,
}

impl<E: Enforcer, S: Store> Core<E, S> {
    /// Moves the kernel and the record closer to each other.
    pub fn reconcile(&mut self, host: &Host, peers: &PeersSeen) {
        if let Err(error) = self.undo_if_late(host) {
            tracing::error!(error = error.message, "the last change could not be undone; it is tried again");
        }
        self.publish_again();
        let kernel = match self.enforcer.in_kernel() {
            Ok(kernel) => kernel,
            Err(error) => {
                tracing::error!(error = error.message, "what is in the kernel cannot be looked at");
                return;
            }
        };
        let attached: Vec<Arc<NetworkInterface>> = self.model.attached().map(Arc::clone).collect();
        self.in_kernel = kernel.keys().copied().collect();
        let mut next = Model::clone(&self.model);
        let mut repair = Vec::new();
        for interface in &attached {
            let Some(attachment) = &interface.attachment else { continue };
            if kernel.get(&attachment.number).is_some_and(|seen| seen.released.is_some()) {
                continue;
            }
            match standing(attachment, kernel.get(&attachment.number), host) {
                Standing::Placed(_, broken) if broken.is_empty() => {
                    let overtaken = kernel.get(&attachment.number).is_some_and(|seen| !seen.overtaken.is_empty());
                    if overtaken && self.may_move_forward(attachment.number, host) {
                        tracing::warn!(
                            device = attachment.device,
                            "other programs have got ahead: ours go first again"
                        );
                        repair.push(attachment);
                    }
                }
                Standing::Renamed(_, broken) if broken.is_empty() => {}
                Standing::Placed(_, broken) | Standing::Renamed(_, broken) => {
                    tracing::warn!(device = attachment.device, amiss = broken.join("; "), "repairing");
                    repair.push(attachment);
                }
                // Nothing has ever run under this number: it need not be another one.
                Standing::Unplaced(_) if self.unused.contains(&attachment.number) => repair.push(attachment),
                Standing::Unplaced(ifindex) => {
                    if kernel.get(&attachment.number).is_some_and(|seen| seen.ifindex == ifindex) {
                        tracing::warn!(
                            device = attachment.device,
                            "no program is left on the device: repairing, as if it were another one"
                        );
                    }
                    if let Err(error) = self.take_number(&mut next, interface) {
                        tracing::error!(device = attachment.device, error = error.message, "cannot attach again");
                    }
                }
                Standing::Gone if kernel.contains_key(&attachment.number) => self.take_off(&[attachment.number]),
                Standing::Gone => {}
            }
        }
        // Twice, since an address may have gone from one interface to another.
        for _ in 0..2 {
            for interface in &attached {
                self.follow_addresses(&mut next, interface, &kernel, host, peers);
                follow_mac(&mut next, interface, &kernel, host, peers);
            }
        }
        self.follow(next, host);
        self.bind_by_tags(host);
        for attachment in repair {
            self.put_back(attachment, kernel.get(&attachment.number), host);
        }
        self.drop_strangers(&kernel, host);
        self.look(host);
    }

    /// Takes off programs that no record asks for. Last of all, and not from a device that has a record: there they are taken
    /// over, and judge until that has gone well.
    fn drop_strangers(&mut self, before: &BTreeMap<u32, InKernel>, host: &Host) {
        let is_stranger = |core: &Self, number: u32| core.model.interface_by_number(number).is_none();
        if !before.keys().any(|number| is_stranger(self, *number)) {
            return;
        }
        // That it cannot be looked at is told by the next round.
        let kernel = self.enforcer.in_kernel().unwrap_or_default();
        let names = self.model.attached().filter_map(|interface| interface.attachment.as_ref());
        let recorded: BTreeSet<u32> =
            names.filter_map(|attachment| Some(host.snapshot.by_name(&attachment.device)?.ifindex)).collect();
        for (number, there) in kernel {
            if is_stranger(self, number) && !recorded.contains(&there.ifindex) {
                tracing::warn!(number, "something is left of an attachment that has no record: it is taken off");
                self.take_off(&[number]);
            }
        }
    }

    /// Gives an interface the addresses that were seen.
    fn follow_addresses(
        &self,
        next: &mut Model,
        interface: &NetworkInterface,
        kernel: &BTreeMap<u32, InKernel>,
        host: &Host,
        peers: &PeersSeen,
    ) {
        let Some(attachment) = &interface.attachment else { return };
        let seen = match attachment.addresses {
            AddressSource::Given => return,
            AddressSource::Kernel => match standing(attachment, kernel.get(&attachment.number), host) {
                Standing::Placed(ifindex, _) | Standing::Renamed(ifindex, _) | Standing::Unplaced(ifindex) => {
                    host.snapshot.member_addresses(ifindex)
                }
                Standing::Gone => BTreeSet::new(),
            },
            AddressSource::PeerNamespace => match peers.get(&attachment.number) {
                Some(seen) if !seen.addresses.is_empty() => seen.addresses.clone(),
                Some(_) | None => return,
            },
        };
        match set_observed_addresses(next, interface.id, seen) {
            Ok(observed) => {
                if let Some(model) = observed.model {
                    *next = model;
                }
                for (address, holder) in observed.refused {
                    tracing::debug!(%address, %holder, device = attachment.device, "the address belongs to another interface");
                }
            }
            Err(error) => {
                tracing::error!(device = attachment.device, error = error.message, "addresses are not followed");
            }
        }
    }

    /// Makes what was seen the present state.
    fn follow(&mut self, next: Model, host: &Host) {
        if next == *self.model {
            return;
        }
        let done = self
            .compiled(&next)
            .and_then(|desired| self.transition(next, desired, PendingEdit::Keep, host, Missing::Tolerate));
        match done {
            Ok(_) => tracing::info!("devices or addresses have changed, and were followed"),
            Err(error) => {
                tracing::error!(error = error.message, "a change of devices or addresses could not be followed");
            }
        }
    }

    /// Whether programs that others have got ahead of may be put in front again. Not at once if it was done lately: whoever
    /// insists on being first would win anyway, and each time is a moment without programs.
    fn may_move_forward(&mut self, number: u32, host: &Host) -> bool {
        let due = self.overtaken.get(&number).is_none_or(|time| *time <= host.now);
        if due {
            self.overtaken.insert(number, host.now + PATIENCE);
        }
        due
    }

    /// Puts programs where they are missing or broken, unless the attachment has gone meanwhile. A device that has another
    /// name now is found by its index.
    fn put_back(&mut self, attachment: &Attachment, kernel: Option<&InKernel>, host: &Host) {
        let waits = self.retry.get(&attachment.number).is_some_and(|time| *time > host.now);
        if waits || self.model.interface_by_number(attachment.number).is_none() {
            return;
        }
        let renamed = || host.snapshot.links.get(&kernel?.ifindex);
        let Some(link) = host.snapshot.by_name(&attachment.device).or_else(renamed) else { return };
        let place = Place::at(attachment, link, host);
        let done = self.place(std::slice::from_ref(&place), Missing::Tolerate, host);
        if done.is_ok_and(|placed| placed.contains_key(&place.number)) {
            self.unused.remove(&place.number);
        }
    }

    /// Notes how the attachments are, and tells what has become different.
    pub(super) fn look(&mut self, host: &Host) {
        // That it cannot be looked at has been told.
        let Ok(kernel) = self.enforcer.in_kernel() else { return };
        let mut devices = BTreeMap::new();
        for interface in self.model.attached() {
            let Some(attachment) = &interface.attachment else { continue };
            let status = self.status_of(attachment, kernel.get(&attachment.number), host);
            let before = self.devices.get(&attachment.number).map(|status| status.amiss.as_slice()).unwrap_or_default();
            if before != status.amiss {
                match status.amiss.as_slice() {
                    [] => tracing::info!(device = attachment.device, "enforced"),
                    amiss => {
                        tracing::warn!(device = attachment.device, amiss = amiss.join("; "), "not as it should be");
                    }
                }
            }
            devices.insert(attachment.number, status);
        }
        if devices != self.devices {
            self.devices = devices;
            self.show();
        }
    }

    fn status_of(&self, attachment: &Attachment, kernel: Option<&InKernel>, host: &Host) -> DeviceStatus {
        let (ifindex, mut amiss) = match standing(attachment, kernel, host) {
            Standing::Placed(ifindex, broken) => (Some(ifindex), broken),
            Standing::Renamed(ifindex, broken) => {
                let name = host.snapshot.links.get(&ifindex).map_or("?", |link| &link.name);
                (Some(ifindex), [vec![format!("the device is named {name} now")], broken].concat())
            }
            Standing::Unplaced(ifindex) => (Some(ifindex), vec!["not enforced".to_owned()]),
            Standing::Gone => (None, vec!["missing".to_owned()]),
        };
        amiss.extend(kernel.iter().flat_map(|kernel| kernel.released.iter().chain(&kernel.overtaken).cloned()));
        DeviceStatus {
            ifindex,
            mtu: ifindex.and_then(|ifindex| host.snapshot.links.get(&ifindex)).map(|link| link.mtu),
            hook_rx: kernel.and_then(|kernel| kernel.hook_rx.clone()),
            hook_tx: kernel.and_then(|kernel| kernel.hook_tx.clone()),
            amiss,
            flows: self.held.flows.get(&attachment.number).map_or(0, FlowCounts::alive),
        }
    }
}

/// Gives an interface the hardware address that was seen.
fn follow_mac(
    next: &mut Model,
    interface: &NetworkInterface,
    kernel: &BTreeMap<u32, InKernel>,
    host: &Host,
    peers: &PeersSeen,
) {
    let Some(attachment) = &interface.attachment else { return };
    let seen = match attachment.side {
        Side::Host => match standing(attachment, kernel.get(&attachment.number), host) {
            Standing::Placed(ifindex, _) | Standing::Renamed(ifindex, _) | Standing::Unplaced(ifindex) => {
                host.snapshot.links.get(&ifindex).and_then(|link| link.mac_address)
            }
            Standing::Gone => None,
        },
        Side::Workload => peers.get(&attachment.number).and_then(|seen| seen.mac_address),
    };
    let Some(seen) = seen else { return };
    match set_observed_mac(next, interface.id, seen) {
        Ok(observed) => {
            if let Some(model) = observed.model {
                *next = model;
            }
            if let Some(holder) = observed.refused {
                tracing::debug!(%seen, %holder, device = attachment.device, "the hardware address belongs to another interface");
            }
        }
        Err(error) => {
            tracing::error!(device = attachment.device, error = error.message, "the hardware address is not followed");
        }
    }
}

/// Looks at an attachment.
fn standing(attachment: &Attachment, kernel: Option<&InKernel>, host: &Host) -> Standing {
    let by_name = host.snapshot.by_name(&attachment.device).map(|link| link.ifindex);
    match (by_name, kernel) {
        // With no program left, nothing tells it from another device of the same name and index, which inherits nothing.
        (Some(ifindex), Some(kernel)) if kernel.ifindex == ifindex && kernel.is_bare() => Standing::Unplaced(ifindex),
        (Some(ifindex), Some(kernel)) if kernel.ifindex == ifindex => {
            Standing::Placed(ifindex, kernel.amiss(attachment.hook))
        }
        (Some(ifindex), _) => Standing::Unplaced(ifindex),
        (None, Some(kernel)) if host.snapshot.links.contains_key(&kernel.ifindex) && !kernel.is_bare() => {
            Standing::Renamed(kernel.ifindex, kernel.amiss(attachment.hook))
        }
        (None, _) => Standing::Gone,
    }
}
