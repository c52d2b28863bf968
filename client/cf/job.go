package cf

import (
	"context"
	"net/http"
	"time"
)

// jobPause is how long to wait between two looks at a job. Those of minicf are done when they are answered.
const jobPause = 200 * time.Millisecond

// wait returns when a job is done. A failed one is an *Error.
func (c *Client) wait(ctx context.Context, path string) error {
	for {
		var job struct {
			State  string     `json:"state"`
			Errors []jobError `json:"errors"`
		}
		if err := c.get(ctx, path, &job); err != nil {
			return err
		}
		switch job.State {
		case "COMPLETE":
			return nil
		case "FAILED":
			e := &Error{Method: http.MethodGet, Path: path, Status: http.StatusUnprocessableEntity}
			e.add(job.Errors)
			return e
		}
		if err := pause(ctx, jobPause); err != nil {
			return err
		}
	}
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
