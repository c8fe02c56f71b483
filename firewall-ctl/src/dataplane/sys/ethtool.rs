//! What only the ethtool ioctl says of a device. Unlike sysfs, it answers for the network namespace of the thread.

use rustix::net::{AddressFamily, SocketType, socket};
use std::io;
use std::os::fd::AsRawFd as _;
use zerocopy::{FromBytes, FromZeros as _, Immutable, IntoBytes};

const SIOCETHTOOL: libc::Ioctl = 0x8946;
const ETHTOOL_GDRVINFO: u32 = 0x03;
const ETHTOOL_GFLAGS: u32 = 0x25;
/// Bit of `ETHTOOL_GFLAGS`: tags are taken off received frames.
const ETH_FLAG_RXVLAN: u32 = 1 << 8;

/// `struct ethtool_drvinfo`.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct DriverInfo {
    cmd: u32,
    driver: [u8; 32],
    version: [u8; 32],
    rest: [u8; 128],
}

/// `struct ethtool_value`.
#[repr(C)]
#[derive(FromBytes, IntoBytes, Immutable)]
struct Value {
    cmd: u32,
    data: u32,
}

/// Name of the driver of a device.
pub(crate) fn driver(device: &str) -> io::Result<String> {
    let mut info = DriverInfo::new_zeroed();
    info.cmd = ETHTOOL_GDRVINFO;
    ethtool(device, &mut info)?;
    let name: Vec<u8> = info.driver.iter().copied().take_while(|octet| *octet != 0).collect();
    Ok(String::from_utf8_lossy(&name).into_owned())
}

/// Whether the device takes VLAN tags off the frames that it receives.
pub(crate) fn strips_vlan_tags(device: &str) -> io::Result<bool> {
    let mut flags = Value { cmd: ETHTOOL_GFLAGS, data: 0 };
    ethtool(device, &mut flags)?;
    Ok(flags.data & ETH_FLAG_RXVLAN != 0)
}

/// Runs an ethtool command. The structure begins with its number, and is as large as the command's answer at least.
fn ethtool<T: FromBytes + IntoBytes + Immutable>(device: &str, command: &mut T) -> io::Result<()> {
    let socket = socket(AddressFamily::INET, SocketType::DGRAM, None)?;
    let mut name = [0; libc::IFNAMSIZ];
    if device.len() >= name.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for (place, octet) in name.iter_mut().zip(device.bytes()) {
        *place = libc::c_char::from_ne_bytes([octet]);
    }
    let mut request = libc::ifreq {
        ifr_name: name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru { ifru_data: std::ptr::from_mut(command).cast() },
    };
    // SAFETY: the request lives until the call returns, and so does the structure that it points to, which holds any
    // octets that the kernel writes.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
