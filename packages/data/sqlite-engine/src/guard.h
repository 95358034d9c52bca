// What statements of a guest may do. Source: spec/runtime-modules.md §4.8 rows 2 and 4.

__attribute__((import_module("kinode:sqlite-engine/watch@0.1.0"), import_name("should-stop"))) uint32_t should_stop(void);

enum { MAY_WRITE = 1, WANTS_ROWS = 2, OF_HOST = 4, VACUUMS = 8 };

// Flags of the call in progress.
static uint32_t caller;

// Instructions of SQLite's machine between two questions to the host.
#define STEPS_PER_LOOK 20000

static int on_progress(void *unused) {
  (void)unused;
  return (int)should_stop();
}

static int is_one_of(const char *name, const char *const *names) {
  for (; *names != NULL; names++) {
    if (sqlite3_stricmp(name, *names) == 0) return 1;
  }
  return 0;
}

static int may_use_pragma(const char *name, const char *value) {
  static const char *const reading[] = {
      "application_id",  "collation_list", "compile_options", "data_version",    "encoding",    "foreign_key_check",
      "foreign_key_list", "foreign_keys",  "freelist_count",  "function_list",   "index_info",  "index_list",
      "index_xinfo",     "integrity_check", "module_list",    "page_count",      "page_size",   "pragma_list",
      "quick_check",     "schema_version", "table_info",      "table_list",      "table_xinfo", "user_version",
      NULL,
  };
  // These take the name of what they tell about.
  static const char *const asking[] = {
      "foreign_key_check", "foreign_key_list", "index_info",  "index_list",  "index_xinfo",
      "integrity_check",   "quick_check",      "table_info",  "table_list",  "table_xinfo", NULL,
  };
  static const char *const setting[] = {"application_id", "foreign_keys", "user_version", NULL};
  if (!is_one_of(name, reading)) return 0;
  if (value == NULL || is_one_of(name, asking)) return 1;
  return (caller & MAY_WRITE) != 0 && is_one_of(name, setting);
}

static int authorize(void *unused, int action, const char *first, const char *second, const char *schema,
                     const char *trigger) {
  (void)unused, (void)schema, (void)trigger;
  if (caller & OF_HOST) return SQLITE_OK;
  switch (action) {
    case SQLITE_READ:
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
    case SQLITE_FUNCTION:
      return SQLITE_OK;
    case SQLITE_ATTACH:
      // VACUUM attaches a file without a name, in memory, for itself, and works on it in a transaction.
      return first != NULL && first[0] == 0 && (caller & VACUUMS) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_TRANSACTION:
      return (caller & VACUUMS) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_DETACH:
    case SQLITE_SAVEPOINT:
      return SQLITE_DENY;
    case SQLITE_PRAGMA:
      return may_use_pragma(first, second) ? SQLITE_OK : SQLITE_DENY;
    default:
      return (caller & MAY_WRITE) ? SQLITE_OK : SQLITE_DENY;
  }
}

// Bytes of one value, and of one statement.
#define MAX_VALUE_BYTES (16 * 1024 * 1024)

static int is_vacuum(const char *sql, uint32_t length) {
  while (length > 0 && isspace((unsigned char)*sql)) sql++, length--;
  return length >= 6 && sqlite3_strnicmp(sql, "vacuum", 6) == 0;
}

static void install_guard(sqlite3 *db) {
  sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
  sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, MAX_VALUE_BYTES);
  sqlite3_set_authorizer(db, authorize, NULL);
  sqlite3_progress_handler(db, STEPS_PER_LOOK, on_progress, NULL);
}
