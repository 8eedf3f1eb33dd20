/* The C interface between odoo-mcp and its plugins.
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

/* "OMP1" read as a little-endian number. */
#define OMP_MAGIC UINT32_C(0x31504D4F)

/* Another major version is another interface. */
#define OMP_ABI_MAJOR 1

/* A higher minor version only adds fields at the end. */
#define OMP_ABI_MINOR 0

/* The plugin was built so that a panic unwinds and is caught inside it. */
#define OMP_FLAG_PANIC_UNWIND UINT32_C(1)

/* The plugin may be called from several threads at once. */
#define OMP_FLAG_THREAD_SAFE UINT32_C(2)

/* The function that a library exports to say what it is. */
#define OMP_INFO_SYMBOL "omp_info_v1"

/* The function that a library exports to be started. */
#define OMP_INIT_SYMBOL "omp_init_v1"

/* Done; for applies: yes. */
#define OMP_OK 0

/* The step does not apply to this bill. */
#define OMP_NOT_APPLICABLE 1

/* The step failed; out holds {"code", "message"}. */
#define OMP_ERROR 2

/* The whole run is to stop; out holds {"code", "message"}. */
#define OMP_ABORT 3

/* The plugin panicked and caught it; out holds {"code", "message"}. */
#define OMP_PANIC 4

/* The plugin could not read what it was given; out holds {"code", "message"}. */
#define OMP_BAD_INPUT 5

/* The plugin stopped because nobody waited any more. */
#define OMP_CANCELLED 6

/* Bytes that are borrowed for the time of one call. UTF-8 text. */
typedef struct omp_slice {
    const uint8_t *ptr;
    size_t len;
} omp_slice;

/* Bytes that belong to whoever made them: they are given back to the maker's free_buf. */
typedef struct omp_buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
} omp_buf;

/* What a library is, told before anything of it runs but its initialisers. */
typedef struct omp_info {
    uint32_t magic;
    uint16_t abi_major;
    uint16_t abi_minor;
    /* Size of this struct as the plugin knows it. */
    uint32_t struct_size;
    uint32_t flags;
    omp_slice name;
    omp_slice version;
    omp_slice target;
} omp_info;

/* What the host offers. The functions answer for the call that runs on the same thread; anywhere else
 * call returns ERROR and cancelled is not zero. The table lives as long as the process. */
typedef struct omp_host {
    uint32_t struct_size;
    void *host;
    /* Writes a line to the server's log. Levels: 1 error, 2 warning, 3 information, 4 debugging. */
    void (*log)(void *host, int32_t level, omp_slice message);
    /* Asks for something that the plugin's capabilities allow; the answer is freed with free_buf. */
    int32_t (*call)(void *host, omp_slice request, omp_buf *out);
    /* Not zero: nobody waits for the result any more. */
    int32_t (*cancelled)(void *host);
    void (*free_buf)(omp_buf *buf);
} omp_host;

/* What the plugin offers; init fills it in. */
typedef struct omp_plugin {
    uint32_t struct_size;
    void *state;
    /* Writes {"steps": [{"name", "sequence", "on_error", "timeout_ms", "description"}]}. */
    int32_t (*describe)(void *state, omp_buf *out);
    /* Does this step concern the bill? OK or NOT_APPLICABLE. */
    int32_t (*applies)(void *state, uint32_t step, omp_slice context);
    /* Runs a step; writes {"data": {...}, "abort": null | {"reason": "..."}, "log": {...}}. */
    int32_t (*execute)(void *state, uint32_t step, omp_slice context, omp_buf *out);
    void (*free_buf)(omp_buf *buf);
} omp_plugin;

typedef const omp_info *omp_info_fn(void);
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const omp_info *omp_info_v1(void);

typedef int32_t omp_init_fn(const omp_host *host, omp_plugin *out);
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility("default")))
#endif
int32_t omp_init_v1(const omp_host *host, omp_plugin *out);

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
