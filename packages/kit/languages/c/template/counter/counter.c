/*
 * Counts, remembers in a file, and asks a child process; shows the count on a page of its own.
 * From the node's terminal: m our@counter:my-package:template.os '"Count"' -a 5
 */
#include <kinode.h>
#include <stdlib.h>
#include <string.h>

static uint64_t count;
static kn_bytes notes;       /* path of the file */
static kn_address worker;    /* our child */

/* ---- State: the count, as decimal text ---- */

static void load(void) {
  kn_bytes saved;
  if (kn_load_state(&saved)) count = strtoull(kn_c_string(saved), NULL, 10);
}

static void count_one(void) {
  count += 1;
  kn_save_state(kn_format("%U", count));
}

/* ---- Requests of other processes ---- */

static kn_bytes error(const char *what) { return kn_format("{\"Error\":%j}", kn_text(what)); }

static kn_bytes remember(kn_bytes text) {
  uint64_t size;
  bool done = kn_file_append(notes, kn_format("%b\n", text)) && kn_file_size(notes, &size);
  return done ? kn_format("{\"Remembered\":%U}", size) : kn_format("{\"Error\":%j}", kn_error());
}

static kn_bytes recall(void) {
  kn_bytes text = {0};
  if (kn_file_exists(notes) && !kn_file_read(notes, &text)) return kn_format("{\"Error\":%j}", kn_error());
  return kn_format("{\"Recalled\":%j}", text.ptr ? text : kn_text(""));
}

/* The answer comes as a message of its own: until then others are served. */
static void ask_worker(kn_bytes question) {
  kn_send((kn_request){.target = worker, .body = question, .context = question, .timeout = 5});
}

static void handle_request(const kn_message *message) {
  kn_json request = kn_json_parse(message->body);
  kn_bytes text, answer;
  if (kn_json_is(request, "Count")) {
    count_one();
    answer = kn_format("{\"Count\":%U}", count);
  } else if (kn_json_is(request, "Recall")) {
    answer = recall();
  } else if (kn_json_string(kn_json_get(request, "Remember"), &text)) {
    answer = remember(text);
  } else if (kn_json_string(kn_json_get(request, "Ask"), &text)) {
    if (message->wants_response) ask_worker(text);
    return;
  } else {
    answer = error("expected \"Count\", \"Recall\", {\"Remember\": text} or {\"Ask\": text}");
  }
  kn_reply(message, (kn_response){.body = answer});
}

/* The worker's response: the context says what the question was, the reply goes to who asked us. */
static void handle_response(const kn_message *message) {
  if (!message->context.ptr) return;
  kn_bytes answer = kn_format("{\"Answer\":{\"question\":%j,\"answer\":%j}}", message->context, message->body);
  kn_reply(message, (kn_response){.body = answer});
}

static void handle_failure(const kn_message *message) {
  if (message->context.ptr) kn_reply(message, (kn_response){.body = error("the worker did not answer")});
}

static void show_page(const kn_message *message) {
  static const char page[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\"><title>my-package</title>"
    "<h1>Hello from C</h1><p>Counted to %U.</p></html>";
  kn_http_respond(message, 200, "text/html; charset=utf-8", kn_format(page, count));
}

/* ---- The two kinds of process this program is ---- */

static void run_worker(void) {
  for (;;) {
    kn_message message;
    kn_receive(&message);
    if (message.kind != KN_REQUEST) continue;
    char *text = kn_c_string(message.body);
    for (size_t i = 0; i < message.body.len; i++)
      if (text[i] >= 'a' && text[i] <= 'z') text[i] -= 'a' - 'A';
    kn_reply(&message, (kn_response){.body = {text, message.body.len}});
  }
}

static void start_worker(void) {
  kn_child child = {.name = KN("counter-worker"), .program = kn_package_file("counter.wasm")};
  if (kn_spawn(child, NULL) == KN_NO_FILE) kn_fail("no worker: %b", kn_error());
  worker = kn_our();
  worker.process.process = child.name;
}

static void run_counter(void) {
  kn_bytes drive;
  load();
  if (!kn_drive("notes", &drive)) kn_fail("no drive: %b", kn_error());
  notes = kn_keep(kn_format("%b/notes.txt", drive));
  start_worker();
  if (!kn_http_bind("/", (kn_http_access){0})) kn_print("no page: %b", kn_error());
  kn_homepage_add("my-package", "/");
  for (;;) {
    kn_message message;
    kn_http_request web;
    kn_receive(&message);
    if (kn_is_http(&message, &web)) show_page(&message);
    else if (message.kind == KN_REQUEST) handle_request(&message);
    else if (message.kind == KN_RESPONSE) handle_response(&message);
    else handle_failure(&message);
  }
}

void kn_main(void) {
  if (kn_ends_with(kn_our().process.process, "-worker")) run_worker();
  else run_counter();
}
