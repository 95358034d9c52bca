// Statements that were prepared before, the most recently used ones. Preparing costs more than running a small one.

#define CACHED_COUNT 24
#define MAX_CACHED_SQL_BYTES 4096

struct cached {
  sqlite3_stmt *statement;
  uint32_t length;
  // Rights under which it was prepared: the guard looked at it with these.
  uint32_t rights;
  uint32_t used;
};

static struct cached cache[CACHED_COUNT];
static uint32_t uses;

// Takes a statement out of the cache; NULL when it is not there.
static sqlite3_stmt *take_cached(const char *sql, uint32_t length, uint32_t rights) {
  for (int i = 0; i < CACHED_COUNT; i++) {
    struct cached *entry = &cache[i];
    if (entry->statement == NULL || entry->length != length || entry->rights != rights) continue;
    if (memcmp(sqlite3_sql(entry->statement), sql, length) != 0) continue;
    sqlite3_stmt *statement = entry->statement;
    entry->statement = NULL;
    return statement;
  }
  return NULL;
}

// Keeps a statement for the next time, in the place of the one that was used longest ago.
static void keep_cached(sqlite3_stmt *statement, uint32_t length, uint32_t rights) {
  struct cached *oldest = &cache[0];
  for (int i = 0; i < CACHED_COUNT; i++) {
    if (cache[i].statement == NULL) {
      oldest = &cache[i];
      break;
    }
    if (cache[i].used < oldest->used) oldest = &cache[i];
  }
  sqlite3_finalize(oldest->statement);
  // Both before it is used again: parameters point into memory that is given back now, and an open read would hold locks.
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  *oldest = (struct cached){statement, length, rights, ++uses};
}

static void drop_cached(void) {
  for (int i = 0; i < CACHED_COUNT; i++) {
    sqlite3_finalize(cache[i].statement);
    cache[i].statement = NULL;
  }
}
