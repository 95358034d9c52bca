package kinode

import (
	"time"
	"unsafe"
)

// From Go values to the node's layout. Called between enter and leave.

func flag(value bool) uint8 {
	if value {
		return 1
	}
	return 0
}

// Nil is none.
func putOption(bytes []byte) optionBytes {
	if bytes == nil {
		return optionBytes{}
	}
	return optionBytes{1, putBytes(bytes)}
}

// Empty is none.
func putText(text string) optionBytes {
	if text == "" {
		return optionBytes{}
	}
	return optionBytes{1, putString(text)}
}

func putProcess(id ProcessID) wireProcess {
	return wireProcess{putString(id.Process), putString(id.Package), putString(id.Publisher)}
}

func putAddress(a Address) wireAddress {
	return wireAddress{putString(a.Node), putProcess(a.ProcessID)}
}

func putCapabilities(capabilities []Capability) list {
	items, all := makeList[wireCapability](len(capabilities))
	for i, c := range capabilities {
		items[i] = wireCapability{putAddress(c.Issuer), putString(c.Params)}
	}
	return all
}

func putBlob(blob *Blob) optionBlob {
	if blob == nil {
		return optionBlob{}
	}
	return optionBlob{1, wireBlob{putText(blob.MIME), putBytes(blob.Bytes)}}
}

func putTarget(to *wireTarget, r *Request) {
	to.target = putAddress(r.Target)
	to.request.inherit = flag(r.Inherit)
	if r.Timeout > 0 {
		to.request.expectsResponse = optionU64{1, uint64((r.Timeout + time.Second - 1) / time.Second)}
	}
	to.request.body = putBytes(r.Body)
	to.request.metadata = putText(r.Metadata)
	to.request.capabilities = putCapabilities(r.Capabilities)
}

func putOutgoing(to *wireOutgoing, r *Request) {
	putTarget(&to.wireTarget, r)
	to.context = putOption(r.Context)
	to.blob = putBlob(r.Blob)
}

func putAwaited(to *wireAwaited, r *Request) {
	putTarget(&to.wireTarget, r)
	to.blob = putBlob(r.Blob)
}

func putOnExit(onExit *OnExit) wireOnExit {
	if onExit.Restart {
		return wireOnExit{kind: 1}
	}
	if len(onExit.Requests) == 0 {
		return wireOnExit{kind: 0}
	}
	items, all := makeList[wireAwaited](len(onExit.Requests))
	for i := range onExit.Requests {
		putAwaited(&items[i], &onExit.Requests[i])
	}
	return wireOnExit{2, all}
}

func pointer[T any](value *T) unsafe.Pointer { return unsafe.Pointer(value) }
