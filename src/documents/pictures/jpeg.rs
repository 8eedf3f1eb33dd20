//! JPEG: markers with a length, and the packed picture after each start of a scan.

use super::{Picture, Stop};

/// Scans of one picture; progressive ones have about ten.
const SCANS_MAX: usize = 200;

pub(super) fn rewrite(picture: &mut Picture<'_, '_, '_>) -> Result<(), Stop> {
    picture.copy(2)?;
    let mut scans = 0;
    let mut sized = false;
    let mut turned = false;
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
            // A telephone stores a picture as it was held and says here how to turn it.
            0xE1 if !turned && orientation(data).is_some() => {
                turned = true;
                let kept = orientation(data).map(orientation_alone).unwrap_or_default();
                if kept != data {
                    picture.drop_block("APP1");
                }
                put(picture, marker, &kept);
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

/// How the picture is to be turned, where that is said and is not «as it is».
fn orientation(data: &[u8]) -> Option<u8> {
    const TAG: u16 = 0x0112;
    /// Entries of the first directory; cameras write about a dozen.
    const ENTRIES_MAX: usize = 200;
    let tiff = data.strip_prefix(b"Exif\0\0")?;
    let is_little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let offset: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let offset = if is_little { u32::from_le_bytes(offset) } else { u32::from_be_bytes(offset) };
    let start = usize::try_from(offset).ok()?;
    let entries = usize::from(short(start)?).min(ENTRIES_MAX);
    let entry = (0..entries).map(|place| start + 2 + place * 12).find(|at| short(*at) == Some(TAG))?;
    u8::try_from(short(entry + 8)?).ok().filter(|turn| (2..=8).contains(turn))
}

/// A directory with one entry and nothing else.
fn orientation_alone(turn: u8) -> Vec<u8> {
    let mut data = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    data.extend_from_slice(&[turn, 0, 0, 0, 0, 0, 0]);
    data
}
