//! Files that hide something, each in its own way. `MARK` stands in everything that must not survive.

mod broken;

use super::builder::{CONTENT, Pdf, deflate};

pub(super) const MARK: &str = "HIDDEN-PAYLOAD-7f3a";

/// What becomes of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Written anew with nothing taken out.
    Clean,
    /// Something was taken out; how many pages are left.
    Cleaned(u32),
    Refused(&'static str),
}

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) fate: Fate,
}

fn case(name: &'static str, fate: Fate, bytes: Vec<u8>) -> Case {
    Case { name, bytes, fate }
}

/// `MARK` in a script action.
fn script() -> String {
    format!("<</Type/Action/S/JavaScript/JS(app.alert\\('{MARK}'\\))>>")
}

/// A file specification with a file in object 20.
fn attachment(pdf: Pdf) -> Pdf {
    pdf.with(19, &format!("<</Type/Filespec/F({MARK}.exe)/UF({MARK}.exe)/EF<</F 20 0 R>>>>")).packed(
        20,
        "/Type/EmbeddedFile/Params<</Size 1234>>",
        format!("MZ {MARK}").as_bytes(),
    )
}

fn annotation(body: &str) -> Pdf {
    Pdf::page("", "/Annots[10 0 R]").with(10, &format!("<</Type/Annot/Rect[10 10 100 100]{body}>>"))
}

pub(super) fn corpus() -> Vec<Case> {
    let mut cases = plain();
    cases.extend(catalog());
    cases.extend(annotations());
    cases.extend(spellings());
    cases.extend(broken::structures());
    cases.extend(broken::refused());
    cases
}

fn plain() -> Vec<Case> {
    let two_pages = Pdf::page("", "")
        .changed(2, "<</Type/Pages/Kids[3 0 R 6 0 R]/Count 2>>")
        .with(6, &Pdf::page_object("/Rotate 90"));
    let nested = Pdf::page("", "")
        .changed(2, "<</Type/Pages/Kids[6 0 R 7 0 R]/Count 3/MediaBox[0 0 300 300]>>")
        .with(6, "<</Type/Pages/Parent 2 0 R/Kids[3 0 R]/Count 1/Rotate 90>>")
        .with(7, "<</Type/Pages/Parent 2 0 R/Kids[8 0 R 9 0 R]/Count 2/Resources<</Font<</F1 5 0 R>>>>>>")
        .with(8, "<</Type/Page/Parent 7 0 R/Contents 4 0 R>>")
        .with(9, "<</Type/Page/Parent 7 0 R/Contents[4 0 R 4 0 R]>>");
    let links = Pdf::page(
        "/Dests<</old[3 0 R/Fit]>>/Names<</Dests<</Names[(top)[3 0 R/XYZ 0 800 null]]>>>>/Outlines 11 0 R/PageLabels<</Nums[0<</S/D>>]>>",
        "/Annots[10 0 R 13 0 R 14 0 R]",
    )
    .with(10, "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/GoTo/D[3 0 R/Fit]>>>>")
    .with(11, "<</Type/Outlines/First 12 0 R/Last 12 0 R/Count 1>>")
    .with(12, "<</Title(Total)/Parent 11 0 R/Dest(top)>>")
    .with(13, "<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/Dest/old>>")
    .with(14, "<</Type/Annot/Subtype/Square/Rect[5 5 50 50]/C[1 0 0]/AP<</N 15 0 R>>/P 3 0 R>>")
    .stream(15, "/Type/XObject/Subtype/Form/BBox[0 0 45 45]", b"1 0 0 RG 2 2 40 40 re S");
    let encodings = Pdf::page("", "")
        .changed(3, &Pdf::page_object("").replace("4 0 R", "[4 0 R 6 0 R 7 0 R 8 0 R]"))
        .stream(6, "/Filter/ASCIIHexDecode", b"71 20 51>")
        .stream(7, "/Filter[/ASCII85Decode/FlateDecode]", &ascii85(&deflate(b"q Q q Q")))
        .stream(8, "/Filter/RunLengthDecode", b"\x02q Q\x80");
    vec![
        case("clean", Fate::Clean, Pdf::page("", "").bytes()),
        case("clean_packed", Fate::Clean, Pdf::page("", "").bytes_in_streams("[1 4 1]")),
        case("clean_two_pages", Fate::Clean, two_pages.bytes()),
        case("clean_links", Fate::Clean, links.bytes()),
        case("clean_encodings", Fate::Clean, encodings.bytes()),
        case("clean_nested_tree", Fate::Clean, nested.bytes()),
    ]
}

fn catalog() -> Vec<Case> {
    let script = script();
    let names = |entries: &str| Pdf::page(&format!("/Names<<{entries}>>"), "");
    let files = "/EmbeddedFiles<</Names[(a)19 0 R]>>";
    let scripts = format!("/JavaScript<</Names[(a){script}]>>");
    let one = Fate::Cleaned(1);
    vec![
        case("open_action", one, Pdf::page(&format!("/OpenAction{script}"), "").bytes()),
        case("open_action_destination", one, Pdf::page("/OpenAction[3 0 R/Fit]", "").bytes()),
        case("open_action_indirect", one, Pdf::page("/OpenAction 9 0 R", "").with(9, &script).bytes()),
        case("catalog_js", one, Pdf::page(&format!("/JS({MARK})"), "").bytes()),
        case("catalog_aa", one, Pdf::page(&format!("/AA<</WC{script}/WS{script}>>"), "").bytes()),
        case("names_files", one, attachment(names(files)).bytes()),
        case(
            "names_files_indirect",
            one,
            attachment(Pdf::page("/Names 9 0 R", "").with(9, &format!("<<{files}>>"))).bytes(),
        ),
        case("names_scripts", one, names(&scripts).bytes()),
        case(
            "names_scripts_indirect",
            one,
            Pdf::page("/Names 9 0 R", "")
                .with(9, "<</JavaScript 10 0 R>>")
                .with(10, "<</Kids[11 0 R]>>")
                .with(11, "<</Limits[(a)(a)]/Names[(a)12 0 R]>>")
                .with(12, &script)
                .bytes(),
        ),
        case(
            "names_templates",
            one,
            names(&format!("/Templates<</Names[(a)<</Type/Template/X({MARK})>>]>>")).bytes(),
        ),
        case(
            "named_destination_with_script",
            one,
            names(&format!("/Dests<</Names[(a)<</D[3 0 R/Fit]/A{script}>>]>>")).bytes(),
        ),
        case("associated_files", one, attachment(Pdf::page("/AF[19 0 R]", "")).bytes()),
        case(
            "collection",
            one,
            attachment(Pdf::page(&format!("/Collection<</D({MARK})>>/Names<<{files}>>"), "")).bytes(),
        ),
        case("uri_base", one, Pdf::page(&format!("/URI<</Base(http://{MARK}/)>>"), "").bytes()),
        case("usage_rights", one, Pdf::page(&format!("/Perms<</UR3<</X({MARK})>>>>"), "").bytes()),
        case("threads", one, Pdf::page(&format!("/Threads[<</I<</Title({MARK})>>>>]"), "").bytes()),
        case(
            "piece_info",
            one,
            Pdf::page(&format!("/PieceInfo<</X<</LastModified(D:2026)/Private({MARK})>>>>"), "").bytes(),
        ),
        case(
            "metadata",
            one,
            Pdf::page("/Metadata 9 0 R", "")
                .stream(9, "/Type/Metadata/Subtype/XML", MARK.as_bytes())
                .with(10, &format!("<</Author({MARK})/CreationDate(D:20260131120000Z)>>"))
                .in_trailer("/Info 10 0 R")
                .bytes(),
        ),
        case(
            "outline_script",
            one,
            Pdf::page("/Outlines 9 0 R", "")
                .with(9, "<</Type/Outlines/First 10 0 R/Last 10 0 R/Count 1>>")
                .with(10, &format!("<</Title(Total)/Parent 9 0 R/A{script}>>"))
                .bytes(),
        ),
        case(
            "xfa",
            one,
            Pdf::page("/AcroForm<</Fields[10 0 R]/XFA[(template)9 0 R]>>", "/Annots[10 0 R]")
                .stream(9, "", MARK.as_bytes())
                .with(10, "<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/Rect[0 0 9 9]>>")
                .bytes(),
        ),
        case("private_key", one, Pdf::page(&format!("/Unknown<</X({MARK})>>"), "").bytes()),
        case(
            "structure_tree",
            one,
            Pdf::page(&format!("/StructTreeRoot<</K<</S/P/ActualText({MARK})>>>>"), "").bytes(),
        ),
        case(
            "calculation_order",
            one,
            Pdf::page(&format!("/AcroForm<</Fields[]/CO[<</X({MARK})>>]>>"), "").bytes(),
        ),
    ]
}

fn annotations() -> Vec<Case> {
    let script = script();
    let one = Fate::Cleaned(1);
    let link = |action: &str| annotation(&format!("/Subtype/Link/A{action}")).bytes();
    let action =
        |kind: &str| link(&format!("<</S/{kind}/F({MARK})/URI(http://{MARK})/N/NextPage/D({MARK})>>"));
    let media = |kind: &str, more: &str| {
        annotation(&format!("/Subtype/{kind}{more}")).stream(9, "", MARK.as_bytes()).bytes()
    };
    let mut cases = vec![
        case("page_aa", one, Pdf::page("", &format!("/AA<</O{script}>>")).bytes()),
        case("page_steps", one, Pdf::page("", &format!("/PresSteps<</NA{script}>>")).bytes()),
        case(
            "inherited_entries",
            one,
            Pdf::page("", "")
                .changed(
                    2,
                    &format!("<</Type/Pages/Kids[3 0 R]/Count 1/AA<</O{script}>>/PieceInfo<</X({MARK})>>>>"),
                )
                .bytes(),
        ),
        case(
            "widget_action",
            one,
            annotation(&format!("/Subtype/Widget/FT/Btn/T(b)/A{script}/AA<</D{script}>>")).bytes(),
        ),
        case(
            "field_aa",
            one,
            Pdf::page("/AcroForm<</Fields[9 0 R]>>", "/Annots[10 0 R]")
                .with(9, &format!("<</FT/Tx/T(total)/Kids[10 0 R]/AA<</K{script}/F{script}>>>>"))
                .with(10, "<</Type/Annot/Subtype/Widget/Parent 9 0 R/Rect[0 0 9 9]>>")
                .bytes(),
        ),
        case("file_attachment", one, attachment(annotation("/Subtype/FileAttachment/FS 19 0 R")).bytes()),
        case("annotation_files", one, attachment(annotation("/Subtype/Square/AF[19 0 R]")).bytes()),
        case(
            "next_chain",
            one,
            link(&format!("<</S/GoTo/D[3 0 R/Fit]/Next<</S/GoTo/D[3 0 R/Fit]/Next[{script}{script}]>>>>")),
        ),
        case("action_array", one, link(&format!("[{script}{script}]"))),
        case("action_of_unknown_kind", one, link(&format!("<</S/Whatever/X({MARK})>>"))),
        case(
            "action_kind_elsewhere",
            one,
            annotation("/Subtype/Link/A<</S 9 0 R/JS 11 0 R>>")
                .with(9, "/JavaScript")
                .with(11, &format!("({MARK})"))
                .bytes(),
        ),
        case("remote_destination", one, link(&format!("<</S/GoTo/D[({MARK})/Fit]>>"))),
        case("unknown_destination", one, link(&format!("<</S/GoTo/D({MARK})>>"))),
        case(
            "previous_action",
            one,
            annotation(&format!("/Subtype/Link/Dest[3 0 R/Fit]/PA<</S/URI/URI({MARK})>>")).bytes(),
        ),
        case("rich_media", one, media("RichMedia", "/RichMediaContent<</Assets<</Names[(x)9 0 R]>>>>")),
        case("movie", one, media("Movie", &format!("/Movie<</F({MARK})>>"))),
        case("sound", one, media("Sound", "/Sound 9 0 R")),
        case(
            "screen",
            one,
            media("Screen", &format!("/A<</S/Rendition/R<</Type/Rendition/C<</D({MARK})>>>>/JS({MARK})>>")),
        ),
        case("three_d", one, media("3D", "/3DD 9 0 R")),
        case("trap_net", one, media("TrapNet", &format!("/X({MARK})"))),
        case("unknown_annotation", one, media("Invented", &format!("/X({MARK})"))),
        case(
            "annotation_rich_text",
            one,
            annotation(&format!("/Subtype/FreeText/DA(/F1 9 Tf)/RC({MARK})")).bytes(),
        ),
        case(
            "popup_is_an_attachment",
            one,
            attachment(annotation("/Subtype/Text/Popup 11 0 R"))
                .with(11, "<</Subtype/FileAttachment/FS 19 0 R>>")
                .bytes(),
        ),
        case(
            "appearance_with_script",
            one,
            annotation("/Subtype/Square/AP<</N 9 0 R>>")
                .stream(
                    9,
                    &format!("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/AA<</X{script}>>"),
                    b"0 0 9 9 re f",
                )
                .bytes(),
        ),
        case(
            "two_uses",
            one,
            Pdf::page("", "/Annots[10 0 R]/Group 10 0 R")
                .with(10, &format!("<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A{script}>>"))
                .bytes(),
        ),
    ];
    for (name, kind) in [
        ("launch", "Launch"),
        ("submit_form", "SubmitForm"),
        ("go_to_r", "GoToR"),
        ("go_to_e", "GoToE"),
        ("uri", "URI"),
        ("named_action", "Named"),
        ("import_data", "ImportData"),
        ("hide", "Hide"),
        ("layers_action", "SetOCGState"),
    ] {
        cases.push(case(name, one, action(kind)));
    }
    cases
}

fn spellings() -> Vec<Case> {
    let one = Fate::Cleaned(1);
    let escaped = format!("/Open#41ction<</#53/Java#53cript/#4A#53({MARK})>>");
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02X}")).collect();
    vec![
        case("escaped_names", one, Pdf::page(&escaped, "").bytes()),
        case(
            "escaped_js_in_a_font",
            one,
            Pdf::page("", "")
                .changed(5, &format!("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/#4A#53({MARK})>>"))
                .bytes(),
        ),
        case("hex_text", one, Pdf::page(&format!("/OpenAction<</S/JavaScript/JS<{hex}>>>"), "").bytes()),
        case(
            "comments_between",
            one,
            Pdf::page(&format!("/OpenAction%x\n<</S%>>\n/JavaScript/JS%\n({MARK})>>"), "").bytes(),
        ),
        case(
            "key_twice",
            one,
            Pdf::page(
                &format!(
                    "/OpenAction null/OpenAction<</S/JavaScript/JS({MARK})>>/OpenAction null/JS({MARK})"
                ),
                "",
            )
            .bytes(),
        ),
        case(
            "script_in_object_stream",
            one,
            Pdf::page("/OpenAction 9 0 R", "").with(9, &script()).bytes_in_streams("[1 4 1]"),
        ),
        case(
            "script_as_stream",
            one,
            Pdf::page("/OpenAction<</S/JavaScript/JS 9 0 R>>", "").packed(9, "", MARK.as_bytes()).bytes(),
        ),
        case(
            "external_stream",
            one,
            Pdf::page("", "").changed(4, &format!("<</Length 0/F({MARK})>>\nstream\n\nendstream")).bytes(),
        ),
        case(
            "reference_xobject",
            one,
            Pdf::page("", "")
                .changed(3, &Pdf::page_object("").replace("/Resources<<", "/Resources<</XObject<</X 9 0 R>>"))
                .stream(
                    9,
                    &format!("/Subtype/Form/BBox[0 0 9 9]/Ref<</F({MARK})/Page 0>>/OPI<</X({MARK})>>"),
                    b"q Q",
                )
                .bytes(),
        ),
        case(
            "postscript_xobject",
            one,
            Pdf::page("", "")
                .changed(
                    3,
                    &Pdf::page_object("")
                        .replace("/Resources<<", "/Resources<</XObject<</X 9 0 R/Y 10 0 R>>"),
                )
                .stream(9, "/Subtype/PS", MARK.as_bytes())
                .stream(10, "/Subtype/Form/Subtype2/PS/BBox[0 0 9 9]", MARK.as_bytes())
                .bytes(),
        ),
        case("behind_the_packed_data", one, {
            let mut data = deflate(CONTENT.as_bytes());
            data.extend_from_slice(MARK.as_bytes());
            Pdf::page("", "").without(4).stream(4, "/Filter/FlateDecode", &data).bytes()
        }),
        case(
            "unknown_encoding",
            one,
            Pdf::page("", "")
                .changed(3, &Pdf::page_object("").replace("/Resources<<", "/Resources<</XObject<</X 9 0 R>>"))
                .stream(9, "/Filter/Invented", MARK.as_bytes())
                .bytes(),
        ),
    ]
}

fn ascii85(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for group in data.chunks(4) {
        let mut bytes = [0; 4];
        bytes[..group.len()].copy_from_slice(group);
        let mut value = u32::from_be_bytes(bytes);
        let mut digits = [0; 5];
        for digit in digits.iter_mut().rev() {
            *digit = b'!' + u8::try_from(value % 85).unwrap();
            value /= 85;
        }
        out.extend_from_slice(&digits[..=group.len()]);
    }
    out.extend_from_slice(b"~>");
    out
}
