//! What may not be in a file that is sent on, and what may.

use super::object::Dictionary;

/// Keys that are dropped in every dictionary, wherever it stands.
pub(super) const FORBIDDEN_KEYS: &[&str] = &[
    "AA",
    "AF",
    "Alternates",
    "Collection",
    "EF",
    "EmbeddedFile",
    "EmbeddedFiles",
    "JS",
    "JavaScript",
    "LastModified",
    "Launch",
    "NeedsRendering",
    "OPI",
    "OpenAction",
    "PA",
    "Perms",
    "PieceInfo",
    "PresSteps",
    "Ref",
    "RichMediaContent",
    "RichMediaSettings",
    "Threads",
    "URI",
    "XFA",
];

/// The only action that stays is `GoTo`; these are what a dictionary with `/S` must not be.
pub(super) const FORBIDDEN_ACTIONS: &[&str] = &[
    "GoTo3DView",
    "GoToDp",
    "GoToE",
    "GoToR",
    "Hide",
    "ImportData",
    "JavaScript",
    "Launch",
    "Movie",
    "Named",
    "NOP",
    "Rendition",
    "ResetForm",
    "RichMediaExecute",
    "SetOCGState",
    "SetState",
    "Sound",
    "SubmitForm",
    "Thread",
    "Trans",
    "URI",
];

/// Annotations that play, carry or start something.
pub(super) const FORBIDDEN_SUBTYPES: &[&str] =
    &["3D", "FileAttachment", "Movie", "PS", "RichMedia", "Screen", "Sound", "TrapNet"];

/// Dictionaries that are nothing but a way to something else.
pub(super) const FORBIDDEN_TYPES: &[&str] = &[
    "3D",
    "Catalog",
    "EmbeddedFile",
    "F",
    "Filespec",
    "MediaClip",
    "MediaCriteria",
    "ObjStm",
    "Page",
    "Pages",
    "Rendition",
    "RichMediaContent",
    "Template",
    "XRef",
];

/// Annotations that only show something.
pub(super) const ANNOTATION_SUBTYPES: &[&str] = &[
    "Caret",
    "Circle",
    "FreeText",
    "Highlight",
    "Ink",
    "Line",
    "Link",
    "Polygon",
    "PolyLine",
    "Popup",
    "PrinterMark",
    "Redact",
    "Square",
    "Squiggly",
    "Stamp",
    "StrikeOut",
    "Text",
    "Underline",
    "Watermark",
    "Widget",
];

/// Keys of annotations and form fields.
pub(super) const ANNOTATION_KEYS: &[&str] = &[
    "A",
    "AP",
    "AS",
    "BE",
    "BS",
    "Border",
    "C",
    "CA",
    "CL",
    "Contents",
    "CreationDate",
    "DA",
    "DR",
    "DS",
    "DV",
    "Dest",
    "F",
    "FT",
    "Ff",
    "H",
    "I",
    "IC",
    "IRT",
    "IT",
    "InkList",
    "Kids",
    "L",
    "LE",
    "LL",
    "LLE",
    "LLO",
    "M",
    "MK",
    "MaxLen",
    "NM",
    "Name",
    "OC",
    "Open",
    "Opt",
    "OverlayText",
    "P",
    "Parent",
    "Popup",
    "Q",
    "QuadPoints",
    "RD",
    "RO",
    "RT",
    "Rect",
    "Repeat",
    "Subj",
    "Subtype",
    "Sy",
    "T",
    "TI",
    "TM",
    "TU",
    "Type",
    "V",
    "Vertices",
    "ca",
];

pub(super) const OUTLINE_KEYS: &[&str] =
    &["A", "C", "Count", "Dest", "F", "First", "Last", "Next", "Parent", "Prev", "Title", "Type"];

/// Keys of the catalog that are copied as they are; `Pages`, `Names` and the like are made anew.
pub(super) const CATALOG_KEYS: &[&str] =
    &["Lang", "OCProperties", "OutputIntents", "PageLabels", "PageLayout", "ViewerPreferences"];

pub(super) const PAGE_KEYS: &[&str] = &[
    "ArtBox",
    "BleedBox",
    "BoxColorInfo",
    "Contents",
    "CropBox",
    "Group",
    "MediaBox",
    "Resources",
    "Rotate",
    "Tabs",
    "TrimBox",
    "Type",
    "UserUnit",
];

/// What a page takes from its parents.
pub(super) const INHERITED_KEYS: &[&str] = &["Resources", "MediaBox", "CropBox", "Rotate"];

/// Keys of a stream that say how it is stored; they are written anew.
pub(super) const STORAGE_KEYS: &[&str] =
    &["DL", "DecodeParms", "F", "FDecodeParms", "FFilter", "Filter", "Length"];

pub(super) fn is_in(list: &[&str], name: &[u8]) -> bool {
    list.iter().any(|known| known.as_bytes() == name)
}

/// Why a whole dictionary is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Action,
    Annotation,
    EmbeddedFile,
    Other(&'static str),
}

/// Whether a dictionary may not be there at all. `name` gives an entry that is a name, followed.
pub(super) fn verdict<'o>(
    dictionary: &'o Dictionary,
    is_stream: bool,
    name: impl Fn(&'o Dictionary, &str) -> Option<&'o [u8]>,
) -> Option<Reason> {
    if let Some(kind) = name(dictionary, "Type") {
        if kind == b"Filespec" || kind == b"F" || kind == b"EmbeddedFile" {
            return Some(Reason::EmbeddedFile);
        }
        if let Some(known) = FORBIDDEN_TYPES.iter().find(|known| known.as_bytes() == kind) {
            return Some(Reason::Other(known));
        }
    }
    if dictionary.get("EF").is_some() {
        return Some(Reason::EmbeddedFile);
    }
    if let Some(action) = name(dictionary, "S")
        && is_in(FORBIDDEN_ACTIONS, action)
    {
        return Some(Reason::Action);
    }
    if let Some(subtype) = name(dictionary, "Subtype")
        && is_in(FORBIDDEN_SUBTYPES, subtype)
    {
        return Some(if subtype == b"PS" { Reason::Other("PostScript") } else { Reason::Annotation });
    }
    if is_stream && name(dictionary, "Subtype2") == Some(b"PS") {
        return Some(Reason::Other("PostScript"));
    }
    (is_stream && dictionary.has("F")).then_some(Reason::Other("external stream"))
}
