//! WebP: a RIFF file with one picture, without what cameras and programs write beside it.

use super::{Picture, Stop};

const RIFF_HEADER_BYTES: usize = 12;
/// In the extended header: transparency; everything else is taken out.
const ALPHA: u8 = 0x10;
const ANIMATED: u8 = 0x02;

pub(super) fn rewrite(picture: &mut Picture<'_, '_, '_>) -> Result<(), Stop> {
    let header = picture.take(RIFF_HEADER_BYTES)?;
    let told = header.get(4..8).and_then(|length| length.try_into().ok()).map_or(0, u32::from_le_bytes);
    let end = usize::try_from(told).unwrap_or(usize::MAX).saturating_add(8);
    let mut kept: Vec<u8> = Vec::new();
    let mut done = false;
    while picture.at < end {
        picture.budget.time()?;
        let name: [u8; 4] = picture.array()?;
        let length = u32::from_le_bytes(picture.array()?);
        let data = picture.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        if length % 2 == 1 {
            picture.take(1)?;
        }
        match &name {
            b"VP8X" => {
                let [flags, _, _, _, rest @ ..] = data else { return Err(unreadable()) };
                let [w0, w1, w2, h0, h1, h2] = rest else { return Err(unreadable()) };
                if flags & ANIMATED != 0 {
                    return Err(Stop::malformed("the picture is animated; send one frame of it"));
                }
                let width = u32::from_le_bytes([*w0, *w1, *w2, 0]) + 1;
                let height = u32::from_le_bytes([*h0, *h1, *h2, 0]) + 1;
                picture.size(width, height)?;
                let new = [flags & ALPHA, 0, 0, 0, *w0, *w1, *w2, *h0, *h1, *h2];
                put(&mut kept, &name, &new);
            }
            b"ALPH" if !done => put(&mut kept, &name, data),
            b"VP8 " | b"VP8L" if !done => {
                let (width, height) =
                    if &name == b"VP8L" { lossless(data) } else { lossy(data) }.ok_or_else(unreadable)?;
                picture.size(width, height)?;
                put(&mut kept, &name, data);
                done = true;
            }
            _ => picture.drop_block(&String::from_utf8_lossy(&name)),
        }
    }
    if !done {
        return Err(Stop::malformed("the picture holds nothing"));
    }
    picture.out.extend_from_slice(b"RIFF");
    picture.out.extend_from_slice(&u32::try_from(kept.len() + 4).unwrap_or_default().to_le_bytes());
    picture.out.extend_from_slice(b"WEBP");
    picture.out.extend_from_slice(&kept);
    Ok(())
}

fn put(kept: &mut Vec<u8>, name: &[u8], data: &[u8]) {
    kept.extend_from_slice(name);
    kept.extend_from_slice(&u32::try_from(data.len()).unwrap_or_default().to_le_bytes());
    kept.extend_from_slice(data);
    if data.len() % 2 == 1 {
        kept.push(0);
    }
}

/// Fourteen bits each, after the start code of a key frame.
fn lossy(data: &[u8]) -> Option<(u32, u32)> {
    let [_, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1, ..] = data else { return None };
    let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    Some((side(*w0, *w1), side(*h0, *h1)))
}

/// Fourteen bits each, less one.
fn lossless(data: &[u8]) -> Option<(u32, u32)> {
    let [0x2F, b0, b1, b2, b3, ..] = data else { return None };
    let bits = u32::from_le_bytes([*b0, *b1, *b2, *b3]);
    Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1))
}

fn unreadable() -> Stop {
    Stop::malformed("the size of the picture is not readable")
}
