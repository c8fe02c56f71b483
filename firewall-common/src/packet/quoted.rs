//! What an ICMP error quotes of the packet that it is about: its IP header, and at least eight octets behind it.

use super::fragment;
use super::ip::extension;
use super::{Address, Bytes, Ipv4, Ipv6, Packet, Transport, protocol};

/// Octets behind the IP header that every error quotes (RFC 792), and that hold all that a flow is known by.
const QUOTED: usize = 8;

/// Reads into `quoted` what is at an offset, and says whether it is a packet of IPv4. A later fragment does not say what flow
/// it is of.
///
/// Not inlined, so that what it reads is off the stack when it has answered.
#[inline(never)]
pub fn v4<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Ipv4>) -> bool {
    read_v4(bytes, offset, quoted).is_some()
}

#[inline(always)]
fn read_v4<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Ipv4>) -> Option<()> {
    let header = bytes.read::<20>(offset)?;
    let length = usize::from(header[0] & 0x0f) * 4;
    let fragment_offset = u16::from_be_bytes([header[6], header[7]]) & 0x1fff;
    if header[0] >> 4 != 4 || length < 20 || fragment_offset != 0 {
        return None;
    }
    quoted.source = [header[12], header[13], header[14], header[15]];
    quoted.destination = [header[16], header[17], header[18], header[19]];
    quoted.protocol = header[9];
    quoted.transport = transport::<B, Ipv4>(bytes, header[9], offset + length)?;
    Some(())
}

/// The same of IPv6. Extension headers are not looked through, but for that of a first fragment, and of a whole packet that
/// has one all the same: a packet that has others is not recognised.
#[inline(never)]
pub fn v6<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Ipv6>) -> bool {
    read_v6(bytes, offset, quoted).is_some()
}

#[inline(always)]
fn read_v6<B: Bytes>(bytes: &B, offset: usize, quoted: &mut Packet<Ipv6>) -> Option<()> {
    let header = bytes.read::<40>(offset)?;
    if header[0] >> 4 != 6 {
        return None;
    }
    quoted.source.copy_from_slice(&header[8..24]);
    quoted.destination.copy_from_slice(&header[24..40]);
    let (mut protocol, mut at) = (header[6], offset + 40);
    if protocol == extension::FRAGMENT {
        let [next, _, high, low] = bytes.read::<4>(at)?;
        if u16::from_be_bytes([high, low]) & fragment::OFFSET != 0 {
            return None;
        }
        (protocol, at) = (next, at + fragment::HEADER);
    }
    quoted.protocol = protocol;
    quoted.transport = transport::<B, Ipv6>(bytes, protocol, at)?;
    Some(())
}

#[inline(always)]
fn transport<B: Bytes, A: Address>(bytes: &B, number: u8, offset: usize) -> Option<Transport> {
    let octets = bytes.read::<QUOTED>(offset)?;
    let pair = |at: usize| u16::from_be_bytes([octets[at], octets[at + 1]]);
    Some(if number == protocol::TCP || number == protocol::UDP {
        Transport { source_port: pair(0), service: pair(2), ..Transport::NONE }
    } else if number == A::ICMP {
        Transport { source_port: pair(4), service: pair(0), ..Transport::NONE }
    } else {
        Transport::NONE
    })
}
