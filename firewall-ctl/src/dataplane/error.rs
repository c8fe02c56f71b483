//! What can go wrong with the kernel, and what to do about it.

use super::features::MissingFeature;
use super::object::MissingObject;
use super::privileges::MissingPrivileges;
use crate::compile::TableFull;
use std::io;
use std::path::PathBuf;

/// Why the dataplane cannot do what it should.
#[derive(Debug, thiserror::Error)]
pub enum DataplaneError {
    /// The controller has no programs in it.
    #[error(transparent)]
    NoObject(#[from] MissingObject),
    /// The process may not do it.
    #[error(transparent)]
    Privileges(#[from] MissingPrivileges),
    /// The kernel cannot do it.
    #[error(transparent)]
    Feature(#[from] MissingFeature),
    /// The tables cannot hold it.
    #[error(transparent)]
    Full(#[from] TableFull),
    /// The place for the pins is not on bpffs and cannot be brought there.
    #[error("{path} cannot hold pinned maps: {problem}", path = path.display())]
    Bpffs {
        /// The place.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
        /// What the kernel said.
        #[source]
        source: Option<io::Error>,
    },
    /// The pinned maps have the layouts of another release.
    #[error(
        "the tables pinned under {path} have layout {found}, and this controller knows layout {known}: go on with the \
         release that made them, or take them away with `firewall-ctl emergency-detach --all`, which ends enforcement \
         until this controller has started",
        path = path.display()
    )]
    Abi {
        /// Where they are pinned.
        path: PathBuf,
        /// Version in their manifest.
        found: u32,
        /// Version of this controller.
        known: u32,
    },
    /// A pinned map is not what the configuration asks for.
    #[error(
        "the pinned map {path} has {property} {found}, and this controller wants {wanted}: start it with the limits \
         that it was made with, or take all tables away with `firewall-ctl emergency-detach --all`, which ends \
         enforcement until this controller has started",
        path = path.display()
    )]
    MapMismatch {
        /// Its pin.
        path: PathBuf,
        /// What differs.
        property: &'static str,
        /// What it has.
        found: u32,
        /// What it should have.
        wanted: u32,
    },
    /// Programs run, but the tables beside them are not complete.
    #[error(
        "programs are attached, but what is pinned under {path} is not complete ({missing} is missing): take them away \
         with `firewall-ctl emergency-detach --all` and start again",
        path = path.display()
    )]
    Incomplete {
        /// Where they are pinned.
        path: PathBuf,
        /// What is not there.
        missing: String,
    },
    /// The programs are refused.
    #[error("the kernel does not take the eBPF programs; on kernels before 6.6 some of what they use may be missing")]
    Load(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A table does not do what it should.
    #[error("cannot {action} the table {table}")]
    Map {
        /// What was tried.
        action: &'static str,
        /// Its name.
        table: &'static str,
        /// What the kernel said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A pin cannot be made, opened or removed.
    #[error("cannot {action} {path}", path = path.display())]
    Pin {
        /// What was tried.
        action: &'static str,
        /// The pin.
        path: PathBuf,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A device cannot be asked about.
    #[error("cannot ask the kernel about {what}")]
    Query {
        /// A device, or devices.
        what: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// No device of this name.
    #[error("there is no device {0} in this network namespace: `ip link` lists those that there are")]
    UnknownDevice(String),
    /// No device of this name and index.
    #[error("there is no device {name} with index {ifindex} in this network namespace")]
    NoDevice {
        /// Its name.
        name: String,
        /// Its index.
        ifindex: u32,
    },
    /// The frames of the device have no Ethernet header.
    #[error(
        "frames of {device} begin with a header that is not known (hardware type {hardware}): devices with an Ethernet header, \
         or with none, can be attached"
    )]
    UnknownHeader {
        /// The device.
        device: String,
        /// `ARPHRD_*`.
        hardware: u16,
    },
    /// XDP was asked for, and frames of the device do not begin with an Ethernet header.
    #[error(
        "frames of {device} have no Ethernet header (hardware type {hardware}), and XDP takes no others: use --hook tc or \
         --hook auto"
    )]
    NotEthernet {
        /// The device.
        device: String,
        /// `ARPHRD_*`.
        hardware: u16,
    },
    /// No policy has been published for the attachment.
    #[error("attachment {number} has no policy yet: publish its policy before its programs")]
    NoPolicy {
        /// The attachment.
        number: u32,
    },
    /// Another program holds the XDP hook.
    #[error(
        "the XDP hook of {device} is taken by {holder}: take that away (`ip link set {device} xdp off`, unless a \
         process holds it), or attach with `--hook tc`"
    )]
    HookTaken {
        /// The device.
        device: String,
        /// Name and identifier of the program.
        holder: String,
    },
    /// The program cannot be attached.
    #[error("cannot attach to {hook} of {device}{remedy}")]
    Attach {
        /// The hook.
        hook: &'static str,
        /// The device.
        device: String,
        /// What to do about it, with the punctuation before it; may be empty.
        remedy: &'static str,
        /// What the kernel said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The program cannot be taken away.
    #[error("cannot detach the {leg} program of attachment {number}: `firewall-ctl emergency-detach` may")]
    Detach {
        /// The attachment.
        number: u32,
        /// `in` or `out`.
        leg: super::Leg,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A program cannot be run.
    #[error("cannot run the program {program}")]
    Run {
        /// Its name.
        program: &'static str,
        /// What the kernel said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DataplaneError {
    /// A failure of a table.
    pub(super) fn map<E>(action: &'static str, table: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |source| Self::Map { action, table, source: source.into() }
    }

    /// A failure of a pin.
    pub(super) fn pin(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Pin { action, path, source }
    }
}
