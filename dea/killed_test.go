package dea

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// The DEA is killed at each point of an instance's life, in a process of its own; see mortal. What must hold then, whatever the
// point is:
//   - the instance runs on under the next DEA, or its end is told and nothing of it runs; never both, never neither,
//   - what was told to end is not adopted,
//   - once the next DEA has stopped it, nothing at all is left.
func TestKilledDEALosesAndLeaksNothing(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps")
	at := func(moments []moment, states ...string) (points []string) {
		for _, m := range moments {
			for _, s := range states {
				points = append(points, string(m)+": "+s)
			}
		}
		return points
	}
	each := []moment{beforeWriting, afterWriting, afterSaying}
	for deed, points := range map[string][]string{
		"start":           append(at(each, "STARTING", "STARTING launched", "RUNNING"), "before the start", "after the start"),
		"start of naught": at(each, "CRASHED", "nothing"),
		"stop":            append(at(each, "STOPPED", "nothing"), "before the end", "after the end"),
		"crash":           append(at(each, "CRASHED", "CRASHED ended"), "before the end", "after the end"),
		"flapping":        append(at(each, "CRASHED", "nothing"), "before the end", "after the end"),
		"delete":          at(each, "nothing"),
		"TERM":            append(at(each, "STOPPED"), "before the end", "after the end"),
		"USR2":            at(each, "RUNNING evacuated", "STOPPED evacuated"),
	} {
		for _, point := range points {
			t.Run(strings.ReplaceAll(deed+" "+point, " ", "_"), func(t *testing.T) {
				t.Parallel()
				w := newWitness(t)
				first := w.runDEA(point)
				w.live(first, deed)
				late := time.AfterFunc(2*patience, func() { _ = first.Process.Signal(syscall.SIGTERM) })
				defer late.Stop()
				if err := first.Wait(); err == nil || err.Error() != "signal: killed" {
					t.Fatalf("the DEA ended with %v before it came to the point", err)
				}
				w.left = readSnapshot(t, filepath.Join(w.base, "db", "applications.json"))["hello"]
				second := w.runDEA("")
				w.judge(w.hello(2), deed)
				w.finish(second)
			})
		}
	}
}

// witness starts DEAs and an app, and listens to everything.
type witness struct {
	t      *testing.T
	client *bus.Bus
	url    string
	base   string
	pids   string            // directory of a file for each process of an instance that ever ran
	left   map[string]record // what the first DEA had written down when it was killed

	mu    sync.Mutex
	heard []bus.Message
}

func newWitness(t *testing.T) *witness {
	t.Helper()
	server := bustest.Start(t, bus.ServerConfig{})
	w := &witness{t: t, client: bustest.Join(t, server), url: server.URL(), base: filepath.Join(t.TempDir(), "dea"), pids: t.TempDir()}
	if _, err := w.client.Tap(">", w.hear); err != nil {
		t.Fatal(err)
	}
	if err := w.client.Connected(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *witness) hear(m bus.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = append(w.heard, m)
}

// told returns what was said on a subject so far.
func (w *witness) told(subject string) (all []bus.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.heard {
		if m.Subject == subject {
			all = append(all, m)
		}
	}
	return all
}

// runDEA starts a DEA, which kills itself at a point if there is one.
func (w *witness) runDEA(point string) *exec.Cmd {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"="+helperDEA, "DEA_TEST_BASE="+w.base, "DEA_TEST_NATS="+w.url, "DEA_TEST_DIE="+point)
	cmd.Stderr = w.t.Output()
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// hello waits for the hello of the nth DEA, and returns its id.
func (w *witness) hello(n int) string {
	w.t.Helper()
	testkit.Eventually(w.t, patience, "the hello of a DEA", func() bool { return len(w.told("dea.start")) >= n })
	return read[protocol.DEAHello](w.t, w.told("dea.start")[n-1]).ID
}

// live starts an app on the first DEA and does something to it, if the DEA lives that long.
func (w *witness) live(dea *exec.Cmd, deed string) {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	r := (&harness{t: w.t}).realApp("hello", "#!/bin/bash\necho $$ > \"$PIDS/$$\"\nexec \"$APP\"\n")
	r.Env = []string{"PIDS=" + w.pids, "APP=" + self, helperEnv + "=" + helperListen}
	subject, err := protocol.DEAStart(w.hello(1))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Flapping = deed == "flapping"
	if deed == "start of naught" {
		r.ExecutableFile = "" // and nobody serves the address
	}
	publish(w, subject, r)
	if strings.HasPrefix(deed, "start") {
		return
	}
	testkit.Eventually(w.t, patience, "the app's route", func() bool { return len(w.told("router.register")) > 0 })
	switch deed {
	case "stop":
		w.stopAll()
	case "crash", "flapping", "delete":
		w.killApp()
	case "TERM":
		w.signal(dea, syscall.SIGTERM)
	case "USR2":
		w.signal(dea, syscall.SIGUSR2)
	}
	if deed == "delete" {
		testkit.Eventually(w.t, patience, "the crash", func() bool {
			for _, r := range readSnapshot(w.t, filepath.Join(w.base, "db", "applications.json"))["hello"] {
				return r.Notified
			}
			return false
		})
		w.stopAll()
	}
}

func (w *witness) stopAll() { publish(w, protocol.DEAStop, protocol.StopRequest{Droplet: "hello"}) }

func (w *witness) signal(dea *exec.Cmd, s syscall.Signal) {
	w.t.Helper()
	if err := dea.Process.Signal(s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *witness) killApp() {
	w.t.Helper()
	for _, pid := range w.apps() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			w.t.Fatal(err)
		}
	}
}

// apps are the ids of all processes of the app that ever ran.
func (w *witness) apps() (pids []int) {
	w.t.Helper()
	for _, name := range entries(w.t, w.pids) {
		pid, err := strconv.Atoi(name)
		if err != nil {
			w.t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func (w *witness) running() bool { return slices.ContainsFunc(w.apps(), alive) }

// judge looks what the next DEA made of what the first one left.
func (w *witness) judge(dea, deed string) {
	w.t.Helper()
	switch state := w.inherited(dea); state {
	case protocol.Starting, protocol.Running:
		w.judgeAdopted(dea)
		return
	case protocol.Crashed, "":
		if there := len(entries(w.t, filepath.Join(w.base, "apps"))) == 1; there != (state == protocol.Crashed) {
			w.t.Errorf("state %q: the directory is there: %t", state, there)
		}
	default:
		w.t.Errorf("the second DEA has it as %s", state)
	}
	if w.running() {
		w.t.Error("the app runs, and the second DEA does not have it")
	}
	exits := w.told("droplet.exited")
	if len(exits) == 0 && (len(w.left) > 0 || len(w.told("dea.heartbeat")) > 0) {
		w.t.Errorf("it is lost: its end was never told; left was %+v", w.left)
	}
	want := map[string]protocol.ExitReason{"stop": protocol.ExitStopped, "TERM": protocol.ExitDEAShutdown, "USR2": protocol.ExitDEAEvacuation}[deed]
	for _, m := range exits {
		if got := read[protocol.Exited](w.t, m).Reason; got != cmp.Or(want, protocol.ExitCrashed) {
			w.t.Errorf("its end is told as %s", got)
		}
	}
	if len(w.told("router.register")) > 0 && len(w.told("router.unregister")) == 0 {
		w.t.Error("its route stays")
	}
}

// inherited is the state in which a DEA has the instance, empty when it has none.
func (w *witness) inherited(dea string) (state protocol.State) {
	for _, m := range w.told("dea.heartbeat") {
		if h := read[protocol.Heartbeat](w.t, m); h.DEA == dea {
			state = h.Droplets[0].State
		}
	}
	return state
}

// judgeAdopted wants the instance to be what it was.
func (w *witness) judgeAdopted(dea string) {
	w.t.Helper()
	if exits := w.told("droplet.exited"); len(exits) > 0 {
		w.t.Errorf("it is adopted, and its end was told: %s", show(exits))
	}
	var route protocol.Route
	testkit.Eventually(w.t, patience, "its route", func() bool {
		for _, m := range w.told("router.register") {
			route = read[protocol.Route](w.t, m)
		}
		return route.DEA == dea
	})
	if !w.running() {
		w.t.Error("it is adopted, and does not run")
	}
	for id, r := range w.left {
		if int(*route.Port) != r.Port || route.PrivateInstanceID != r.PrivateInstanceID || r.State != protocol.Starting && r.State != protocol.Running || r.Evacuated {
			w.t.Errorf("adopted with route %+v is %s: %+v", route, id, r)
		}
	}
}

// finish stops all, and looks that nothing is left.
func (w *witness) finish(dea *exec.Cmd) {
	w.t.Helper()
	w.stopAll()
	testkit.Eventually(w.t, patience, "all directories to go", func() bool { return len(entries(w.t, filepath.Join(w.base, "apps"))) == 0 })
	w.signal(dea, syscall.SIGTERM)
	if err := dea.Wait(); err != nil {
		w.t.Errorf("the second DEA ended with %v", err)
	}
	if w.running() {
		w.t.Error("the app runs after the last DEA has ended")
	}
	db := filepath.Join(w.base, "db")
	if left := entries(w.t, db); len(left) != 1 || len(readSnapshot(w.t, filepath.Join(db, left[0]))) != 0 {
		w.t.Errorf("db/ holds %v", left)
	}
	if left := entries(w.t, filepath.Join(w.base, "staged")); len(left) != 0 || !removed(w.base+".pid")() {
		w.t.Errorf("staged/ holds %v, the pid file is gone: %t", left, removed(w.base+".pid")())
	}
}

func publish[T any](w *witness, s protocol.Subject[T], v T) {
	w.t.Helper()
	if err := bus.Publish(w.client, s, v); err != nil {
		w.t.Fatal(err)
	}
}

func read[T any](t *testing.T, m bus.Message) (v T) {
	t.Helper()
	if err := json.Unmarshal(m.Payload, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
