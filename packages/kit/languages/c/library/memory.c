/* The memory of one turn: taken in chunks, forgotten together. Also what the kernel's answers are written to. */
#include "standard.h"
#include <stdlib.h>
#include <string.h>

typedef struct chunk {
  struct chunk *older;
  char *end;
} chunk;

enum { FIRST = 8192, LARGER = 65536, HEAD = 16 };

static _Alignas(16) char first[FIRST];
static chunk *newest; /* NULL: `first` is in use */
static char *at = first;

static char *end_of(void) { return newest ? newest->end : first + FIRST; }

static void *take(size_t size, size_t align) {
  if (align < 16) align = 16;
  char *start = (char *)(((uintptr_t)at + align - 1) & ~(uintptr_t)(align - 1));
  if (start > end_of() || size > (size_t)(end_of() - start)) {
    if (size > SIZE_MAX - HEAD - align) kn_fail("kinode: %u bytes are too many", size);
    size_t whole = HEAD + align + size;
    if (whole < LARGER) whole = LARGER;
    chunk *fresh = malloc(whole);
    if (!fresh) kn_fail("kinode: no memory for %u bytes", whole);
    *fresh = (chunk){newest, (char *)fresh + whole};
    newest = fresh;
    start = (char *)(((uintptr_t)fresh + HEAD + align - 1) & ~(uintptr_t)(align - 1));
  }
  at = start + size;
  return start;
}

void *kn_alloc(size_t size) { return memset(take(size, 16), 0, size); }

kn_mark kn_mark_now(void) { return (kn_mark){newest, at}; }

void kn_release(kn_mark mark) {
  while (newest != mark.chunk) {
    chunk *older = newest->older;
    free(newest);
    newest = older;
  }
  at = mark.at;
}

void kn_forget_turn(void) { kn_release((kn_mark){NULL, first}); }

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  if (size == 0) return (void *)align;
  /* The newest piece grows where it is. */
  if (old_size > 0 && (char *)old + old_size == at && size <= (size_t)(end_of() - (char *)old)) {
    at = (char *)old + size;
    return old;
  }
  void *fresh = take(size, align);
  if (old_size > 0) memcpy(fresh, old, old_size < size ? old_size : size);
  return fresh;
}

/* The adapter keeps what it takes for good. */
__attribute__((export_name("cabi_realloc_adapter"))) void *cabi_realloc_adapter(void *old, size_t old_size, size_t align, size_t size) {
  char *whole = malloc(size + align);
  if (!whole) abort();
  void *fresh = (void *)(((uintptr_t)whole + align - 1) & ~(uintptr_t)(align - 1));
  if (old_size > 0) memcpy(fresh, old, old_size < size ? old_size : size);
  return fresh;
}
