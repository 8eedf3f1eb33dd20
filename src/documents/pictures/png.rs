//! PNG: signature, then chunks of length, name, data and checksum.

use super::{Picture, Stop};

const SIGNATURE_BYTES: usize = 8;
/// The picture, and the colours it is meant to have.
const KEPT: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sRGB", b"sBIT", b"pHYs", b"bKGD",
    b"cICP",
];
/// Each of them says one thing once.
const SMALL_BYTES_MAX: usize = 1_024;

pub(super) fn rewrite(picture: &mut Picture<'_, '_, '_>) -> Result<(), Stop> {
    picture.copy(SIGNATURE_BYTES)?;
    let mut has_header = false;
    let mut has_data = false;
    loop {
        picture.budget.time()?;
        let length = usize::try_from(u32::from_be_bytes(picture.array()?)).unwrap_or(usize::MAX);
        let name: [u8; 4] = picture.array()?;
        let data = picture.take(length)?;
        let told = u32::from_be_bytes(picture.array()?);
        if !KEPT.contains(&&name) {
            // The fifth bit of a first letter says whether a reader must know the block.
            if name.first().is_some_and(u8::is_ascii_uppercase) {
                return Err(Stop::malformed("the picture needs a block that nobody knows"));
            }
            picture.drop_block(&String::from_utf8_lossy(&name));
            continue;
        }
        if checksum(&name, data) != told {
            return Err(Stop::malformed("a block of the picture does not fit its checksum"));
        }
        if !has_header && &name != b"IHDR" {
            return Err(Stop::malformed("the picture does not begin with its size"));
        }
        match &name {
            b"IHDR" => {
                let sizes = data.as_chunks::<4>().0;
                let (Some(width), Some(height), false, 13) =
                    (sizes.first(), sizes.get(1), has_header, length)
                else {
                    return Err(Stop::malformed("the size of the picture is not readable"));
                };
                let (width, height) = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
                picture.size(width, height)?;
                has_header = true;
            }
            b"IDAT" => has_data = true,
            b"IEND" if !has_data || length != 0 => return Err(Stop::malformed("the picture holds nothing")),
            b"IEND" => {}
            _ if length > SMALL_BYTES_MAX => {
                picture.drop_block(&String::from_utf8_lossy(&name));
                continue;
            }
            _ => {}
        }
        picture.out.extend_from_slice(&u32::try_from(length).unwrap_or_default().to_be_bytes());
        picture.out.extend_from_slice(&name);
        picture.out.extend_from_slice(data);
        picture.out.extend_from_slice(&told.to_be_bytes());
        if &name == b"IEND" {
            return Ok(());
        }
    }
}

pub(super) fn checksum(name: &[u8], data: &[u8]) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(data);
    sum.sum()
}
