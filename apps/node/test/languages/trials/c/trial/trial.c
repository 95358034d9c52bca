/* Does what the body of a request says and answers how it went, so that a test sees what C programs can rely on. */
#include <errno.h>
#include <kinode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static kn_address child(const char *name) {
  kn_address address = kn_our();
  address.process.process = kn_text(name);
  return address;
}

/* Answers at once. */
static void echo(void) {
  for (;;) {
    kn_message message;
    kn_receive(&message);
    if (message.kind == KN_REQUEST) kn_reply(&message, (kn_response){.body = message.body});
  }
}

/* Answers after as many milliseconds as asked for, many at a time: the timer's response answers the right request. */
static void slow(void) {
  for (;;) {
    kn_message message;
    kn_receive(&message);
    if (message.kind == KN_REQUEST) kn_timer(strtoull(kn_c_string(message.body), NULL, 10), message.body);
    else kn_reply(&message, (kn_response){.body = message.context});
  }
}

static void start(const char *name) {
  kn_capability timer;
  if (!kn_messaging("timer:distro:sys", &timer)) kn_fail("%b", kn_error());
  kn_grant grant = {timer.issuer.process, KN("\"messaging\"")};
  kn_child new = {
    .name = kn_text(name),
    .program = kn_package_file("trial.wasm"),
    .capabilities = {&timer, 1},
    .grants = &grant,
    .grant_count = 1,
  };
  if (kn_spawn(new, NULL) == KN_NO_FILE) kn_fail("%b", kn_error());
}

static kn_bytes flood(int count, size_t size) {
  char *body = kn_alloc(size + 1);
  int wrong = 0;
  uint64_t before = kn_now();
  for (int i = 0; i < count; i++) {
    kn_mark mark = kn_mark_now();
    kn_message answer;
    if (size > 0) body[(size_t)i % size] = (char)i;
    kn_bytes sent = {body, size};
    if (!kn_ask((kn_request){.target = child("trial-echo"), .body = sent}, &answer) || !kn_equal(answer.body, sent)) wrong++;
    kn_release(mark);
  }
  uint64_t each = (kn_now() - before) * 10000 / (uint64_t)(count > 0 ? count : 1);
  return kn_format("%d wrong, %U.%U µs each", wrong, each / 10, each % 10);
}

static kn_bytes random_hex(size_t count) {
  uint8_t *bytes = kn_alloc(count);
  char *text = kn_alloc(2 * count + 1);
  if (getentropy(bytes, count) != 0) return kn_text("no randomness");
  for (size_t i = 0; i < count; i++) {
    text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
  }
  return (kn_bytes){text, 2 * count};
}

static kn_bytes time_and_zone(void) {
  time_t now = time(NULL);
  char zone[16];
  strftime(zone, sizeof zone, "%Z", localtime(&now));
  return kn_format("%U %s", kn_now(), zone);
}

static kn_bytes host(void) {
  extern char **environ;
  int count = 0;
  while (environ && environ[count]) count++;
  FILE *file = fopen("/etc/passwd", "r");
  return kn_format("%d %s", count, file ? "opened" : strerror(errno));
}

static kn_bytes slept(uint64_t milliseconds) {
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  kn_sleep(milliseconds);
  clock_gettime(CLOCK_MONOTONIC, &after);
  return kn_format("%D", (int64_t)(after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000);
}

static int deeper(volatile int *above) {
  volatile int here[64] = {*above + 1};
  return deeper(here) + here[0];
}

static void handle(const kn_message *message) {
  char *name = strtok(kn_c_string(message->body), " ");
  char *first = strtok(NULL, " "), *second = strtok(NULL, " ");
  unsigned long number = first ? strtoul(first, NULL, 10) : 0, size = second ? strtoul(second, NULL, 10) : 0;
  kn_bytes answer = kn_text("unknown command");
  if (!name) name = "";
  if (strcmp(name, "await") == 0) {
    kn_send((kn_request){.target = child("trial-slow"), .body = kn_text(first), .timeout = 30});
    return;
  }
  if (strcmp(name, "flood") == 0) answer = flood((int)number, size);
  if (strcmp(name, "random") == 0) answer = random_hex(number);
  if (strcmp(name, "now") == 0) answer = time_and_zone();
  if (strcmp(name, "host") == 0) answer = host();
  if (strcmp(name, "sleep") == 0) answer = slept(number);
  if (strcmp(name, "panic") == 0) kn_fail("as asked");
  if (strcmp(name, "overflow") == 0) answer = kn_format("%d", deeper(&(volatile int){0}));
  kn_reply(message, (kn_response){.body = answer});
}

void kn_main(void) {
  if (kn_is(kn_our().process.process, "trial-echo")) echo();
  if (kn_is(kn_our().process.process, "trial-slow")) slow();
  start("trial-echo");
  start("trial-slow");
  for (;;) {
    kn_message message;
    kn_receive(&message);
    if (message.kind == KN_REQUEST) handle(&message);
    else kn_reply(&message, (kn_response){.body = message.body});
  }
}
