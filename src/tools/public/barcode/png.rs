//! A PNG of black and white pixels.

use std::io::Write as _;

use flate2::{Compression, Crc, write::ZlibEncoder};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Draws `width` times `height` pixels, black where asked.
pub(super) fn black_and_white(
    width: usize,
    height: usize,
    is_black: impl Fn(usize, usize) -> bool,
) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..height {
        // A row begins with its filter, of which there is none; eight pixels make a byte, white is one.
        let mut row = vec![0_u8; 1 + width.div_ceil(8)];
        for x in 0..width {
            if !is_black(x, y)
                && let Some(byte) = row.get_mut(1 + x / 8)
            {
                *byte |= 0x80 >> (x % 8);
            }
        }
        // Writing into memory does not fail.
        let _ = encoder.write_all(&row);
    }
    let pixels = encoder.finish().unwrap_or_default();
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut header = Vec::with_capacity(13);
    header.extend(side(width));
    header.extend(side(height));
    // One bit a pixel, shades of grey, and the only methods there are.
    header.extend([1, 0, 0, 0, 0]);
    let mut file = SIGNATURE.to_vec();
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"IDAT", &pixels);
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) {
    let mut sum = Crc::new();
    sum.update(name);
    sum.update(content);
    file.extend(u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend(name);
    file.extend(content);
    file.extend(sum.sum().to_be_bytes());
}
