/* Files: requests to vfs:distro:sys. */
#include "standard.h"

bool kn_vfs(kn_bytes path, const char *action, kn_bytes blob, kn_json *answer) {
  kn_message message;
  kn_request request = {
    .target = kn_local("vfs:distro:sys"),
    .body = kn_format("{\"path\":%j,\"action\":%s}", path, action),
    .timeout = 5,
    .blob = blob,
  };
  if (!kn_ask(request, &message)) return false;
  kn_json value = kn_json_parse(message.body), error = kn_json_get(value, "Err");
  kn_bytes text;
  if (answer) *answer = value;
  if (!error.ptr) return value.ptr || kn_false(kn_text("vfs answered something that is not JSON"));
  if (kn_json_string(kn_json_get(error, "IOError"), &text)) return kn_false(kn_format("%b: %b", path, text));
  return kn_false(kn_format("%b: %b", path, (kn_bytes){error.ptr, error.len}));
}

static const kn_bytes none;

bool kn_drive(const char *name, kn_bytes *path) {
  *path = kn_format("/%b/%s", kn_package_text(kn_our().process), name);
  return kn_vfs(*path, "\"CreateDrive\"", none, NULL);
}

bool kn_file_read(kn_bytes path, kn_bytes *contents) {
  *contents = none;
  return kn_vfs(path, "\"Read\"", none, NULL) && kn_blob(contents, NULL);
}

bool kn_file_write(kn_bytes path, kn_bytes contents) { return kn_vfs(path, "\"Write\"", contents, NULL); }

bool kn_file_append(kn_bytes path, kn_bytes contents) {
  return kn_vfs(path, "\"Append\"", contents, NULL) ||
         (kn_vfs(path, "{\"OpenFile\":{\"create\":true}}", none, NULL) && kn_vfs(path, "\"Append\"", contents, NULL));
}

bool kn_file_size(kn_bytes path, uint64_t *bytes) {
  kn_json answer;
  int64_t len;
  if (!kn_vfs(path, "\"Metadata\"", none, &answer)) return false;
  if (!kn_json_integer(kn_json_get(kn_json_get(answer, "Metadata"), "len"), &len))
    return kn_false(kn_text("vfs answered without a size"));
  *bytes = (uint64_t)len;
  return true;
}

bool kn_file_exists(kn_bytes path) { return kn_vfs(path, "\"Metadata\"", none, NULL); }

bool kn_file_remove(kn_bytes path) { return kn_vfs(path, "\"RemoveFile\"", none, NULL); }

bool kn_folder_make(kn_bytes path) { return kn_vfs(path, "\"CreateDirAll\"", none, NULL); }

bool kn_folder_list(kn_bytes path, kn_json *entries) {
  kn_json answer;
  if (!kn_vfs(path, "\"ReadDir\"", none, &answer)) return false;
  *entries = kn_json_get(answer, "ReadDir");
  return true;
}
