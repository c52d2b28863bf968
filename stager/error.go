package stager

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Why a task may be ended before it is done; causes of its context.
var (
	errTimedOut = errors.New("the staging limit is reached")
	errStopped  = errors.New("the stager stops")
)

// taskError is why a task failed, in the words that the user is sent. Err, which only the component's log sees, may say more.
type taskError struct {
	Description string // "Failed downloading app: 404 Not Found"; the text of 2012 comes first
	Details     string // below the description; "" is none
	Err         error  // nil when there is nothing to add
}

// Error is the description and below it, behind a blank as in 2012, the details.
func (e *taskError) Error() string {
	if e.Details == "" {
		return e.Description
	}
	return e.Description + ":\n " + e.Details
}

func (e *taskError) Unwrap() error { return e.Err }

// failed returns the error of a step: the text of 2012, and behind it what went wrong.
func failed(text string, err error) *taskError {
	return &taskError{Description: text + ": " + err.Error(), Err: err}
}

// timedOut returns the error of a task that took longer than limit. It prints whole seconds without a point: 120.
func timedOut(limit time.Duration) *taskError {
	seconds := strconv.FormatFloat(limit.Seconds(), 'f', -1, 64)
	return &taskError{Description: fmt.Sprintf("Staging timed out after %s seconds.", seconds), Err: errTimedOut}
}

// replyText is the error of the reply. All failures have the same first line.
func replyText(err error) string {
	return (&taskError{Description: "Staging task failed", Details: err.Error()}).Error()
}
