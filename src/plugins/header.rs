//! What a library is, read from its bytes without running any of them.

use object::{
    Architecture, BinaryFormat, Object as _, ObjectKind, ObjectSection as _, ObjectSymbol as _,
    elf::{self, FileHeader64},
    read::elf::{Dyn as _, ElfFile64, FileHeader as _, ProgramHeader as _},
};
use odoo_mcp_plugin_host::{ABI_MAJOR, ABI_MINOR, TARGET};

use super::reason::{Reason, Refusal};

/// What a library exports.
const SYMBOLS: [&str; 2] = ["omp_info_v1", "omp_init_v1"];
/// The section that tells the interface without running anything.
const ABI_SECTION: &str = ".omp.abi";
const MAGIC: [u8; 4] = *b"OMP1";
/// Longest table of what a library needs.
const DYNAMIC_ENTRIES_MAX: usize = 10_000;

/// Beginnings of the names of libraries that every program has anyway.
const NEEDED_ALLOWED: &[&str] = &[
    "libc.so",
    "libc.musl-",
    "libm.so",
    "libdl.so",
    "libpthread.so",
    "librt.so",
    "libgcc_s.so",
    "ld-linux",
    "ld-musl-",
    "ld64.so",
    "ld.so",
];

/// The target triple that this server was built for.
pub fn host_target() -> &'static str {
    TARGET
}

fn rejected(message: impl Into<String>) -> Refusal {
    Refusal::new(Reason::HeaderRejected, message)
}

/// Checks a library of this machine's format against the interface that its manifest names.
pub(super) fn check(bytes: &[u8], abi: (u16, u16)) -> Result<(), Refusal> {
    let file = object::File::parse(bytes).map_err(|_| rejected("the library is no library at all"))?;
    if file.format() != BinaryFormat::native_object() {
        return Err(rejected("the library is for another operating system"));
    }
    if Some(file.architecture()) != host_architecture() || !file.is_64() || !file.is_little_endian() {
        return Err(rejected("the library is for another machine"));
    }
    if file.kind() != ObjectKind::Dynamic {
        return Err(rejected("the file is no shared library"));
    }
    if let object::File::Elf64(elf) = &file {
        check_elf(elf, bytes)?;
    }
    check_symbols(&file)?;
    check_abi(&file, abi)
}

fn host_architecture() -> Option<Architecture> {
    match () {
        () if cfg!(target_arch = "x86_64") => Some(Architecture::X86_64),
        () if cfg!(target_arch = "aarch64") => Some(Architecture::Aarch64),
        () => None,
    }
}

fn check_symbols(file: &object::File<'_>) -> Result<(), Refusal> {
    let exports = |wanted: &str| match file.format() {
        BinaryFormat::Elf => file
            .dynamic_symbols()
            .any(|symbol| symbol.is_definition() && symbol.name_bytes() == Ok(wanted.as_bytes())),
        _ => file.symbols().any(|symbol| {
            let name = symbol.name().unwrap_or_default();
            symbol.is_global() && name.strip_prefix('_').unwrap_or(name) == wanted
        }),
    };
    match SYMBOLS.into_iter().find(|symbol| !exports(symbol)) {
        Some(missing) => {
            Err(Refusal::new(Reason::SymbolMissing, format!("the library does not export `{missing}`")))
        }
        None => Ok(()),
    }
}

fn check_abi(file: &object::File<'_>, expected: (u16, u16)) -> Result<(), Refusal> {
    let section = file
        .section_by_name(ABI_SECTION)
        .and_then(|section| section.data().ok())
        .ok_or_else(|| rejected(format!("the library has no section `{ABI_SECTION}`")))?;
    let &[m0, m1, m2, m3, major_low, major_high, minor_low, minor_high] = section else {
        return Err(rejected(format!("the section `{ABI_SECTION}` is not 8 bytes long")));
    };
    if [m0, m1, m2, m3] != MAGIC {
        return Err(rejected(format!("the section `{ABI_SECTION}` does not begin as it should")));
    }
    let found = (u16::from_le_bytes([major_low, major_high]), u16::from_le_bytes([minor_low, minor_high]));
    if found != expected {
        return Err(Refusal::new(
            Reason::AbiMismatch,
            format!(
                "the library speaks interface {}.{} and its manifest says {}.{}",
                found.0, found.1, expected.0, expected.1
            ),
        ));
    }
    check_spoken(found)
}

/// Does this server speak that version of the interface?
pub(super) fn check_spoken((major, minor): (u16, u16)) -> Result<(), Refusal> {
    // As a range, because the lint against comparisons that are always true knows today's minor version.
    if major == ABI_MAJOR && (0..=ABI_MINOR).contains(&minor) {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::AbiMismatch,
        format!("the plugin speaks interface {major}.{minor}, this server {ABI_MAJOR}.{ABI_MINOR}"),
    ))
}

/// What the loader will read: segments and the dynamic table, not the sections beside them.
fn check_elf(file: &ElfFile64<'_, object::Endianness>, bytes: &[u8]) -> Result<(), Refusal> {
    let endian = file.endian();
    let header: &FileHeader64<object::Endianness> = file.elf_header();
    let segments = header
        .program_headers(endian, bytes)
        .map_err(|_| rejected("the segments of the library cannot be read"))?;
    let mut stack_is_said = false;
    let mut dynamic = None;
    for segment in segments {
        let flags = segment.p_flags(endian);
        let executable = flags.contains(elf::PF_X);
        match segment.p_type(endian) {
            elf::PT_INTERP => return Err(rejected("the file is a program, not a library")),
            elf::PT_GNU_STACK if executable => return Err(rejected("the library wants an executable stack")),
            elf::PT_GNU_STACK => stack_is_said = true,
            elf::PT_LOAD if executable && flags.contains(elf::PF_W) => {
                return Err(rejected("a segment of the library is both writable and executable"));
            }
            elf::PT_DYNAMIC if dynamic.is_some() => {
                return Err(rejected("the library has two dynamic tables"));
            }
            elf::PT_DYNAMIC => {
                dynamic = segment
                    .dynamic(endian, bytes)
                    .map_err(|_| rejected("the dynamic table of the library cannot be read"))?;
            }
            _ => {}
        }
    }
    // Without that segment the loader makes the stack executable.
    if !stack_is_said {
        return Err(rejected("the library does not say that its stack is not executable"));
    }
    let dynamic = dynamic.ok_or_else(|| rejected("the library has no dynamic table"))?;
    let entries: Vec<(elf::DynamicTag, u64)> = dynamic
        .iter()
        .take(DYNAMIC_ENTRIES_MAX)
        .map(|entry| (entry.d_tag(endian), entry.d_val(endian)))
        .take_while(|(tag, _)| *tag != elf::DT_NULL)
        .collect();
    let strings_at = entries.iter().find(|(tag, _)| *tag == elf::DT_STRTAB).map(|(_, value)| *value);
    let text_at = |offset: u64| {
        let address = strings_at?.checked_add(offset)?;
        let segment = segments.iter().find(|segment| {
            let start = segment.p_vaddr(endian);
            segment.p_type(endian) == elf::PT_LOAD
                && (start..start.saturating_add(segment.p_filesz(endian))).contains(&address)
        })?;
        let place = segment.p_offset(endian).checked_add(address - segment.p_vaddr(endian))?;
        let rest = bytes.get(usize::try_from(place).ok()?..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(rest.get(..end)?).ok()
    };
    for (tag, value) in &entries {
        match *tag {
            elf::DT_RPATH | elf::DT_RUNPATH => {
                return Err(rejected("the library names directories of its own to load from"));
            }
            elf::DT_TEXTREL => return Err(rejected("the library changes its own code while it is loaded")),
            elf::DT_FLAGS if value & elf::DF_TEXTREL.0 != 0 => {
                return Err(rejected("the library changes its own code while it is loaded"));
            }
            elf::DT_AUDIT | elf::DT_DEPAUDIT | elf::DT_AUXILIARY | elf::DT_FILTER => {
                return Err(rejected("the library brings other libraries with it"));
            }
            elf::DT_FLAGS_1 if value & elf::DF_1_PIE.0 != 0 => {
                return Err(rejected("the file is a program, not a library"));
            }
            elf::DT_NEEDED => {
                let name =
                    text_at(*value).ok_or_else(|| rejected("what the library needs cannot be read"))?;
                if name.contains('/') || !NEEDED_ALLOWED.iter().any(|allowed| name.starts_with(allowed)) {
                    let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
                    return Err(rejected(format!("the library needs `{shown}`, which plugins may not use")));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
