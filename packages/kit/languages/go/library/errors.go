package kinode

import "errors"

// What a SendError is, for errors.Is.
var (
	// ErrOffline: the other node is unknown or cannot be reached.
	ErrOffline = errors.New("the node is offline")
	// ErrTimeout: no answer in time, no such process here, or no capability to message it.
	ErrTimeout = errors.New("no answer in time")
)

// What Spawn fails with, for errors.Is.
var (
	// ErrNameTaken: a process of this name exists.
	ErrNameTaken = errors.New("a process of this name exists")
	// ErrNoFile: there is no such file, or it may not be read.
	ErrNoFile = errors.New("there is no such file, or it may not be read")
)

// SendError is a request that could not be delivered or was not answered in time.
type SendError struct {
	// Kind is ErrOffline or ErrTimeout.
	Kind   error
	Target Address
	// Message is the request as it was sent.
	Message Message
	// Context is what the request was sent with; nil in errors of SendAndAwait.
	Context []byte
	Blob    *Blob
}

// Error says whom the request was sent to and what happened.
func (e *SendError) Error() string { return "request to " + e.Target.String() + ": " + e.Kind.Error() }

// Unwrap gives Kind.
func (e *SendError) Unwrap() error { return e.Kind }
