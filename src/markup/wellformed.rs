//! Is a text XML that Odoo's own reader takes?

use quick_xml::{Reader, events::Event};

use super::error::EditError;

/// One element, everything closed, no entity that XML does not know.
pub fn check_well_formed(xml: &str) -> Result<(), EditError> {
    let wrong = |why: String| EditError::NotWellFormed { why };
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    reader.config_mut().allow_unmatched_ends = false;
    let (mut depth, mut roots) = (0_usize, 0_usize);
    loop {
        let event = reader.read_event().map_err(|error| wrong(error.to_string()))?;
        match event {
            Event::Start(tag) | Event::Empty(tag) if depth == 0 && roots > 0 => {
                let name = String::from_utf8_lossy(tag.name().as_ref()).into_owned();
                return Err(wrong(format!("`<{name}>` stands beside the first element")));
            }
            Event::Start(tag) => {
                check_attributes(&tag)?;
                (roots, depth) = (roots + usize::from(depth == 0), depth + 1);
            }
            Event::Empty(tag) => {
                check_attributes(&tag)?;
                roots += usize::from(depth == 0);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) if depth == 0 && !text.iter().all(u8::is_ascii_whitespace) => {
                return Err(wrong("text stands outside of the first element".to_owned()));
            }
            Event::GeneralRef(reference) => {
                let name = String::from_utf8_lossy(&reference).into_owned();
                let known = matches!(name.as_str(), "amp" | "lt" | "gt" | "quot" | "apos");
                if !known && !reference.is_char_ref() {
                    return Err(wrong(format!(
                        "`&{};` is no entity of XML",
                        name.chars().take(40).collect::<String>()
                    )));
                }
            }
            Event::Eof => break,
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
    match (depth, roots) {
        (0, 1) => Ok(()),
        (0, _) => Err(wrong("it has no element".to_owned())),
        _ => Err(wrong("an element is never closed".to_owned())),
    }
}

fn check_attributes(tag: &quick_xml::events::BytesStart<'_>) -> Result<(), EditError> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| EditError::NotWellFormed { why: error.to_string() })?;
        if attribute.value.contains(&b'<') {
            return Err(EditError::NotWellFormed { why: "an attribute holds `<`".to_owned() });
        }
        attribute.unescape_value().map_err(|error| EditError::NotWellFormed { why: error.to_string() })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_odoo_would_refuse_is_refused() {
        for good in [
            "<t><br/>a &amp; &#233;<![CDATA[<x>]]></t>",
            "<?xml version=\"1.0\"?>\n<data>\n<a b=\"c &lt; d\"/></data>\n",
        ] {
            check_well_formed(good).unwrap();
        }
        for bad in [
            "",
            "a",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<a>&nbsp;</a>",
            "<a b=c/>",
            "<a b/>",
            "<a b='1' b='2'/>",
            "<br><p></p>",
            "<a b=\"<\"/>",
            "<a b=\"&nbsp;\"/>",
            "<a",
            "</a>",
            "<a>&</a>",
        ] {
            assert!(check_well_formed(bad).is_err(), "{bad}");
        }
    }
}
