package conform_test

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/conformtest"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// message is what crosses the bridge.
type message struct {
	subject, reply string
	object         wire.Object
	raw            []byte // when it is no object
}

// fault is a mistake that a component could have: what it makes of messages on a subject, and the cases that must notice.
type fault struct {
	// on is a subject; "answer " before it means the answers, and "dea.start" the start of any DEA.
	on     []string
	change func(m message, pass func(message))
	fails  []string
}

// bridge stands between the kit and a component and makes faults.
type bridge struct {
	faults []fault

	mu    sync.Mutex
	asked map[string]string // inbox → subject of the question
}

// fromComponents is what only components say.
func fromComponents(subject string) bool {
	return strings.HasPrefix(subject, "_INBOX.") || slices.Contains([]string{
		"dea.start", "dea.advertise", "dea.heartbeat", "dea.shutdown", "droplet.exited", "router.register", "router.unregister", "vcap.component.announce",
	}, subject)
}

// startBridge joins a component's bus to a new one, and returns that.
func startBridge(t *testing.T, component *bus.Bus, faults []fault) *bus.Bus {
	t.Helper()
	br := &bridge{faults: faults, asked: map[string]string{}}
	server := bustest.NewServer(t)
	kit := bustest.Join(t, server)
	forward := func(from, to *bus.Bus, wanted func(string) bool) {
		_, err := from.Tap(">", func(m bus.Message) {
			if wanted(m.Subject) {
				br.carry(m, func(m message) { _ = to.PublishRaw(m.subject, m.reply, m.payload()) }) // a bus that is closed fails the test elsewhere
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := from.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	forward(component, kit, fromComponents)
	forward(kit, component, func(subject string) bool { return !fromComponents(subject) })
	return bustest.Join(t, server)
}

func (m message) payload() []byte {
	if m.object == nil {
		return m.raw
	}
	b, err := json.Marshal(m.object)
	if err != nil {
		return nil
	}
	return b
}

// carry hands a message through all faults that are about it.
func (br *bridge) carry(m bus.Message, send func(message)) {
	br.mu.Lock()
	defer br.mu.Unlock()
	kind := m.Subject
	if strings.HasSuffix(kind, ".start") && strings.HasPrefix(kind, "dea.") && kind != "dea.start" {
		kind = "dea.start"
	}
	if m.Reply != "" {
		br.asked[m.Reply] = kind
	}
	if question := br.asked[m.Subject]; question != "" {
		kind = "answer " + question
	}
	o, err := wire.Parse(m.Payload)
	if err != nil {
		o = nil
	}
	br.through(kind, 0, message{m.Subject, m.Reply, o, m.Payload}, send)
}

func (br *bridge) through(kind string, i int, m message, send func(message)) {
	for ; i < len(br.faults); i++ {
		if f := br.faults[i]; slices.Contains(f.on, kind) {
			f.change(m, func(m message) { br.through(kind, i+1, m, send) })
			return
		}
	}
	send(m)
}

// wanted are the cases that faults must make fail.
func wanted(faults []fault) []string {
	all := map[string]bool{}
	for _, f := range faults {
		for _, name := range f.fails {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// names are the cases with an outcome.
func names(r conform.Report, outcome suite.Outcome) []string {
	all := []string{}
	for _, c := range r.Results {
		if c.Outcome == outcome {
			all = append(all, c.Name)
		}
	}
	slices.Sort(all)
	return all
}

// patient are intervals that are longer than what must happen at once.
const patient = "max_memory: 4096\nintervals: {heartbeat: 5, advertise: 5}\n"

// broken is a component with faults, none of which hides another, and the cases that it is tested with.
type broken struct {
	match  string
	faults []fault
	config string // of the component; "" is patient for a DEA
	change func(*conform.Options)
}

// expectFailures tests a DEA behind a bridge and wants exactly those cases to notice that the faults name.
func expectFailures(t *testing.T, b broken) {
	t.Helper()
	if b.config == "" {
		b.config = patient
	}
	inner, _ := startSandbox(t, map[string]string{"dea": b.config}, "dea")
	expectNoticed(t, inner, b, conform.DEA, conform.Options{Patience: 8 * time.Second, Quiet: 2 * time.Second})
}

// expectStagerFailures is expectFailures for a stager.
func expectStagerFailures(t *testing.T, b broken) {
	t.Helper()
	inner, _ := startSandbox(t, map[string]string{"stager": b.config}, "stager")
	expectNoticed(t, inner, b, conform.Stager, conform.Options{Patience: 15 * time.Second})
}

func expectNoticed(t *testing.T, inner *bus.Bus, b broken, test func(context.Context, *bus.Bus, conform.Options) (conform.Report, error), o conform.Options) {
	t.Helper()
	o.Puppet, o.Match, o.Parallel = conformtest.Program(t), regexp.MustCompile(b.match), 16
	if b.change != nil {
		b.change(&o)
	}
	report, err := test(t.Context(), startBridge(t, inner, b.faults), o)
	if err != nil {
		t.Fatal(err)
	}
	got := append(names(report, suite.NotOK), names(report, suite.KnownOld)...)
	compareNames(t, report, got, wanted(b.faults))
}

// compare wants exactly some cases to fail.
func compare(t *testing.T, report conform.Report, want []string) {
	t.Helper()
	compareNames(t, report, names(report, suite.NotOK), want)
}

func compareNames(t *testing.T, report conform.Report, got, want []string) {
	t.Helper()
	for _, r := range report.Results {
		if slices.Contains(got, r.Name) && !slices.Contains(want, r.Name) {
			t.Errorf("%s failed, and should not: %s\nexpected: %s\nseen: %s", r.Name, r.Why, r.Expected, r.Seen)
		}
	}
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s did not notice", name)
		}
	}
}
