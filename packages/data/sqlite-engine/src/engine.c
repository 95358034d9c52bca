// SQLite as a component: the functions of the world `kinode:sqlite-engine/engine`, over the files its host gives.
#include "sqlite3.c"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "heap.h"
#include "reply.h"
#include "files.h"
#include "guard.h"
#include "statement-cache.h"
#include "statement.h"

static sqlite3 *database;

// --- memory for what the host passes in ------------------------------------------------------------------------------

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)align;
  if (read_target != NULL && old_size == 0 && size <= read_target_size) {
    return read_target;  // a read of a file goes straight where SQLite wants it
  }
  may_ask = 0;
  void *memory = realloc(old, size);
  may_ask = 1;
  if (memory == NULL) __builtin_trap();
  return memory;
}

// --- exports ---------------------------------------------------------------------------------------------------------

__attribute__((export_name("open"))) struct reply *export_open(void) {
  reply_begin();
  if (database != NULL) return reply_error("it is open already");
  if (!reserve_heap()) return reply_error("out of memory");
  register_files();
  int code = sqlite3_open_v2("main", &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "host");
  if (code == SQLITE_OK) {
    sqlite3_extended_result_codes(database, 0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    // Exclusive, because only one connection exists: then the log needs no shared memory.
    code = sqlite3_exec(database,
                        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                        "PRAGMA journal_size_limit = 4194304;",
                        NULL, NULL, NULL);
  }
  if (code != SQLITE_OK) {
    struct reply *answer = reply_error(database == NULL ? "out of memory" : sqlite3_errmsg(database));
    sqlite3_close_v2(database);
    database = NULL;
    return answer;
  }
  install_guard(database);
  return reply_done();
}

__attribute__((export_name("execute"))) struct reply *export_execute(uint32_t flags, char *sql, uint32_t sql_length,
                                                                     uint8_t *parameters, uint32_t parameters_length) {
  reply_begin();
  struct reply *answer = database == NULL  ? reply_error("it is not open")
                         : !settle_heap() ? reply_error("out of memory")
                                          : execute(database, flags, sql, sql_length, parameters, parameters_length);
  // Empty lists come with a pointer that was never allocated.
  if (sql_length > 0) free(sql);
  if (parameters_length > 0) free(parameters);
  return answer;
}

__attribute__((export_name("execute-each"))) struct reply *export_execute_each(uint32_t flags, char *sql,
                                                                               uint32_t sql_length, uint8_t *sets,
                                                                               uint32_t sets_length) {
  reply_begin();
  struct reply *answer = database == NULL  ? reply_error("it is not open")
                         : !settle_heap() ? reply_error("out of memory")
                                          : execute_each(database, flags, sql, sql_length, sets, sets_length);
  if (sql_length > 0) free(sql);
  if (sets_length > 0) free(sets);
  return answer;
}

__attribute__((export_name("close"))) void export_close(void) {
  drop_cached();
  sqlite3_close_v2(database);
  database = NULL;
}
