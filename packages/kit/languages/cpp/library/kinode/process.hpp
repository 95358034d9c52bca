/* A process's state, children and time. */
#pragma once

#include "base.hpp"

#include <vector>

namespace kinode {

/* What was saved last, also in an earlier life of the process. */
inline std::optional<std::string_view> load_state() {
  kn_bytes state;
  return kn_load_state(&state) ? std::optional(view(state)) : std::nullopt;
}
/* Is on disk when it returns. */
inline void save_state(std::string_view state) { kn_save_state(raw(state)); }
inline void clear_state() { kn_clear_state(); }

struct Child {
  std::optional<std::string_view> name{}; /* not set: the kernel finds a number */
  std::string_view program;               /* see package_file */
  kn_on_exit on_exit = KN_FORGET;
  std::vector<kn_capability> capabilities{}; /* of ours, for the child */
  std::vector<kn_grant> grants{};            /* who may message the child, besides us */
  bool is_public = false;

  /* The child's address, also when a process of this name is there already. */
  Result<Address> spawn() const {
    kn_process_id id{};
    auto result = try_spawn(&id);
    if (result == KN_NO_FILE) return Result<Address>::last_failure();
    Address child = our();
    child.process = result == KN_SPAWNED ? view(id.process) : *name;
    return child;
  }

  kn_spawn_result try_spawn(kn_process_id *id) const {
    return kn_spawn({raw_or_none(name), raw(program), on_exit, {capabilities.data(), capabilities.size()}, grants.data(),
                     grants.size(), is_public},
                    id);
  }
};

inline void sleep(std::uint64_t milliseconds) { kn_sleep(milliseconds); }

} // namespace kinode
