package bus_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/protocol"
)

func TestFloodOfGarbageDoesNotFloodTheLog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload func(i int) string
		lines   int
	}{
		"the same again and again": {func(int) string { return "{oops" }, 1},
		"never the same":           {func(i int) string { return fmt.Sprint("{", i) }, 256},
		"with an error as long":    {func(int) string { return `{"` + strings.Repeat("x", 500_000) + `":{}` }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				b := bus.New(bus.Options{Server: bustest.NewServer(t), Log: slog.New(slog.NewTextHandler(&logged, nil))})
				if err := b.Open(); err != nil {
					t.Fatal(err)
				}
				defer b.Close()
				if _, err := bus.Subscribe(b, protocol.DEAStop, func(protocol.StopRequest) {}); err != nil {
					t.Fatal(err)
				}
				send := func(n int) {
					for i := range n {
						if err := b.PublishRaw("dea.stop", "", []byte(c.payload(i))); err != nil {
							t.Fatal(err)
						}
					}
					synctest.Wait()
				}
				send(1000)
				if n := strings.Count(logged.String(), "message dropped"); n != c.lines || logged.Len() > 1000*c.lines {
					t.Errorf("1000 messages made %d lines, %d bytes, want %d lines", n, logged.Len(), c.lines)
				}
				logged.Reset()
				time.Sleep(10 * time.Second)
				send(1) // somebody tries again, and looks what is wrong now
				if want := fmt.Sprint("not_logged_before=", 1000-c.lines); !strings.Contains(logged.String(), want) {
					t.Errorf("ten seconds later the log says\n%swant %s", logged.String(), want)
				}
			})
		})
	}
}
