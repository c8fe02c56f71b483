//! What an ICMP error quotes of the packet that it is about: its IP header, and at least eight octets behind it.

use super::fragment;
use super::ip::{MAX_BEHIND_FRAGMENT, MAX_EXTENSIONS, extension, extensions};
use super::{Address, Bytes, Ipv4, Ipv6, Packet, Transport, protocol};

/// Octets behind the IP header that every error quotes (RFC 792), and that hold all that a flow is known by.
const QUOTED: usize = 8;

/// Octets in which the extension headers of a quoted packet may lie: errors cut it short, so its own length says nothing, and
/// what is not there cannot be read.
const REST: usize = u16::MAX as usize;

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

/// The same of IPv6. Extension headers are looked through as those of a packet are: what was let out with them can be refused on
/// its way as well.
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
    let (mut protocol, mut at, _) = extensions::<_, MAX_EXTENSIONS>(bytes, header[6], offset + 40, REST).ok()?;
    if protocol == extension::FRAGMENT {
        let [next, _, high, low] = bytes.read::<4>(at)?;
        if u16::from_be_bytes([high, low]) & fragment::OFFSET != 0 {
            return None;
        }
        (protocol, at, _) = extensions::<_, MAX_BEHIND_FRAGMENT>(bytes, next, at + fragment::HEADER, REST).ok()?;
        if protocol == extension::FRAGMENT {
            return None;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    /// An extension header of eight octets, but for the authentication header, whose unit is another one.
    const fn header(next: u8) -> [u8; 8] {
        [next, 0, 0, 0, 0, 0, 0, 0]
    }

    /// What is seen of a quotation with these headers, of which the first is of some kind, and so many octets of UDP.
    fn seen(kind: u8, headers: &[u8], octets: usize) -> Option<(u8, u16, u16)> {
        let udp = [0, 53, 0x30, 0x39, 0, 8, 0, 0];
        let mut bytes = vec![0; 40];
        (bytes[0], bytes[6]) = (0x60, kind);
        bytes.extend(headers);
        bytes.extend(&udp[..octets]);
        let mut quoted = Packet::<Ipv6>::EMPTY;
        let quoted = v6(&bytes.as_slice(), 0, &mut quoted).then_some(quoted)?;
        Some((quoted.protocol, quoted.transport.source_port, quoted.transport.service))
    }

    #[test]
    fn ports_are_found_behind_the_extension_headers_that_a_packet_was_let_out_with() {
        let authentication: Vec<u8> = [17, 4].into_iter().chain([0; 22]).collect();
        for (kind, headers) in [
            (extension::HOP_BY_HOP, header(17).to_vec()),
            (extension::ROUTING, header(17).to_vec()),
            (extension::DESTINATION, header(17).to_vec()),
            (extension::AUTHENTICATION, authentication),
            (extension::HOP_BY_HOP, [header(43), header(17)].concat()),
            (extension::DESTINATION, [header(60), header(60), header(60), header(60), header(60), header(17)].concat()),
            (extension::FRAGMENT, [[60, 0, 0, 1, 0, 0, 0, 1], header(17)].concat()),
        ] {
            assert_eq!(seen(kind, &headers, 8), Some((17, 53, 12345)), "{kind}: {headers:?}");
            assert_eq!(seen(kind, &headers, 7), None, "{kind}: {headers:?}, and a port is missing");
        }
    }

    #[test]
    fn what_no_packet_is_let_out_with_is_not_recognised() {
        let seven = [[header(60); 6].concat(), header(17).to_vec()].concat();
        assert_eq!(seen(extension::DESTINATION, &seven, 8), None, "more than are looked through");
        assert_eq!(
            seen(extension::DESTINATION, &[17, 255, 0, 0, 0, 0, 0, 0], 8),
            None,
            "a header that is not there whole"
        );
        let later = [header(44), [17, 0, 0, 8, 0, 0, 0, 1]].concat();
        assert_eq!(seen(extension::DESTINATION, &later, 8), None, "a later fragment");
        let twice = [[44, 0, 0, 1, 0, 0, 0, 1], [17, 0, 0, 1, 0, 0, 0, 1]].concat();
        assert_eq!(seen(extension::FRAGMENT, &twice, 8), None, "a fragment of a fragment");
    }
}
