package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

// again is how often each piece of garbage comes.
const again = 20

// A whole sandbox is sent garbage on every subject there is. In 2012 the first of it wedged whoever heard it.
func TestGarbageOnEverySubjectIsLoggedOnceAndStopsNothing(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash")
	log := &garbageLog{}
	s := sandboxtest.Settings(t)
	s.NewLog = func(component string, _ config.Logging) (*slog.Logger, error) {
		return slog.New(slog.NewJSONHandler(log, nil)).With("component", component), nil
	}
	sb, _ := sandboxtest.Start(t, s)
	deploy(t, sb.URL("nats"), sb.URL("controller"), "before")
	answers(t, sb.URL("router"), "before.localhost", "hello from")

	b := bus.New(bus.Options{URL: sb.URL("nats"), Once: true})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	dea := whoIsThere(t, b)["DEA"]
	for _, e := range protocol.Catalog() {
		subject := strings.NewReplacer("<id>", dea, "<partition>", "default").Replace(e.Subject)
		for _, payload := range garbageFor(t, e.Subject) {
			for range again {
				if err := b.PublishRaw(subject, "", []byte(payload)); err != nil {
					t.Fatalf("%s: %v", subject, err)
				}
			}
		}
		whoIsThere(t, b) // messages keep their order: all of that was heard
	}
	answers(t, sb.URL("router"), "before.localhost", "hello from")
	deploy(t, sb.URL("nats"), sb.URL("controller"), "after")
	answers(t, sb.URL("router"), "after.localhost", "hello from")
	log.check(t)
}

// whoIsThere returns the ids of all components by their types, once all have answered.
func whoIsThere(t *testing.T, b *bus.Bus) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all, err := bus.Gather(ctx, b, protocol.ComponentDiscover, protocol.Ignored{}, 5)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, c := range all {
		ids[c.Type] = c.UUID
	}
	if len(ids) != 5 {
		t.Fatalf("only %v answer", ids)
	}
	return ids
}

// garbageFor is what nobody should send on a subject: what is no JSON, what is too much of it, and its example with one value after the other
// replaced by one of another type.
func garbageFor(t *testing.T, subject string) []string {
	t.Helper()
	const most = 1 << 20 // what a message can hold
	all := []string{
		"\xff\xfe\x00", "{", "[]", `"x"`, "-1e999",
		strings.Repeat("x", most),
		`{"droplet":"` + strings.Repeat("x", most-20) + `"`,
		`{"droplet":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}",
		strings.Repeat(`{"droplet":`, 90_000),
	}
	name := strings.NewReplacer("<id>", "ID", "<partition>", "PARTITION").Replace(subject)
	example, err := os.ReadFile(filepath.Join("..", "protocol", "testdata", name+".json"))
	if os.IsNotExist(err) {
		return all // whose payload is ignored
	}
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if json.Unmarshal(example, &v) != nil {
		return all // router.active_apps is none
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		for _, wrong := range []any{map[string]any{"x": 1}, []any{[]any{}}, true} {
			changed := maps.Clone(v)
			changed[key] = wrong
			text, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
		}
	}
	return all
}

var anyID = regexp.MustCompile("[0-9a-f]{32}")

// garbageLog is what all components log.
type garbageLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *garbageLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// check fails the test when something of the garbage was logged more than once, at length, or not at all.
func (l *garbageLog) check(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	type line struct{ Component, Msg, Subject, SHA256 string }
	times, heard := map[line]int{}, map[string]bool{}
	for d := json.NewDecoder(&l.text); ; {
		var raw json.RawMessage
		err := d.Decode(&raw)
		if err == io.EOF {
			break
		}
		var is line
		if err != nil || json.Unmarshal(raw, &is) != nil {
			t.Fatalf("the log has %v in it", err)
		}
		if len(raw) > 10_000 {
			t.Errorf("a line of the log has %d bytes: %.200s…", len(raw), raw)
		}
		if is.SHA256 != "" {
			times[is]++
			heard[is.Component+" "+anyID.ReplaceAllString(is.Subject, "<id>")] = true
		}
	}
	for is, n := range times {
		if n > 2 { // ten seconds may have ended in the middle of a flood
			t.Errorf("%+v was logged %d times", is, n)
		}
	}
	for _, want := range []string{
		"stager staging", "dea dea.discover", "dea dea.<id>.start", "dea dea.stop", "dea dea.update", "dea dea.find.droplet", "router router.register",
		"router router.unregister", "controller dea.advertise", "controller dea.shutdown", "controller cloudcontrollers.hm.requests.default",
		"healthmanager dea.heartbeat", "healthmanager droplet.exited", "healthmanager droplet.updated", "healthmanager healthmanager.status",
		"healthmanager healthmanager.health", "healthmanager healthmanager.droplet",
	} {
		if !heard[want] {
			t.Errorf("nothing of the garbage was dropped by %s", want)
		}
	}
}
