/* my_plugin: how many bills of the vendor are in the books.
 *
 * Replace this by what your plugin does. For more than the few lines of JSON below take a JSON library:
 * compile it in, as a plugin should need no shared libraries but that of C.
 */
#include "odoo_mcp_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OMP_ABI_NOTE

/* Nothing here is shared between calls, so several of them may run at once. Without OMP_FLAG_THREAD_SAFE
 * the server makes one call at a time. C has no panics; the other flag says that none leaves a function. */
static const omp_info info = {
    OMP_MAGIC,
    OMP_ABI_MAJOR,
    OMP_ABI_MINOR,
    sizeof(omp_info),
    OMP_FLAG_PANIC_UNWIND | OMP_FLAG_THREAD_SAFE,
    OMP_TEXT("my_plugin"),
    OMP_TEXT("0.1.0"),
    OMP_TEXT(OMP_TARGET),
};

/* The same as in plugin.toml: the server compares both. */
static const char steps[] =
    "{\"steps\":[{\"name\":\"my_plugin\",\"sequence\":600,\"on_error\":\"skip\",\"timeout_ms\":30000,"
    "\"description\":\"Counts the vendor's earlier bills\"}]}";

static const omp_host *host;

/* Copies a text into a buffer that the server gives back to free_buf. */
static int32_t answer(omp_buf *out, int32_t code, const char *text)
{
    size_t len = strlen(text);
    out->ptr = malloc(len + 1);
    if (out->ptr == NULL)
        return OMP_ERROR;
    memcpy(out->ptr, text, len + 1);
    out->len = len;
    out->cap = len + 1;
    return code;
}

static void free_buf(omp_buf *buf)
{
    free(buf->ptr);
    buf->ptr = NULL;
    buf->len = buf->cap = 0;
}

static int32_t describe(void *state, omp_buf *out)
{
    (void)state;
    return answer(out, OMP_OK, steps);
}

/* The number after `"partner_id":`, with or without the bracket of `[id, "name"]`; 0 when there is none. */
static long vendor_of(omp_slice context)
{
    static const char key[] = "\"partner_id\":";
    char digits[20];
    size_t at, n = 0;
    for (at = 0; at + sizeof key < context.len; at++)
        if (memcmp(context.ptr + at, key, sizeof key - 1) == 0)
            break;
    for (at += sizeof key - 1; at < context.len && n + 1 < sizeof digits; at++) {
        uint8_t c = context.ptr[at];
        if (c >= '0' && c <= '9')
            digits[n++] = (char)c;
        else if (n > 0 || (c != ' ' && c != '['))
            break;
    }
    digits[n] = 0;
    return strtol(digits, NULL, 10);
}

static int32_t applies(void *state, uint32_t step, omp_slice context)
{
    (void)state;
    (void)step;
    return vendor_of(context) > 0 ? OMP_OK : OMP_NOT_APPLICABLE;
}

static int32_t execute(void *state, uint32_t step, omp_slice context, omp_buf *out)
{
    char text[400];
    omp_slice request;
    omp_buf found = { NULL, 0, 0 };
    int32_t code;
    size_t at, bills = 0;
    (void)state;
    if (step != 0)
        return answer(out, OMP_BAD_INPUT, "{\"code\":\"bad_input\",\"message\":\"there is no such step\"}");
    snprintf(text, sizeof text,
             "{\"capability\":\"odoo.read\",\"model\":\"account.move\",\"fields\":[\"name\"],\"limit\":100,"
             "\"domain\":[[\"partner_id\",\"=\",%ld],[\"move_type\",\"=\",\"in_invoice\"],"
             "[\"state\",\"=\",\"posted\"]]}",
             vendor_of(context));
    request.ptr = (const uint8_t *)text;
    request.len = strlen(text);
    /* Needs the capability odoo.read:account.move, see plugin.toml. */
    code = host->call(host->host, request, &found);
    for (at = 0; at + 7 <= found.len; at++)
        if (memcmp(found.ptr + at, "\"name\":", 7) == 0)
            bills++;
    host->free_buf(&found);
    if (code != OMP_OK)
        return answer(out, OMP_ERROR, "{\"code\":\"refused\",\"message\":\"the server refused to read bills\"}");
    snprintf(text, sizeof text, "{\"data\":{\"earlier_bills\":%zu},\"abort\":null,\"log\":{}}", bills);
    return answer(out, OMP_OK, text);
}

const omp_info *omp_info_v1(void)
{
    return &info;
}

int32_t omp_init_v1(const omp_host *given, omp_plugin *out)
{
    if (given == NULL || out == NULL || given->struct_size < sizeof *given)
        return OMP_BAD_INPUT;
    host = given;
    out->struct_size = sizeof *out;
    out->state = NULL;
    out->describe = describe;
    out->applies = applies;
    out->execute = execute;
    out->free_buf = free_buf;
    return OMP_OK;
}
