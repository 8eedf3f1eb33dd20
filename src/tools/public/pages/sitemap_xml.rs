//! A site map read without trust: XML events, no entities but those of XML itself, and a limit.

use quick_xml::{Reader, events::Event};

/// Addresses that are read; the protocol allows fifty thousand.
const ENTRIES_MAX: usize = 50_000;
/// Elements in elements; a site map has three.
const DEPTH_MAX: usize = 16;

/// One address of a site map.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    pub(super) loc: String,
    pub(super) lastmod: Option<String>,
}

/// What a site map holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct SiteMap {
    pub(super) pages: Vec<Entry>,
    /// Further site maps, of an index.
    pub(super) parts: Vec<Entry>,
}

/// Reads a site map; `None` where it is none.
pub(super) fn read(xml: &str) -> Option<SiteMap> {
    let mut reader = Reader::from_str(xml);
    let mut map = SiteMap::default();
    let mut open: Vec<Vec<u8>> = Vec::new();
    let mut entry = Entry::default();
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                open.push(tag.local_name().as_ref().to_vec());
                if open.len() > DEPTH_MAX || !is_root(open.first()?) {
                    return None;
                }
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece.decode().ok()?),
            Event::CData(piece) => text.push_str(&piece.decode().ok()?),
            // Entities that a document declares by itself are not looked up.
            Event::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                Some(character) => text.push(character),
                None => text.push_str(predefined(&name.decode().ok()?)?),
            },
            Event::End(tag) => {
                match tag.local_name().as_ref() {
                    b"loc" => entry.loc = text.trim().to_owned(),
                    b"lastmod" => {
                        entry.lastmod = Some(text.trim().to_owned()).filter(|text| !text.is_empty())
                    }
                    b"url" => add(&mut map.pages, &mut entry)?,
                    b"sitemap" => add(&mut map.parts, &mut entry)?,
                    _ => {}
                }
                open.pop();
                text.clear();
            }
            Event::DocType(_) => return None,
            Event::Eof => break,
            _ => {}
        }
    }
    (open.is_empty() && xml.contains("sitemap")).then_some(map)
}

fn is_root(name: &[u8]) -> bool {
    matches!(name, b"urlset" | b"sitemapindex")
}

fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}

fn add(entries: &mut Vec<Entry>, entry: &mut Entry) -> Option<()> {
    let entry = std::mem::take(entry);
    if entries.len() >= ENTRIES_MAX {
        return None;
    }
    if !entry.loc.is_empty() {
        entries.push(entry);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_parts_are_read() {
        let map = read(
            "<?xml version=\"1.0\"?><urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n <url>\n<loc>http://x/a?b=1&amp;c=&#50;</loc><lastmod>2026-11-21</lastmod></url><url><loc><![CDATA[http://x/b]]></loc></url><url/></urlset>",
        )
        .unwrap();
        assert_eq!(map.pages.len(), 2);
        assert_eq!(map.pages[0].loc, "http://x/a?b=1&c=2");
        assert_eq!(map.pages[0].lastmod.as_deref(), Some("2026-11-21"));
        assert_eq!(map.pages[1].loc, "http://x/b");
        let map = read(
            "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><sitemap><loc>http://x/sitemap-1-1.xml</loc></sitemap></sitemapindex>",
        )
        .unwrap();
        assert_eq!(map.parts.len(), 1);
    }

    #[test]
    fn anything_else_is_none() {
        for bad in [
            "",
            "<html><body>Sorry</body></html>",
            "<urlset xmlns='sitemap'><url><loc>x</loc></url>",
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><urlset xmlns='sitemap'><url><loc>&b;</loc></url></urlset>",
            "<urlset xmlns='sitemap'><url><loc>&unknown;</loc></url></urlset>",
            "{\"a\": 1}",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&format!("<urlset>{}", "<url>".repeat(100))), None);
    }
}
