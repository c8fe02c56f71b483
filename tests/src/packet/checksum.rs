//! The internet checksum (RFC 1071).

/// Sum of 16-bit words, folded and complemented, over parts that follow each other. Every part but the last must have
/// an even length.
pub(super) fn internet_checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for word in part.chunks(2) {
            sum += u32::from(word[0]) << 8 | u32::from(word.get(1).copied().unwrap_or(0));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The addresses around an upper-layer header, which its checksum covers as well.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pseudo {
    /// Addresses of an IPv4 header.
    V4([u8; 4], [u8; 4]),
    /// Addresses of an IPv6 header.
    V6([u8; 16], [u8; 16]),
}

impl Pseudo {
    /// Checksum of an upper-layer segment, header included, whose checksum field is zero.
    pub(super) fn checksum(self, protocol: u8, segment: &[u8]) -> u16 {
        match self {
            Self::V4(source, destination) => {
                let length = (segment.len() as u16).to_be_bytes();
                internet_checksum(&[&source, &destination, &[0, protocol], &length, segment])
            }
            Self::V6(source, destination) => {
                let length = (segment.len() as u32).to_be_bytes();
                internet_checksum(&[&source, &destination, &length, &[0, 0, 0, protocol], segment])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_the_example_in_rfc_1071() {
        assert_eq!(internet_checksum(&[&[0x00, 0x01, 0xf2, 0x03], &[0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(internet_checksum(&[&[0x01]]), !0x0100);
    }
}
