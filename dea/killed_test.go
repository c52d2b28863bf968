package dea

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// killable is a DEA in a process of its own, and what it says.
type killable struct {
	t       *testing.T
	client  *bus.Bus
	url     string
	base    string
	hello   chan protocol.DEAHello
	running chan protocol.Heartbeat
	exited  chan protocol.Exited
}

func newKillable(t *testing.T) *killable {
	t.Helper()
	server := bustest.Start(t, bus.ServerConfig{})
	k := &killable{
		t: t, client: bustest.Join(t, server), url: server.URL(), base: filepath.Join(t.TempDir(), "dea"),
		hello: make(chan protocol.DEAHello, 1), running: make(chan protocol.Heartbeat, 1), exited: make(chan protocol.Exited, 1),
	}
	subscribe(t, k.client, protocol.DEAStarted, k.hello)
	subscribe(t, k.client, protocol.DEAHeartbeat, k.running)
	subscribe(t, k.client, protocol.DropletExited, k.exited)
	return k
}

// run starts the process.
func (k *killable) run() *exec.Cmd {
	k.t.Helper()
	self, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"="+helperDEA, "DEA_TEST_BASE="+k.base, "DEA_TEST_NATS="+k.url)
	cmd.Stderr = k.t.Output()
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// startApp runs an app on the DEA and returns its instance's id.
func (k *killable) startApp(dea string, r protocol.StartRequest) string {
	k.t.Helper()
	subject, err := protocol.DEAStart(dea)
	if err != nil {
		k.t.Fatal(err)
	}
	if err := bus.Publish(k.client, subject, r); err != nil {
		k.t.Fatal(err)
	}
	return receive(k.t, k.running).Droplets[0].Instance
}

func TestKilledDEALeavesNothingToItsSuccessor(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "ps")
	k := newKillable(t)
	first := k.run()
	dea := receive(t, k.hello)
	r := (&harness{t: t}).realApp("hello", "#!/bin/bash\necho $$ > app.pid\nsleep 1000 &\nwait\n")
	r.URIs = nil
	instance := k.startApp(dea.ID, r)
	dir := filepath.Join(k.base, "apps", "hello-0-"+instance)
	pid := waitForPid(t, filepath.Join(dir, "app.pid"))
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if !alive(pid) {
		t.Fatal("the app died with its DEA: it should live on")
	}

	second := k.run()
	if e := receive(t, k.exited); e.Instance != instance || e.Reason != protocol.ExitCrashed {
		t.Errorf("exited is %+v, want that of %s", e, instance)
	}
	if next := receive(t, k.hello); next.ID == dea.ID {
		t.Error("the second DEA has the id of the first")
	}
	if alive(pid) || !gone(dir)() {
		t.Errorf("the app is alive (%t) or its directory there (%t)", alive(pid), !gone(dir)())
	}
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil || !gone(k.base+".pid")() {
		t.Errorf("the second DEA ended with %v, its pid file is gone: %t", err, gone(k.base+".pid")())
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
