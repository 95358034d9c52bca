package kinode

import "unsafe"

//go:wasmimport kinode:process/standard@1.0.0 print-to-terminal
func importPrint(verbosity, text, length uint32)

//go:wasmimport kinode:process/standard@1.0.0 our
func importOur(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 get-on-exit
func importGetOnExit(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 set-on-exit
func importSetOnExit(kind, requests, length uint32)

//go:wasmimport kinode:process/standard@1.0.0 get-state
func importGetState(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 set-state
func importSetState(bytes, length uint32)

//go:wasmimport kinode:process/standard@1.0.0 clear-state
func importClearState()

//go:wasmimport kinode:process/standard@1.0.0 spawn
func importSpawn(
	hasName, name, nameLength, path, pathLength, onExit, requests, requestsLength,
	capabilities, capabilitiesLength, grants, grantsLength, public uint32, result unsafe.Pointer,
)

//go:wasmimport kinode:process/standard@1.0.0 save-capabilities
func importSaveCapabilities(capabilities, length uint32)

//go:wasmimport kinode:process/standard@1.0.0 drop-capabilities
func importDropCapabilities(capabilities, length uint32)

//go:wasmimport kinode:process/standard@1.0.0 our-capabilities
func importOurCapabilities(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 receive
func importReceive(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 has-blob
func importHasBlob() uint32

//go:wasmimport kinode:process/standard@1.0.0 get-blob
func importGetBlob(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 last-blob
func importLastBlob(result unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 send-request
func importSendRequest(request unsafe.Pointer)

//go:wasmimport kinode:process/standard@1.0.0 send-requests
func importSendRequests(requests, length uint32)

//go:wasmimport kinode:process/standard@1.0.0 send-response
func importSendResponse(
	inherit, body, bodyLength, hasMetadata, metadata, metadataLength, capabilities, capabilitiesLength,
	hasBlob, hasMIME, mime, mimeLength, bytes, bytesLength uint32,
)

//go:wasmimport kinode:process/standard@1.0.0 send-and-await-response
func importSendAndAwait(request, result unsafe.Pointer)
