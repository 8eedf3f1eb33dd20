//! Files that are put together wrongly, and files that are refused.

use super::{
    super::builder::{CONTENT, Pdf, deflate},
    Case, Fate, MARK, case, script,
};

pub(super) fn structures() -> Vec<Case> {
    let one = Fate::Cleaned(1);
    let script = script();
    let with_script = Pdf::page(&format!("/OpenAction{script}"), "");
    let clean = Pdf::page("", "");
    let replace = |bytes: &[u8], from: &str, to: &str| {
        let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
    };
    let mut two_revisions = b"%PDF-1.7\n".to_vec();
    let first = with_script.append(&mut two_revisions, None);
    Pdf { root: 1, ..Pdf::default() }
        .with(1, "<</Type/Catalog/Pages 2 0 R>>")
        .append(&mut two_revisions, Some(first));
    let mut script_in_second = b"%PDF-1.7\n".to_vec();
    let first = clean.append(&mut script_in_second, None);
    Pdf { root: 1, ..Pdf::default() }
        .with(1, &format!("<</Type/Catalog/Pages 2 0 R/OpenAction{script}>>"))
        .append(&mut script_in_second, Some(first));
    let mut no_table = with_script.bytes();
    let cut = no_table.windows(4).rposition(|window| window == b"xref").unwrap();
    let cut = no_table[..cut].windows(5).rposition(|window| window == b"\nxref").unwrap_or(cut);
    no_table.truncate(cut);
    let mut loops = b"%PDF-1.7\n".to_vec();
    let start = loops.len() + 5_000;
    with_script.append(&mut loops, Some(start));
    let own = loops.windows(5).position(|window| window == b"\nxref").unwrap() + 1;
    let loops = replace(&loops, &format!("/Prev {start}"), &format!("/Prev {own}"));
    let mut zip = clean.bytes();
    zip.extend_from_slice(format!("PK\x03\x04 {MARK}").as_bytes());
    let mut front = format!("{MARK}\n").into_bytes();
    front.extend(clean.bytes());
    let hybrid = {
        let mut out = b"%PDF-1.7\n".to_vec();
        let at = out.len();
        let rows = [&[1_u8][..], &u32::try_from(at + 400).unwrap().to_be_bytes(), &[0]].concat();
        let mut body =
            format!("8 0 obj\n<</Type/XRef/Size 10/W[1 4 1]/Index[9 1]/Length {}>>\nstream\n", rows.len())
                .into_bytes();
        body.extend_from_slice(&rows);
        body.extend_from_slice(b"\nendstream\nendobj\n");
        body.resize(400, b' ');
        out.extend(body);
        out.extend(format!("9 0 obj\n{script}\nendobj\n").into_bytes());
        Pdf::page("/OpenAction 9 0 R", "").in_trailer(&format!("/XRefStm {at}")).append(&mut out, None);
        out
    };
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    vec![
        case("two_revisions", one, two_revisions),
        case("script_in_the_second_revision", one, script_in_second),
        case("unreachable_script", one, Pdf::page("", "").with(9, &script).bytes()),
        case("hybrid", one, hybrid),
        case(
            "cycle",
            one,
            Pdf::page("/PageLabels 9 0 R", &format!("/AA<</O{script}>>"))
                .with(9, "<</Kids[10 0 R]>>")
                .with(10, "<</Kids[9 0 R 10 0 R 3 0 R 1 0 R 2 0 R]>>")
                .bytes(),
        ),
        case(
            "references_in_a_ring",
            one,
            Pdf::page("/OpenAction 9 0 R/Lang 11 0 R", "")
                .with(9, "10 0 R")
                .with(10, "9 0 R")
                .with(11, "11 0 R")
                .bytes(),
        ),
        case(
            "page_tree_in_a_ring",
            one,
            Pdf::page("", "")
                .changed(2, &format!("<</Type/Pages/Kids[2 0 R 3 0 R 6 0 R 99 0 R]/AA{script}>>"))
                .with(6, "<</Type/Pages/Kids[2 0 R 6 0 R]>>")
                .bytes(),
        ),
        case(
            "page_twice",
            Fate::Cleaned(2),
            Pdf::page(&format!("/OpenAction{script}"), "")
                .changed(2, "<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2>>")
                .bytes(),
        ),
        case(
            "wrong_page_count",
            one,
            Pdf::page(&format!("/JS({MARK})"), "")
                .changed(2, "<</Type/Pages/Kids[3 0 R]/Count 9999999>>")
                .bytes(),
        ),
        case(
            "nested_but_allowed",
            one,
            Pdf::page(&format!("/PageLabels<</Nums{deep}>>/JS({MARK})"), "").bytes(),
        ),
        case("huge_length", one, replace(&with_script.bytes(), "/Length 49", "/Length 99999999999")),
        case("short_length", one, replace(&with_script.bytes(), "/Length 49", "/Length 4")),
        case("negative_length", one, replace(&with_script.bytes(), "/Length 49", "/Length -1")),
        case(
            "length_elsewhere",
            one,
            Pdf::page(&format!("/JS({MARK})"), "")
                .changed(4, &format!("<</Length 9 0 R>>\nstream\n{CONTENT}\nendstream"))
                .with(9, &CONTENT.len().to_string())
                .bytes(),
        ),
        case("missing_xref", one, no_table),
        case("xref_points_nowhere", one, replace(&with_script.bytes(), "startxref\n", "startxref\n9")),
        case("xref_loop", one, loops),
        case(
            "xref_stream_with_bad_widths",
            one,
            Pdf::page("/OpenAction 9 0 R", "").with(9, &script).bytes_in_streams("[1 9999999999 1]"),
        ),
        case(
            "xref_stream_with_negative_widths",
            one,
            Pdf::page("/OpenAction 9 0 R", "").with(9, &script).bytes_in_streams("[-1 4 1]"),
        ),
        case("truncated", one, {
            let bytes = Pdf::page("", "").with(9, &script).bytes();
            bytes[..bytes.len() - 120].to_vec()
        }),
        case("zip_behind", one, zip),
        case("something_in_front", one, front),
    ]
}

pub(super) fn refused() -> Vec<Case> {
    let bomb_60 = (0..60).fold(CONTENT.as_bytes().to_vec(), |data, _| deflate(&data));
    let filters = "/FlateDecode".repeat(60);
    let zeros = deflate(&vec![b' '; 80 << 20]);
    let deep = "[".repeat(5_000);
    let many: String = (0..120).map(|_| "3 0 R ").collect();
    vec![
        case(
            "bomb_of_sixty_filters",
            Fate::Refused("bomb"),
            Pdf::page("", "").without(4).stream(4, &format!("/Filter[{filters}]"), &bomb_60).bytes(),
        ),
        case(
            "bomb_by_ratio",
            Fate::Refused("bomb"),
            Pdf::page("", "").without(4).stream(4, "/Filter/FlateDecode", &zeros).bytes(),
        ),
        case(
            "bomb_of_two_layers",
            Fate::Refused("bomb"),
            Pdf::page("", "")
                .without(4)
                .stream(4, "/Filter[/FlateDecode/FlateDecode]", &deflate(&zeros))
                .bytes(),
        ),
        case(
            "bomb_in_an_object_stream",
            Fate::Refused("bomb"),
            Pdf::page("", "")
                .stream(9, "/Type/ObjStm/N 1/First 9/Filter/FlateDecode", &zeros)
                .bytes()
                .replace_last(b"startxref", b"startnone"),
        ),
        case("texts_within_each_other", Fate::Refused("bomb"), {
            let open: String = (10..710).map(|number| format!("{number} 0 obj({:600}", "")).collect();
            format!("%PDF-1.7\n{open}").into_bytes()
        }),
        case("nested_too_deep", Fate::Refused("bomb"), Pdf::page(&format!("/PageLabels{deep}"), "").bytes()),
        case(
            "encrypted",
            Fate::Refused("encrypted"),
            Pdf::page("", "")
                .with(9, "<</Filter/Standard/V 1/R 2/O(x)/U(x)/P -4>>")
                .in_trailer("/Encrypt 9 0 R")
                .bytes(),
        ),
        case(
            "encrypted_without_table",
            Fate::Refused("encrypted"),
            Pdf::page("", "")
                .in_trailer("/Encrypt<</Filter/Standard>>")
                .bytes()
                .replace_last(b"startxref", b"startnone"),
        ),
        case(
            "too_many_pages",
            Fate::Refused("too_many_pages"),
            Pdf::page("", "").changed(2, &format!("<</Type/Pages/Kids[{many}]>>")).bytes(),
        ),
        case(
            "no_page",
            Fate::Refused("malformed"),
            Pdf::page("", "").changed(2, "<</Type/Pages/Kids[]/Count 0>>").bytes(),
        ),
        case(
            "no_catalog",
            Fate::Refused("malformed"),
            Pdf { root: 9, ..Pdf::default() }
                .with(2, "<</Type/Pages/Kids[3 0 R]>>")
                .with(3, "<</Type/Page>>")
                .bytes(),
        ),
        case(
            "dynamic_form",
            Fate::Refused("dynamic_xfa"),
            Pdf::page("/NeedsRendering true/AcroForm<</Fields[]/XFA(x)>>", "").bytes(),
        ),
        case(
            "noise",
            Fate::Refused("malformed"),
            b"%PDF-1.7\n\x00\xff\x13 noise obj 1 0 obj << [ ( trailer <<".to_vec(),
        ),
        case("header_only", Fate::Refused("malformed"), b"%PDF-1.7\n".to_vec()),
        case("empty", Fate::Refused("not_pdf"), Vec::new()),
        case(
            "late_header",
            Fate::Refused("not_pdf"),
            [vec![b' '; 1_100], Pdf::page("", "").bytes()].concat(),
        ),
    ]
}

trait ReplaceLast {
    fn replace_last(self, from: &[u8], to: &[u8]) -> Self;
}

impl ReplaceLast for Vec<u8> {
    fn replace_last(mut self, from: &[u8], to: &[u8]) -> Self {
        let at = self.windows(from.len()).rposition(|window| window == from).unwrap();
        self.splice(at..at + from.len(), to.iter().copied());
        self
    }
}
