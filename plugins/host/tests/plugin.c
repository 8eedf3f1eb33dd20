/* A plugin in plain C. It shows that nothing of the interface needs Rust, and it misbehaves on demand:
 * each `BROKEN_...` definition breaks one promise, each step past 3 breaks one at run time. */
#include "odoo_mcp_plugin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef BROKEN_NO_NOTE
OMP_ABI_NOTE
#endif

enum { ECHO, ASK, LOG, THREAD, NULL_WITH_LENGTH, OVERFULL, NOT_UTF8, UNKNOWN_CODE, NO_ANSWER, REFUSES };

static const omp_host *host;
static int outstanding;
static int state;

#if defined(BROKEN_MAGIC)
#define MAGIC 0x12345678
#else
#define MAGIC OMP_MAGIC
#endif
#if defined(BROKEN_MAJOR)
#define MAJOR (OMP_ABI_MAJOR + 1)
#else
#define MAJOR OMP_ABI_MAJOR
#endif
#if defined(BROKEN_MINOR)
#define MINOR (OMP_ABI_MINOR + 1)
#else
#define MINOR OMP_ABI_MINOR
#endif
#if defined(BROKEN_SIZE)
#define SIZE 16
#else
#define SIZE sizeof(omp_info)
#endif
#if defined(BROKEN_FLAG)
#define FLAGS 0
#elif defined(THREAD_SAFE)
#define FLAGS (OMP_FLAG_PANIC_UNWIND | OMP_FLAG_THREAD_SAFE)
#else
#define FLAGS OMP_FLAG_PANIC_UNWIND
#endif
#if defined(BROKEN_NAME_NULL)
#define NAME { 0, 5 }
#elif defined(BROKEN_NAME_LONG)
#define NAME { (const uint8_t *)"c_plugin", 65537 }
#elif defined(BROKEN_NAME_UTF8)
#define NAME OMP_TEXT("\xff")
#else
#define NAME OMP_TEXT("c_plugin")
#endif

static const omp_info info = {
    MAGIC, MAJOR, MINOR, SIZE, FLAGS, NAME, OMP_TEXT("1.2.3"), OMP_TEXT(OMP_TARGET),
};

#ifndef BROKEN_NO_INFO
const omp_info *omp_info_v1(void)
{
#ifdef BROKEN_INFO_NULL
    return 0;
#else
    return &info;
#endif
}
#endif

/* Copies a text into a buffer of ours. */
static void put(omp_buf *out, const void *text, size_t len)
{
    out->ptr = malloc(len + 1);
    memcpy(out->ptr, text, len);
    out->len = len;
    out->cap = len + 1;
    outstanding++;
}

static void free_buf(omp_buf *buf)
{
    if (buf == 0 || buf->ptr == 0)
        return;
    free(buf->ptr);
    buf->ptr = 0;
    buf->len = buf->cap = 0;
    outstanding--;
}

static int32_t describe(void *given, omp_buf *out)
{
    char text[200];
    int len = snprintf(text, sizeof text, "{\"steps\":[],\"state\":%d,\"outstanding\":%d}", given == &state, outstanding);
    omp_slice line = OMP_TEXT("described");
    host->log(host->host, 3, line);
    put(out, text, (size_t)len);
    return OMP_OK;
}

static int32_t applies(void *given, uint32_t step, omp_slice context)
{
    (void)given;
    if (step == UNKNOWN_CODE)
        return -1;
    if (step == REFUSES)
        return OMP_BAD_INPUT;
    return context.len > 2 ? OMP_OK : OMP_NOT_APPLICABLE;
}

struct question {
    omp_slice request;
    omp_buf answer;
    int32_t code;
    int32_t cancelled;
};

static void *ask(void *argument)
{
    struct question *question = argument;
    question->code = host->call(host->host, question->request, &question->answer);
    question->cancelled = host->cancelled(host->host);
    return 0;
}

static int32_t execute(void *given, uint32_t step, omp_slice context, omp_buf *out)
{
    static const char overfull[] = "more than there is room for";
    struct question question = { context, { 0, 0, 0 }, 0, 0 };
    pthread_t thread;
    (void)given;
    switch (step) {
    case ECHO:
        put(out, context.ptr, context.len);
        return OMP_OK;
    case LOG:
        host->log(host->host, 2, context);
        return host->cancelled(host->host) ? OMP_CANCELLED : OMP_OK;
    case ASK:
    case THREAD:
        if (step == ASK)
            ask(&question);
        else if (pthread_create(&thread, 0, ask, &question) != 0 || pthread_join(thread, 0) != 0)
            return OMP_ERROR;
        put(out, question.answer.ptr, question.answer.len);
        host->free_buf(&question.answer);
        /* Once more does no harm. */
        host->free_buf(&question.answer);
        return question.code;
    case NULL_WITH_LENGTH:
        out->len = out->cap = 10;
        return OMP_OK;
    case OVERFULL:
        out->ptr = (uint8_t *)overfull;
        out->len = sizeof overfull;
        out->cap = 1;
        return OMP_OK;
    case NOT_UTF8:
        put(out, "\xff\xfe", 2);
        return OMP_OK;
    case UNKNOWN_CODE:
        put(out, "lost?", 5);
        return 4711;
    case REFUSES:
        put(out, "{\"code\":\"no\",\"message\":\"not today\"}", 35);
        return OMP_ABORT;
    default:
        return OMP_OK;
    }
}

#ifndef BROKEN_NO_INIT
int32_t omp_init_v1(const omp_host *given, omp_plugin *out)
{
    omp_slice line = OMP_TEXT("started");
    if (given->struct_size < sizeof *given)
        return OMP_BAD_INPUT;
    host = given;
    host->log(host->host, 3, line);
#ifdef BROKEN_INIT
    return OMP_ERROR;
#endif
    out->struct_size = sizeof *out;
    out->state = &state;
    out->describe = describe;
    out->applies = applies;
    out->execute = execute;
    out->free_buf = free_buf;
#ifdef BROKEN_TABLE_SIZE
    out->struct_size = 8;
#endif
#ifdef BROKEN_NO_DESCRIBE
    out->describe = 0;
#endif
#ifdef BROKEN_NO_APPLIES
    out->applies = 0;
#endif
#ifdef BROKEN_NO_EXECUTE
    out->execute = 0;
#endif
#ifdef BROKEN_NO_FREE
    out->free_buf = 0;
#endif
    return OMP_OK;
}
#endif

#ifdef BROKEN_UNRESOLVED
int nobody_defines_this(void);
int uses_it(void) { return nobody_defines_this(); }
#endif
