package isolationtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/internal/testkit"
)

// The variables with which Run starts the test's binary again.
const (
	roleVariable = "MINICF_ISOLATIONTEST_ROLE" // keep: start an instance and stay; count: see what stays open
	specVariable = "MINICF_ISOLATIONTEST_SPEC" // JSON of an isolation.Spec
)

var dying = map[string]test{
	"an instance outlives its DEA and is swept by the next": deaDies,
	"neither files nor goroutines are left open":            nothingLeaks,
}

func deaDies(t *testing.T, s *suite) {
	// The app writes to startup's standard error all the time: a pipe to the DEA would break when that is gone.
	spec := s.instance(t, "bash -c 'n=0; while sleep 0.01; do echo $((n++)) >&2 || exit; echo $n > new; mv new counter; done' &\n"+
		"echo $! >> run.pid; wait\n")
	dea, told := s.again(t, "keep", spec)
	var h isolation.Handle
	if err := json.Unmarshal([]byte(told("handle")), &h); err != nil {
		t.Fatal(err)
	}
	app := pid(t, spec, "run.pid")
	if err := dea.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = dea.Wait() // "signal: killed"
	before := content(t, spec, "counter")
	testkit.Eventually(t, patience, "the app to go on without its DEA", func() bool { return content(t, spec, "counter") != before })
	sweep(t, s.newBackend(t), h)
	dead(t, h.PID, app)
}

func nothingLeaks(t *testing.T, s *suite) {
	requireProc(t)
	_, told := s.again(t, "count", s.instance(t, serve(lasting)))
	if got := told("counts"); got != "0 files and 0 goroutines more" {
		t.Errorf("after 10 starts and stops there are %s than after the first", got)
	}
}

// again starts the test's binary as another DEA. The function it returns waits for what that DEA writes.
func (s *suite) again(t *testing.T, role string, spec isolation.Spec) (*exec.Cmd, func(name string) string) {
	t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	pattern := "^" + strings.ReplaceAll(s.test, "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], "-test.run", pattern, "-test.v")
	cmd.Env = append(os.Environ(), roleVariable+"="+role, specVariable+"="+string(text))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if output, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the other DEA said:\n%s", output)
		}
		log.Close()
	})
	return cmd, func(name string) string { return content(t, spec, name) }
}

// play is the other DEA.
func play(t *testing.T, role string, b isolation.Backend) {
	t.Helper()
	var spec isolation.Spec
	if err := json.Unmarshal([]byte(os.Getenv(specVariable)), &spec); err != nil {
		t.Fatal(err)
	}
	switch role {
	case "keep":
		c, err := b.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		handle, err := json.Marshal(c.Handle())
		if err != nil {
			t.Fatal(err)
		}
		tell(t, spec, "handle", string(handle))
		<-c.Done() // it is killed meanwhile
	case "count":
		files, goroutines := count(t, b, spec, 1)
		moreFiles, moreGoroutines := count(t, b, spec, 10)
		tell(t, spec, "counts", fmt.Sprintf("%d files and %d goroutines more", moreFiles-files, moreGoroutines-goroutines))
	default:
		t.Fatalf("no such role: %s", role)
	}
}

// count starts and stops n times, and returns how many files and goroutines there are then.
func count(t *testing.T, b isolation.Backend, spec isolation.Spec, n int) (files, goroutines int) {
	t.Helper()
	var kept []isolation.Container // so that the garbage collector does not close for them what they forgot
	for range n {
		c, err := b.Start(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, c)
		pid(t, spec, "run.pid")
		if _, err := c.Usage(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		// A start that fails must not leave anything either.
		if _, err := b.Start(t.Context(), isolation.Spec{Dir: filepath.Join(spec.Dir, "app")}); err == nil {
			t.Fatal("started without a startup script")
		}
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	goroutines = runtime.NumGoroutine()
	runtime.KeepAlive(kept)
	return len(open), goroutines
}

func tell(t *testing.T, spec isolation.Spec, name, text string) {
	t.Helper()
	path := filepath.Join(spec.Dir, name)
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
