//! The file name of an answer, made safe to be a name of ours.

/// Longer names are cut by file systems.
const NAME_BYTES_MAX: usize = 200;

/// The name that `Content-Disposition` gives; `filename*` counts before `filename`.
pub(super) fn file_name(header: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(header) {
        match name.as_str() {
            "filename*" => {
                if let Some(decoded) = extended(&value).and_then(|name| safe(&name)) {
                    return Some(decoded);
                }
            }
            "filename" if plain.is_none() => plain = safe(&value),
            _ => {}
        }
    }
    plain
}

/// Names and values behind the first `;`, quotes undone.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = header.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim_matches([' ', ';', '\t']).to_ascii_lowercase();
        let after = after.trim_start();
        let mut value = String::new();
        if let Some(quoted) = after.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    other => value.push(other),
                }
            }
            rest = quoted.get(end..).unwrap_or_default();
            rest = rest.split_once(';').map_or("", |(_, rest)| rest);
        } else {
            let (unquoted, behind) = after.split_once(';').unwrap_or((after, ""));
            unquoted.trim().clone_into(&mut value);
            rest = behind;
        }
        found.push((name, value));
    }
    found
}

/// `UTF-8''wire%20%C3%A9.txt`
fn extended(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _, coded) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case("utf-8") {
        return None;
    }
    let mut bytes = Vec::new();
    let mut rest = coded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// One name without folders, without characters that steer anything.
fn safe(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_plain = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    };
    let mut plain: String = last.chars().filter(is_plain).collect();
    while plain.len() > NAME_BYTES_MAX {
        plain.pop();
    }
    let plain = plain.trim().trim_start_matches('.').to_owned();
    (!plain.is_empty()).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Option<&str>) {
        assert_eq!(file_name(header).as_deref(), expected, "{header}");
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        check("attachment; filename=a.pdf", Some("a.pdf"));
        check("attachment; filename=\"a \\\"b\\\";c.pdf\"; x=y", Some("a b;c.pdf"));
        check("inline; filename=\"wire e.txt\"; filename*=UTF-8''wire%20%C3%A9.txt", Some("wire \u{e9}.txt"));
        check("attachment; filename*=UTF-8''%e2%82%ac.csv", Some("\u{20ac}.csv"));
        check("attachment; filename*=utf-8'de'x%zz; filename=ok.txt", Some("ok.txt"));
    }

    #[test]
    fn names_lead_nowhere() {
        check("attachment; filename=\"../../etc/passwd\"", Some("passwd"));
        check("attachment; filename*=UTF-8''..%2F..%2Fx", Some("x"));
        check("attachment; filename=\"..\"", None);
        check("attachment; filename=\"a\u{202e}fdp.exe\"", Some("afdp.exe"));
        check("attachment", None);
        check("attachment; filename=\"unended", Some("unended"));
        assert_eq!(file_name(&format!("a; filename={}", "x".repeat(5000))).unwrap().len(), NAME_BYTES_MAX);
    }
}
