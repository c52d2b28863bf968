package conform_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/conformtest"
	"github.com/minicf/minicf/conform/suite"
)

func TestDEAOfWrongFiguresIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, wrongFigures())
}

func wrongFigures() broken {
	return broken{match: "^(status/counts|taint/[ms]|room/(start|failed|discover)|advertise/interval)", faults: []fault{
		set("answer dea.status", "num_clients", 0, "status/counts"),
		set("dea.advertise", "available_memory", 4096, "room/start", "room/failed-download"),
		sluggish("taint/memory", "taint/same-app"),
	}}
}

func TestMemoryThatIsBackBeforeTheExitIsNoticed(t *testing.T) {
	t.Parallel()
	expectFailures(t, hasty())
}

func hasty() broken {
	var held []message
	return broken{match: "^room/(start|stop|crash|discover)", faults: []fault{{
		on: []string{"droplet.exited", "dea.advertise"}, fails: []string{"room/stop", "room/crash"}, change: func(m message, pass func(message)) {
			if m.subject == "droplet.exited" {
				held = append(held, m)
				return
			}
			pass(m)
			for _, h := range held {
				pass(h)
			}
			held = nil
		},
	}}}
}

// deaf are the payloads after which the component behind a bridge hears nothing any more.
func deaf(on, payload string, muteToo bool) []fault {
	var gone atomic.Bool
	all := func(trigger bool) func(message, func(message)) {
		return func(m message, pass func(message)) {
			if trigger && strings.HasPrefix(string(m.raw), payload) {
				gone.Store(true)
			}
			if !gone.Load() {
				pass(m)
			}
		}
	}
	faults := []fault{{on: []string{on}, change: all(true)}}
	others := []string{"dea.discover", "dea.status", "dea.start", "dea.stop", "dea.locate", "healthmanager.start"}
	faults = append(faults, fault{on: slices.DeleteFunc(others, func(s string) bool { return s == on }), change: all(false)})
	if muteToo {
		faults = append(faults, fault{on: []string{"dea.advertise", "dea.heartbeat"}, change: all(false)})
	}
	return faults
}

func TestDEAThatGarbageHasWedgedIsKnownSince2012(t *testing.T) {
	t.Parallel()
	r := garbageReport(t, deaf("dea.stop", "{oops", false))
	if got := names(r, suite.KnownOld); !slices.Equal(got, []string{"garbage/dea.stop"}) || !r.Passed() {
		t.Errorf("known: %q, passed: %v", got, r.Passed())
	}
	if got := names(r, suite.Skipped); !slices.Contains(got, "garbage/dea.update") || !slices.Contains(got, "garbage/null-uris") || slices.Contains(got, "garbage/dea.start") {
		t.Errorf("skipped: %q, want all that come after", got)
	}
}

func TestDEAThatGarbageHasKilledFails(t *testing.T) {
	t.Parallel()
	r := garbageReport(t, deaf("dea.stop", "{oops", true))
	if got := names(r, suite.NotOK); len(got) < 5 || !slices.Contains(got, "garbage/dea.stop") || slices.Contains(got, "garbage/dea.start") || r.Passed() {
		t.Errorf("failed: %q, passed: %v", got, r.Passed())
	}
}

func garbageReport(t *testing.T, faults []fault) conform.Report {
	t.Helper()
	inner, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea")
	report, err := conform.DEA(t.Context(), startBridge(t, inner, faults), conform.Options{
		Puppet: conformtest.Program(t), Match: regexp.MustCompile("^garbage/"), Patience: 8 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestSilenceIsGivenUp(t *testing.T) {
	t.Parallel()
	for kind, test := range map[string]func(context.Context, conform.Options) (conform.Report, error){
		"DEA": func(ctx context.Context, o conform.Options) (conform.Report, error) {
			return conform.DEA(ctx, bustest.New(t), o)
		},
		"stager": func(ctx context.Context, o conform.Options) (conform.Report, error) {
			return conform.Stager(ctx, bustest.New(t), o)
		},
	} {
		_, err := test(t.Context(), conform.Options{Puppet: conformtest.Program(t)})
		nobody, ok := errors.AsType[*conform.NobodyError](err)
		if !ok || nobody.Kind != kind || nobody.Hint() == "" {
			t.Errorf("%s: the error is %v", kind, err)
		}
	}
}

func TestDEAByAnotherIDIsNotTested(t *testing.T) {
	t.Parallel()
	b, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea")
	_, err := conform.DEA(t.Context(), b, conform.Options{Puppet: conformtest.Program(t), DEA: "another"})
	if err == nil || !strings.Contains(err.Error(), "by the id another") {
		t.Errorf("the error is %v", err)
	}
}
