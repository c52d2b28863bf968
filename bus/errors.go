package bus

import (
	"errors"
	"fmt"
)

// ErrNobody is returned by Do when no component listens on the subject.
var ErrNobody = errors.New("nobody listens")

// ErrNoAnswer is returned by Do when somebody listens but none answered in time.
var ErrNoAnswer = errors.New("no answer in time")

// errLost is why a bus that was there is unreachable.
var errLost = errors.New("it was there, and is gone")

// UnreachableError says that there is no bus.
type UnreachableError struct {
	URL string // without a password
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("reach the bus at %s: %v", e.URL, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *UnreachableError) Hint() string {
	return "start the sandbox with `minicf up`, or name another bus with --nats"
}

// CallError says which request went wrong.
type CallError struct {
	Subject string
	Err     error
}

func (e *CallError) Error() string { return fmt.Sprintf("request %s: %v", e.Subject, e.Err) }

func (e *CallError) Unwrap() error { return e.Err }

// Hint says what to do about it.
func (e *CallError) Hint() string {
	switch {
	case errors.Is(e.Err, ErrNobody):
		return "no component listens on " + e.Subject + ": is it running? `minicf up` starts them all"
	case errors.Is(e.Err, ErrNoAnswer):
		return "a component listens on " + e.Subject + " but kept silent: its log says why"
	}
	return ""
}
