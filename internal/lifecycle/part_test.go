package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// diary records what happens to all parts of one test, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) check(t *testing.T, want ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, want) {
		t.Errorf("diary:\n  %s\nwant:\n  %s", strings.Join(d.lines, "\n  "), strings.Join(want, "\n  "))
	}
}

// part is a scripted component. The zero value is ready at once, runs until it is cancelled and then ends at once.
type part struct {
	name      string
	diary     *diary
	readyIn   time.Duration // time until it calls ready; negative means never
	failIn    time.Duration // when not 0, Run returns err after this long
	err       error
	stopIn    time.Duration // time from cancel to the return of Run
	deaf      chan struct{} // when not nil, Run ignores its context until this is closed
	stopError error         // returned after cancel; nil means the context's error
}

func (p *part) Run(ctx context.Context, ready func()) error {
	var fail <-chan time.Time
	if p.failIn != 0 {
		fail = time.After(p.failIn)
	}
	if p.readyIn >= 0 {
		<-time.After(p.readyIn)
		p.diary.add("%s ready", p.name)
		ready()
		ready() // a second call does no harm
	}
	if p.deaf != nil {
		<-p.deaf
	}
	select {
	case <-fail:
		return p.err
	case <-ctx.Done():
	}
	<-time.After(p.stopIn)
	p.diary.add("%s stopped", p.name)
	if p.stopError != nil {
		return p.stopError
	}
	return ctx.Err()
}

// worker is a part that can finish its work.
type worker struct {
	part
	work  time.Duration // how long Drain needs; a deaf part does not listen there either
	cause error         // returned by Drain when it is done
}

func (w *worker) Drain(ctx context.Context) error {
	if w.deaf != nil {
		<-w.deaf
	}
	select {
	case <-time.After(w.work):
		w.diary.add("%s drained", w.name)
		return w.cause
	case <-ctx.Done():
		w.diary.add("%s drain cut", w.name)
		return ctx.Err()
	}
}

// started is a group that runs in a bubble.
type started struct {
	*Group
	cancel context.CancelCauseFunc
	ready  chan struct{}
	result chan error
}

func start(t *testing.T, o Options, parts ...Component) *started {
	t.Helper()
	return startWith(t, o, Grace{}, parts...)
}

// startWith gives the first part a grace of its own.
func startWith(t *testing.T, o Options, first Grace, parts ...Component) *started {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &started{New(o), cancel, make(chan struct{}), make(chan error, 1)}
	s.AddWith(nameOf(parts[0]), parts[0], first)
	for _, c := range parts[1:] {
		s.Add(nameOf(c), c)
	}
	go func() { s.result <- s.Run(ctx, func() { close(s.ready) }) }()
	return s
}

func nameOf(c Component) string {
	switch c := c.(type) {
	case *part:
		return c.name
	case *worker:
		return c.name
	}
	return "group"
}

// stop cancels the group and returns its error and how long it took.
func (s *started) stop(cause error) (error, time.Duration) {
	began := time.Now()
	s.cancel(cause)
	err := <-s.result
	return err, time.Since(began)
}
