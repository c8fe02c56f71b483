//! Words that change a header that is already there: TCP flags, and everything malformed.

use super::layer::{Ipv4, Ipv6, Layer, Tcp};
use super::{Packet, flag};

impl Packet {
    /// Changes the last layer for which `change` finds its field.
    fn change(mut self, field: &str, change: impl Fn(&mut Layer) -> bool) -> Self {
        assert!(self.layers.iter_mut().rev().any(change), "no header here has a field {field}");
        self
    }

    fn change_ipv4(self, field: &str, change: impl Fn(&mut Ipv4)) -> Self {
        self.change(field, |layer| {
            let Layer::Ipv4(header) = layer else { return false };
            change(header);
            true
        })
    }

    fn change_tcp(self, field: &str, change: impl Fn(&mut Tcp)) -> Self {
        self.change(field, |layer| {
            let Layer::Tcp(header) = layer else { return false };
            change(header);
            true
        })
    }

    /// Sets exactly these flags of the TCP header ([`flag`]).
    pub fn tcp_flags(self, flags: u8) -> Self {
        self.change_tcp("flags", |header| header.flags = flags)
    }

    /// A segment that opens a connection.
    pub fn syn(self) -> Self {
        self.tcp_flags(flag::SYN)
    }

    /// The answer to it.
    pub fn syn_ack(self) -> Self {
        self.tcp_flags(flag::SYN | flag::ACK)
    }

    /// A segment of an open connection.
    pub fn tcp_ack(self) -> Self {
        self.tcp_flags(flag::ACK)
    }

    /// The last segment of one side.
    pub fn fin(self) -> Self {
        self.tcp_flags(flag::FIN | flag::ACK)
    }

    /// An abort.
    pub fn rst(self) -> Self {
        self.tcp_flags(flag::RST)
    }

    /// Sequence and acknowledgment number of the TCP header.
    pub fn numbers(self, sequence: u32, acknowledgment: u32) -> Self {
        self.change_tcp("sequence", |header| {
            header.sequence = sequence;
            header.acknowledgment = acknowledgment;
        })
    }

    /// Data offset of the TCP header, in units of four octets.
    pub fn data_offset(self, units: u8) -> Self {
        self.change_tcp("data offset", |header| header.data_offset = Some(units))
    }

    /// Options of the TCP header; a multiple of four octets.
    pub fn tcp_options(self, options: &[u8]) -> Self {
        assert_eq!(options.len() % 4, 0, "TCP options fill words of four octets");
        self.change_tcp("options", |header| header.options = options.to_vec())
    }

    /// What the UDP header says of its length.
    pub fn udp_length(self, octets: u16) -> Self {
        self.change("length", |layer| {
            let Layer::Udp { length, .. } = layer else { return false };
            *length = Some(octets);
            true
        })
    }

    /// Length of the IPv4 header, in units of four octets.
    pub fn ihl(self, units: u8) -> Self {
        self.change_ipv4("ihl", |header| header.ihl = Some(units))
    }

    /// Total length of the IPv4 header.
    pub fn total_length(self, octets: u16) -> Self {
        self.change_ipv4("total length", |header| header.total_length = Some(octets))
    }

    /// Options of the IPv4 header; a multiple of four octets.
    pub fn ip_options(self, options: &[u8]) -> Self {
        assert_eq!(options.len() % 4, 0, "IPv4 options fill words of four octets");
        self.change_ipv4("options", |header| header.options = options.to_vec())
    }

    /// Fragment offset of the IPv4 header in units of eight octets, and whether more follow.
    pub fn fragment(self, offset: u16, more: bool) -> Self {
        self.change_ipv4("fragment offset", |header| {
            header.fragment_offset = offset;
            header.more_fragments = more;
        })
    }

    /// Identification of the IPv4 header.
    pub fn ip_id(self, id: u16) -> Self {
        self.change_ipv4("identification", |header| header.id = id)
    }

    /// Version of the IP header, whatever the EtherType says.
    pub fn version(self, number: u8) -> Self {
        self.change("version", |layer| {
            let (Layer::Ipv4(Ipv4 { version, .. }) | Layer::Ipv6(Ipv6 { version, .. })) = layer else { return false };
            *version = Some(number);
            true
        })
    }

    /// Time to live or hop limit.
    pub fn hop_limit(self, hops: u8) -> Self {
        self.change("hop limit", |layer| {
            let (Layer::Ipv4(Ipv4 { hop_limit, .. }) | Layer::Ipv6(Ipv6 { hop_limit, .. })) = layer else {
                return false;
            };
            *hop_limit = hops;
            true
        })
    }

    /// Payload length of the IPv6 header.
    pub fn payload_length(self, octets: u16) -> Self {
        self.change("payload length", |layer| {
            let Layer::Ipv6(header) = layer else { return false };
            header.payload_length = Some(octets);
            true
        })
    }

    /// What an IPv6 extension header says of its length, in its own unit.
    pub fn extension_length(self, units: u8) -> Self {
        self.change("extension length", |layer| {
            let (Layer::Extension { length, .. } | Layer::Ah { length, .. }) = layer else { return false };
            *length = Some(units);
            true
        })
    }

    /// The four octets behind the checksum of the ICMP or ICMPv6 header.
    pub fn icmp_rest(self, octets: [u8; 4]) -> Self {
        self.change("rest", |layer| {
            let (Layer::Icmp { rest, .. } | Layer::Icmpv6 { rest, .. }) = layer else { return false };
            *rest = octets;
            true
        })
    }

    /// ARP about other hardware than Ethernet.
    pub fn arp_hardware(self, number: u16) -> Self {
        self.change("hardware", |layer| {
            let Layer::Arp { hardware, .. } = layer else { return false };
            *hardware = number;
            true
        })
    }

    /// Keeps only the first octets of the finished frame.
    pub fn cut(mut self, octets: usize) -> Self {
        self.cut = Some(octets);
        self
    }

    /// Fills the finished frame up with zeroes, as a network card does to 60 octets.
    pub fn pad(mut self, octets: usize) -> Self {
        self.pad = octets;
        self
    }
}
