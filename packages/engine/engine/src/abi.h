/*
 * The canonical ABI of `kinode:process/standard@1.0.0` and `kinode:script/source@0.1.0`, written by hand:
 * structs laid out as WIT records, the imported functions, and the memory the host writes results into.
 * Source: wit/kinode-process-1.0.0, wit/script; spec/kernel.md §1.2 (order of fields), §1.3 (functions).
 */
#ifndef KINODE_ABI_H
#define KINODE_ABI_H

/* string and list<u8> */
typedef struct { uint8_t *ptr; uint32_t len; } Text;
typedef struct { uint8_t some; Text value; } OptionText;
typedef struct { void *ptr; uint32_t len; } List;

typedef struct { Text process_name, package_name, publisher_node; } ProcessId;
typedef struct { Text node; ProcessId process; } Address;
typedef struct { Address issuer; Text params; } Capability;
typedef struct { ProcessId process; Text params; } Grant;
typedef struct { OptionText mime; Text bytes; } Blob;
typedef struct { uint8_t some; Blob value; } OptionBlob;
typedef struct { uint8_t some; uint64_t value; } OptionU64;

typedef struct { uint8_t inherit; OptionU64 expects_response; Text body; OptionText metadata; List capabilities; } Request;
typedef struct { uint8_t inherit; Text body; OptionText metadata; List capabilities; } Response;
typedef struct { Response response; OptionText context; } ResponseAndContext;
typedef struct { uint8_t tag; union { Request request; ResponseAndContext response; } as; } Message;
typedef struct { Address source; Message message; } Received;
typedef struct { uint8_t kind; Address target; Message message; OptionBlob blob; } SendError;
typedef struct { SendError error; OptionText context; } SendErrorAndContext;

typedef struct { uint8_t is_error; union { Received message; SendErrorAndContext failure; } as; } ReceiveResult;
typedef struct { uint8_t is_error; union { Received message; SendError failure; } as; } AwaitResult;
typedef struct { uint8_t is_error; union { ProcessId process; uint8_t error; } as; } SpawnResult;

typedef struct { Address target; Request request; OptionText context; OptionBlob blob; } OutgoingRequest;
typedef struct { Address target; Request request; OptionBlob blob; } AwaitedRequest;
typedef AwaitedRequest OnExitRequest;
typedef struct { uint8_t tag; List requests; } OnExit;

_Static_assert(sizeof(Request) == 56 && sizeof(Message) == 64 && sizeof(Received) == 96, "layout of messages");
_Static_assert(sizeof(SendErrorAndContext) == 144 && sizeof(ReceiveResult) == 152, "layout of receive");
_Static_assert(sizeof(OutgoingRequest) == 128 && sizeof(AwaitedRequest) == 112, "layout of requests");

#define STANDARD(name) __attribute__((import_module("kinode:process/standard@1.0.0"), import_name(name))) extern
#define EXPORT(name) __attribute__((export_name(name)))

STANDARD("print-to-terminal") void wit_print_to_terminal(uint32_t verbosity, const uint8_t *text, uint32_t length);
STANDARD("our") void wit_our(Address *result);
STANDARD("get-on-exit") void wit_get_on_exit(OnExit *result);
STANDARD("set-on-exit") void wit_set_on_exit(uint32_t tag, const void *requests, uint32_t count);
STANDARD("get-state") void wit_get_state(OptionText *result);
STANDARD("set-state") void wit_set_state(const uint8_t *bytes, uint32_t length);
STANDARD("clear-state") void wit_clear_state(void);
STANDARD("spawn") void wit_spawn(uint32_t has_name, const uint8_t *name, uint32_t name_length,
    const uint8_t *path, uint32_t path_length, uint32_t on_exit_tag, const void *on_exit_requests, uint32_t on_exit_count,
    const void *requested, uint32_t requested_count, const void *granted, uint32_t granted_count, uint32_t is_public,
    SpawnResult *result);
STANDARD("save-capabilities") void wit_save_capabilities(const void *capabilities, uint32_t count);
STANDARD("drop-capabilities") void wit_drop_capabilities(const void *capabilities, uint32_t count);
STANDARD("our-capabilities") void wit_our_capabilities(List *result);
STANDARD("receive") void wit_receive(ReceiveResult *result);
STANDARD("has-blob") uint32_t wit_has_blob(void);
STANDARD("get-blob") void wit_get_blob(OptionBlob *result);
STANDARD("last-blob") void wit_last_blob(OptionBlob *result);
STANDARD("send-request") void wit_send_request(const OutgoingRequest *request);
STANDARD("send-requests") void wit_send_requests(const OutgoingRequest *requests, uint32_t count);
STANDARD("send-response") void wit_send_response(uint32_t inherit, const uint8_t *body, uint32_t body_length,
    uint32_t has_metadata, const uint8_t *metadata, uint32_t metadata_length, const void *capabilities, uint32_t capability_count,
    uint32_t has_blob, uint32_t has_mime, const uint8_t *mime, uint32_t mime_length, const uint8_t *bytes, uint32_t bytes_length);
STANDARD("send-and-await-response") void wit_send_and_await_response(const AwaitedRequest *request, AwaitResult *result);

__attribute__((import_module("kinode:script/source@0.1.0"), import_name("get")))
extern void wit_script_source(OptionText *result);
__attribute__((import_module("kinode:script/source@0.1.0"), import_name("compiled")))
extern void wit_script_compiled(OptionText *result);
__attribute__((import_module("kinode:script/source@0.1.0"), import_name("keep")))
extern void wit_script_keep(const uint8_t *code, uint32_t length);

/*
 * Results: the host asks for memory through cabi_realloc while it lowers a result. Small pieces come from an arena that is
 * emptied before the next call; a large one is a block of its own, so that an ArrayBuffer can take it over without a copy.
 */
#define ARENA_BYTES 8192
#define OWN_BLOCK_BYTES 1024

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(16)));
static uint32_t arena_used;
static void **own_blocks;
static uint32_t own_block_count, own_block_capacity;

static void *allocate_own_block(size_t size) {
    if (own_block_count == own_block_capacity) {
        uint32_t capacity = own_block_capacity ? own_block_capacity * 2 : 16;
        void **grown = realloc(own_blocks, capacity * sizeof *grown);
        if (!grown) __builtin_trap();
        own_blocks = grown;
        own_block_capacity = capacity;
    }
    void *block = js_malloc_rt(engine_runtime, size);
    if (!block) __builtin_trap(); /* memory limit reached while a message was being delivered */
    own_blocks[own_block_count++] = block;
    return block;
}

EXPORT("cabi_realloc")
void *cabi_realloc(void *old, size_t old_size, size_t alignment, size_t size) {
    if (size == 0) return (void *)alignment;
    void *result;
    uint32_t start = (arena_used + alignment - 1) & ~(alignment - 1);
    if (size < OWN_BLOCK_BYTES && start + size <= ARENA_BYTES) {
        arena_used = start + size;
        result = arena + start;
    } else {
        result = allocate_own_block(size);
    }
    if (old_size) memcpy(result, old, old_size < size ? old_size : size);
    return result;
}

/* Call before every import that returns memory. What the last result left behind is gone after it. */
static void forget_results(void) {
    arena_used = 0;
    while (own_block_count) js_free_rt(engine_runtime, own_blocks[--own_block_count]);
}

/* Hands a block of its own to the caller; false if `pointer` lies in the arena. */
static bool take_own_block(void *pointer) {
    for (uint32_t i = own_block_count; i-- > 0;) {
        if (own_blocks[i] == pointer) {
            own_blocks[i] = own_blocks[--own_block_count];
            return true;
        }
    }
    return false;
}

#endif
