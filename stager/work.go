package stager

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// figures count what became of requests.
type figures struct {
	succeeded atomic.Int64
	failed    atomic.Int64
	refused   atomic.Int64 // never became tasks
	strays    atomic.Int64 // plugins that still run though their task is over
}

// varz is what /varz shows beside what all components do.
func (s *Stager) varz() map[string]any {
	return map[string]any{
		"active_tasks":     s.queue.active.Load(),
		"queued_tasks":     len(s.queue.waiting),
		"tasks_succeeded":  s.figures.succeeded.Load(),
		"tasks_failed":     s.figures.failed.Load(),
		"requests_refused": s.figures.refused.Load(),
		"stray_plugins":    s.figures.strays.Load(),
	}
}

// work takes one task from its first step to its reply. Whatever happens, there is one reply.
func (s *Stager) work(ctx context.Context, t *task) {
	began := time.Now()
	s.taskLog.Info("Starting task for request", "task_id", t.id, "app_id", t.request.AppID)
	r := &run{task: t, s: s, log: &taskLog{log: s.taskLog, tell: s.teller(t)}}
	var err error
	bug := guard(func() error {
		err = r.execute(ctx)
		return nil
	})
	if bug != nil { // in a step other than the plugin's, which has a guard of its own
		s.logPanic("task panicked", t, bug)
		err = &taskError{Description: "Unexpected internal error encountered (possibly a bug).", Err: bug}
	}
	reply := newReply(t.id, r.log.String(), err)
	if err != nil {
		s.figures.failed.Add(1)
		s.log.Warn("Task "+t.id+" failed: "+reply.Error, "duration", time.Since(began))
	} else {
		s.figures.succeeded.Add(1)
		s.log.Info("Task "+t.id+" succeeded", "duration", time.Since(began))
	}
	t.reply(reply)
}

// logPanic writes a panic to the component's log, if err is one. Users are not shown our stack.
func (s *Stager) logPanic(message string, t *task, err error) {
	if p, ok := errors.AsType[*panicError](err); ok {
		s.log.Error(message, "task_id", t.id, "framework", t.request.Properties.FrameworkInfo.Name, "error", p, "stack", p.stack)
	}
}

// panicError is what was recovered, as an error.
type panicError struct {
	value any
	stack string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// guard calls f and turns a panic into a *panicError.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: string(debug.Stack())}
		}
	}()
	return f()
}
