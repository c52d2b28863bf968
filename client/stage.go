package client

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

const (
	// stagerPatience is how long a stager may be silent before Stage asks whether there is one. Most apps are staged by then.
	stagerPatience = time.Second
	// componentPatience is how long components are given to answer vcap.component.discover, which they do at once.
	componentPatience = 2 * time.Second
)

// StagingError is a reply that says that staging failed.
type StagingError struct {
	Message string // as the stager said it: "Staging task failed:\n Failed downloading app"
	TaskLog string // what happened until then
}

func (e *StagingError) Error() string { return strings.TrimSpace(e.Message) }

// Hint points at the log.
func (e *StagingError) Hint() string {
	if strings.TrimSpace(e.TaskLog) == "" {
		return "the stager's own log knows more"
	}
	return "the task log says how far it came; the stager's own log knows the details"
}

// Stage asks for a droplet. A reply with an error is a *StagingError; the reply is returned too. Without a deadline in ctx it
// waits as long as the stager needs. When no stager is there the error is a bus.ErrNobody.
func Stage(ctx context.Context, b *bus.Bus, req protocol.StagingRequest) (protocol.StagingReply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel(nil)
	watch.Go(func() { missStager(ctx, b, cancel) })

	reply, err := bus.Do(ctx, b, protocol.Staging, req)
	if missed, ok := errors.AsType[*bus.CallError](context.Cause(ctx)); ok && err != nil {
		return reply, missed
	}
	if err != nil {
		return reply, err
	}
	if reply.Error != "" {
		return reply, &StagingError{Message: reply.Error, TaskLog: reply.TaskLog}
	}
	return reply, nil
}

// missStager cancels ctx when no stager is there to answer. NATS itself says so as long as nobody at all listens to
// staging; but a tap listens, too. Every component answers vcap.component.discover, so that is asked, ever more rarely, as
// long as ctx lasts.
func missStager(ctx context.Context, b *bus.Bus, cancel context.CancelCauseFunc) {
	wait := time.NewTimer(stagerPatience)
	defer wait.Stop()
	for pause := stagerPatience; ; pause *= 8 {
		wait.Reset(pause)
		select {
		case <-wait.C:
		case <-ctx.Done():
			return
		}
		there, err := hasStager(ctx, b)
		if err != nil {
			return // Do meets the same trouble, and tells it
		}
		if !there && ctx.Err() == nil {
			cancel(&bus.CallError{Subject: protocol.Staging.String(), Err: bus.ErrNobody})
			return
		}
	}
}

func hasStager(ctx context.Context, b *bus.Bus) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, componentPatience)
	defer cancel()
	all, err := bus.Gather(ctx, b, protocol.ComponentDiscover, protocol.Ignored{}, 0)
	for _, c := range all {
		if c.Type == "Stager" {
			return true, err
		}
	}
	return false, err
}
