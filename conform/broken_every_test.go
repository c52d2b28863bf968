package conform_test

import (
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform"
	"github.com/minicf/minicf/conform/conformtest"
	"github.com/minicf/minicf/conform/deacases"
	"github.com/minicf/minicf/conform/suite"
)

// A case that nothing makes fail says nothing.
func TestEveryCaseOfADEACanFail(t *testing.T) {
	t.Parallel()
	everyCase(t, conform.DEACases(), oldDEA(), append(deadly(), signals()...), []broken{
		otherShapes(), otherOrder(), ignorant(), hardOfHearing(), wrongFigures(), hasty(), faultyViewer(t), faultyServer(t), spoiledDroplets(t),
		selective(), describing(), talkative(), roomy(), uncritical(), impetuous(), mute(),
	})
}

func TestEveryCaseOfAStagerCanFail(t *testing.T) {
	t.Parallel()
	everyCase(t, conform.StagerCases(), oldStager(), wanted(append(faultyServer(t).faults, hardOfHearing().faults...)), []broken{ // components are all the same
		otherReplies(), otherErrors(), neverFails(), spoiledUploads(t), choosy(), careless(), hurried(), hopeless(), touchy(), restless(),
	})
}

// everyCase wants each case to be noticed by a broken component, by those of 2012, or elsewhere.
func everyCase(t *testing.T, cases []suite.Case, in2012, elsewhere []string, all []broken) {
	t.Helper()
	ownDroplet := []string{"own-droplet/runs", "own-droplet/stops"} // TestSomebodysOwnDropletIsRun
	noticed := slices.Concat(ownDroplet, in2012, elsewhere)
	for _, b := range all {
		noticed = append(noticed, wanted(b.faults)...)
	}
	for _, c := range cases {
		if !slices.Contains(noticed, c.Name) {
			t.Errorf("%s: nothing makes it fail", c.Name)
		}
	}
}

// deadly are the cases about garbage.
func deadly() []string {
	return []string{
		"garbage/dea.discover", "garbage/dea.start", "garbage/dea.stop", "garbage/dea.update", "garbage/dea.find.droplet", "garbage/dea.status", "garbage/dea.locate",
		"garbage/droplet.status", "garbage/router.start", "garbage/healthmanager.start", "garbage/vcap.component.discover",
	}
}

// Each of them is the end of a DEA, which then says nothing more.
func TestGarbageThatEndsADEAIsNoticed(t *testing.T) {
	t.Parallel()
	inner, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea")
	together(t, deadly(), func(name string) (*bus.Bus, conform.Options) {
		return startBridge(t, inner, deaf(name[len("garbage/"):], "{oops", true)), conform.Options{Match: justThis(name)}
	})
}

// signals are the cases about a DEA that is sent one.
func signals() []string {
	return []string{
		"signal/shutdown-exit", "signal/shutdown-apps", "signal/evacuation-exit", "signal/evacuation-status", "signal/evacuation-refuses", "signal/evacuation-end",
		"signal/kill-survival", "signal/kill-instance",
	}
}

func TestDEAThatIsDeafToSignalsIsNoticed(t *testing.T) {
	t.Parallel()
	inner, _ := startSandbox(t, map[string]string{"dea": impatient}, "dea")
	together(t, signals(), func(name string) (*bus.Bus, conform.Options) {
		words := map[byte]string{'s': "TERM", 'e': "USR2", 'k': "KILL"}
		o := conform.Options{Match: justThis(name), Signal: &deacases.Signal{Name: words[name[len("signal/")]], Send: func() error { return nil }}}
		return joinURL(t, inner.URL()), o
	})
}

func justThis(name string) *regexp.Regexp {
	return regexp.MustCompile("^" + regexp.QuoteMeta(name) + "$")
}

// together tries each case on a component of its own that is broken, all at the same time, as most of it is waiting.
func together(t *testing.T, cases []string, prepare func(name string) (*bus.Bus, conform.Options)) {
	t.Helper()
	var running sync.WaitGroup
	for _, name := range cases {
		b, o := prepare(name)
		o.Puppet, o.Patience = conformtest.Program(t), 8*time.Second
		running.Go(func() {
			report, err := conform.DEA(t.Context(), b, o)
			if err != nil {
				t.Error(err)
				return
			}
			compare(t, report, []string{name})
		})
	}
	running.Wait()
}
