package healthmanager

import (
	"reflect"
	"testing"
	"time"

	"github.com/minicf/minicf/protocol"
)

// testRules are the numbers of 2012, without noise.
func testRules() rules {
	cfg := Default()
	cfg.Intervals.DelayTimeNoise = 0
	return cfg.rules()
}

// situation is an app that has been wanted, in version v-1 with two instances, for an hour.
type situation struct {
	*app
	now time.Time
}

func newSituation() situation {
	now := time.Date(2012, 11, 13, 12, 0, 0, 0, time.UTC)
	a := newApp("hello", now.Add(-time.Hour))
	a.wish = wish{state: protocol.AppStarted, version: "v-1", instances: 2, staged: true}
	return situation{a, now}
}

// runs adds an instance that was just heard of.
func (s situation) runs(id string, version protocol.Text, index int) *instance {
	in := &instance{id: id, at: place{version, index}, state: protocol.Running, since: 100, first: s.now.Add(-time.Hour), seen: s.now}
	s.instances[id] = in
	return in
}

func (s situation) bothRun() {
	s.runs("a", "v-1", 0)
	s.runs("b", "v-1", 1)
}

// breaks lets an index crash so many times, the last time now.
func (s situation) breaks(index, times int) {
	for i := range times {
		id := string(rune('p' + i))
		s.exit(protocol.Exited{Instance: id, Version: "v-1", Index: protocol.Int(index), Reason: protocol.ExitCrashed}, testRules(), s.now)
	}
}

func TestAnalyze(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given  func(s situation, r *rules)
		after  time.Duration
		starts []start
		stops  []string
	}{
		"all is well":                     {given: func(s situation, _ *rules) { s.bothRun() }},
		"nothing was ever heard of":       {given: func(situation, *rules) {}, starts: []start{{index: 0}, {index: 1}}},
		"one is missing":                  {given: func(s situation, _ *rules) { s.runs("a", "v-1", 0) }, starts: []start{{index: 1}}},
		"one is starting":                 {given: func(s situation, _ *rules) { s.bothRun(); s.instances["b"].state = protocol.Starting }},
		"the record has just changed":     {given: func(s situation, _ *rules) { s.reset = s.now }, after: 29 * time.Second},
		"it changed thirty seconds ago":   {given: func(s situation, _ *rules) { s.reset = s.now }, after: 30 * time.Second, starts: []start{{index: 0}, {index: 1}}},
		"the change was not read yet":     {given: func(s situation, _ *rules) { s.stale = s.now }},
		"an app without a droplet":        {given: func(s situation, _ *rules) { s.wish.staged = false }},
		"a version without a hash":        {given: func(s situation, _ *rules) { s.wish.version = "-1" }},
		"the first crash":                 {given: func(s situation, _ *rules) { s.bothRun(); delete(s.instances, "b"); s.breaks(1, 1) }, starts: []start{{index: 1}}},
		"the second crash waits a minute": {given: func(s situation, _ *rules) { s.runs("a", "v-1", 0); s.breaks(1, 2) }, after: 59 * time.Second},
		"and is started then": {given: func(s situation, _ *rules) {
			s.runs("a", "v-1", 0)
			s.instances["a"].seen = s.now.Add(time.Hour)
			s.breaks(1, 2)
		}, after: time.Minute, starts: []start{{index: 1, flapping: true}}},
		"the fifth crash is the last":        {given: func(s situation, _ *rules) { s.runs("a", "v-1", 0); s.breaks(1, 5) }, after: 24 * time.Hour},
		"the fifth crash, and never give up": {given: func(s situation, r *rules) { r.GiveUp = 0; s.runs("a", "v-1", 0); s.breaks(1, 5) }, after: 480 * time.Second, starts: []start{{index: 1, flapping: true}}},
		"its DEA is going": {given: func(s situation, r *rules) {
			s.runs("a", "v-1", 0)
			s.exit(protocol.Exited{Instance: "b", Version: "v-1", Index: 1, Reason: protocol.ExitDEAEvacuation}, *r, s.now)
		}, starts: []start{{index: 1, urgent: true}}},
		"somebody stopped it": {given: func(s situation, r *rules) {
			s.runs("a", "v-1", 0)
			s.exit(protocol.Exited{Instance: "b", Version: "v-1", Index: 1, Reason: protocol.ExitStopped}, *r, s.now)
		}, after: 29 * time.Second},
		"somebody stopped it a while ago": {given: func(s situation, r *rules) {
			s.runs("a", "v-1", 0)
			s.exit(protocol.Exited{Instance: "b", Version: "v-1", Index: 1, Reason: protocol.ExitStopped}, *r, s.now)
		}, after: 30 * time.Second, starts: []start{{index: 1}}},
		"an index too many":                 {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-1", 2) }, stops: []string{"c"}},
		"an index below zero":               {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-1", -1) }, stops: []string{"c"}},
		"another version":                   {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-0", 0) }, stops: []string{"c"}},
		"too many, and it has just changed": {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-0", 0); s.reset = s.now }, after: 59 * time.Second},
		"too many, and it was asked for":    {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-0", 0).asked = s.now }, after: 19 * time.Second},
		"and asked for in vain":             {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-0", 0).asked = s.now }, after: 20 * time.Second, stops: []string{"c"}},
		"two in one place: the older stays": {given: func(s situation, _ *rules) { s.bothRun(); s.runs("c", "v-1", 1).since = 99; s.reset = s.now }, stops: []string{"b"}},
		"two in one place: who runs stays": {given: func(s situation, _ *rules) {
			s.bothRun()
			c := s.runs("c", "v-1", 1)
			c.since, c.state = 99, protocol.Starting
		}, stops: []string{"c"}},
		"a stopped app":                   {given: func(s situation, _ *rules) { s.bothRun(); s.wish.state = protocol.AppStopped }, stops: []string{"a", "b"}},
		"a deleted app":                   {given: func(s situation, _ *rules) { s.bothRun(); s.wish.state = protocol.AppDeleted }, stops: []string{"a", "b"}},
		"nobody's app":                    {given: func(s situation, _ *rules) { s.bothRun(); s.wish = wish{} }},
		"nobody's app, as in 2012":        {given: func(s situation, r *rules) { s.bothRun(); s.wish = wish{}; r.StopUnknown = true }, stops: []string{"a", "b"}},
		"nobody's new app, as in 2012":    {given: func(s situation, r *rules) { s.runs("a", "v", 0).first = s.now; s.wish = wish{}; r.StopUnknown = true }, after: 119 * time.Second},
		"a crash where another one lives": {given: func(s situation, _ *rules) { s.bothRun(); s.breaks(1, 3) }},
		"a crash of a version not wanted": {given: func(s situation, r *rules) {
			s.bothRun()
			s.exit(protocol.Exited{Instance: "x", Version: "v-0", Reason: protocol.ExitCrashed}, *r, s.now)
		}},
	} {
		s, r := newSituation(), testRules()
		tt.given(s, &r)
		v := analyze(s.app, r, s.now.Add(tt.after))
		if !reflect.DeepEqual(v.starts, tt.starts) || !reflect.DeepEqual(v.stops, tt.stops) {
			t.Errorf("%s: start %v and stop %v, want %v and %v", name, v.starts, v.stops, tt.starts, tt.stops)
		}
	}
}

// What is waited for says when it will be over.
func TestAnalyzeSaysWhenToLookAgain(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		given func(s situation)
		want  time.Duration
	}{
		"an instance falls silent":       {func(s situation) { s.bothRun() }, 30 * time.Second},
		"a change must have its time":    {func(s situation) { s.reset = s.now.Add(-10 * time.Second) }, 20 * time.Second},
		"a crash waits for its turn":     {func(s situation) { s.runs("a", "v-1", 0).seen = s.now.Add(time.Hour); s.breaks(1, 3) }, 2 * time.Minute},
		"what is extra may be a mistake": {func(s situation) { s.runs("c", "v-0", 0); s.reset = s.now.Add(-45 * time.Second); s.wish.instances = 0 }, 15 * time.Second},
	} {
		s := newSituation()
		tt.given(s)
		if got := analyze(s.app, testRules(), s.now).next.Sub(s.now); got != tt.want {
			t.Errorf("%s: look again after %v, want %v", name, got, tt.want)
		}
	}
	if s := newSituation(); !analyze(newApp("x", s.now), testRules(), s.now).next.IsZero() {
		t.Error("an app of which nothing is known is looked at again")
	}
}

func TestDelayDoubles(t *testing.T) {
	t.Parallel()
	r := testRules()
	for crashes, want := range map[int]time.Duration{
		0: 0, 1: 0, 2: time.Minute, 3: 2 * time.Minute, 4: 4 * time.Minute, 5: 8 * time.Minute, 6: 8 * time.Minute, 1_000_000: 8 * time.Minute,
	} {
		if got := r.delay(crashes); got != want {
			t.Errorf("after %d crashes %v, want %v", crashes, got, want)
		}
	}
	r.Noise = 5 * time.Second
	for drawn, want := range map[int64]time.Duration{0: 55 * time.Second, int64(5 * time.Second): time.Minute, int64(10 * time.Second): 65 * time.Second} {
		r.random = func(n int64) int64 {
			if n != int64(10*time.Second)+1 {
				t.Errorf("drawn from %d", n)
			}
			return drawn
		}
		if got := r.delay(2); got != want {
			t.Errorf("with noise %v, want %v", got, want)
		}
	}
}

// Crashes that are far apart are not in a row, and one crash that is told twice is one.
func TestCrashesInARow(t *testing.T) {
	t.Parallel()
	s, r := newSituation(), testRules()
	crash := func(id string, after time.Duration) int {
		s.exit(protocol.Exited{Instance: id, Version: "v-1", Reason: protocol.ExitCrashed}, r, s.now.Add(after))
		return s.slots[place{"v-1", 0}].crashes
	}
	for _, step := range []struct {
		id    string
		after time.Duration
		want  int
	}{{"a", 0, 1}, {"a", time.Second, 1}, {"b", 500 * time.Second, 2}, {"c", 1000*time.Second + 1, 1}} {
		if got := crash(step.id, step.after); got != step.want {
			t.Errorf("after the crash of %s there are %d in a row, want %d", step.id, got, step.want)
		}
	}
}

func TestPruneForgetsWhatIsSilent(t *testing.T) {
	t.Parallel()
	s, r := newSituation(), testRules()
	s.bothRun()
	s.instances["a"].seen = s.now.Add(-r.DropletLost)
	s.beat(protocol.HeartbeatEntry{Instance: "x", State: protocol.Crashed}, "dea", s.now.Add(-r.DropletLost))
	s.slots[place{"v-0", 0}] = &slot{crashed: s.now.Add(-time.Hour), due: s.now.Add(-time.Hour)}
	s.slots[place{"v-1", 0}] = &slot{crashed: s.now.Add(-time.Hour), due: s.now.Add(-time.Hour)}
	s.prune(r, s.now)
	if len(s.instances) != 1 || len(s.crashes) != 0 || len(s.slots) != 1 {
		t.Errorf("left are %v %v %v, want what was heard of, and the history of the version that is wanted", s.instances, s.crashes, s.slots)
	}
}
