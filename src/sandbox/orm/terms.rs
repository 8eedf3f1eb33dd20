//! The terms of a piece of HTML: runs of text and inline tags between block tags. Attributes are left
//! out, and so is everything that Odoo's own pages need besides.

/// Tags that are part of a run.
const INLINE: &[&str] = &["b", "i", "u", "em", "strong", "span", "br", "small", "code", "sub", "sup"];

/// The places of the terms, blanks around them left out.
fn places(html: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(open) = html.get(at..).and_then(|rest| rest.find('<')).map(|offset| at + offset) {
        let rest = html.get(open + 1..).unwrap_or_default();
        let end = rest.find('>').map_or(html.len(), |offset| open + offset + 2);
        let name: String =
            rest.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        if !INLINE.contains(&name.to_ascii_lowercase().as_str()) {
            run(html, start, open, &mut found);
            start = end;
        }
        at = end;
    }
    run(html, start, html.len(), &mut found);
    found
}

fn run(html: &str, start: usize, end: usize, found: &mut Vec<(usize, usize)>) {
    let text = html.get(start..end).unwrap_or_default();
    let mut words = String::new();
    let mut inside = false;
    for character in text.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => words.push(character),
            _ => {}
        }
    }
    if words.trim().is_empty() {
        return;
    }
    let from = start + text.len() - text.trim_start().len();
    found.push((from, from + text.trim().len()));
}

/// The terms in the order of the page.
pub(crate) fn of(html: &str) -> Vec<&str> {
    places(html).into_iter().filter_map(|(start, end)| html.get(start..end)).collect()
}

/// The page with other words in it.
pub(crate) fn replaced(html: &str, translation: impl Fn(&str) -> Option<String>) -> String {
    let (mut out, mut at) = (String::new(), 0);
    for (start, end) in places(html) {
        let term = html.get(start..end).unwrap_or_default();
        out.push_str(html.get(at..start).unwrap_or_default());
        out.push_str(&translation(term).unwrap_or_else(|| term.to_owned()));
        at = end;
    }
    out.push_str(html.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_found_and_replaced_in_place() {
        let html = "<section><h2> Hello </h2><p>Good <b>day</b></p><p> </p></section>";
        assert_eq!(of(html), ["Hello", "Good <b>day</b>"]);
        let french = replaced(html, |term| (term == "Hello").then(|| "Bonjour".to_owned()));
        assert_eq!(french, "<section><h2> Bonjour </h2><p>Good <b>day</b></p><p> </p></section>");
        assert_eq!(of("no tags"), ["no tags"]);
        assert_eq!(of(""), [] as [&str; 0]);
    }
}
