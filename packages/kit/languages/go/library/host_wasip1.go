package kinode

import "unsafe"

//go:linkname programMain main.main
func programMain()

// What the node calls to run the process. The argument is our address as text; Our asks for it instead.
//
//go:wasmexport init
func exportedInit(_, _ uint32) { programMain() }

var ourAddress Address

func hostOur() Address {
	if ourAddress.Node == "" {
		enter()
		defer leave()
		result := makeOne[wireAddress]()
		importOur(pointer(result))
		ourAddress = getAddress(result)
	}
	return ourAddress
}

func hostPrint(verbosity uint8, text string) {
	enter()
	defer leave()
	bytes := putString(text)
	importPrint(uint32(verbosity), bytes.start, bytes.length)
}

func hostGetState() ([]byte, bool) {
	enter()
	defer leave()
	result := makeOne[optionBytes]()
	importGetState(pointer(result))
	return getOption(result), result.some != 0
}

func hostSetState(bytes []byte) {
	enter()
	defer leave()
	state := putBytes(bytes)
	importSetState(state.start, state.length)
}

func hostClearState() {
	enter()
	defer leave()
	importClearState()
}

func hostOurCapabilities() []Capability {
	enter()
	defer leave()
	result := makeOne[list]()
	importOurCapabilities(pointer(result))
	return getCapabilities(*result)
}

func hostSaveCapabilities(capabilities []Capability) {
	enter()
	defer leave()
	all := putCapabilities(capabilities)
	importSaveCapabilities(all.start, all.length)
}

func hostDropCapabilities(capabilities []Capability) {
	enter()
	defer leave()
	all := putCapabilities(capabilities)
	importDropCapabilities(all.start, all.length)
}

func hostReceive() (*Message, error) {
	enter()
	defer leave()
	result := makeOne[wireReceived]()
	importReceive(pointer(result))
	if result.isError == 0 {
		return getIncoming((*wireIncoming)(unsafe.Pointer(&result.failed))), nil
	}
	failed := getError(&result.failed.failure)
	failed.Context = getOption(&result.failed.context)
	return nil, failed
}

func hostHasBlob() bool { return importHasBlob() != 0 }

func hostGetBlob() *Blob {
	enter()
	defer leave()
	result := makeOne[optionBlob]()
	importGetBlob(pointer(result))
	return getBlob(result)
}

func hostLastBlob() *Blob {
	enter()
	defer leave()
	result := makeOne[optionBlob]()
	importLastBlob(pointer(result))
	return getBlob(result)
}

func hostSendRequest(r *Request) {
	enter()
	defer leave()
	request := makeOne[wireOutgoing]()
	putOutgoing(request, r)
	importSendRequest(pointer(request))
}

func hostSendRequests(requests []Request) {
	enter()
	defer leave()
	items, all := makeList[wireOutgoing](len(requests))
	for i := range requests {
		putOutgoing(&items[i], &requests[i])
	}
	importSendRequests(all.start, all.length)
}

func hostSendAndAwait(r *Request) (*Message, error) {
	enter()
	defer leave()
	request := makeOne[wireAwaited]()
	putAwaited(request, r)
	result := makeOne[wireReceived]()
	importSendAndAwait(pointer(request), pointer(result))
	if result.isError == 0 {
		return getIncoming((*wireIncoming)(unsafe.Pointer(&result.failed))), nil
	}
	return nil, getError(&result.failed.failure)
}

func hostSendResponse(r *Response) {
	enter()
	defer leave()
	body, metadata := putBytes(r.Body), putText(r.Metadata)
	capabilities, blob := putCapabilities(r.Capabilities), putBlob(r.Blob)
	importSendResponse(
		uint32(flag(r.Inherit)), body.start, body.length,
		uint32(metadata.some), metadata.value.start, metadata.value.length,
		capabilities.start, capabilities.length,
		uint32(blob.some), uint32(blob.value.mime.some), blob.value.mime.value.start, blob.value.mime.value.length,
		blob.value.bytes.start, blob.value.bytes.length,
	)
}

func hostGetOnExit() OnExit {
	enter()
	defer leave()
	result := makeOne[wireOnExit]()
	importGetOnExit(pointer(result))
	onExit := OnExit{Restart: result.kind == 1}
	if result.kind == 2 {
		items := viewList[wireAwaited](result.requests)
		for i := range items {
			onExit.Requests = append(onExit.Requests, getRequest(&items[i]))
		}
	}
	return onExit
}

func hostSetOnExit(onExit *OnExit) {
	enter()
	defer leave()
	value := putOnExit(onExit)
	importSetOnExit(uint32(value.kind), value.requests.start, value.requests.length)
}

func hostSpawn(child *Child) (ProcessID, error) {
	enter()
	defer leave()
	name, path := putText(child.Name), putString(child.Program)
	onExit, capabilities := putOnExit(&child.OnExit), putCapabilities(child.Request)
	items, grants := makeList[wireGrant](len(child.Grant))
	for i, grant := range child.Grant {
		if grant.Params == "" {
			grant.Params = `"messaging"`
		}
		items[i] = wireGrant{putProcess(grant.To), putString(grant.Params)}
	}
	result := makeOne[wireSpawned]()
	importSpawn(
		uint32(name.some), name.value.start, name.value.length, path.start, path.length,
		uint32(onExit.kind), onExit.requests.start, onExit.requests.length,
		capabilities.start, capabilities.length, grants.start, grants.length,
		uint32(flag(child.Public)), pointer(result),
	)
	if result.isError == 0 {
		id := &result.process
		return ProcessID{getString(id.process), getString(id.pkg), getString(id.publisher)}, nil
	}
	if *(*uint8)(unsafe.Pointer(&result.process)) == 0 {
		return ProcessID{}, ErrNameTaken
	}
	return ProcessID{}, ErrNoFile
}
