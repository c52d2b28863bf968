package isolationtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

var stopping = map[string]test{
	"stop ends grandchildren":                                stopEndsGrandchildren,
	"stop lets an app say goodbye when no script kills it":   stopIsPolite,
	"stop ends an app that ignores TERM":                     stopInsists,
	"stop ends a daemon":                                     stopEndsDaemon,
	"stop ends a daemon that wiped its environment":          stopEndsBareDaemon,
	"stop ends a daemon with a HOME elsewhere":               stopEndsMovedDaemon,
	"stop ends a daemon with a HOME below the directory":     stopEndsHousedDaemon,
	"stop ends an app that forks all the time":               stopEndsForker,
	"stop ends an app that forks into sessions all the time": stopEndsSessionForker,
	"stop works before run.pid exists":                       stopIsEarly,
	"stop may be called by many and again":                   stopIsIdempotent,
	"stop works after startup has ended":                     stopAfterExit,
	"stop without patience kills at once":                    stopWithoutPatience,
	"stop leaves people alone who look at the directory":     stopSparesVisitors,
	"stop works after the directory was removed":             stopWithoutDirectory,
}

func stopEndsGrandchildren(t *testing.T, s *suite) {
	spec := s.instance(t, serve("bash -c 'sleep 1000 & echo $! > one; bash -c \"sleep 1000 & echo \\$! > two; wait\" & wait'"))
	c := s.start(t, spec)
	pids := []int{c.Handle().PID, pid(t, spec, "run.pid"), pid(t, spec, "one"), pid(t, spec, "two")}
	stop(t, c)
	dead(t, pids...)
	// Startup may notice that its app was killed before it is killed itself.
	if exit := ended(t, c); exit.Status != -1 && exit.Status != 128+9 {
		t.Errorf("exit = %+v, want a signal, or 137 for the app's", exit)
	}
}

func stopIsPolite(t *testing.T, s *suite) {
	spec := s.instance(t, "trap 'echo bye >> goodbye; sleep 0.1; exit 0' TERM; echo $$ > new; mv new ready; while :; do sleep 0.01; done")
	c := s.start(t, spec)
	app := pid(t, spec, "ready")
	stop(t, c)
	dead(t, app)
	if got := content(t, spec, "goodbye"); got != "bye\n" || ended(t, c).Status != 0 {
		t.Errorf("the app said %q and ended with %+v, want one bye and its own status", got, c.Exit())
	}
}

func stopInsists(t *testing.T, s *suite) {
	spec := s.instance(t, "trap '' TERM INT HUP; sleep 1000 & echo $! > child; wait")
	c := s.start(t, spec)
	app := pid(t, spec, "child")
	began := time.Now()
	stop(t, c)
	dead(t, app, c.Handle().PID)
	if took := time.Since(began); took > patience {
		t.Errorf("stop took %s", took)
	}
}

func stopEndsDaemon(t *testing.T, s *suite) {
	requireProc(t)
	// Two forks and a session of its own: nothing but its environment ties it to the instance.
	spec := s.instance(t, "(setsid bash -c 'cd /; echo $$ > \"$HOME/daemon\"; exec sleep 1000' < /dev/null > /dev/null 2>&1 &)\nexit 0\n")
	c := s.start(t, spec)
	ended(t, c)
	daemon := pid(t, spec, "daemon")
	if !alive(daemon) {
		t.Fatal("the daemon ended with startup")
	}
	if _, err := c.Usage(t.Context()); err != nil {
		t.Errorf("Usage: %v, want the daemon's", err)
	}
	stop(t, c)
	dead(t, daemon)
}

func stopEndsBareDaemon(t *testing.T, s *suite) {
	requireProc(t)
	spec := s.instance(t, "cd app; (env -i setsid bash -c 'echo $$ > ../daemon; exec sleep 1000' < /dev/null > /dev/null 2>&1 &)\nexit 0\n")
	c := s.start(t, spec)
	ended(t, c)
	daemon := pid(t, spec, "daemon")
	stop(t, c)
	dead(t, daemon)
}

// stopEndsMovedDaemon has a start message that sets HOME, which nothing forbids.
func stopEndsMovedDaemon(t *testing.T, s *suite) {
	requireProc(t)
	spec, leave := s.leaving(t, "export HOME=/nowhere\n")
	c := s.start(t, spec)
	daemon := leave(c)
	stop(t, c)
	dead(t, daemon)
}

// stopEndsHousedDaemon has the startup script of a buildpack, and an app that clears what is deprecated.
func stopEndsHousedDaemon(t *testing.T, s *suite) {
	requireProc(t)
	spec, leave := s.leaving(t, "export HOME=\"$PWD/app\"\nunset VMC_APP_ID\n")
	c := s.start(t, spec)
	daemon := leave(c)
	stop(t, c)
	dead(t, daemon)
}

// leaving makes an instance whose startup changes its environment, leaves a daemon behind that nothing else ties to the instance, and ends.
// The function waits for that and returns the daemon.
func (s *suite) leaving(t *testing.T, change string) (isolation.Spec, func(isolation.Container) int) {
	t.Helper()
	spec := s.instance(t, change+"export DIR=\"$PWD\"\n(setsid bash -c 'cd /; echo $$ > \"$DIR/daemon\"; exec sleep 1000' < /dev/null > /dev/null 2>&1 &)\nexit 0\n")
	return spec, func(c isolation.Container) int {
		t.Helper()
		ended(t, c)
		return pid(t, spec, "daemon")
	}
}

func stopEndsForker(t *testing.T, s *suite) {
	forks(t, s, "./again &\n")
}

func stopEndsSessionForker(t *testing.T, s *suite) {
	requireProc(t)
	forks(t, s, "setsid ./again &\n")
}

// forks stops an app of which each process starts the next and ends: whoever is found has gone when it is signalled.
func forks(t *testing.T, s *suite, next string) {
	t.Helper()
	spec := s.instance(t, "./again &\nwait; "+lasting)
	script(t, spec, "again", "echo x >> generations\n"+next)
	c := s.start(t, spec)
	generations := func() int64 {
		info, err := os.Stat(filepath.Join(spec.Dir, "generations"))
		if err != nil {
			return 0
		}
		return info.Size()
	}
	testkit.Eventually(t, patience, "some generations", func() bool { return generations() > 20 })
	stop(t, c)
	left, err := touching(spec.Dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left after stop: %q, %v", left, err)
	}
}

func stopIsEarly(t *testing.T, s *suite) {
	c := s.start(t, s.instance(t, lasting)) // most likely stopped before bash has read its script
	stop(t, c)
	dead(t, c.Handle().PID)
	if exit := ended(t, c); exit.Status != -1 {
		t.Errorf("exit = %+v, want a signal", exit)
	}
}

func stopIsIdempotent(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	script(t, spec, "stop", "echo once >> stopped\n"+stop2012)
	c := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			stop(t, c)
			dead(t, app)
		})
	}
	wg.Wait()
	stop(t, c)
	if got := content(t, spec, "stopped"); got != "once\n" {
		t.Errorf("the stop script wrote %q, want one run", got)
	}
}

func stopAfterExit(t *testing.T, s *suite) {
	spec := s.instance(t, "echo $$ >> run.pid; exit 7\n")
	script(t, spec, "stop", "echo ran > stopped\n")
	c := s.start(t, spec)
	want := ended(t, c)
	stop(t, c)
	if got := c.Exit(); got != want || got.Status != 7 {
		t.Errorf("exit after stop = %+v, want %+v with status 7", got, want)
	}
	if exists(spec, "stopped") {
		t.Error("the stop script ran though nothing was alive")
	}
}

func stopWithoutPatience(t *testing.T, s *suite) {
	spec := s.instance(t, "trap 'echo bye > goodbye' TERM; echo $$ > new; mv new ready; while :; do read -t 1000 < <(sleep 1000); done")
	c := s.start(t, spec)
	app := pid(t, spec, "ready")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Stop(ctx); err != nil {
		t.Errorf("Stop: %v", err)
	}
	dead(t, app)
}

func stopSparesVisitors(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	visitor := stranger(t, filepath.Join(spec.Dir, "app"))
	c := s.start(t, spec)
	pid(t, spec, "run.pid")
	stop(t, c)
	if !alive(visitor) {
		t.Error("stop ended a process of somebody else's that works in the directory")
	}
}

func stopWithoutDirectory(t *testing.T, s *suite) {
	spec := s.instance(t, serve(lasting))
	c := s.start(t, spec)
	app := pid(t, spec, "run.pid")
	testkit.Eventually(t, patience, "the directory to go while the app makes its files", func() bool { return os.RemoveAll(spec.Dir) == nil })
	stop(t, c)
	dead(t, app)
}

func itoa(n int) string { return strconv.Itoa(n) }
