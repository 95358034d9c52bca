/* Files of the node: vfs:distro:sys. */
#pragma once

#include "base.hpp"
#include "json.hpp"

namespace kinode {

class File {
public:
  explicit File(std::string path) : path_(std::move(path)) {}
  const std::string &path() const { return path_; }

  bool exists() const { return kn_file_exists(raw(path_)); }
  /* Valid until the next receive(). */
  Result<std::string_view> read() const {
    kn_bytes contents;
    return kn_file_read(raw(path_), &contents) ? Result(view(contents)) : Result<std::string_view>::last_failure();
  }
  Done write(std::string_view contents) const { return done(kn_file_write(raw(path_), raw(contents))); }
  /* Makes the file if it is not there. */
  Done append(std::string_view contents) const { return done(kn_file_append(raw(path_), raw(contents))); }
  Done remove() const { return done(kn_file_remove(raw(path_))); }
  Result<std::uint64_t> size() const {
    std::uint64_t bytes;
    return kn_file_size(raw(path_), &bytes) ? Result(bytes) : Result<std::uint64_t>::last_failure();
  }

private:
  std::string path_;
};

/* A folder of our own package that the node made for us. */
class Drive {
public:
  /* Makes it if it is not there. */
  static Result<Drive> open(const char *name) {
    kn_bytes path;
    return kn_drive(name, &path) ? Result(Drive(std::string(view(path)))) : Result<Drive>::last_failure();
  }
  const std::string &path() const { return path_; }
  File file(std::string_view name) const { return File(path_ + "/" + std::string(name)); }
  Done make_folder(std::string_view name) const { return done(kn_folder_make(raw(file(name).path()))); }
  /* An array of {"path", "file_type"}. */
  Result<Json> entries() const {
    kn_json entries;
    return kn_folder_list(raw(path_), &entries) ? Result(Json(entries)) : Result<Json>::last_failure();
  }

private:
  explicit Drive(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

} // namespace kinode
