//! Which hook a device gets. Pure: the facts are read elsewhere.

use super::error::DataplaneError;
use crate::model::{HookWish, Side};
use std::fmt;

/// Where a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hook {
    /// XDP in the driver.
    Xdp,
    /// XDP behind the driver.
    XdpGeneric,
    /// Traffic control, by a link.
    Tcx,
    /// Traffic control, by a filter of the clsact queueing discipline.
    Clsact,
}

impl Hook {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xdp => "xdp",
            Self::XdpGeneric => "xdp-generic",
            Self::Tcx => "tcx",
            Self::Clsact => "clsact",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// A program at the XDP hook of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XdpHolder {
    /// Identifier of the program.
    pub program: u32,
    /// Its name; empty when it cannot be read.
    pub name: String,
    /// Whether it is behind the driver.
    pub generic: bool,
}

impl fmt::Display for XdpHolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "program {:?} (id {})", self.name, self.program)
    }
}

/// What is known of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its name.
    pub name: String,
    /// Largest payload of its frames.
    pub mtu: u32,
    /// `ARPHRD_*`.
    pub hardware: u16,
    /// Its driver, where it says.
    pub driver: Option<String>,
    /// Whether VLAN devices sit on it.
    pub has_vlans: bool,
    /// Whether it takes VLAN tags off received frames.
    pub strips_vlan_tags: bool,
    /// Who holds its XDP hook, other than ourselves.
    pub xdp: Option<XdpHolder>,
}

/// What an operator should know about an attachment that works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// XDP would be faster, but something else holds it.
    XdpTaken {
        /// Who.
        holder: String,
    },
    /// XDP would be faster, but the driver does not take the program.
    XdpRefused {
        /// The driver.
        driver: String,
        /// What the kernel said.
        error: String,
    },
    /// XDP would not see the VLAN tags.
    VlanTagsStripped,
    /// The program has no link.
    Clsact,
    /// Generic XDP is slower than TC.
    Generic,
    /// A program of somebody else's runs behind the driver, and may hide headers from traffic control.
    GenericAhead {
        /// Whose.
        holder: String,
    },
    /// No places of its own are left for half-open flows.
    SharedRings,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::XdpTaken { holder } => {
                write!(formatter, "the XDP hook is taken by {holder}; traffic control is used instead")
            }
            Self::XdpRefused { driver, error } => {
                write!(formatter, "the driver {driver} does not take XDP programs ({error}); traffic control is used")
            }
            Self::VlanTagsStripped => formatter.write_str(
                "the device takes VLAN tags off before XDP could see them; traffic control is used (or turn that off: \
                 `ethtool -K DEVICE rxvlan off`)",
            ),
            Self::Clsact => formatter.write_str(
                "a clsact filter is used, since this kernel has no TCX or the configuration says so: no link holds it, \
                 so anybody can delete it, and it outlives controller and pins until `firewall-ctl detach` or \
                 `firewall-ctl emergency-detach` takes it off",
            ),
            Self::Generic => formatter.write_str("generic XDP is slower than traffic control"),
            Self::GenericAhead { holder } => write!(
                formatter,
                "{holder} runs behind the driver and before ours: if it takes frames in pieces (loaded with frags), Linux \
                 6.18 hides their Ethernet headers, and what comes is dropped as hidden-header; run it in the driver, or \
                 take it off"
            ),
            Self::SharedRings => formatter.write_str(
                "no room is left for half-open flows of its own, so it shares with other interfaces of that kind: raise \
                 the limit half-open, or lower half-open-per-interface",
            ),
        }
    }
}

/// Where a program runs meanwhile, when it changes to a hook that does not take it beside the one where it is. XDP runs in
/// one mode at a time, and TCX takes no program twice, not even to put it before one that has got ahead.
#[must_use]
pub const fn detour(from: Hook, to: Hook, is_first: bool, has_tcx: bool) -> Option<Hook> {
    match (from, to) {
        (Hook::Xdp, Hook::XdpGeneric) | (Hook::XdpGeneric, Hook::Xdp) => {
            Some(if has_tcx { Hook::Tcx } else { Hook::Clsact })
        }
        (Hook::Tcx, Hook::Tcx) if !is_first => Some(Hook::Clsact),
        (Hook::Xdp, Hook::Xdp | Hook::Tcx | Hook::Clsact)
        | (Hook::XdpGeneric, Hook::XdpGeneric | Hook::Tcx | Hook::Clsact)
        | (Hook::Tcx, Hook::Xdp | Hook::XdpGeneric | Hook::Tcx | Hook::Clsact)
        | (Hook::Clsact, Hook::Xdp | Hook::XdpGeneric | Hook::Tcx | Hook::Clsact) => None,
    }
}

/// What to try for the program that judges received frames, and what if the driver refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// First try.
    pub hook: Hook,
    /// Second try, if the first is refused.
    pub otherwise: Option<Hook>,
    /// The hook for frames that the device sends.
    pub outgoing: Hook,
    /// What to say about it.
    pub warnings: Vec<Warning>,
}

/// `ARPHRD_ETHER`.
const ETHERNET: u16 = 1;
/// `ARPHRD_LOOPBACK`: its frames have an Ethernet header, too.
const LOOPBACK: u16 = 772;

/// Hardware types of devices whose frames begin with the IP header.
const BARE: &[u16] = &[
    // `ARPHRD_PPP`: its two octets are taken off before the kernel's hooks, and put on after them.
    512, // `ARPHRD_RAWIP`: modems.
    519, // `ARPHRD_TUNNEL`, `ARPHRD_TUNNEL6`, `ARPHRD_SIT`: IP in IP.
    768, 769, 776, // `ARPHRD_IPGRE`, `ARPHRD_IP6GRE`.
    778, 823, // `ARPHRD_NONE`: tun, WireGuard.
    0xfffe,
];

impl Facts {
    /// Whether frames of the device begin with the IP header.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        BARE.contains(&self.hardware)
    }
}

/// Chooses the hooks.
///
/// # Errors
/// What frames of the device begin with is not known, or the wish cannot be fulfilled.
pub fn choose(facts: &Facts, side: Side, wish: HookWish, has_tcx: bool) -> Result<Choice, DataplaneError> {
    let (device, hardware) = (|| facts.name.clone(), facts.hardware);
    match (hardware, wish) {
        (ETHERNET | LOOPBACK, _) => {}
        (_, _) if !facts.is_bare() => return Err(DataplaneError::UnknownHeader { device: device(), hardware }),
        (_, HookWish::Xdp | HookWish::XdpGeneric) => {
            return Err(DataplaneError::NotEthernet { device: device(), hardware });
        }
        (_, HookWish::Auto | HookWish::Tc) => {}
    }
    let tc = if has_tcx { Hook::Tcx } else { Hook::Clsact };
    let mut choice = Choice { hook: tc, otherwise: None, outgoing: tc, warnings: Vec::new() };
    if !has_tcx {
        choice.warnings.push(Warning::Clsact);
    }
    let is_free = || match &facts.xdp {
        None => Ok(()),
        Some(holder) => Err(DataplaneError::HookTaken { device: facts.name.clone(), holder: holder.to_string() }),
    };
    if let Some(holder) = facts.xdp.as_ref().filter(|holder| holder.generic && !facts.is_bare()) {
        choice.warnings.push(Warning::GenericAhead { holder: holder.to_string() });
    }
    match wish {
        HookWish::Tc => {}
        HookWish::Xdp => {
            is_free()?;
            choice.hook = Hook::Xdp;
        }
        HookWish::XdpGeneric => {
            is_free()?;
            choice.hook = Hook::XdpGeneric;
            choice.warnings.push(Warning::Generic);
        }
        HookWish::Auto => match side {
            Side::Workload => {}
            Side::Host => choose_for_host(facts, tc, &mut choice),
        },
    }
    Ok(choice)
}

fn choose_for_host(facts: &Facts, tc: Hook, choice: &mut Choice) {
    // A device without a driver is made of software, and XDP on a veth costs its peer segmentation offload.
    if facts.is_bare() || facts.driver.as_deref().is_none_or(|driver| driver == "veth") {
        return;
    }
    if facts.has_vlans && facts.strips_vlan_tags {
        choice.warnings.push(Warning::VlanTagsStripped);
    } else if let Some(holder) = &facts.xdp {
        choice.warnings.push(Warning::XdpTaken { holder: holder.to_string() });
    } else {
        choice.hook = Hook::Xdp;
        choice.otherwise = Some(tc);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            name: "eth0".to_owned(),
            mtu: 1500,
            hardware: ETHERNET,
            driver: Some("virtio_net".to_owned()),
            has_vlans: false,
            strips_vlan_tags: false,
            xdp: None,
        }
    }

    fn hook(facts: &Facts, side: Side, wish: HookWish) -> Hook {
        choose(facts, side, wish, true).unwrap().hook
    }

    #[test]
    fn hosts_get_xdp_where_the_driver_has_it() {
        let choice = choose(&facts(), Side::Host, HookWish::Auto, true).unwrap();
        assert_eq!((choice.hook, choice.otherwise, choice.outgoing), (Hook::Xdp, Some(Hook::Tcx), Hook::Tcx));
        let veth = Facts { driver: Some("veth".to_owned()), ..facts() };
        assert_eq!(hook(&veth, Side::Host, HookWish::Auto), Hook::Tcx);
        assert_eq!(hook(&veth, Side::Host, HookWish::Xdp), Hook::Xdp);
        let nothing = Facts { driver: None, ..facts() };
        assert_eq!(hook(&nothing, Side::Host, HookWish::Auto), Hook::Tcx);
    }

    #[test]
    fn workloads_get_traffic_control() {
        assert_eq!(hook(&facts(), Side::Workload, HookWish::Auto), Hook::Tcx);
        assert_eq!(hook(&facts(), Side::Workload, HookWish::Xdp), Hook::Xdp);
        assert_eq!(hook(&facts(), Side::Workload, HookWish::XdpGeneric), Hook::XdpGeneric);
    }

    #[test]
    fn stripped_tags_rule_xdp_out() {
        let vlans = Facts { has_vlans: true, strips_vlan_tags: true, ..facts() };
        let choice = choose(&vlans, Side::Host, HookWish::Auto, true).unwrap();
        assert_eq!((choice.hook, choice.warnings), (Hook::Tcx, vec![Warning::VlanTagsStripped]));
        let kept = Facts { has_vlans: true, ..facts() };
        assert_eq!(hook(&kept, Side::Host, HookWish::Auto), Hook::Xdp);
    }

    #[test]
    fn a_taken_hook_is_named() {
        let holder = XdpHolder { program: 7, name: "other".to_owned(), generic: false };
        let taken = Facts { xdp: Some(holder), ..facts() };
        assert_eq!(hook(&taken, Side::Host, HookWish::Auto), Hook::Tcx);
        let error = choose(&taken, Side::Host, HookWish::Xdp, true).unwrap_err().to_string();
        assert!(error.contains("\"other\" (id 7)") && error.contains("--hook tc"), "{error}");
    }

    #[test]
    fn a_program_behind_the_driver_that_may_hide_headers_is_told_of() {
        for (generic, expected) in [(true, 1), (false, 0)] {
            let holder = XdpHolder { program: 7, name: "other".to_owned(), generic };
            let taken = Facts { xdp: Some(holder), ..facts() };
            let warnings = choose(&taken, Side::Workload, HookWish::Tc, true).unwrap().warnings;
            assert_eq!(warnings.len(), expected, "{warnings:?}");
            assert!(warnings.iter().all(|warning| warning.to_string().contains("hidden-header")));
        }
    }

    #[test]
    fn without_tcx_clsact_serves_and_warns() {
        let choice = choose(&facts(), Side::Workload, HookWish::Tc, false).unwrap();
        assert_eq!(
            (choice.hook, choice.outgoing, choice.warnings),
            (Hook::Clsact, Hook::Clsact, vec![Warning::Clsact])
        );
    }

    #[test]
    fn a_detour_is_made_only_where_a_hook_takes_no_second_program() {
        assert_eq!(detour(Hook::Xdp, Hook::XdpGeneric, true, true), Some(Hook::Tcx));
        assert_eq!(detour(Hook::XdpGeneric, Hook::Xdp, true, false), Some(Hook::Clsact));
        assert_eq!(detour(Hook::Tcx, Hook::Tcx, false, true), Some(Hook::Clsact));
        assert_eq!(detour(Hook::Tcx, Hook::Tcx, true, true), None);
        assert_eq!(detour(Hook::Tcx, Hook::Xdp, false, true), None);
        assert_eq!(detour(Hook::Clsact, Hook::Clsact, false, true), None);
    }

    #[test]
    fn devices_without_ethernet_get_traffic_control_only() {
        let tunnel = Facts { hardware: 65534, driver: Some("tun".to_owned()), ..facts() };
        for side in [Side::Host, Side::Workload] {
            for wish in [HookWish::Auto, HookWish::Tc] {
                assert_eq!(hook(&tunnel, side, wish), Hook::Tcx);
            }
            for wish in [HookWish::Xdp, HookWish::XdpGeneric] {
                let error = choose(&tunnel, side, wish, true).unwrap_err().to_string();
                assert!(error.contains("65534") && error.contains("--hook tc"), "{error}");
            }
        }
        assert!(tunnel.is_bare() && !facts().is_bare());
    }

    #[test]
    fn devices_with_other_headers_are_refused() {
        let infiniband = Facts { hardware: 32, ..facts() };
        let error = choose(&infiniband, Side::Host, HookWish::Auto, true).unwrap_err().to_string();
        assert!(error.contains("hardware type 32"), "{error}");
    }
}
