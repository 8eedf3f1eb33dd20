//! GIF: the first frame, with its colours and its transparency.

use super::{Picture, Stop};

const HEADER_BYTES: usize = 6;

pub(super) fn rewrite(picture: &mut Picture<'_, '_, '_>) -> Result<(), Stop> {
    picture.take(HEADER_BYTES)?;
    // Written as the newer version, which alone knows transparency.
    picture.out.extend_from_slice(b"GIF89a");
    let screen: [u8; 7] = picture.array()?;
    let [width_low, width_high, height_low, height_high, flags, ..] = screen;
    let size = (u16::from_le_bytes([width_low, width_high]), u16::from_le_bytes([height_low, height_high]));
    picture.size(u32::from(size.0), u32::from(size.1))?;
    picture.out.extend_from_slice(&screen);
    colours(picture, flags)?;
    let mut control: Option<[u8; 4]> = None;
    loop {
        picture.budget.time()?;
        match picture.byte()? {
            b'!' => match picture.byte()? {
                0xF9 => {
                    let data = blocks(picture)?;
                    control = data.get(..4).and_then(|data| data.try_into().ok());
                }
                label => {
                    blocks(picture)?;
                    let name = match label {
                        0xFE => "comment",
                        0x01 => "text",
                        0xFF => "application",
                        _ => "extension",
                    };
                    picture.drop_block(name);
                }
            },
            b',' => return frame(picture, control),
            b';' => return Err(Stop::malformed("the picture holds nothing")),
            _ => return Err(Stop::malformed("there is something between two blocks of the picture")),
        }
    }
}

/// The one frame that is kept, and the end; more frames are dropped.
fn frame(picture: &mut Picture<'_, '_, '_>, control: Option<[u8; 4]>) -> Result<(), Stop> {
    if let Some([flags, _, _, transparent]) = control {
        // Nothing to wait for and nobody to ask: only the transparent colour counts in a still picture.
        picture.out.extend_from_slice(&[b'!', 0xF9, 4, flags & 1, 0, 0, transparent, 0]);
    }
    let place: [u8; 9] = picture.array()?;
    let [_, _, _, _, width_low, width_high, height_low, height_high, flags] = place;
    let size = (u16::from_le_bytes([width_low, width_high]), u16::from_le_bytes([height_low, height_high]));
    picture.size(u32::from(size.0), u32::from(size.1))?;
    picture.out.push(b',');
    picture.out.extend_from_slice(&place);
    colours(picture, flags)?;
    picture.copy(1)?;
    loop {
        let length = picture.byte()?;
        picture.out.push(length);
        if length == 0 {
            break;
        }
        picture.copy(usize::from(length))?;
    }
    picture.out.push(b';');
    if picture.bytes.get(picture.at) == Some(&b';') {
        picture.at += 1;
    } else {
        picture.drop_block("frames");
    }
    Ok(())
}

fn colours(picture: &mut Picture<'_, '_, '_>, flags: u8) -> Result<(), Stop> {
    if flags & 0x80 == 0 {
        return Ok(());
    }
    picture.copy(3 << ((flags & 7) + 1))
}

/// The data of an extension, put together.
fn blocks(picture: &mut Picture<'_, '_, '_>) -> Result<Vec<u8>, Stop> {
    let mut data = Vec::new();
    loop {
        let length = usize::from(picture.byte()?);
        if length == 0 {
            return Ok(data);
        }
        data.extend_from_slice(picture.take(length)?);
    }
}
