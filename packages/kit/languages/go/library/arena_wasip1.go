package kinode

import (
	"runtime"
	"sync"
	"unsafe"
)

// Memory for the arguments and results of calls to the node.
//
// It lies outside the Go heap. The node asks for memory for results while our goroutine stands in the call, and nothing
// may run then but this: an allocation on the heap could start a collection, which parks the goroutine and lets the
// scheduler poll where the node does not expect it. So results land here and are copied out after the call.
var arena struct {
	sync.Mutex // one call at a time: collections while results are copied may let other goroutines run
	inCall     bool
	chunks     []chunk
	// room for the list above, so that a new chunk needs no memory of the heap
	room   [32]chunk
	pinned runtime.Pinner
	pins   int
}

type chunk struct {
	start      unsafe.Pointer
	size, used uintptr
}

const (
	smallestChunk = 64 << 10
	// Arguments from this size on are not copied; the node reads them where they are.
	pinBytes = 16 << 10
)

//go:linkname sbrk runtime.sbrk
func sbrk(size uintptr) unsafe.Pointer

func enter() {
	arena.Lock()
	arena.inCall = true
}

// leave forgets what the call allocated. Everything wanted was copied before.
func leave() {
	for i := range arena.chunks {
		arena.chunks[i].used = 0
	}
	if arena.pins > 0 {
		arena.pinned.Unpin()
		arena.pins = 0
	}
	arena.inCall = false
	arena.Unlock()
}

func allocate(size, align uintptr) unsafe.Pointer {
	total := uintptr(0)
	for i := range arena.chunks {
		c := &arena.chunks[i]
		start := (c.used + align - 1) &^ (align - 1) // chunks begin at multiples of 16
		if start <= c.size && size <= c.size-start {
			c.used = start + size
			return unsafe.Add(c.start, start)
		}
		total += c.size
	}
	return allocateInNewChunk(size, total)
}

// Each chunk is at least as large as all before it, so there are few and at most half is unused.
func allocateInNewChunk(size, total uintptr) unsafe.Pointer {
	bytes := max(smallestChunk, total, (size+0xffff)&^0xffff)
	start := grow(bytes)
	if start == nil && bytes > size {
		bytes = size
		start = grow(bytes)
	}
	if start == nil {
		panic("kinode: out of memory")
	}
	if arena.chunks == nil {
		arena.chunks = arena.room[:0]
	}
	if len(arena.chunks) < len(arena.room) {
		arena.chunks = append(arena.chunks, chunk{start, bytes, size})
	}
	return start
}

func grow(size uintptr) unsafe.Pointer {
	start := sbrk(size + 16)
	if start == nil {
		return nil
	}
	return unsafe.Add(start, -uintptr(start)&15)
}

// The node's way to ask for memory. Outside of calls it wants what stays: the argument of init, or the state of the
// adapter for WASI on other nodes.
//
//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	var fresh unsafe.Pointer
	if arena.inCall {
		fresh = allocate(uintptr(size), uintptr(align))
	} else if fresh = grow(uintptr(size)); fresh == nil {
		panic("kinode: out of memory")
	}
	if oldSize > 0 {
		copy(unsafe.Slice((*byte)(fresh), size), unsafe.Slice((*byte)(old), oldSize))
	}
	return fresh
}

func makeOne[T any]() *T {
	var zero T
	value := (*T)(allocate(unsafe.Sizeof(zero), unsafe.Alignof(zero)))
	*value = zero
	return value
}

func makeList[T any](length int) ([]T, list) {
	if length == 0 {
		return nil, list{}
	}
	var zero T
	start := allocate(unsafe.Sizeof(zero)*uintptr(length), unsafe.Alignof(zero))
	items := unsafe.Slice((*T)(start), length)
	clear(items)
	return items, list{address(start), uint32(length)}
}

func address(pointer unsafe.Pointer) uint32 { return uint32(uintptr(pointer)) }

func putBytes(bytes []byte) list {
	if len(bytes) == 0 {
		return list{1, 0}
	}
	if len(bytes) >= pinBytes {
		arena.pinned.Pin(unsafe.SliceData(bytes))
		arena.pins++
		return list{address(unsafe.Pointer(unsafe.SliceData(bytes))), uint32(len(bytes))}
	}
	start := allocate(uintptr(len(bytes)), 1)
	copy(unsafe.Slice((*byte)(start), len(bytes)), bytes)
	return list{address(start), uint32(len(bytes))}
}

func putString(text string) list { return putBytes(unsafe.Slice(unsafe.StringData(text), len(text))) }

func view(l list) []byte {
	if l.length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(uintptr(l.start))), l.length)
}

func viewList[T any](l list) []T {
	if l.length == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(uintptr(l.start))), l.length)
}

func getString(l list) string { return string(view(l)) }

// getBytes is never nil, so that empty differs from none.
func getBytes(l list) []byte { return append([]byte{}, view(l)...) }
