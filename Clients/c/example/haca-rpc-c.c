/* Calls a server's Echo and Health services: one line of output for each command, exit 0 when all succeed. */
#include "haca_rpc.h"

#include "operations.pb-c.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef Haca__Operations__V1__EchoMessage echo_message;

#define ECHO_SERVICE "/haca.operations.v1.Echo/"
#define ECHO_TYPE (&haca__operations__v1__echo_message__descriptor)

enum { MAXIMUM_PAYLOAD = 64 * 1024 * 1024 };

struct session {
    haca_rpc_connection *connection;
    haca_rpc_call_options options;
};

static int report(const char *command, haca_rpc_status status)
{
    if (status.code == HACA_RPC_OK)
        return 0;
    printf("%s: status %u%s: %s\n", command, status.code, status.refused ? " (refused)" : "", status.message);
    return 1;
}

static echo_message *as_echo(ProtobufCMessage *message)
{
    return (echo_message *)message;
}

static void release(echo_message *message)
{
    haca__operations__v1__echo_message__free_unpacked(message, NULL);
}

/* A request that carries `bytes` bytes of a pattern, whose storage the caller frees. */
static echo_message make_request(uint64_t count, size_t bytes, uint8_t **storage)
{
    echo_message request = HACA__OPERATIONS__V1__ECHO_MESSAGE__INIT;
    *storage = malloc(bytes + 1);
    if (*storage == NULL)
        exit(70);
    for (size_t index = 0; index < bytes; index++)
        (*storage)[index] = (uint8_t)(index * 31 + index / 251);
    request.count = count;
    request.payload.data = *storage;
    request.payload.len = bytes;
    return request;
}

static bool same_payload(const echo_message *left, const echo_message *right)
{
    return left->payload.len == right->payload.len &&
           (left->payload.len == 0 || memcmp(left->payload.data, right->payload.data, left->payload.len) == 0);
}

static int run_health(struct session *session)
{
    Haca__Operations__V1__HealthRequest request = HACA__OPERATIONS__V1__HEALTH_REQUEST__INIT;
    ProtobufCMessage *answer;
    haca_rpc_status status =
        haca_rpc_unary(session->connection, "/haca.operations.v1.Health/Check", &request.base,
                       &haca__operations__v1__health_report__descriptor, &session->options, &answer);
    if (status.code != HACA_RPC_OK)
        return report("health", status);
    printf("health: %d\n", (int)((Haca__Operations__V1__HealthReport *)answer)->status);
    protobuf_c_message_free_unpacked(answer, NULL);
    return 0;
}

static int run_unary(struct session *session, size_t bytes, uint32_t fail_with)
{
    uint8_t *storage;
    echo_message request = make_request(1, bytes, &storage);
    request.fail_with = fail_with;
    ProtobufCMessage *answer;
    haca_rpc_status status = haca_rpc_unary(session->connection, ECHO_SERVICE "Unary", &request.base, ECHO_TYPE,
                                            &session->options, &answer);
    int result = report("unary", status);
    if (status.code == HACA_RPC_OK) {
        bool same = same_payload(&request, as_echo(answer));
        printf("unary: %zu bytes %s\n", as_echo(answer)->payload.len, same ? "equal" : "DIFFER");
        result = same ? 0 : 1;
        release(as_echo(answer));
    }
    free(storage);
    return result;
}

struct download {
    const echo_message *request;
    uint64_t messages, bytes, stop_after;
    bool same;
};

static bool take_download(const ProtobufCMessage *message, void *context)
{
    struct download *download = context;
    const echo_message *echo = (const echo_message *)message;
    download->messages += 1;
    download->bytes += echo->payload.len;
    download->same = download->same && same_payload(download->request, echo);
    return download->stop_after == 0 || download->messages < download->stop_after;
}

static int run_download(struct session *session, uint64_t count, size_t bytes, uint64_t stop_after)
{
    uint8_t *storage;
    echo_message request = make_request(count, bytes, &storage);
    struct download download = {.request = &request, .same = true, .stop_after = stop_after};
    haca_rpc_status status = haca_rpc_server_stream(session->connection, ECHO_SERVICE "Download", &request.base,
                                                    ECHO_TYPE, &session->options, take_download, &download);
    free(storage);
    printf("download: %" PRIu64 " messages %" PRIu64 " bytes %s\n", download.messages, download.bytes,
           download.same ? "equal" : "DIFFER");
    if (stop_after != 0 && status.code == HACA_RPC_CANCELLED)
        return download.same ? 0 : 1;
    return report("download", status) != 0 || !download.same;
}

static int run_upload(struct session *session, uint64_t count, size_t bytes)
{
    haca_rpc_status status;
    haca_rpc_call *call = haca_rpc_open(session->connection, ECHO_SERVICE "Upload", &session->options, &status);
    if (call == NULL)
        return report("upload", status);
    uint8_t *storage;
    echo_message request = make_request(0, bytes, &storage);
    for (uint64_t sent = 0; sent < count && haca_rpc_send(call, &request.base, false);)
        sent += 1;
    haca_rpc_end_requests(call);
    free(storage);
    ProtobufCMessage *answer = haca_rpc_next(call, ECHO_TYPE);
    ProtobufCMessage *second = answer == NULL ? NULL : haca_rpc_next(call, ECHO_TYPE);
    status = haca_rpc_finish(call);
    if (answer != NULL) {
        printf("upload: %" PRIu64 " messages %" PRIu64 " bytes\n", as_echo(answer)->count, as_echo(answer)->bytes);
        release(as_echo(answer));
    }
    if (second != NULL)
        release(as_echo(second));
    return report("upload", status) != 0 || answer == NULL || second != NULL;
}

static int run_chat(struct session *session, uint64_t count, size_t bytes)
{
    haca_rpc_status status;
    haca_rpc_call *call = haca_rpc_open(session->connection, ECHO_SERVICE "Chat", &session->options, &status);
    if (call == NULL)
        return report("chat", status);
    uint8_t *storage;
    echo_message request = make_request(0, bytes, &storage);
    uint64_t answered = 0;
    bool same = true;
    for (uint64_t turn = 0; turn < count; turn++) {
        request.count = turn;
        if (!haca_rpc_send(call, &request.base, turn + 1 == count))
            break;
        ProtobufCMessage *answer = haca_rpc_next(call, ECHO_TYPE);
        if (answer == NULL)
            break;
        same = same && same_payload(&request, as_echo(answer));
        answered += 1;
        release(as_echo(answer));
    }
    ProtobufCMessage *extra = haca_rpc_next(call, ECHO_TYPE);
    if (extra != NULL) {
        same = false;
        release(as_echo(extra));
    }
    status = haca_rpc_finish(call);
    free(storage);
    printf("chat: %" PRIu64 " turns %s\n", answered, same ? "equal" : "DIFFER");
    return report("chat", status) != 0 || !same || answered != count;
}

static uint64_t number(const char *text, uint64_t maximum)
{
    char *end;
    unsigned long long value = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || *text == '\0' || *end != '\0' || value > maximum) {
        fprintf(stderr, "haca-rpc-c: a number up to %" PRIu64 " is missing\n", maximum);
        exit(64);
    }
    return value;
}

static const char usage[] =
    "usage: haca-rpc-c --network NAME (--tcp HOST:PORT | --unix PATH) [--authority PEM --certificate PEM --key PEM]\n"
    "                  [--server-name NAME] [--timeout MILLISECONDS] [--stream-window BYTES] COMMAND...\n"
    "commands, any number in a row:\n"
    "  health                        the process's health\n"
    "  unary BYTES                   one message there and back\n"
    "  fail CODE                     one call that must end with CODE\n"
    "  download COUNT BYTES          a stream of responses\n"
    "  stop COUNT BYTES AFTER        the same, cancelled after AFTER responses\n"
    "  upload COUNT BYTES            a stream of requests\n"
    "  chat COUNT BYTES              requests and responses in turn\n";

/* Runs the command at words[0]; the words it took, or 0 when it failed. */
static int run_command(struct session *session, char **words)
{
    if (strcmp(words[0], "health") == 0)
        return run_health(session) == 0 ? 1 : 0;
    uint64_t first = number(words[1], UINT32_MAX);
    if (strcmp(words[0], "unary") == 0)
        return run_unary(session, first, 0) == 0 ? 2 : 0;
    if (strcmp(words[0], "fail") == 0)
        return run_unary(session, 10, (uint32_t)first) != 0 ? 2 : 0;
    uint64_t second = number(words[2], MAXIMUM_PAYLOAD);
    if (strcmp(words[0], "download") == 0)
        return run_download(session, first, second, 0) == 0 ? 3 : 0;
    if (strcmp(words[0], "upload") == 0)
        return run_upload(session, first, second) == 0 ? 3 : 0;
    if (strcmp(words[0], "chat") == 0)
        return run_chat(session, first, second) == 0 ? 3 : 0;
    if (strcmp(words[0], "stop") == 0)
        return run_download(session, first, second, number(words[3], UINT32_MAX)) == 0 ? 4 : 0;
    fprintf(stderr, "haca-rpc-c: no command %s\n%s", words[0], usage);
    exit(64);
}

static char *split_port(char *address)
{
    char *colon = strrchr(address, ':');
    if (colon == NULL) {
        fprintf(stderr, "haca-rpc-c: %s has no port\n", address);
        exit(64);
    }
    *colon = '\0';
    return colon + 1;
}

int main(int count, char **words)
{
    static const struct option names[] = {
        {"network", required_argument, NULL, 'n'},     {"tcp", required_argument, NULL, 't'},
        {"unix", required_argument, NULL, 'u'},        {"authority", required_argument, NULL, 'a'},
        {"certificate", required_argument, NULL, 'c'}, {"key", required_argument, NULL, 'k'},
        {"server-name", required_argument, NULL, 's'}, {"timeout", required_argument, NULL, 'd'},
        {"stream-window", required_argument, NULL, 'w'}, {NULL, 0, NULL, 0}};
    haca_rpc_options options = {0};
    struct session session = {0};
    for (int name; (name = getopt_long(count, words, "+", names, NULL)) != -1;) {
        switch (name) {
        case 'n': options.network = optarg; break;
        case 't': options.port = split_port(optarg); options.host = optarg; break;
        case 'u': options.unix_path = optarg; break;
        case 'a': options.authority_file = optarg; break;
        case 'c': options.certificate_file = optarg; break;
        case 'k': options.key_file = optarg; break;
        case 's': options.server_name = optarg; break;
        case 'd': session.options.timeout_milliseconds = number(optarg, UINT32_MAX); break;
        case 'w': options.stream_window = number(optarg, UINT32_MAX); break;
        default: fputs(usage, stderr); return 64;
        }
    }
    if (optind == count) {
        fputs(usage, stderr);
        return 64;
    }
    haca_rpc_status status;
    session.connection = haca_rpc_connect(&options, &status);
    if (session.connection == NULL)
        return report("connect", status) == 0 ? 70 : 69;
    int index = optind;
    while (index < count) {
        int taken = run_command(&session, words + index);
        if (taken == 0)
            break;
        index += taken;
    }
    haca_rpc_close(session.connection);
    return index < count ? 1 : 0;
}
