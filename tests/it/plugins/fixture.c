/* The plugin of the tests: it does what the context asks for, and each definition breaks one promise.
 * Its constructor leaves a marker, so that a plugin that was refused proves that none of it ran. */
#define _GNU_SOURCE
#include "odoo_mcp_plugin.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef NAME
#define NAME "fixture"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef STEPS
#define STEPS "{\"name\":\"" NAME ".run\",\"sequence\":600,\"timeout_ms\":2000}"
#endif
#ifndef FLAGS
#define FLAGS OMP_FLAG_PANIC_UNWIND
#endif

#if defined(NOTE_MAJOR)
__attribute__((section(".omp.abi"), used)) static const uint8_t note[8] = {
    'O', 'M', 'P', '1', NOTE_MAJOR, 0, 0, 0,
};
#elif !defined(NO_NOTE)
OMP_ABI_NOTE
#endif

static const omp_host *host;

#ifdef MARKER
__attribute__((constructor)) static void leave_a_marker(void)
{
    FILE *file = fopen(MARKER, "w");
    if (file != 0)
        fclose(file);
}
#endif

#ifdef INFO_VERSION
#define SAID_VERSION INFO_VERSION
#else
#define SAID_VERSION VERSION
#endif
#ifdef INFO_TARGET
#define SAID_TARGET INFO_TARGET
#else
#define SAID_TARGET OMP_TARGET
#endif

static const omp_info info = {
    OMP_MAGIC, OMP_ABI_MAJOR, OMP_ABI_MINOR, sizeof(omp_info), FLAGS,
    OMP_TEXT(NAME), OMP_TEXT(SAID_VERSION), OMP_TEXT(SAID_TARGET),
};

#ifdef TEXT_RELOCATIONS
/* An absolute address in code has to be written there while the library is loaded. */
__asm__(".text\n.globl fixture_absolute\nfixture_absolute:\n.quad omp_info_v1\n");
#endif

const omp_info *omp_info_v1(void)
{
    return &info;
}

static int32_t put(omp_buf *out, int32_t code, const char *text)
{
    size_t len = strlen(text);
    out->ptr = malloc(len + 1);
    memcpy(out->ptr, text, len + 1);
    out->len = len;
    out->cap = len + 1;
    return code;
}

static void free_buf(omp_buf *buf)
{
    if (buf == 0 || buf->ptr == 0)
        return;
    free(buf->ptr);
    buf->ptr = 0;
    buf->len = buf->cap = 0;
}

static int32_t describe(void *state, omp_buf *out)
{
    (void)state;
    return put(out, OMP_OK, "{\"steps\":[" STEPS "]}");
}

static int wants(omp_slice context, const char *word)
{
    return memmem(context.ptr, context.len, word, strlen(word)) != 0;
}

static int32_t applies(void *state, uint32_t step, omp_slice context)
{
    (void)state;
    (void)step;
    return wants(context, "\"never\"") ? OMP_NOT_APPLICABLE : OMP_OK;
}

/* JSON with one long text or deep nesting. */
static int32_t put_long(omp_buf *out, const char *before, char filler, size_t count, const char *after)
{
    size_t head = strlen(before), tail = strlen(after);
    char *text = malloc(head + count + tail + 1);
    memcpy(text, before, head);
    memset(text + head, filler, count);
    memcpy(text + head + count, after, tail + 1);
    int32_t code = put(out, OMP_OK, text);
    free(text);
    return code;
}

static int32_t ask(omp_slice context, omp_buf *out)
{
    const char *start = memmem(context.ptr, context.len, "\"ask\":", 6);
    omp_slice request = { (const uint8_t *)start + 6, 0 };
    omp_buf answer = { 0, 0, 0 };
    char *text;
    int depth = 0;
    /* The request is the object after the key. */
    for (const uint8_t *at = request.ptr; at < context.ptr + context.len; at++) {
        depth += (*at == '{') - (*at == '}');
        if (depth == 0) {
            request.len = (size_t)(at - request.ptr) + 1;
            break;
        }
    }
    int32_t code = host->call(host->host, request, &answer);
    text = malloc(answer.len + 100);
    sprintf(text, "{\"data\":{\"code\":%d,\"answer\":%.*s}}", code, (int)answer.len, (const char *)answer.ptr);
    host->free_buf(&answer);
    code = put(out, OMP_OK, text);
    free(text);
    return code;
}

static volatile int spinning = 1;

static int32_t execute(void *state, uint32_t step, omp_slice context, omp_buf *out)
{
    (void)state;
    (void)step;
    if (wants(context, "\"panic\""))
        return put(out, OMP_PANIC, "{\"code\":\"panic\",\"message\":\"told to\"}");
    if (wants(context, "\"error\""))
        return put(out, OMP_ERROR, "{\"code\":\"no_vendor\",\"message\":\"told to\"}");
    if (wants(context, "\"stop\""))
        return put(out, OMP_ABORT, "{\"code\":\"stop\",\"message\":\"told to\"}");
    if (wants(context, "\"loop\""))
        while (spinning)
            usleep(1000);
    if (wants(context, "\"wait\"")) {
        while (!host->cancelled(host->host))
            usleep(1000);
        return OMP_CANCELLED;
    }
    if (wants(context, "\"nap\""))
        usleep(30000);
    if (wants(context, "\"abort\""))
        abort();
    if (wants(context, "\"segfault\""))
        *(volatile int *)0 = 1;
    if (wants(context, "\"print\""))
        printf("this is not a message of ours\n"), fflush(stdout);
    if (wants(context, "\"large\""))
        return put_long(out, "{\"data\":{\"x\":\"", 'x', 9 * 1024 * 1024, "\"}}");
    if (wants(context, "\"deep\""))
        return put_long(out, "{\"data\":{\"x\":", '[', 100, "}}");
    if (wants(context, "\"not_utf8\""))
        return put(out, OMP_OK, "{\"data\":{\"x\":\"\xff\"}}");
    if (wants(context, "\"garbage\""))
        return put(out, OMP_OK, "garbage");
    if (wants(context, "\"ask\":"))
        return ask(context, out);
    if (wants(context, "\"look\"")) {
        /* What a locked-in process can still reach. */
        char text[200];
        FILE *passwords = fopen("/etc/passwd", "r");
        FILE *file = fopen("written-by-a-plugin", "w");
        const char *home = getenv("PATH");
        snprintf(text, sizeof text, "{\"data\":{\"reads\":%d,\"writes\":%d,\"environment\":%d,\"pid\":%d}}",
                 passwords != 0, file != 0, home != 0, (int)getpid());
        return put(out, OMP_OK, text);
    }
    return put(out, OMP_OK, "{\"data\":{\"version\":\"" VERSION "\"},\"abort\":null,\"log\":{\"seen\":true}}");
}

#ifndef NO_INIT
int32_t omp_init_v1(const omp_host *given, omp_plugin *out)
{
    host = given;
#ifdef INIT_CODE
    return INIT_CODE;
#endif
#ifdef INIT_FOREVER
    while (spinning)
        usleep(1000);
#endif
#ifdef SIGNALS
    signal(SIGSEGV, SIG_IGN);
#endif
    out->struct_size = sizeof *out;
    out->state = 0;
    out->describe = describe;
    out->applies = applies;
    out->execute = execute;
    out->free_buf = free_buf;
    return OMP_OK;
}
#endif

#ifdef UNRESOLVED
int nobody_defines_this(void);
int uses_it(void) { return nobody_defines_this(); }
#endif
