//! Objects to bytes, in one way only: the same objects are the same file.

use std::borrow::Cow;

use super::{
    lexer::{is_delimiter, is_white},
    object::{Dictionary, Object},
};

/// An object as it is written, with its stream.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) value: Object,
    pub(super) stream: Option<Cow<'a, [u8]>>,
}

/// A whole file; the first object is number one. `info` is the number of the dates, if there are any.
pub(super) fn write(objects: &[Written<'_>], info: Option<u32>) -> Vec<u8> {
    // The four bytes tell programs that this is no text.
    let mut out = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut offsets = Vec::with_capacity(objects.len());
    for (place, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        out.extend_from_slice(format!("{} 0 obj\n", place + 1).as_bytes());
        match (&object.stream, &object.value) {
            (Some(stream), Object::Dictionary(dictionary)) => {
                let dictionary = dictionary.clone().with("Length", Object::integer(stream.len()));
                write_dictionary(&mut out, &dictionary);
                out.extend_from_slice(b"\nstream\n");
                out.extend_from_slice(stream);
                out.extend_from_slice(b"\nendstream");
            }
            (_, value) => write_value(&mut out, value),
        }
        out.extend_from_slice(b"\nendobj\n");
    }
    let start = out.len();
    out.extend_from_slice(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).as_bytes());
    for offset in offsets {
        out.extend_from_slice(format!("{offset:010} 00000 n \n").as_bytes());
    }
    let mut trailer = Dictionary::default()
        .with("Root", Object::Reference(1))
        .with("Size", Object::integer(objects.len() + 1));
    if let Some(info) = info {
        trailer.set("Info", Object::Reference(info));
    }
    out.extend_from_slice(b"trailer\n");
    write_dictionary(&mut out, &trailer);
    out.extend_from_slice(format!("\nstartxref\n{start}\n%%EOF\n").as_bytes());
    out
}

fn write_value(out: &mut Vec<u8>, value: &Object) {
    match value {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(true) => out.extend_from_slice(b"true"),
        Object::Boolean(false) => out.extend_from_slice(b"false"),
        Object::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Object::Real(text) => out.extend_from_slice(text),
        Object::Text(text) => write_text(out, text),
        Object::Name(name) => write_name(out, name),
        Object::Reference(number) => out.extend_from_slice(format!("{number} 0 R").as_bytes()),
        Object::Dictionary(dictionary) => write_dictionary(out, dictionary),
        Object::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b' ');
                }
                write_value(out, item);
            }
            out.push(b']');
        }
    }
}

fn write_dictionary(out: &mut Vec<u8>, dictionary: &Dictionary) {
    out.extend_from_slice(b"<<");
    for (key, value) in dictionary.iter() {
        write_name(out, key);
        out.push(b' ');
        write_value(out, value);
    }
    out.extend_from_slice(b">>");
}

fn write_name(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !is_delimiter(*byte) && !is_white(*byte) && *byte != b'#' {
            out.push(*byte);
        } else {
            out.extend_from_slice(format!("#{byte:02X}").as_bytes());
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &[u8]) {
    if text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        out.push(b'(');
        for byte in text {
            if matches!(byte, b'(' | b')' | b'\\') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.push(b')');
        return;
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    out.push(b'<');
    for byte in text {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
    out.push(b'>');
}
