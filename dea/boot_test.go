package dea

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/dea/isolation/fake"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// journal is a log that a test reads.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) { j.mu.Lock(); defer j.mu.Unlock(); return j.b.Write(p) }

func (j *journal) String() string { j.mu.Lock(); defer j.mu.Unlock(); return j.b.String() }

// expect fails the test unless all that is wanted was logged, in this order.
func (j *journal) expect(t *testing.T, wanted ...string) {
	t.Helper()
	text := j.String()
	for _, want := range wanted {
		at := strings.Index(text, want)
		if at < 0 {
			t.Fatalf("%s is missing, or not where it should be, in\n%s", want, j.String())
		}
		text = text[at:]
	}
}

func TestStartUpLinesAreThoseOf2012(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Secure, cfg.MultiTenant = true, false
	var said journal
	d, err := New(bustest.New(t), fake.New(fake.Options{}), cfg, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := d.Run(ctx, cancel); err != nil {
		t.Fatal(err)
	}
	said.expect(t,
		`level=INFO msg="Starting VCAP DEA (0.99)"`, `msg="Pid file: `+cfg.PID, `level=WARN msg="secure: true makes no users as in 2012`, `msg="Using network: 127.0.0.1"`, `msg="Socket Limit:`,
		`msg="Max Memory set to 4.0G"`, `msg="Utilizing `, `msg="Restricting to single tenant"`, `msg="Using directory: `+cfg.BaseDir+`/"`,
		`msg="Initial usage of droplet fs is: `, `msg="DEA uuid `+d.ID()+`"`, `msg="Shutting down.."`, `msg=Bye..`,
	)
}

func TestLinesOfAnInstanceAreThoseOf2012(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var said journal
		h := start(t, testConfig(t), func(h *harness) {
			h.log = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
			h.droplets.log = h.log
		})
		r := h.app("hello")
		r.Debug, r.Console = "run", "true"
		h.startApp(r)
		in := h.only()
		time.Sleep(134 * time.Second)
		h.send("dea.stop", `{"droplet":"hello"}`)
		synctest.Wait()
		said.expect(t, `level=DEBUG msg="Requested Limits: mem=256M, fds=1024, disk=256M"`, `msg="Sharing cloud controller's staging directories"`,
			fmt.Sprintf(`level=INFO msg="Starting up instance on port:%d debugger:%d console:%d" app=hello app_id=hello instance=%s index=0`,
				in.port, in.debugPort, in.consolePort, in.id),
			`msg="PID:`, `assigned to droplet instance"`, `msg="Instance is ready for connections, notifying system of status"`,
			`msg="hello completed running with status = pid `, `msg="hello uptime was 134.`)

		nowhere, workless := h.app("nowhere"), h.app("workless")
		nowhere.ExecutableFile, workless.URIs = "", nil
		h.startApp(nowhere)
		synctest.Wait()
		said.expect(t, `level=WARN msg="Failed staging app dir '`+h.paths.apps+`/nowhere-0-`, `', not starting app"`, "download http://127.0.0.1:1/x")
		h.startApp(workless)
		synctest.Wait()
		said.expect(t, `level=INFO msg="No URIs found for application.  Not assigning a port"`, `msg="Starting up instance" app=workless`)
	})
}

func TestDEAWithAnIndexServesItsFigures(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	five := 5
	cfg.Index = &five
	cfg.Status = config.Status{User: "admin", Password: "hunter2"}
	announced := make(chan protocol.Component, 1)
	server := bustest.NewServer(t)
	subscribe(t, bustest.Join(t, server), protocol.ComponentAnnounce, announced)
	h := join(t, server, cfg, nil)
	me := receive(t, announced)
	if me.UUID != h.id || !strings.HasPrefix(me.UUID, "5-") || me.Type != "DEA" {
		t.Errorf("announced %+v, want the DEA 5-…", me)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+me.Host+"/varz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("admin", "hunter2")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(text), `"apps_max_memory": 4096`) || !strings.Contains(string(text), `"multi_tenant": true`) || strings.Contains(string(text), "hunter2") {
		t.Errorf("varz is %s, %v", text, err)
	}
}

func TestDirectoryThatCannotBeMadeIsAnError(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	if err := os.WriteFile(cfg.BaseDir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := New(bustest.New(t), fake.New(fake.Options{}), cfg, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	err = d.Run(t.Context(), func() { t.Error("ready") })
	if err == nil || !strings.Contains(err.Error(), "create support directories") || !removed(cfg.PID)() {
		t.Errorf("error = %v, pid file gone: %t", err, removed(cfg.PID)())
	}
}

func TestTakenStatusPortIsAnErrorAndLeavesNothing(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	cfg.Status.Port = testkit.FreePort(t)
	other := testConfig(t)
	other.Status.Port = cfg.Status.Port
	start(t, cfg, nil)
	d, err := New(bustest.New(t), fake.New(fake.Options{}), other, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Run(t.Context(), func() { t.Error("ready") }); err == nil || !strings.Contains(err.Error(), "address already in use") || !removed(other.PID)() {
		t.Errorf("error = %v, want that the port is taken; pid file gone: %t", err, removed(other.PID)())
	}
}

func TestDEAGoesOnWhenTheBusIsBack(t *testing.T) {
	t.Parallel()
	port := testkit.FreePort(t)
	run := func() (stop func()) {
		s, err := bus.NewServer(bus.ServerConfig{Port: port})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
		up, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- s.Run(ctx, func() { close(up) }) }()
		<-up
		return sync.OnceFunc(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	stop := run()
	dial := func() *bus.Bus {
		b := bus.New(bus.Options{URL: "nats://127.0.0.1:" + number(port), Log: testkit.Logger(t)})
		if err := b.Open(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = b.Close() })
		return b
	}
	client := dial()
	d, err := New(dial(), fake.New(fake.Options{}), testConfig(t), testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- d.Run(ctx, func() { close(ready) }) }()
	<-ready
	stop()
	defer run()()
	testkit.Eventually(t, patience, "an answer over the bus that is back", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := bus.Do(ctx, client, protocol.DEAStatus, protocol.Ignored{})
		return err == nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestInstancesFilesAreReadInsideItsDirectoryAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(`{"state":"RUNNING"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"link", "fifo", "../" + filepath.Base(filepath.Dir(secret)) + "/secret", secret, ".", "missing"} {
		if saysRunning(dir, name) {
			t.Errorf("%s was read", name)
		}
	}
	for text, want := range map[string]string{
		"state_file: tmp/state\n": "tmp/state", "": "", "state_file: [": "", "state_file: {a: b}": "", "other: 1": "", "\x00": "", "- a": "",
		"a: &a [1]\nb: *a\nstate_file: x": "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, "droplet.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := stateFile(dir); got != want {
			t.Errorf("%q names the state file %q, want %q", text, got, want)
		}
	}
}

func TestDirectoriesThatForbidItAreRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "x")
	inner := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inner, "file"), nil, 0o400); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{inner, filepath.Dir(inner)} {
		if err := os.Chmod(d, 0o500); err != nil {
			t.Fatal(err)
		}
	}
	if err := removeAll(dir); err != nil || !removed(dir)() {
		t.Errorf("error = %v, gone: %t", err, removed(dir)())
	}
}

func TestSecondDEADoesNotTakeAnothersPidFileOrDirectory(t *testing.T) {
	t.Parallel()
	cfg := testConfig(t)
	start(t, cfg, nil)
	elsewhere := cfg
	elsewhere.PID += "2"
	for want, cfg := range map[string]Config{"Process already running (pid=": cfg, "is another DEA's, which runs": elsewhere} {
		second := &watched{} // which panics when it is told to sweep
		d, err := New(bustest.New(t), second, cfg, testkit.Logger(t))
		if err != nil {
			t.Fatal(err)
		}
		err = d.Run(t.Context(), func() { t.Error("the second one is ready") })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one with %q", err, want)
		}
	}
	if _, err := os.Stat(cfg.PID); err != nil {
		t.Errorf("the first one's pid file: %v", err)
	}
	if !removed(elsewhere.PID)() {
		t.Error("the second one left its pid file")
	}
}

func TestDEAStopsWithoutEverReachingTheBus(t *testing.T) {
	t.Parallel()
	b := bus.New(bus.Options{URL: "nats://127.0.0.1:1"})
	if err := b.Open(); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	cfg := testConfig(t)
	d, err := New(b, (&watched{}), cfg, testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx, func() { t.Error("ready without a bus") }) }()
	testkit.Eventually(t, patience, "the pid file", func() bool { _, err := os.Stat(cfg.PID); return err == nil })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("error = %v, want none", err)
	}
	if _, err := os.Stat(cfg.PID); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the pid file is still there: %v", err)
	}
}

func subscribe[T any](t *testing.T, b *bus.Bus, s protocol.Subject[T], to chan T) {
	t.Helper()
	if _, err := bus.Subscribe(b, s, func(v T) { to <- v }); err != nil {
		t.Fatal(err)
	}
}

func receive[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("no %T within %v", *new(T), patience)
		panic("unreachable")
	}
}
