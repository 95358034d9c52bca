// Trial does what the body of a request says and answers how it went, so that a test sees what Go programs can rely on.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"kinode.os/kinode"
)

func main() {
	if strings.HasPrefix(kinode.Our().Process, "trial-echo") {
		echo()
	}
	if strings.HasPrefix(kinode.Our().Process, "trial-slow") {
		slow()
	}
	for _, name := range []string{"trial-echo", "trial-slow"} {
		kinode.Spawn(kinode.Child{
			Program: "trial.wasm", Name: name,
			Request: []kinode.Capability{kinode.MessagingCapability(real("timer:distro:sys"))},
			Grant:   []kinode.Grant{{To: real("timer:distro:sys").ProcessID}},
		})
	}
	kinode.Serve(func(message *kinode.Message, err error) {
		if err == nil && message.IsRequest() {
			message.Answer(kinode.Response{Body: []byte(run(string(message.Body)))})
		}
	})
}

func real(id string) kinode.Address {
	process, _ := kinode.ParseProcessID(id)
	return kinode.Address{Node: kinode.Our().Node, ProcessID: process}
}

func child(name string) kinode.Address {
	address := kinode.Our()
	address.Process = name
	return address
}

// Answers at once, and makes garbage on the way.
func echo() {
	var kept [][]byte
	for {
		message, err := kinode.Receive()
		if err != nil {
			continue
		}
		kept = append(kept[max(0, len(kept)-100):], message.Body)
		message.Answer(kinode.Response{Body: message.Body})
	}
}

// Answers after as many milliseconds as asked for, many at a time: the timer's response answers the right request.
func slow() {
	for {
		message, err := kinode.Receive()
		if err != nil {
			continue
		}
		var milliseconds int
		if message.IsRequest() {
			fmt.Sscan(string(message.Body), &milliseconds)
			kinode.SetTimer(time.Duration(milliseconds)*time.Millisecond, message.Body)
		} else {
			kinode.Response{Body: message.Context}.Send()
		}
	}
}

func run(command string) string {
	var number, size int
	var name string
	fmt.Sscan(command, &name, &number, &size)
	switch name {
	case "flood":
		return flood(number, size)
	case "goroutines":
		return goroutines(number)
	case "sleep":
		start := time.Now()
		time.Sleep(time.Duration(number) * time.Millisecond)
		return fmt.Sprint(time.Since(start).Milliseconds())
	case "sleepers":
		return sleepers(number)
	case "now":
		return fmt.Sprint(time.Now().UnixMilli(), " ", time.Now().Location())
	case "random":
		bytes := make([]byte, number)
		if _, err := rand.Read(bytes); err != nil {
			return err.Error()
		}
		return hex.EncodeToString(bytes)
	case "host":
		_, err := os.ReadFile("/etc/passwd")
		return fmt.Sprintf("%d %d %v", len(os.Environ()), len(os.Args), err)
	case "await":
		return await(number)
	case "memory":
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return fmt.Sprint(stats.NumGC, " ", stats.HeapAlloc)
	case "exit":
		kinode.SetOnExit(kinode.OnExit{Requests: []kinode.Request{{
			Target: child("trial-echo"), Body: []byte("farewell"),
			Blob:         &kinode.Blob{MIME: "text/plain", Bytes: []byte("data")},
			Capabilities: []kinode.Capability{kinode.MessagingCapability(kinode.Our())},
		}}})
		requests := kinode.GetOnExit()
		kinode.SetOnExit(kinode.OnExit{Restart: true})
		return fmt.Sprintf("%s %v", kinode.JSON(requests), kinode.GetOnExit().Restart)
	case "panic":
		panic("as asked")
	}
	return "unknown command"
}

// Exchanges messages with the echo, while other goroutines make garbage.
func flood(messages, size int) string {
	body := make([]byte, size)
	wrong := 0
	garbage := [][]byte{}
	start := time.Now()
	for i := range messages {
		if size > 0 {
			body[i%size] = byte(i)
		}
		response, err := kinode.Request{Target: child("trial-echo"), Body: body}.SendAndAwait()
		if err != nil || string(response.Body) != string(body) {
			wrong++
		}
		garbage = append(garbage[max(0, len(garbage)-100):], response.Body)
		if i%1000 == 0 {
			go func() { _ = make([]byte, 100_000) }()
			runtime.Gosched()
		}
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return fmt.Sprint(wrong, " wrong, ", time.Since(start).Microseconds()/int64(max(1, messages)), " µs each, ",
		stats.NumGC, " collections")
}

// Many goroutines that compute, exchange messages and meet at the end.
func goroutines(count int) string {
	var group sync.WaitGroup
	var mutex sync.Mutex
	sum := 0
	for i := range count {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 10 {
				body := []byte(strings.Repeat("x", i))
				response, err := kinode.Request{Target: child("trial-echo"), Body: body}.SendAndAwait()
				if err == nil {
					mutex.Lock()
					sum += len(response.Body)
					mutex.Unlock()
				}
			}
		}()
	}
	group.Wait()
	return fmt.Sprint(sum)
}

// Goroutines that sleep at the same time sleep together.
func sleepers(milliseconds int) string {
	start := time.Now()
	done := make(chan bool)
	for range 10 {
		go func() {
			time.Sleep(time.Duration(milliseconds) * time.Millisecond)
			done <- true
		}()
	}
	for range 10 {
		<-done
	}
	return fmt.Sprint(time.Since(start).Milliseconds())
}

// Waits for a slow answer without keeping others from being handled.
func await(milliseconds int) string {
	body := []byte(fmt.Sprint(milliseconds))
	response, err := kinode.Request{Target: child("trial-slow"), Body: body}.Await()
	if err != nil {
		return err.Error()
	}
	return string(response.Body)
}
