/* A process's life: its start, its name, state, children, capabilities, time. */
#include "standard.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static kn_address our;
static kn_bytes last_error;

__attribute__((export_name("init"))) void init(const char *text, size_t len) {
  if (!kn_parse_address(kn_keep((kn_bytes){text, len}), &our)) __builtin_trap();
  kn_main();
}

kn_bytes kn_error(void) { return last_error; }

bool kn_false(kn_bytes why) {
  last_error = why;
  return false;
}

/* ---- Names ---- */

kn_address kn_our(void) { return our; }

static bool parse_process(kn_bytes text, kn_process_id *process) {
  const char *first = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;
  const char *end = text.ptr + text.len;
  const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
  if (!second || memchr(second + 1, ':', (size_t)(end - second - 1))) return false;
  *process = (kn_process_id){
    {text.ptr, (size_t)(first - text.ptr)},
    {first + 1, (size_t)(second - first - 1)},
    {second + 1, (size_t)(end - second - 1)},
  };
  return process->process.len > 0 && process->package.len > 0 && process->publisher.len > 0;
}

bool kn_parse_address(kn_bytes text, kn_address *address) {
  const char *sign = text.len > 0 ? memchr(text.ptr, '@', text.len) : NULL;
  size_t node = sign ? (size_t)(sign - text.ptr) : 0;
  kn_address read = {.node = {text.ptr, node}};
  bool good = parse_process(kn_slice(text, sign ? node + 1 : 0, text.len), &read.process) && !(sign && node == 0);
  if (!good) return kn_false(kn_format("%j is no address, e.g. our@vfs:distro:sys", text));
  if (!sign || kn_is(read.node, "our")) read.node = our.node;
  *address = read;
  return true;
}

kn_address kn_local(const char *process) {
  kn_address address;
  if (!kn_parse_address(kn_text(process), &address)) kn_fail("%b", last_error);
  return address;
}

kn_bytes kn_process_text(kn_process_id id) { return kn_format("%b:%b:%b", id.process, id.package, id.publisher); }

kn_bytes kn_package_text(kn_process_id id) { return kn_format("%b:%b", id.package, id.publisher); }

kn_bytes kn_address_text(kn_address address) {
  return kn_format("%b@%b", address.node, kn_process_text(address.process));
}

kn_bytes kn_package_file(const char *path) { return kn_format("/%b/pkg/%s", kn_package_text(our.process), path); }

bool kn_same_process(kn_process_id a, kn_process_id b) {
  return kn_equal(a.process, b.process) && kn_equal(a.package, b.package) && kn_equal(a.publisher, b.publisher);
}

/* ---- Capabilities ---- */

kn_capabilities kn_our_capabilities(void) {
  kn_capabilities capabilities;
  std_our_capabilities(&capabilities);
  return capabilities;
}

void kn_save_capabilities(kn_capabilities capabilities) { std_save_capabilities(capabilities.ptr, capabilities.len); }

void kn_drop_capabilities(kn_capabilities capabilities) { std_drop_capabilities(capabilities.ptr, capabilities.len); }

bool kn_messaging(const char *process, kn_capability *capability) {
  kn_address issuer = kn_local(process);
  kn_capabilities all = kn_our_capabilities();
  for (size_t i = 0; i < all.len; i++) {
    if (!kn_is(all.ptr[i].params, "\"messaging\"")) continue;
    if (!kn_equal(all.ptr[i].issuer.node, issuer.node)) continue;
    if (!kn_same_process(all.ptr[i].issuer.process, issuer.process)) continue;
    *capability = all.ptr[i];
    return true;
  }
  return kn_false(kn_format("we may not message %s; request it in the manifest", process));
}

/* ---- State and children ---- */

bool kn_load_state(kn_bytes *state) {
  option_bytes found;
  std_get_state(&found);
  *state = found.some ? found.val : (kn_bytes){0};
  return found.some || kn_false(kn_text("nothing was saved"));
}

void kn_save_state(kn_bytes state) { std_set_state(state.ptr, state.len); }

void kn_clear_state(void) { std_clear_state(); }

kn_spawn_result kn_spawn(kn_child child, kn_process_id *process) {
  if (child.on_exit == KN_SEND) kn_fail("kn_spawn: a child sets its own requests on exit, with kn_set_on_exit");
  spawned result;
  std_spawn(child.name.ptr != NULL, child.name.ptr, child.name.len, child.program.ptr, child.program.len,
    (int)child.on_exit, NULL, 0, child.capabilities.ptr, child.capabilities.len, child.grants, child.grant_count,
    child.is_public, &result);
  if (!result.is_err) {
    if (process) *process = result.val.ok;
    return KN_SPAWNED;
  }
  kn_false(kn_format(result.val.err == 0 ? "there is a process named %b" : "cannot read the program %b",
    result.val.err == 0 ? child.name : child.program));
  return result.val.err == 0 ? KN_NAME_TAKEN : KN_NO_FILE;
}

/* ---- Time ---- */

void kn_sleep(uint64_t milliseconds) {
  struct timespec pause = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
  nanosleep(&pause, NULL);
}

void kn_timer(uint64_t milliseconds, kn_bytes context) {
  kn_send((kn_request){
    .target = kn_local("timer:distro:sys"),
    .body = kn_format("{\"SetTimer\":%U}", milliseconds),
    .timeout = milliseconds / 1000 + 1,
    .context = context,
  });
}

uint64_t kn_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
