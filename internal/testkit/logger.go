package testkit

import (
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/minicf/minicf/internal/vcaplog"
)

// Logger returns a logger whose lines, of all levels and in the look of 2012, go to the test's output: they are shown when
// the test fails or with -v. What is logged after the test has ended is dropped, where tb.Log would panic.
func Logger(tb testing.TB) *slog.Logger {
	tb.Helper()
	out := &output{w: tb.Output()}
	tb.Cleanup(out.close)
	return slog.New(vcaplog.NewHandler(out, vcaplog.LevelDebug2, ""))
}

// output passes writes on until it is closed.
type output struct {
	mu sync.Mutex
	w  io.Writer // nil once closed
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.w == nil {
		return len(p), nil
	}
	return o.w.Write(p)
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.w = nil
}
