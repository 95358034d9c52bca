package kinode

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What Await sends as context: this mark and the number of the waiting goroutine. Contexts of others look different.
const awaitMark = "kinode/await\x00"

type outcome struct {
	message *Message
	err     error
}

// server is what Serve and Await share. Only one goroutine at a time holds the turn, so that the message the kernel
// takes for the one being handled is the one whose goroutine runs: the loop gives the turn to a goroutine and gets it
// back when that waits or is done.
var server struct {
	running bool
	turn    chan struct{}
	waiting map[uint64]chan outcome
	last    uint64
}

// Serve receives for ever and runs handle in a new goroutine for each request, and for each response or SendError that
// no Await waits for (then message or err is what Receive would have returned). While a handler waits in Request.Await,
// others run. Handlers take turns; a handler that blocks in any other way (time.Sleep, a channel) holds up the process.
func Serve(handle func(message *Message, err error)) {
	if server.running {
		panic("kinode: Serve is already running")
	}
	server.running = true
	server.turn = make(chan struct{})
	server.waiting = map[uint64]chan outcome{}
	for {
		message, err := Receive()
		if waiter := takeWaiter(contextOf(message, err)); waiter != nil {
			waiter <- outcome{message, err}
		} else {
			go func() {
				handle(message, err)
				server.turn <- struct{}{}
			}()
		}
		<-server.turn
	}
}

// Await sends the request and waits for its response while Serve goes on with other messages. It may only be called in
// a handler of Serve, in the goroutine that Serve started. Context is not sent. The error is a *SendError.
func (r Request) Await() (*Message, error) {
	if !server.running {
		return nil, fmt.Errorf("request to %v: Await works only inside Serve; use SendAndAwait", r.Target)
	}
	if r.Timeout <= 0 {
		r.Timeout = defaultTimeout
	}
	server.last++
	result := make(chan outcome)
	server.waiting[server.last] = result
	r.Context = binary.LittleEndian.AppendUint64([]byte(awaitMark), server.last)
	hostSendRequest(&r)
	server.turn <- struct{}{}
	end := <-result
	return end.message, end.err
}

func contextOf(message *Message, err error) []byte {
	var failed *SendError
	if errors.As(err, &failed) {
		return failed.Context
	}
	if message != nil {
		return message.Context
	}
	return nil
}

func takeWaiter(context []byte) chan outcome {
	number := len(awaitMark)
	if len(context) != number+8 || string(context[:number]) != awaitMark {
		return nil
	}
	id := binary.LittleEndian.Uint64(context[number:])
	waiter := server.waiting[id]
	delete(server.waiting, id)
	return waiter
}
