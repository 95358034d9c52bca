// The heap. Memory that grows is copied by whoever runs it, and that is one step that nothing interrupts: 100 ms at 100 MiB. So
// it grows once: from what ordinary statements need to all there may be. What is not used yet of it costs nothing, but whoever
// runs it counts it when it decides how often to collect garbage. The host counts what is used.

__attribute__((import_module("kinode:sqlite-engine/watch@0.1.0"), import_name("may-have"))) uint32_t may_have(uint32_t bytes);

#define PAGE_BYTES 65536u
#define FIRST_BYTES (8u * 1024 * 1024)
#define HEAP_BYTES (128u * 1024 * 1024)
// The host is asked for so much at a time.
#define GRANT_BYTES (1024u * 1024)
// What the host passes in may be beyond what was granted until it is asked: the longest statement and its parameters.
#define PASSED_BYTES (40u * 1024 * 1024)

// Addresses: up to where the heap goes, what the host has granted, and the end of the memory.
static uintptr_t heap_top, heap_granted, heap_end;
// While the host passes something in it must not be called. Volatile: compilers think that `realloc` does not look at it.
static volatile int may_ask = 1;

static int ask_for(uintptr_t top) {
  uintptr_t wanted = (top + GRANT_BYTES - 1) / GRANT_BYTES * GRANT_BYTES;
  if (!may_have((uint32_t)wanted)) return 0;
  heap_granted = wanted;
  return 1;
}

static int grow_to(uintptr_t end) {
  uintptr_t size = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
  if (size < end && __builtin_wasm_memory_grow(0, (end - size) / PAGE_BYTES) == (size_t)-1) return 0;
  heap_end = end;
  return 1;
}

// Where the allocator gets more from; takes the place of the library's.
void *sbrk(intptr_t increment) {
  if (heap_end == 0) heap_top = heap_end = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
  uintptr_t before = heap_top;
  if (increment == 0) return (void *)before;
  uintptr_t top = before + (uintptr_t)increment;
  int fits = increment > 0 && top > before && top <= HEAP_BYTES;
  if (fits && top > heap_granted) fits = may_ask ? ask_for(top) : top - heap_granted <= PASSED_BYTES;
  if (fits && top > heap_end) fits = grow_to(HEAP_BYTES);
  if (!fits) {
    errno = ENOMEM;
    return (void *)-1;
  }
  heap_top = top;
  return (void *)before;
}

// Takes what ordinary statements need.
static int reserve_heap(void) {
  // The allocator begins with what there is before the first `sbrk`.
  void *first = malloc(1);
  free(first);
  if (heap_end == 0) heap_top = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE_BYTES;
  return grow_to(FIRST_BYTES) && ask_for(heap_top);
}

// Asks for what was taken while the host could not be asked.
static int settle_heap(void) { return heap_top <= heap_granted || ask_for(heap_top); }
