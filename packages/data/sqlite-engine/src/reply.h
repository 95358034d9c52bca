// The bytes of an answer, in one buffer that lives until the next call.

struct reply {
  uint8_t *bytes;
  uint32_t length;
};

static struct reply reply;
static uint32_t reply_capacity;
// Above this an answer is an error: it would only fill memory here and in the node.
#define MAX_REPLY_BYTES (8u * 1024 * 1024)
// A buffer that grew beyond this is given back before the next answer.
#define KEPT_REPLY_BYTES (256u * 1024)

static void reply_begin(void) {
  if (reply_capacity > KEPT_REPLY_BYTES) {
    free(reply.bytes);
    reply.bytes = NULL;
    reply_capacity = 0;
  }
  reply.length = 0;
}

// Makes room; 0 when there is none.
static int reply_reserve(uint32_t more) {
  if (more > MAX_REPLY_BYTES - reply.length) return 0;
  uint32_t needed = reply.length + more;
  if (needed <= reply_capacity) return 1;
  uint32_t capacity = reply_capacity == 0 ? 1024 : reply_capacity;
  while (capacity < needed) capacity *= 2;
  uint8_t *bytes = realloc(reply.bytes, capacity);
  if (bytes == NULL) return 0;
  reply.bytes = bytes;
  reply_capacity = capacity;
  return 1;
}

static int reply_put(const void *bytes, uint32_t length) {
  if (!reply_reserve(length)) return 0;
  if (length > 0) memcpy(reply.bytes + reply.length, bytes, length);
  reply.length += length;
  return 1;
}

static int reply_u8(uint8_t value) { return reply_put(&value, 1); }
static int reply_u32(uint32_t value) { return reply_put(&value, 4); }
static int reply_text(const void *text, uint32_t length) { return reply_u32(length) && reply_put(text, length); }

static struct reply *reply_done(void) {
  if (reply.length == 0 && !reply_u8(0)) __builtin_trap();
  return &reply;
}

static struct reply *reply_error(const char *text) {
  reply.length = 0;
  if (!reply_u8(1) || !reply_put(text, (uint32_t)strlen(text))) __builtin_trap();
  return &reply;
}
