package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/vcaplog"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// A component on a data dir belongs to the sandbox on it, even if that has not the usual port.
func TestComponentJoinsTheBusOfItsDataDir(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Settings(t)
	s.Only = []string{"nats"}
	nats, _ := sandboxtest.Start(t, s)
	s.Only = []string{"router"}
	sandboxtest.Start(t, s)
	if found := discover(t, nats.URL("nats")); len(found) != 1 || found[0].Type != "Router" {
		t.Errorf("components on the bus = %+v, want the router", found)
	}
}

func TestBusThatWasAskedForIsJoinedAndNoOther(t *testing.T) {
	t.Parallel()
	here, there := sandboxtest.Settings(t), sandboxtest.Settings(t)
	here.Only, there.Only = []string{"nats"}, []string{"nats"}
	onDir, _ := sandboxtest.Start(t, here)
	asked, _ := sandboxtest.Start(t, there)
	here.Only = []string{"router"}
	here.Overrides["router"] = append(here.Overrides["router"], config.Override{Key: "mbus", Value: asked.URL("nats"), Flag: "test"})
	sandboxtest.Start(t, here)
	if n := len(discover(t, asked.URL("nats"))); n != 1 {
		t.Errorf("%d components are on the bus that was asked for, want 1", n)
	}
	if n := len(discover(t, onDir.URL("nats"))); n != 0 {
		t.Errorf("%d components are on the other bus, want none", n)
	}
}

// discover lists the components on a bus.
func discover(t *testing.T, url string) []protocol.Component {
	t.Helper()
	b := bus.New(bus.Options{URL: url, Once: true})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	all, err := bus.Gather(ctx, b, protocol.ComponentDiscover, protocol.Ignored{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// lockedBuffer takes lines of several loggers.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func TestJSONLogHasEachKeyOnce(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Settings(t)
	var out lockedBuffer
	s.Only = []string{"nats", "stager", "router"}
	s.NewLog = sandbox.LogTarget{Writer: &out, Format: vcaplog.JSON, DataDir: s.DataDir}.New
	_, stop := sandboxtest.Start(t, s)
	stop()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) < 3 {
		t.Fatalf("the log is only %q", out.String())
	}
	for _, line := range lines {
		if !json.Valid([]byte(line)) || strings.Count(line, `"logger":`) > 1 || strings.Count(line, `"component":`) != 1 {
			t.Errorf("the line names logger or component not once: %s", line)
		}
	}
}
