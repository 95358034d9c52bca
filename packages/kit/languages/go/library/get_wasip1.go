package kinode

import (
	"time"
	"unsafe"
)

// From the node's layout to Go values: everything is copied. Called between enter and leave.

// The last sender, whom the next message often has too: then its four strings need not be made again.
var lastSource Address

func same(text string, l list) string {
	if bytes := view(l); string(bytes) != text {
		return string(bytes)
	}
	return text
}

func getAddress(a *wireAddress) Address {
	known := &lastSource
	known.Node = same(known.Node, a.node)
	known.Process = same(known.Process, a.process.process)
	known.Package = same(known.Package, a.process.pkg)
	known.Publisher = same(known.Publisher, a.process.publisher)
	return *known
}

// None is nil.
func getOption(o *optionBytes) []byte {
	if o.some == 0 {
		return nil
	}
	return getBytes(o.value)
}

// None is empty.
func getText(o *optionBytes) string {
	if o.some == 0 {
		return ""
	}
	return getString(o.value)
}

func getCapabilities(l list) []Capability {
	items := viewList[wireCapability](l)
	if len(items) == 0 {
		return nil
	}
	capabilities := make([]Capability, len(items))
	for i := range items {
		capabilities[i] = Capability{getAddress(&items[i].issuer), getString(items[i].params)}
	}
	return capabilities
}

func getBlob(o *optionBlob) *Blob {
	if o.some == 0 {
		return nil
	}
	return &Blob{getText(&o.value.mime), getBytes(o.value.bytes)}
}

const longest = time.Duration(1<<63 - 1)

func getSeconds(seconds uint64) time.Duration {
	if seconds > uint64(longest/time.Second) {
		return longest
	}
	return time.Duration(seconds) * time.Second
}

func getMessage(m *wireMessage, to *Message) {
	if m.isResponse == 0 {
		request := &m.request
		to.Inherit = request.inherit != 0
		to.expectsResponse = request.expectsResponse.some != 0
		if to.expectsResponse {
			to.patience = getSeconds(request.expectsResponse.value)
		}
		to.Body = getBytes(request.body)
		to.Metadata = getText(&request.metadata)
		to.Capabilities = getCapabilities(request.capabilities)
		return
	}
	response := (*wireResponse)(unsafe.Pointer(&m.request))
	to.response = true
	to.Inherit = response.inherit != 0
	to.Body = getBytes(response.body)
	to.Metadata = getText(&response.metadata)
	to.Capabilities = getCapabilities(response.capabilities)
	to.Context = getOption(&response.context)
}

func getRequest(r *wireAwaited) Request {
	request := Request{
		Target:       getAddress(&r.target),
		Body:         getBytes(r.request.body),
		Metadata:     getText(&r.request.metadata),
		Blob:         getBlob(&r.blob),
		Inherit:      r.request.inherit != 0,
		Capabilities: getCapabilities(r.request.capabilities),
	}
	if r.request.expectsResponse.some != 0 {
		request.Timeout = getSeconds(r.request.expectsResponse.value)
	}
	return request
}

func getIncoming(in *wireIncoming) *Message {
	message := &Message{}
	getMessage(&in.message, message)
	message.Source = getAddress(&in.source)
	return message
}

func getError(failure *wireError) *SendError {
	result := &SendError{Kind: ErrOffline, Target: getAddress(&failure.target), Blob: getBlob(&failure.blob)}
	if failure.kind != 0 {
		result.Kind = ErrTimeout
	}
	getMessage(&failure.message, &result.Message)
	result.Message.Source = Our()
	return result
}
