package process

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

func TestMeterCountsSinceTheTimeBefore(t *testing.T) {
	t.Parallel()
	began := time.Unix(1000, 0)
	m := meter{at: began}
	for _, step := range []struct {
		after, used time.Duration
		want        float64
	}{
		{time.Second, 500 * time.Millisecond, 50},
		{3 * time.Second, 4500 * time.Millisecond, 200},
		{3*time.Second + shortest/2, 9 * time.Second, 200}, // too soon to tell
		{5 * time.Second, 4500 * time.Millisecond, 0},      // nothing
		{7 * time.Second, time.Second, 0},                  // one left that was not waited for
		{9 * time.Second, 1200 * time.Millisecond, 10},
	} {
		if got := m.percent(step.used, began.Add(step.after)); got != step.want {
			t.Errorf("after %s with %s used: %v %%, want %v %%", step.after, step.used, got, step.want)
		}
	}
}

func TestDiskIsMeasuredAgainAfterARest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var d disk
	before := d.used(t.Context(), dir, 1)
	write(t, filepath.Join(dir, "data"), 100<<10)
	d.until = time.Now().Add(time.Hour)
	if got := d.used(t.Context(), dir, 1); got != before {
		t.Errorf("used = %d during the rest, want %d as before", got, before)
	}
	d.until = time.Time{}
	after := d.used(t.Context(), dir, 1)
	if after < before+100<<10 {
		t.Errorf("used = %d after the rest, want at least %d", after, before+100<<10)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	write(t, filepath.Join(dir, "more"), 100<<10)
	d.until = time.Time{}
	if got := d.used(ctx, dir, 1); got != after {
		t.Errorf("used = %d with no time to walk, want %d as before", got, after)
	}
	if got := new(disk).used(t.Context(), filepath.Join(dir, "missing"), 1); got != 0 {
		t.Errorf("used = %d below a directory that is gone, want 0", got)
	}
}

// brief is a context that ends after it was asked a few times.
type brief struct {
	context.Context
	left int
}

func (b *brief) Err() error {
	if b.left--; b.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestDiskThatIsTooLargeToWalkIsAtLeastWhatWasSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 9 {
		write(t, filepath.Join(dir, strconv.Itoa(i)), 100<<10)
	}
	var d disk
	seen := d.used(&brief{t.Context(), 5}, dir, 1)
	if seen < 300<<10 || seen > 500<<10 {
		t.Errorf("used = %d when the walk was cut short, want what it had seen", seen)
	}
	d.until = time.Time{}
	if got := d.used(&brief{t.Context(), 2}, dir, 1); got != seen {
		t.Errorf("used = %d after a shorter walk, want %d as before", got, seen)
	}
}

func TestManyDisksShareTheTimeForWalks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rest := func(others int) time.Duration {
		var d disk
		began := time.Now()
		d.used(t.Context(), dir, others)
		return d.until.Sub(began)
	}
	if one, many := rest(1), rest(1_000_000); many < 100*one {
		t.Errorf("the rest is %v alone and %v among a million, want far more", one, many)
	}
}

func write(t *testing.T, path string, size int) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestStderrIsCutWhenItGrows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tail, err := newTail(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tail.close()
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("the directory has %v, %v, want nothing", names, err)
	}
	write := func(text string) {
		if _, err := tail.file.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	size := func() int64 {
		info, err := tail.file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	write("short\n")
	tail.trim()
	if got := tail.read(); got != "short\n" || size() != 6 {
		t.Errorf("read = %q, %d bytes, want all of a short one", got, size())
	}
	write(strings.Repeat("long\n", tailMost/5+1) + "last\n")
	before := tail.read()
	tail.trim()
	if got := tail.read(); got != before || size() > tailKept {
		t.Errorf("after trim: %d bytes, read = %q, want the same as before it", size(), got)
	}
	write("later\n")
	if got := tail.read(); !strings.HasSuffix(got, "long\nlast\nlater\n") || strings.Contains(got, "\x00") {
		t.Errorf("read ends with %q, want what came after trim", got[max(0, len(got)-30):])
	}
}

// immortal is a process table in which one process never dies.
type immortal struct{ process }

func (i immortal) all(context.Context, *snapshot) ([]process, error) {
	return []process{i.process}, nil
}
func (i immortal) startOf(context.Context, int) (uint64, bool) { return 0, false } // so it is never really signalled

func TestEndGivesUpInTimeAndNamesWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &Backend{table: immortal{process{pid: daemon, parent: 1, name: "java", identity: identity{home: "/apps/x"}}}}
		began := time.Now()
		err := b.Sweep(t.Context(), isolation.Handle{Dir: "/apps/x"})
		if err == nil || err.Error() != "sweep /apps/x: still alive: java (1073741827)" {
			t.Errorf("Sweep = %v, want an error that names the process", err)
		}
		if took := time.Since(began); took != graceTime+killTime {
			t.Errorf("took %s, want %s", took, graceTime+killTime)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began = time.Now()
		if err := b.Sweep(ctx, isolation.Handle{Dir: "/apps/x"}); err == nil {
			t.Error("Sweep without patience = nil, want an error")
		}
		if took := time.Since(began); took != killTime {
			t.Errorf("without patience it took %s, want %s", took, killTime)
		}
	})
}

// steadyPS is ps without its start times: that of Linux computes them from the uptime, and is a second off now and then.
type steadyPS struct{ ps }

func (s steadyPS) all(ctx context.Context, _ *snapshot) ([]process, error) {
	all, err := s.ps.all(ctx, nil)
	for i := range all {
		all[i].start = 1
	}
	return all, err
}

func (s steadyPS) startOf(ctx context.Context, pid int) (uint64, bool) {
	_, ok := s.ps.startOf(ctx, pid)
	return 1, ok
}

func TestGroupIsMeasuredAndEndedByPSAlone(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "ps", "bash", "sleep")
	dir := t.TempDir()
	startup := "#!/bin/bash\ntrap '' TERM\nbash -c 'trap \"\" TERM; sleep 1000 & sleep 1000' &\necho $! > new; mv new run.pid; wait\n"
	if err := os.WriteFile(filepath.Join(dir, "startup"), []byte(startup), 0o755); err != nil {
		t.Fatal(err)
	}
	b := &Backend{table: steadyPS{}}
	c, err := b.Start(t.Context(), isolation.Spec{ID: "a", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "the app", func() bool { _, ok := readPID(filepath.Join(dir, "run.pid")); return ok })
	if u, err := c.Usage(t.Context()); err != nil || u.MemoryKB < 2000 {
		t.Errorf("usage = %+v, %v, want that of a bash and its children", u, err)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	all, err := ps{}.all(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.group == c.Handle().PID && !p.dead {
			t.Errorf("%s (%d) of the group is alive", p.name, p.pid)
		}
	}
}

func TestRunPIDIsTheIntegerAtItsBeginning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.pid")
	for text, want := range map[string]int{
		"4711\n": 4711, " \n4711\n4712\n": 4711, "4711": 4711, "4711 ruby": 4711,
		"": 0, "\n": 0, "pid 4711": 0, "-4711": 0, "0": 0, "1\n": 0, "99999999999999999999": 0,
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, ok := readPID(path); ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d, %t, want %d", text, got, ok, want)
		}
	}
}
