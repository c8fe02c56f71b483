//! TCP, UDP and ICMP headers.

use super::{Address, Bytes, Metadata, protocol};
use crate::verdict::Reason;

/// TCP flag: no more data from the sender.
pub const FIN: u8 = 0x01;
/// TCP flag: synchronise sequence numbers.
pub const SYN: u8 = 0x02;
/// TCP flag: reset the connection.
pub const RST: u8 = 0x04;
/// TCP flag: push.
pub const PSH: u8 = 0x08;
/// TCP flag: the acknowledgement field counts.
pub const ACK: u8 = 0x10;
/// TCP flag: the urgent pointer counts.
pub const URG: u8 = 0x20;

const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;
/// What every ICMP and ICMPv6 message has at least; the kernel asks for as much.
const ICMP_HEADER: usize = 8;

/// What the header behind IP says. A field that the protocol does not have is zero.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transport {
    /// Source port of TCP and UDP; identifier of an ICMP query.
    pub source_port: u16,
    /// Destination port of TCP and UDP; for ICMP the type in the high octet and the code in the low one. The octets are
    /// the indexes of the services radix.
    pub service: u16,
    /// TCP sequence number.
    pub sequence: u32,
    /// TCP acknowledgement number.
    pub acknowledgement: u32,
    /// Sequence numbers that a TCP segment takes up: its data, and one each for SYN and FIN.
    pub extent: u32,
    /// TCP flags, FIN to CWR.
    pub flags: u8,
    /// Always zero. There is no padding, see [`super::Packet`].
    pub reserved: [u8; 3],
}

impl Transport {
    /// Of a protocol that the parser does not look into.
    pub const NONE: Self =
        Self { source_port: 0, service: 0, flags: 0, sequence: 0, acknowledgement: 0, extent: 0, reserved: [0; 3] };

    /// ICMP type.
    #[must_use]
    pub const fn icmp_type(&self) -> u8 {
        (self.service >> 8) as u8
    }

    /// ICMP code.
    #[must_use]
    pub const fn icmp_code(&self) -> u8 {
        self.service as u8
    }

    /// Whether a TCP segment asks for a new connection.
    #[must_use]
    pub const fn is_pure_syn(&self) -> bool {
        self.flags & (SYN | ACK | RST | FIN) == SYN
    }
}

/// Parses what is behind IP: `length` octets from `offset` on, which lie within the frame. If they are not the whole of the
/// datagram but its first fragment, they must hold the whole header (spec, D2).
#[inline(always)]
pub fn parse<B: Bytes, A: Address>(
    bytes: &B,
    metadata: &Metadata,
    number: u8,
    offset: usize,
    length: usize,
    is_whole: bool,
) -> Result<Transport, Reason> {
    if number == protocol::TCP {
        tcp(bytes, offset, length, is_whole)
    } else if number == protocol::UDP {
        udp(bytes, metadata, offset, length, is_whole)
    } else if number == A::ICMP {
        icmp(bytes, offset, length, is_whole)
    } else {
        Ok(Transport::NONE)
    }
}

/// Why a packet that ends within a header is dropped.
#[inline(always)]
const fn too_short(is_whole: bool, reason: Reason) -> Reason {
    if is_whole { reason } else { Reason::FragmentHeader }
}

/// Of a first fragment only the part of the data is known that it carries: until the next segment, a RST behind it is taken
/// for one out of place.
#[inline(always)]
fn tcp<B: Bytes>(bytes: &B, offset: usize, length: usize, is_whole: bool) -> Result<Transport, Reason> {
    if length < TCP_HEADER {
        return Err(too_short(is_whole, Reason::TcpHeader));
    }
    let header = bytes.read::<TCP_HEADER>(offset).ok_or(Reason::TcpHeader)?;
    let header_length = usize::from(header[12] >> 4) * 4;
    if header_length < TCP_HEADER {
        return Err(Reason::TcpHeader);
    }
    if header_length > length {
        return Err(too_short(is_whole, Reason::TcpHeader));
    }
    let flags = header[13];
    if !is_segment(flags) {
        return Err(Reason::TcpFlags);
    }
    let data = (length - header_length) as u32;
    Ok(Transport {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        service: u16::from_be_bytes([header[2], header[3]]),
        flags,
        sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        acknowledgement: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
        extent: data + u32::from(flags & SYN != 0) + u32::from(flags & FIN != 0),
        reserved: [0; 3],
    })
}

/// Whether a connection has segments with such flags: a SYN opens and does not close, and all but SYN and RST
/// acknowledge something (RFC 9293, 3.10.7). NULL, FIN and XMAS scans are told by this.
#[inline(always)]
const fn is_segment(flags: u8) -> bool {
    let closing = flags & (FIN | RST);
    if flags & SYN != 0 {
        closing == 0
    } else if flags & RST != 0 {
        flags & FIN == 0
    } else {
        flags & ACK != 0
    }
}

#[inline(always)]
fn udp<B: Bytes>(
    bytes: &B,
    metadata: &Metadata,
    offset: usize,
    length: usize,
    is_whole: bool,
) -> Result<Transport, Reason> {
    if length < UDP_HEADER {
        return Err(too_short(is_whole, Reason::UdpHeader));
    }
    let header = bytes.read::<UDP_HEADER>(offset).ok_or(Reason::UdpHeader)?;
    let said = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
        0 if metadata.segments > 1 => length,
        said => said,
    };
    if said < UDP_HEADER || (is_whole && said > length) {
        return Err(Reason::UdpHeader);
    }
    Ok(Transport {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        service: u16::from_be_bytes([header[2], header[3]]),
        ..Transport::NONE
    })
}

#[inline(always)]
fn icmp<B: Bytes>(bytes: &B, offset: usize, length: usize, is_whole: bool) -> Result<Transport, Reason> {
    if length < ICMP_HEADER {
        return Err(too_short(is_whole, Reason::IcmpHeader));
    }
    let header = bytes.read::<ICMP_HEADER>(offset).ok_or(Reason::IcmpHeader)?;
    Ok(Transport {
        source_port: u16::from_be_bytes([header[4], header[5]]),
        service: u16::from_be_bytes([header[0], header[1]]),
        ..Transport::NONE
    })
}
