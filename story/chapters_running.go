package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

// discover finds a DEA.
func (t *tale) discover(ctx context.Context) error {
	request, err := t.App.DiscoverRequest()
	if err != nil {
		return err
	}
	began := time.Now()
	hello, err := client.Discover(ctx, t.bus, request)
	if err != nil {
		return err
	}
	t.dea = hello.ID
	asked, err := t.seen.await(ctx, "dea.discover", on("dea.discover"))
	if err != nil {
		return err
	}
	answered, err := t.seen.await(ctx, "the DEA's answer", func(m bus.Message) bool { return m.Subject == asked.Reply })
	if err != nil {
		return err
	}
	return t.tell(began, Step{
		Title: "Who can run it?",
		Why: "Every DEA hears dea.discover. One without room or without the runtime keeps silent; the busier one of the others " +
			"is, the later it answers. The first answer wins.",
		Exhibits: []Exhibit{t.seen.exhibit("request", asked), t.seen.exhibit("answer", answered)},
	})
}

// start sends the start message to that DEA.
func (t *tale) start(ctx context.Context) error {
	subject, err := protocol.DEAStart(t.dea)
	if err != nil {
		return err
	}
	request, err := t.App.StartRequest(0, t.sha1, t.dropletURI)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := bus.Publish(t.bus, subject, request); err != nil {
		return err
	}
	sent, err := t.seen.await(ctx, subject.String(), on(subject.String()))
	if err != nil {
		return err
	}
	return t.tell(began, Step{
		Title:    "Run it",
		Why:      "The start message goes to that one DEA, on a subject of its own. Nobody answers: what becomes of it is seen on the bus.",
		Exhibits: []Exhibit{t.seen.exhibit("message", sent)},
	})
}

// running waits for the instance and shows what the DEA made of startup.
func (t *tale) running(ctx context.Context) error {
	began := time.Now()
	if err := t.awaitInstance(ctx); err != nil {
		return err
	}
	beat, err := t.seen.await(ctx, "the heartbeat", on("dea.heartbeat"))
	if err != nil {
		return err
	}
	before, err := os.ReadFile(filepath.Join(t.staged, droplet.StartupFile))
	if err != nil {
		return err
	}
	after, err := t.instanceFile(droplet.StartupFile)
	if err != nil {
		return err
	}
	return t.tell(began, Step{
		Title: "The DEA runs the droplet",
		Why: "It fetched the droplet, unpacked it, put its own runtime in place of the token, and ran startup with -p PORT and an " +
			"environment of its own making. When the port answered, the health manager was the first to hear.",
		Exhibits: []Exhibit{
			{Label: "startup, before and after", Text: changed(string(before), after)},
			t.seen.exhibit("message", beat),
		},
	})
}

// awaitInstance waits until the instance is routed, or has crashed.
func (t *tale) awaitInstance(ctx context.Context) error {
	m, err := t.seen.await(ctx, "the instance", func(m bus.Message) bool {
		return m.Subject == "router.register" || m.Subject == "droplet.exited"
	})
	if errors.Is(err, context.Canceled) {
		return err
	}
	if err != nil {
		return t.crash(err)
	}
	if m.Subject == "droplet.exited" {
		return t.crash(nil)
	}
	var r protocol.Route
	if err := json.Unmarshal(m.Payload, &r); err != nil || r.Port == nil {
		return fmt.Errorf("read router.register: %w", err)
	}
	t.host = fmt.Sprintf("%s:%d", r.Host, *r.Port)
	return nil
}

// crash tells what the app said before it died.
func (t *tale) crash(err error) error {
	var said strings.Builder
	for _, name := range []string{"logs/stderr.log", "logs/stdout.log", "logs/startup.log"} {
		if text, e := t.instanceFile(name); e == nil && strings.TrimSpace(text) != "" {
			fmt.Fprintf(&said, "\n%s:\n%s", name, lastLines(text, 20))
		}
	}
	return &CrashError{App: t.App.Name, Said: said.String(), Err: err}
}

// CrashError says that the app was staged but does not run.
type CrashError struct {
	App  string
	Said string // the end of its logs
	Err  error  // nil when it exited
}

func (e *CrashError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s did not get ready: %v%s", e.App, e.Err, e.Said)
	}
	return fmt.Sprintf("%s ended as soon as it was started%s", e.App, e.Said)
}

func (e *CrashError) Unwrap() error { return e.Err }

// Hint says what is most often wrong.
func (e *CrashError) Hint() string {
	return "`minicf doctor` says whether the runtime and its libraries are installed; an app must listen on the port of -p or $VCAP_APP_PORT"
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// instanceFile reads a file of the one instance that this sandbox has.
func (t *tale) instanceFile(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join(t.DataDir, "dea", "apps", "*", filepath.FromSlash(name)))
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("the instance has no %s", name)
	}
	b, err := os.ReadFile(found[0])
	return string(b), err
}

// changed shows the lines that differ, the old ones behind a minus, the new ones behind a plus.
func changed(before, after string) string {
	old, fresh := strings.Split(before, "\n"), strings.Split(after, "\n")
	var b strings.Builder
	for i := range min(len(old), len(fresh)) {
		if old[i] != fresh[i] {
			fmt.Fprintf(&b, "- %s\n+ %s\n", old[i], fresh[i])
		}
	}
	if b.Len() == 0 {
		return "(no token to replace: the app is started by its own command)"
	}
	return b.String()
}

// routed shows the registration.
func (t *tale) routed(ctx context.Context) error {
	began := time.Now()
	m, err := t.seen.await(ctx, "router.register", on("router.register"))
	if err != nil {
		return err
	}
	return t.tell(began, Step{
		Title:    "The router learns where it is",
		Why:      "The DEA registers the instance's host, port and names. The router keeps a route for 120 s and asks all to register again every 30.",
		Exhibits: []Exhibit{t.seen.exhibit("message", m)},
	})
}
