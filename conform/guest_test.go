package conform_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/conformtest"
	"github.com/minicf/minicf/conform/depot"
	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// The kit is a guest on somebody's bus: it disturbs nobody, is not disturbed, and leaves nothing behind.

// watcher hears results.
type watcher func(suite.Result)

func (watcher) Begin(conform.Target)    {}
func (w watcher) Result(r suite.Result) { w(r) }

func TestInterruptedTestLeavesNothing(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	b, _ := startSandboxIn(t, data, map[string]string{"dea": impatient}, "dea")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	report, err := conform.DEA(ctx, b, conform.Options{
		Puppet: conformtest.Program(t), Match: regexp.MustCompile("^(status|start|stop|crash|find)/"), Progress: watcher(func(suite.Result) { interrupt() }),
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, and there are %d results", err, len(report.Results))
	}
	nothingLeft(t, b, data)
}

// A DEA that stops nothing cannot keep the kit's apps.
func TestAppsOfADEAThatStopsNothingEndWithTheTest(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	inner, _ := startSandboxIn(t, data, map[string]string{"dea": impatient}, "dea")
	_, err := conform.DEA(t.Context(), startBridge(t, inner, []fault{lose("dea.stop")}), conform.Options{
		Puppet: conformtest.Program(t), Match: regexp.MustCompile("^(start/runs|stop/port-closes|ready/port)"), Patience: 8 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the end of all apps", func() bool { return len(processesOf(t, data)) == 0 })
}

func nothingLeft(t *testing.T, b *bus.Bus, data string) {
	t.Helper()
	testkit.Eventually(t, time.Minute, "an empty DEA", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		status, err := bus.Do(ctx, b, protocol.DEAStatus, protocol.Ignored{})
		return err == nil && status.NumClients == 0 && status.ReservedMemory == 0
	})
	testkit.Eventually(t, time.Minute, "the end of all apps", func() bool { return len(processesOf(t, data)) == 0 })
}

// processesOf are the processes in whose environment a directory stands, as HOME does in an app's.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(file string) bool {
		text, err := os.ReadFile(file)
		return err != nil || !strings.Contains(string(text), "HOME="+dir)
	})
}

func TestOthersOnTheBusAreNoTrouble(t *testing.T) {
	t.Parallel()
	b, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea", "router")
	chatter(t, b)
	report, err := conform.DEA(t.Context(), b, conform.Options{Puppet: conformtest.Program(t), CoreOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	compare(t, report, nil)
}

// chatter says things of another DEA and other apps, and nonsense, until the test ends.
func chatter(t *testing.T, b *bus.Bus) {
	t.Helper()
	other := joinURL(t, b.URL())
	lines := map[string]string{
		"dea.advertise":     `{"id":"other","available_memory":1,"runtimes":[],"prod":null}`,
		"dea.heartbeat":     `{"dea":"other","prod":null,"droplets":[{"droplet":"x","version":"1","instance":"y","index":0,"state":"RUNNING","state_timestamp":1,"cc_partition":null}]}`,
		"router.register":   `{"dea":"other","app":"x","host":"127.0.0.1","port":1,"uris":["x.vcap.me"],"tags":{}}`,
		"router.unregister": `{"dea":"other","app":"x","host":"127.0.0.1","port":1,"uris":["x.vcap.me"]}`,
		"dea.other.start":   `{"droplet":"x"}`, "dea.stop": `{"droplet":"x"}`, "droplet.updated": `{"droplet":"x"}`, "nonsense": "{oops",
		"vcap.component.announce": `{"type":"DEA","uuid":"other"}`, "healthmanager.start": "", "dea.locate": "",
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			for subject, text := range lines {
				_ = other.PublishRaw(subject, "", []byte(text)) // the bus may be closing already
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}

func TestSomebodysOwnDropletIsRun(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3")
	b, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea")
	droplet := func(startup string) []byte {
		return depot.Tgz([]depot.Entry{{Name: "startup", Mode: 0o500, Text: "#!/bin/sh\n" + startup}, {Name: "logs/"}}, "")
	}
	for startup, want := range map[string][]string{
		"exec python3 -m http.server $2 > logs/stdout.log 2>&1\n": {},
		"exit 1\n": {"own-droplet/runs", "own-droplet/stops"},
	} {
		report, err := conform.DEA(t.Context(), b, conform.Options{
			Puppet: conformtest.Program(t), Match: regexp.MustCompile("^own-droplet/"), Droplet: droplet(startup), Patience: 8 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		compare(t, report, want)
	}
}
