package kinode

import (
	"encoding/json"
	"fmt"
	"time"
)

// Blob is data that travels beside a message's body.
type Blob struct {
	// MIME is empty when there is none.
	MIME  string
	Bytes []byte
}

// Message is what Receive and SendAndAwait return: a request of another process, or the response to one of ours.
type Message struct {
	Source Address
	Body   []byte
	// Metadata is free text about the message; empty when there is none.
	Metadata string
	// Capabilities are those the sender handed over; SaveCapabilities keeps them.
	Capabilities []Capability
	// Context is, in a response, what the request was sent with; nil when that was nothing.
	Context []byte
	// Inherit says, in a request, that its answers go where its sender's would have gone.
	Inherit bool

	response        bool
	expectsResponse bool
	patience        time.Duration
}

// IsRequest tells requests from responses.
func (m *Message) IsRequest() bool { return !m.response }

// IsLocal reports whether the sender is a process of this node.
func (m *Message) IsLocal() bool { return m.Source.Node == hostOur().Node }

// ExpectsResponse reports whether the sender waits for a response, and for how long from when it sent the request.
func (m *Message) ExpectsResponse() (time.Duration, bool) { return m.patience, m.expectsResponse }

// JSON decodes the body into value.
func (m *Message) JSON(value any) error {
	if err := json.Unmarshal(m.Body, value); err != nil {
		return fmt.Errorf("the body of the message from %v: %w", m.Source, err)
	}
	return nil
}

// Answer responds to the message, which must be the one being handled (see Response.Send), if it can be answered: a
// response to a request that nobody waits for would reach another one's sender.
func (m *Message) Answer(response Response) {
	if m.expectsResponse || m.IsRequest() && m.Inherit {
		response.Send()
	}
}

// Request is a message to send. Only Target is needed.
type Request struct {
	Target   Address
	Body     []byte
	Metadata string
	// Timeout is how long to wait for a response, in whole seconds rounded up; 0 means that none is expected.
	// SendAndAwait and Await take 0 for 5 seconds.
	Timeout time.Duration
	// Context comes back with the response; the kernel keeps it meanwhile.
	Context []byte
	Blob    *Blob
	// Inherit continues the message being handled: responses go where a response to that would have gone, and its blob
	// is sent along unless there is another.
	Inherit      bool
	Capabilities []Capability
}

const defaultTimeout = 5 * time.Second

// JSON writes a value as a body. It panics when JSON cannot express the value's type, which is a mistake in the program.
func JSON(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("kinode: a body cannot be written as JSON: %v", err))
	}
	return encoded
}

// Send sends the request and goes on. With a Timeout the response, or a SendError, arrives by Receive.
func (r Request) Send() { hostSendRequest(&r) }

// SendAll sends several requests in order.
func SendAll(requests ...Request) { hostSendRequests(requests) }

// SendAndAwait sends the request and waits for its response; other messages are kept meanwhile. The whole process waits.
// The error is a *SendError.
func (r Request) SendAndAwait() (*Message, error) {
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	return hostSendAndAwait(&r)
}

// Response answers the message being handled.
type Response struct {
	Body         []byte
	Metadata     string
	Blob         *Blob
	Capabilities []Capability
	// Inherit sends the newest blob received instead of Blob.
	Inherit bool
}

// Send answers the message being handled: the newest request that expects a response; after a response or SendError has
// arrived, the one that was being handled when its request was sent. It does nothing when there is none.
func (r Response) Send() { hostSendResponse(&r) }

// Receive waits for the next message. The error is a *SendError: an earlier request with a Timeout had no response.
func Receive() (*Message, error) { return hostReceive() }

// ReceivedBlob is the blob of the newest message, or nil.
func ReceivedBlob() *Blob { return hostGetBlob() }

// HasBlob reports whether the newest message carried a blob.
func HasBlob() bool { return hostHasBlob() }

// LastBlob is the newest blob ever received, also when later messages carried none; or nil.
func LastBlob() *Blob { return hostLastBlob() }

// SetTimer makes the timer send an empty response with this context after a delay; Receive returns it.
// The manifest must request and grant messaging with timer:distro:sys. To just wait, use time.Sleep.
func SetTimer(delay time.Duration, context []byte) {
	milliseconds := max(0, (delay+time.Millisecond-1)/time.Millisecond)
	Request{
		Target:  Local("timer", "distro", "sys"),
		Body:    fmt.Appendf(nil, `{"SetTimer":%d}`, milliseconds),
		Timeout: time.Duration(milliseconds)*time.Millisecond + time.Second,
		Context: context,
	}.Send()
}
