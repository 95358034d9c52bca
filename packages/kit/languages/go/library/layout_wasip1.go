package kinode

// How values of kinode:process/standard@1.0.0 lie in memory (Canonical ABI). Pointers have 32 bits there, while those of
// Go have 64, so they are numbers here.

type list struct{ start, length uint32 }

type optionBytes struct {
	some  uint8
	value list
}

type optionU64 struct {
	some  uint8
	value uint64
}

type wireProcess struct{ process, pkg, publisher list }

type wireAddress struct {
	node    list
	process wireProcess
}

type wireCapability struct {
	issuer wireAddress
	params list
}

type wireBlob struct {
	mime  optionBytes
	bytes list
}

type optionBlob struct {
	some  uint8
	value wireBlob
}

type wireRequest struct {
	inherit         uint8
	expectsResponse optionU64
	body            list
	metadata        optionBytes
	capabilities    list
}

type wireResponse struct {
	inherit      uint8
	body         list
	metadata     optionBytes
	capabilities list
	context      optionBytes
}

// A variant of wireRequest, the larger one, and wireResponse.
type wireMessage struct {
	isResponse uint8
	request    wireRequest
}

type wireIncoming struct {
	source  wireAddress
	message wireMessage
}

type wireError struct {
	kind    uint8
	target  wireAddress
	message wireMessage
	blob    optionBlob
}

type wireFailed struct {
	failure wireError
	context optionBytes
}

// A result of wireIncoming and wireFailed, the larger one. That of send-and-await-response lacks the context.
type wireReceived struct {
	isError uint8
	failed  wireFailed
}

type wireTarget struct {
	target  wireAddress
	request wireRequest
}

type wireOutgoing struct {
	wireTarget
	context optionBytes
	blob    optionBlob
}

type wireAwaited struct {
	wireTarget
	blob optionBlob
}

type wireOnExit struct {
	kind     uint8
	requests list
}

type wireGrant struct {
	to     wireProcess
	params list
}

// A result of wireProcess and a number.
type wireSpawned struct {
	isError uint8
	process wireProcess
}
