//! JPEG: markers with a length, and the packed picture after each start of a scan.

use super::{Picture, Stop};

/// Scans of one picture; progressive ones have about ten.
const SCANS_MAX: usize = 200;

pub(super) fn rewrite(picture: &mut Picture<'_, '_, '_>) -> Result<(), Stop> {
    picture.copy(2)?;
    let mut scans = 0;
    let mut sized = false;
    loop {
        picture.budget.time()?;
        let marker = marker(picture)?;
        match marker {
            // End of the picture.
            0xD9 => {
                if scans == 0 {
                    return Err(Stop::malformed("the picture holds nothing"));
                }
                picture.out.extend_from_slice(&[0xFF, 0xD9]);
                return Ok(());
            }
            // A restart or a start where none belongs.
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(picture.array()?));
        let Some(length) = length.checked_sub(2) else {
            return Err(Stop::malformed("a block of the picture is shorter than its length"));
        };
        let data = picture.take(length)?;
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let [_, height_high, height_low, width_high, width_low, ..] = data else {
                    return Err(Stop::malformed("the size of the picture is not readable"));
                };
                let height = u16::from_be_bytes([*height_high, *height_low]);
                let width = u16::from_be_bytes([*width_high, *width_low]);
                picture.size(u32::from(width), u32::from(height))?;
                sized = true;
                put(picture, marker, data);
            }
            // Tables and the distance of restarts.
            0xC4 | 0xCC | 0xDB | 0xDD => put(picture, marker, data),
            // How the colours are meant; cut before the thumbnail that may follow.
            0xE0 if data.starts_with(b"JFIF\0") && length >= 14 => {
                if length > 14 {
                    picture.drop_block("thumbnail");
                }
                let mut header = data.get(..14).unwrap_or_default().to_vec();
                if let Some(thumbnail) = header.get_mut(12..14) {
                    thumbnail.fill(0);
                }
                put(picture, marker, &header);
            }
            0xEE if data.starts_with(b"Adobe") && length >= 12 => {
                put(picture, marker, data.get(..12).unwrap_or_default());
            }
            0xDA => {
                scans += 1;
                if !sized || scans > SCANS_MAX {
                    return Err(Stop::malformed("the picture has no size or too many scans"));
                }
                put(picture, marker, data);
                scan(picture)?;
            }
            0xE0..=0xEF => {
                let name = format!("APP{}", marker - 0xE0);
                picture.drop_block(&name);
            }
            0xFE => picture.drop_block("COM"),
            // Hierarchies and extensions that no camera writes.
            _ => picture.drop_block(&format!("{marker:02X}")),
        }
    }
}

/// The next marker; fill bytes before it are allowed.
fn marker(picture: &mut Picture<'_, '_, '_>) -> Result<u8, Stop> {
    if picture.byte()? != 0xFF {
        return Err(Stop::malformed("there is something between two blocks of the picture"));
    }
    loop {
        match picture.byte()? {
            0xFF => {}
            marker => return Ok(marker),
        }
    }
}

fn put(picture: &mut Picture<'_, '_, '_>, marker: u8, data: &[u8]) {
    let length = u16::try_from(data.len() + 2).unwrap_or(u16::MAX);
    picture.out.extend_from_slice(&[0xFF, marker]);
    picture.out.extend_from_slice(&length.to_be_bytes());
    picture.out.extend_from_slice(data);
}

/// The packed picture up to the next marker that is no restart. One that is cut off ends here.
fn scan(picture: &mut Picture<'_, '_, '_>) -> Result<(), Stop> {
    let rest = picture.bytes.get(picture.at..).unwrap_or_default();
    let end = rest
        .windows(2)
        .position(|pair| matches!(pair, [0xFF, marker] if !matches!(marker, 0x00 | 0xD0..=0xD7 | 0xFF)));
    let Some(end) = end else { return Err(super::cut_off()) };
    picture.copy(end)
}
