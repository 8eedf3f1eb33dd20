//! Changes of single nodes, by place: what is not named keeps every byte.

use super::{
    entities::escaped_attribute,
    error::EditError,
    serialize::text_in,
    span::Span,
    tree::{Document, Element, End, NodeId},
};

/// What will be different about a text.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// Bytes and what stands there instead.
    replaced: Vec<(Span, String)>,
}

impl Changes {
    /// Something else in the place of these bytes.
    pub fn replace(&mut self, place: Span, text: impl Into<String>) {
        self.replaced.push((place, text.into()));
    }

    /// Something before this byte.
    pub fn insert(&mut self, place: usize, text: impl Into<String>) {
        self.replace(Span::at(place), text);
    }

    /// The text as it is after all changes. What stands at the same place keeps the order it was given in.
    pub fn apply(mut self, text: &str) -> Result<String, EditError> {
        self.replaced.sort_by_key(|(place, _)| (place.start, place.end));
        let mut changed = String::with_capacity(text.len() + 64);
        let mut from = 0;
        for (place, new) in &self.replaced {
            let kept = text.get(from..place.start).ok_or(EditError::Overlapping)?;
            changed.push_str(kept);
            changed.push_str(new);
            from = place.end;
        }
        changed.push_str(text.get(from..).ok_or(EditError::Overlapping)?);
        Ok(changed)
    }

    /// Markup instead of everything in an element. The markup must be safe already.
    pub fn set_inner(&mut self, document: &Document<'_>, id: NodeId, markup: &str) -> Result<(), EditError> {
        let element = whole(document, id)?;
        let name = element.name.of(document.text());
        match element.end {
            End::Tag | End::LeftOut => self.replace(element.inner, markup),
            End::SelfClosed if !super::html_names::is_void(name) => {
                let tag = element.open.of(document.text());
                let kept = tag.strip_suffix("/>").unwrap_or(tag).trim_end();
                self.replace(element.open, format!("{kept}>{markup}</{name}>"));
            }
            End::Void | End::SelfClosed | End::Guessed => {
                return Err(EditError::NoContent { element: name.to_owned() });
            }
        }
        Ok(())
    }

    /// Text instead of everything in an element.
    pub fn set_text(&mut self, document: &Document<'_>, id: NodeId, text: &str) -> Result<(), EditError> {
        self.set_inner(document, id, &text_in(document.mode(), text))
    }

    /// One attribute, with its other neighbours as they were; nothing removes it.
    pub fn set_attribute(
        &mut self,
        document: &Document<'_>,
        id: NodeId,
        name: &str,
        value: Option<&str>,
    ) -> Result<(), EditError> {
        let element =
            document.element(id).ok_or_else(|| EditError::NoContent { element: "text".to_owned() })?;
        match (document.attribute(id, name), value) {
            (Some(old), Some(value)) => {
                let written = old.name.of(document.text());
                self.replace(old.whole, format!("{written}=\"{}\"", escaped_attribute(value)));
            }
            (None, Some(value)) => {
                let place = element.attributes.last().map_or(element.name.end, |last| last.whole.end);
                self.insert(place, format!(" {name}=\"{}\"", escaped_attribute(value)));
            }
            (Some(old), None) => {
                let before = document.text().get(..old.whole.start).unwrap_or_default();
                self.replace(Span::new(before.trim_end().len(), old.whole.end), "");
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// The node and nothing around it.
    pub fn remove(&mut self, document: &Document<'_>, id: NodeId) -> Result<(), EditError> {
        whole(document, id)?;
        self.replace(document.node(id).span, "");
        Ok(())
    }
}

/// The element, where both of its ends are certain.
pub fn whole<'d>(document: &'d Document<'_>, id: NodeId) -> Result<&'d Element, EditError> {
    let element = document.element(id).ok_or_else(|| EditError::NoContent { element: "text".to_owned() })?;
    if element.end == End::Guessed {
        return Err(EditError::NeverClosed { element: element.name.of(document.text()).to_owned() });
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::{Mode, Path, Place, Within};

    #[track_caller]
    fn check(
        mode: Mode,
        text: &str,
        path: &str,
        change: impl Fn(&mut Changes, &Document<'_>, NodeId),
        expected: &str,
    ) {
        let document = Document::parse(text, mode);
        let mut changes = Changes::default();
        for place in Path::parse(path).unwrap().find(&document, Within::Text).unwrap() {
            let Place::Node(id) = place else { panic!("{place:?}") };
            change(&mut changes, &document, id);
        }
        assert_eq!(changes.apply(text).unwrap(), expected);
    }

    #[test]
    fn what_is_not_named_keeps_every_byte() {
        let text = "lead &nbsp;<P  CLASS='x'  >a<br>b</P >tail<svg viewBox=\"0 0\"/>\r\n";
        check(
            Mode::Html,
            text,
            "//p",
            |c, d, id| c.set_text(d, id, "n<e>w").unwrap(),
            "lead &nbsp;<P  CLASS='x'  >n&lt;e&gt;w</P >tail<svg viewBox=\"0 0\"/>\r\n",
        );
        check(
            Mode::Html,
            text,
            "//p",
            |c, d, id| c.remove(d, id).unwrap(),
            "lead &nbsp;tail<svg viewBox=\"0 0\"/>\r\n",
        );
        check(
            Mode::Html,
            text,
            "//p",
            |c, d, id| c.set_attribute(d, id, "class", Some("a \"b\"")).unwrap(),
            "lead &nbsp;<P  CLASS=\"a &quot;b&quot;\"  >a<br>b</P >tail<svg viewBox=\"0 0\"/>\r\n",
        );
        check(
            Mode::Html,
            text,
            "//p",
            |c, d, id| c.set_attribute(d, id, "id", Some("z")).unwrap(),
            "lead &nbsp;<P  CLASS='x' id=\"z\"  >a<br>b</P >tail<svg viewBox=\"0 0\"/>\r\n",
        );
        check(
            Mode::Html,
            text,
            "//p",
            |c, d, id| c.set_attribute(d, id, "class", None).unwrap(),
            "lead &nbsp;<P  >a<br>b</P >tail<svg viewBox=\"0 0\"/>\r\n",
        );
        check(
            Mode::Html,
            text,
            "//svg",
            |c, d, id| c.set_attribute(d, id, "id", Some("z")).unwrap(),
            "lead &nbsp;<P  CLASS='x'  >a<br>b</P >tail<svg viewBox=\"0 0\" id=\"z\"/>\r\n",
        );
        check(
            Mode::Xml,
            "<t><i class='a' /></t>",
            "//i",
            |c, d, id| c.set_text(d, id, "x").unwrap(),
            "<t><i class='a'>x</i></t>",
        );
        check(
            Mode::Html,
            "<ul><li>a<li>b</ul>",
            "//li[1]",
            |c, d, id| c.remove(d, id).unwrap(),
            "<ul><li>b</ul>",
        );
    }

    #[test]
    fn what_has_no_certain_place_is_refused() {
        let refused = |mode, text: &str, path: &str| {
            let document = Document::parse(text, mode);
            let places = Path::parse(path).unwrap().find(&document, Within::Text).unwrap();
            let Some(Place::Node(id)) = places.first().copied() else { panic!("{text}") };
            assert!(Changes::default().set_text(&document, id, "x").is_err(), "{text}");
        };
        refused(Mode::Html, "<br>", "//br");
        refused(Mode::Html, "<img/>", "//img");
        refused(Mode::Html, "<b><i>x</b></i>", "//i");
        refused(Mode::Xml, "<div><p>x</div>", "//p");
        refused(Mode::Html, "<p>a</p>", "//text()");
        let mut changes = Changes::default();
        changes.replace(Span::new(0, 3), "");
        changes.replace(Span::new(2, 4), "");
        assert_eq!(changes.apply("abcdef"), Err(EditError::Overlapping));
    }
}
