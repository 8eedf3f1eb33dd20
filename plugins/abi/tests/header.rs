//! The C header is made from `src/lib.rs`, and a C compiler agrees with Rust about every size, offset
//! and constant in it. `UPDATE=1 cargo test -p odoo-mcp-plugin-abi` writes it anew.
#![cfg(test)]
#![allow(clippy::disallowed_methods, reason = "the compiler is started, and UPDATE is asked for")]

use std::{
    fs,
    mem::{offset_of, size_of},
    path::{Path, PathBuf},
    process::Command,
};

use odoo_mcp_plugin_abi as abi;

const SOURCE: &str = include_str!("../src/lib.rs");

const OPENING: &str = r#"/* The C interface between odoo-mcp and its plugins.
 *
 * Generated from plugins/abi/src/lib.rs; changes belong there.
 *
 * Texts are UTF-8 and not terminated by a zero. What a function receives as omp_slice is borrowed until
 * it returns. An omp_buf belongs to whoever filled it and goes back to that side's free_buf: the host
 * gives the plugin's buffers to plugin->free_buf, the plugin gives the host's to host->free_buf.
 *
 * A plugin defines omp_info_v1 and omp_init_v1 and writes OMP_ABI_NOTE; once at file level.
 */
#ifndef ODOO_MCP_PLUGIN_H
#define ODOO_MCP_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
"#;

const CLOSING: &str = r#"
/* A text in quotes as omp_slice. */
#define OMP_TEXT(text) { (const uint8_t *)(text), sizeof(text) - 1 }

/* The target triple, where the compiler says enough about it. */
#ifndef OMP_TARGET
#if defined(__x86_64__) || defined(_M_X64)
#define OMP_ARCH "x86_64"
#elif defined(__aarch64__) || defined(_M_ARM64)
#define OMP_ARCH "aarch64"
#endif
#if defined(__linux__) && defined(OMP_ARCH)
#ifdef OMP_MUSL
#define OMP_TARGET OMP_ARCH "-unknown-linux-musl"
#else
#define OMP_TARGET OMP_ARCH "-unknown-linux-gnu"
#endif
#elif defined(__APPLE__) && defined(OMP_ARCH)
#define OMP_TARGET OMP_ARCH "-apple-darwin"
#elif defined(_MSC_VER) && defined(OMP_ARCH)
#define OMP_TARGET OMP_ARCH "-pc-windows-msvc"
#elif defined(_WIN32) && defined(OMP_ARCH)
#define OMP_TARGET OMP_ARCH "-pc-windows-gnu"
#else
#error "define OMP_TARGET as the target triple of this build"
#endif
#endif

/* Eight bytes that say which interface the library speaks, read without running it. */
#if defined(_MSC_VER)
#pragma section(".omp.abi", read)
#define OMP_NOTE_PLACE __declspec(allocate(".omp.abi")) __declspec(dllexport)
#elif defined(__APPLE__)
#define OMP_NOTE_PLACE __attribute__((used, visibility("default"), section("__DATA,__omp.abi")))
#else
#define OMP_NOTE_PLACE __attribute__((used, visibility("default"), section(".omp.abi")))
#endif
#define OMP_ABI_NOTE                                                                  \
    OMP_NOTE_PLACE const uint8_t omp_abi_note[8] = { 'O', 'M', 'P', '1',              \
        OMP_ABI_MAJOR & 0xff, OMP_ABI_MAJOR >> 8, OMP_ABI_MINOR & 0xff, OMP_ABI_MINOR >> 8 };

#ifdef __cplusplus
}
#endif

#endif
"#;

#[test]
fn the_header_is_that_of_the_source() {
    let path = package().join("include/odoo_mcp_plugin.h");
    let made = header();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(made == kept, "the header is not that of src/lib.rs; UPDATE=1 writes it");
}

#[test]
fn c_agrees_about_every_size_offset_and_constant() {
    let checks = [
        number("OMP_MAGIC", abi::MAGIC.into()),
        number("OMP_ABI_MAJOR", abi::ABI_MAJOR.into()),
        number("OMP_ABI_MINOR", abi::ABI_MINOR.into()),
        number("OMP_FLAG_PANIC_UNWIND", abi::FLAG_PANIC_UNWIND.into()),
        number("OMP_FLAG_THREAD_SAFE", abi::FLAG_THREAD_SAFE.into()),
        number("OMP_OK", abi::code::OK.into()),
        number("OMP_NOT_APPLICABLE", abi::code::NOT_APPLICABLE.into()),
        number("OMP_ERROR", abi::code::ERROR.into()),
        number("OMP_ABORT", abi::code::ABORT.into()),
        number("OMP_PANIC", abi::code::PANIC.into()),
        number("OMP_BAD_INPUT", abi::code::BAD_INPUT.into()),
        number("OMP_CANCELLED", abi::code::CANCELLED.into()),
        laid_out("slice", size_of::<abi::Slice>(), align_of::<abi::Slice>()),
        placed("slice", "ptr", offset_of!(abi::Slice, ptr)),
        placed("slice", "len", offset_of!(abi::Slice, len)),
        laid_out("buf", size_of::<abi::Buf>(), align_of::<abi::Buf>()),
        placed("buf", "ptr", offset_of!(abi::Buf, ptr)),
        placed("buf", "len", offset_of!(abi::Buf, len)),
        placed("buf", "cap", offset_of!(abi::Buf, cap)),
        laid_out("info", size_of::<abi::Info>(), align_of::<abi::Info>()),
        placed("info", "magic", offset_of!(abi::Info, magic)),
        placed("info", "abi_major", offset_of!(abi::Info, abi_major)),
        placed("info", "abi_minor", offset_of!(abi::Info, abi_minor)),
        placed("info", "struct_size", offset_of!(abi::Info, struct_size)),
        placed("info", "flags", offset_of!(abi::Info, flags)),
        placed("info", "name", offset_of!(abi::Info, name)),
        placed("info", "version", offset_of!(abi::Info, version)),
        placed("info", "target", offset_of!(abi::Info, target)),
        laid_out("host", size_of::<abi::Host>(), align_of::<abi::Host>()),
        placed("host", "struct_size", offset_of!(abi::Host, struct_size)),
        placed("host", "host", offset_of!(abi::Host, host)),
        placed("host", "log", offset_of!(abi::Host, log)),
        placed("host", "call", offset_of!(abi::Host, call)),
        placed("host", "cancelled", offset_of!(abi::Host, cancelled)),
        placed("host", "free_buf", offset_of!(abi::Host, free_buf)),
        laid_out("plugin", size_of::<abi::Plugin>(), align_of::<abi::Plugin>()),
        placed("plugin", "struct_size", offset_of!(abi::Plugin, struct_size)),
        placed("plugin", "state", offset_of!(abi::Plugin, state)),
        placed("plugin", "describe", offset_of!(abi::Plugin, describe)),
        placed("plugin", "applies", offset_of!(abi::Plugin, applies)),
        placed("plugin", "execute", offset_of!(abi::Plugin, execute)),
        placed("plugin", "free_buf", offset_of!(abi::Plugin, free_buf)),
    ];
    // Nothing of the source may be left out of the list above.
    let fields = SOURCE.lines().filter(|line| line.starts_with("    pub ") && line.contains(':'));
    let constants = SOURCE.lines().filter(|line| line.starts_with("pub const ") && !line.contains("&str"));
    let structs = SOURCE.matches("#[repr(C)]");
    assert_eq!(checks.len(), fields.count() + constants.count() + structs.count());

    let symbols = format!(
        "#define same(a, b) _Static_assert(__builtin_strcmp(a, b) == 0, a)\n\
         same(OMP_INFO_SYMBOL, \"{}\");\nsame(OMP_INIT_SYMBOL, \"{}\");\nsame(OMP_TARGET, \"{}\");\n",
        abi::INFO_SYMBOL,
        abi::INIT_SYMBOL,
        abi::TARGET,
    );
    let text = format!(
        "#include \"odoo_mcp_plugin.h\"\n{symbols}{}\n\
         OMP_ABI_NOTE\n\
         static omp_info_fn *const info = omp_info_v1;\nstatic omp_init_fn *const init = omp_init_v1;\n\
         int used(void) {{ return info != 0 && init != 0; }}\n",
        checks.join("\n")
    );
    compile("header.c", &text);
}

fn number(name: &str, value: i64) -> String {
    format!("_Static_assert({name} == {value}, \"{name}\");")
}

fn laid_out(name: &str, size: usize, align: usize) -> String {
    format!(
        "_Static_assert(sizeof(omp_{name}) == {size} && _Alignof(omp_{name}) == {align}, \"omp_{name}\");"
    )
}

fn placed(name: &str, field: &str, offset: usize) -> String {
    format!("_Static_assert(offsetof(omp_{name}, {field}) == {offset}, \"omp_{name}.{field}\");")
}

fn compile(name: &str, text: &str) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let source = folder.join(name);
    fs::write(&source, text).unwrap();
    let compiled = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-c", "-I"])
        .arg(package().join("include"))
        .arg(&source)
        .arg("-o")
        .arg(folder.join(format!("{name}.o")))
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The whole header.
fn header() -> String {
    let mut made = OPENING.to_owned();
    let mut words: Vec<&str> = Vec::new();
    let mut lines = SOURCE.lines();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if let Some(text) = line.strip_prefix("/// ") {
            words.push(text);
            continue;
        }
        if line.starts_with("#[") {
            continue;
        }
        let words = comment(&std::mem::take(&mut words), "");
        if let Some(constant) = line.strip_prefix("pub const ") {
            made.push_str(&format!("\n{words}{}\n", define(constant)));
        } else if let Some(name) = line.strip_prefix("pub struct ") {
            let name = c_type(name.trim_end_matches(" {"));
            made.push_str(&format!("\n{words}typedef struct {name} {{\n"));
            made.push_str(&fields(&mut lines));
            made.push_str(&format!("}} {name};\n"));
        } else if let Some(alias) = line.strip_prefix("pub type ") {
            made.push_str(&format!("\n{}", function(alias)));
        }
    }
    made.push_str(CLOSING);
    made
}

fn comment(words: &[&str], indent: &str) -> String {
    if words.is_empty() {
        return String::new();
    }
    let plain = words.join(&format!("\n{indent} * ")).replace('`', "");
    format!("{indent}/* {plain} */\n")
}

/// `MAGIC: u32 = 0x3150_4D4F;`
fn define(constant: &str) -> String {
    let (name, rest) = constant.split_once(": ").unwrap();
    let (kind, value) = rest.trim_end_matches(';').split_once(" = ").unwrap();
    let value = match kind {
        "&str" => value.to_owned(),
        "u32" => format!("UINT32_C({})", value.replace('_', "")),
        _ => value.replace('_', ""),
    };
    format!("#define OMP_{name} {value}")
}

/// The fields up to the closing brace; a type may go on over several lines.
fn fields<'a>(lines: &mut impl Iterator<Item = &'a str>) -> String {
    let (mut made, mut words, mut field) = (String::new(), Vec::new(), String::new());
    for line in lines {
        let line = line.trim();
        if line == "}" {
            break;
        }
        if let Some(text) = line.strip_prefix("/// ") {
            words.push(text);
            continue;
        }
        field.push_str(line);
        if line.ends_with(',') && field.matches('(').count() == field.matches(')').count() {
            let (name, kind) = field.trim_end_matches(',').split_once(':').unwrap();
            made.push_str(&comment(&std::mem::take(&mut words), "    "));
            made.push_str(&format!(
                "    {};\n",
                declare(name.trim_start_matches("pub ").trim(), kind.trim())
            ));
            field.clear();
        } else {
            field.push(' ');
        }
    }
    made
}

/// `InfoFn = unsafe extern "C" fn() -> *const Info;` is the type of the function `omp_info_v1`.
fn function(alias: &str) -> String {
    let (name, kind) = alias.trim_end_matches(';').split_once(" = ").unwrap();
    let short = name.trim_end_matches("Fn").to_lowercase();
    let (arguments, returned) = signature(kind);
    format!(
        "typedef {returned}omp_{short}_fn({arguments});\n\
         #if defined(_WIN32)\n__declspec(dllexport)\n#elif defined(__GNUC__)\n\
         __attribute__((visibility(\"default\")))\n#endif\n\
         {returned}omp_{short}_v1({arguments});\n"
    )
}

/// A name with its type, as C declares it.
fn declare(name: &str, kind: &str) -> String {
    match kind.strip_prefix("Option<").and_then(|kind| kind.strip_suffix('>')) {
        Some(function) => {
            let (arguments, returned) = signature(function);
            format!("{returned}(*{name})({arguments})")
        }
        None => format!("{}{name}", spaced(&c_type(kind))),
    }
}

/// The arguments and the result, which ends so that a name can follow.
fn signature(function: &str) -> (String, String) {
    let inside = function.strip_prefix("unsafe extern \"C\" fn(").unwrap();
    let (arguments, rest) = inside.split_once(')').unwrap();
    let arguments: Vec<String> = arguments
        .split(", ")
        .filter(|argument| !argument.is_empty())
        .map(|argument| {
            let (name, kind) = argument.split_once(": ").unwrap();
            format!("{}{name}", spaced(&c_type(kind)))
        })
        .collect();
    let arguments = if arguments.is_empty() { "void".to_owned() } else { arguments.join(", ") };
    let returned = rest.trim().strip_prefix("-> ").map_or("void".to_owned(), c_type);
    (arguments, spaced(&returned))
}

fn spaced(kind: &str) -> String {
    if kind.ends_with('*') { kind.to_owned() } else { format!("{kind} ") }
}

fn c_type(kind: &str) -> String {
    if let Some(target) = kind.strip_prefix("*const ") {
        return format!("const {}*", spaced(&c_type(target)));
    }
    if let Some(target) = kind.strip_prefix("*mut ") {
        return format!("{}*", spaced(&c_type(target)));
    }
    match kind {
        "c_void" => "void".to_owned(),
        "usize" => "size_t".to_owned(),
        "u8" | "u16" | "u32" => format!("uint{}_t", kind.trim_start_matches('u')),
        "i32" => "int32_t".to_owned(),
        name => format!("omp_{}", name.to_lowercase()),
    }
}
