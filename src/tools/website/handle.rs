//! Naming an element so that it can be found again, and seen to be still the same.

use ring::digest::{SHA256, digest};

use crate::{
    facts::hex,
    markup::{Document, EditError, NodeId, Path, Place, Within},
    tools::ToolError,
};

/// Characters of the digest in a handle: enough to notice every change that is no attack.
const DIGEST_CHARS: usize = 12;

/// Where an element is: `/div/section[2]`, as XPath counts.
pub(super) fn xpath_of(document: &Document<'_>, id: NodeId) -> String {
    let mut steps = vec![step(document, id)];
    steps.extend(document.ancestors(id).map(|up| step(document, up)));
    steps.push("/div".to_owned());
    steps.reverse();
    steps.concat()
}

fn step(document: &Document<'_>, id: NodeId) -> String {
    let name = document.name(id);
    let siblings = document.parent(id).map(|parent| document.child_elements(parent).collect::<Vec<_>>());
    let alike: Vec<NodeId> =
        siblings.unwrap_or_default().into_iter().filter(|sibling| document.is(*sibling, name)).collect();
    match alike.iter().position(|sibling| *sibling == id) {
        Some(index) if alike.len() > 1 => format!("/{name}[{}]", index + 1),
        _ => format!("/{name}"),
    }
}

/// The place and what stands there: a path that is only good for the element it was made of.
pub(super) fn handle_of(document: &Document<'_>, id: NodeId) -> String {
    format!("{}#{}", xpath_of(document, id), fingerprint(document.outer(id)))
}

fn fingerprint(markup: &str) -> String {
    hex(digest(&SHA256, markup.as_bytes()).as_ref()).chars().take(DIGEST_CHARS).collect()
}

/// The path of a handle and the digest it holds.
fn parted(path: &str) -> (&str, Option<&str>) {
    let is_digest =
        |text: &str| text.len() == DIGEST_CHARS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match path.trim().rsplit_once('#') {
        Some((path, digest)) if path.starts_with('/') && is_digest(digest) => (path, Some(digest)),
        _ => (path.trim(), None),
    }
}

/// The one element that a path or handle names. `index` chooses, from 1, where there are several.
pub(super) fn located(
    document: &Document<'_>,
    argument: &str,
    given: &str,
    index: Option<u32>,
) -> Result<NodeId, ToolError> {
    let (path, digest) = parted(given);
    let places = Path::parse(path)
        .and_then(|path| path.find(document, Within::Text))
        .map_err(|error| refused(argument, &EditError::Path(error)))?;
    let place = match (places.as_slice(), index) {
        ([], _) => {
            return Err(ToolError::not_found(
                format!("`{argument}` matches nothing in this field"),
                "list what is there with odoo_website_list_page_snippets",
            ));
        }
        ([one], None) => *one,
        (several, Some(index)) => {
            let chosen = (index as usize).checked_sub(1).and_then(|index| several.get(index)).copied();
            chosen.ok_or_else(|| {
                ToolError::arguments(format!(
                    "`{argument}` matches {} elements; there is no number {index}",
                    several.len()
                ))
            })?
        }
        (several, None) => {
            return Err(ToolError::arguments_with_hint(
                format!("`{argument}` matches {} elements", several.len()),
                "name one of them: a longer path, `index` from 1, or a handle of odoo_website_list_page_snippets",
            ));
        }
    };
    let Place::Node(id) = place else {
        return Err(ToolError::arguments_with_hint(
            format!("`{argument}` names the field as a whole, not an element in it"),
            "`/div` stands for the field; the first element in it is `/div/*[1]`",
        ));
    };
    if document.element(id).is_none() {
        return Err(ToolError::arguments(format!("`{argument}` names a text, not an element")));
    }
    if digest.is_some_and(|digest| digest != fingerprint(document.outer(id))) {
        return Err(ToolError::conflict(
            format!("`{argument}` is a handle of something that has changed since; nothing was written"),
            "list the snippets again with odoo_website_list_page_snippets",
        ));
    }
    Ok(id)
}

/// An error of the engine about an argument.
pub(super) fn refused(argument: &str, error: &EditError) -> ToolError {
    let message = format!("`{argument}`: {error}; nothing was written");
    match error.code() {
        "invalid_arguments" => ToolError::arguments(message),
        code => {
            let hint = match code {
                "unsafe_markup" => {
                    "plain texts, links by http, https, mailto or tel, and harmless markup can be set"
                }
                "qweb_directive" => "change the record or template that this content comes from",
                "not_found" => {
                    "paths are relative to the snippet; look at its markup with odoo_website_list_page_snippets"
                }
                _ => "correct the markup in Odoo's own editor first",
            };
            ToolError::Stopped { code, message, hint: Some(hint.to_owned()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Mode;

    const PAGE: &str = "x<section>a</section><section>b<p>c</p></section><p>d</p>";

    #[track_caller]
    fn check(given: &str, index: Option<u32>, expected: Result<&str, &str>) {
        let document = Document::parse(PAGE, Mode::Html);
        let found = located(&document, "snippet_xpath", given, index);
        match (found, expected) {
            (Ok(id), Ok(outer)) => assert_eq!(document.outer(id), outer),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{given}: {found:?}"),
        }
    }

    #[test]
    fn one_element_is_named() {
        check("/div/section[1]", None, Ok("<section>a</section>"));
        check("//section", Some(2), Ok("<section>b<p>c</p></section>"));
        check("//section", None, Err("matches 2 elements"));
        check("//section", Some(3), Err("no number 3"));
        check("//section", Some(0), Err("no number 0"));
        check("//nav", None, Err("matches nothing"));
        check("/div", None, Err("as a whole"));
        check("//section[1]/text()", None, Err("names a text"));
        check("//[", None, Err("cannot be read"));
    }

    #[test]
    fn a_handle_is_good_for_what_it_was_made_of() {
        let document = Document::parse(PAGE, Mode::Html);
        for id in document.ids().filter(|id| document.element(*id).is_some()) {
            let handle = handle_of(&document, id);
            assert_eq!(located(&document, "snippet_xpath", &handle, None).unwrap(), id, "{handle}");
        }
        check("/div/section[1]#000000000000", None, Err("has changed"));
    }
}
