package story

import (
	"context"
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
	return t.tell(Step{
		Title: "Who can run it?", Elapsed: answered.Time.Sub(asked.Time),
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
	t.sent = sent.Time
	return t.tell(Step{
		Title: "Run it", Elapsed: sent.Time.Sub(began),
		Why:      "The start message goes to that one DEA, on a subject of its own. Nobody answers: what becomes of it is seen on the bus.",
		Exhibits: []Exhibit{t.seen.exhibit("message", sent)},
	})
}

// running waits for the instance and shows what the DEA made of startup.
func (t *tale) running(ctx context.Context) error {
	registered, err := t.awaitInstance(ctx)
	if err != nil {
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
	step := Step{Title: "The DEA runs the droplet", Elapsed: registered.Time.Sub(t.sent)}
	prepared := "It fetched the droplet, unpacked it, "
	if lines := changed(string(before), after); lines != "" {
		prepared += "put its own runtime in place of the token, "
		step.Exhibits = []Exhibit{{Label: "startup, before and after", Text: lines}}
	}
	step.Why = prepared + "and ran startup with -p PORT and an environment of its own making. When the port answered, the " +
		"health manager was the first to hear."
	step.Exhibits = append(step.Exhibits, t.seen.exhibit("message", beat))
	return t.tell(step)
}

// awaitInstance waits until the instance is routed, or has ended, or has taken too long.
func (t *tale) awaitInstance(ctx context.Context) (bus.Message, error) {
	limited, cancel := context.WithDeadline(ctx, t.sent.Add(t.StartLimit))
	defer cancel()
	m, err := t.seen.await(limited, "the instance", func(m bus.Message) bool {
		return m.Subject == protocol.RouterRegister.String() || m.Subject == exited
	})
	switch {
	case ctx.Err() != nil: // whatever became of the instance: nobody wants to know any more
		return m, fmt.Errorf("wait for the instance: %w", ctx.Err())
	case err != nil:
		return m, &CrashError{App: t.App.Name, After: t.StartLimit, NeverReady: true, Said: t.lastWords()}
	case m.Subject == exited:
		return m, t.ended(m)
	}
	return m, nil
}

// changed shows the lines that differ, the old ones behind a minus, the new ones behind a plus; none do when an app is
// started by a command of its own.
func changed(before, after string) string {
	old, fresh := strings.Split(before, "\n"), strings.Split(after, "\n")
	var b strings.Builder
	for i := range min(len(old), len(fresh)) {
		if old[i] != fresh[i] {
			fmt.Fprintf(&b, "- %s\n+ %s\n", old[i], fresh[i])
		}
	}
	return b.String()
}

// routed shows the registration.
func (t *tale) routed(ctx context.Context) error {
	m, err := t.seen.await(ctx, "router.register", on("router.register"))
	if err != nil {
		return err
	}
	return t.tell(Step{
		Title:    "The router learns where it is",
		Why:      "The DEA registers the instance's host, port and names. The router keeps a route for 120 s and asks all to register again every 30.",
		Exhibits: []Exhibit{t.seen.exhibit("message", m)},
	})
}
