package sandbox_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox"
)

// herd is a whole minicf, each component a process of its own, that may be killed at any time.
type herd struct {
	dir, binary         string
	env                 []string
	nats, api, routerAt string // URLs

	mu    sync.Mutex
	procs map[string]*exec.Cmd
}

// members are the processes, in the order of their start. The controller alone is not killed.
func members() []string {
	return []string{"nats", "controller", "router", "dea", "dea.1", "healthmanager", "stager", "stager.1"}
}

func startHerd(t *testing.T) *herd {
	t.Helper()
	h := &herd{dir: t.TempDir(), procs: map[string]*exec.Cmd{}}
	h.binary = filepath.Join(h.dir, "minicf")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", h.binary, "../cmd/minicf").CombinedOutput(); err != nil {
		t.Fatalf("build minicf: %v\n%s", err, out)
	}
	h.configure(t)
	t.Cleanup(func() {
		for _, name := range members() {
			h.kill(name)
		}
		if t.Failed() {
			h.showLogs(t)
		}
	})
	for _, name := range members() {
		h.start(t, name)
	}
	testkit.Eventually(t, time.Minute, "all to be up", func() bool {
		all, err := sandbox.Find(h.data())
		return err == nil && len(all) == len(members())
	})
	return h
}

func (h *herd) data() string { return filepath.Join(h.dir, "data") }

// configure chooses ports, and times in which something happens within seconds.
func (h *herd) configure(t *testing.T) {
	t.Helper()
	nats, api, router := quietPort(t), quietPort(t), quietPort(t)
	h.nats = fmt.Sprintf("nats://127.0.0.1:%d", nats)
	h.api, h.routerAt = fmt.Sprintf("http://127.0.0.1:%d", api), fmt.Sprintf("http://127.0.0.1:%d", router)
	set := map[string]string{
		"MINICF_HOME": h.data(), "MINICF_NATS_PORT": strconv.Itoa(nats), "MINICF_CONTROLLER_PORT": strconv.Itoa(api), "MINICF_ROUTER_PORT": strconv.Itoa(router),
		"MINICF_CONTROLLER_MBUS": h.nats, "MINICF_ROUTER_MBUS": h.nats, "MINICF_DEA_MBUS": h.nats, "MINICF_HEALTHMANAGER_MBUS": h.nats,
		"MINICF_STAGER_NATS_URI": h.nats, "MINICF_HEALTHMANAGER_BULK_API_HOST": h.api,
		"MINICF_DEA_INTERVALS_HEARTBEAT": "0.5", "MINICF_ROUTER_PUBLISH_START_MESSAGE_INTERVAL": "1", "MINICF_ROUTER_PRUNE_STALE_DROPLETS_INTERVAL": "1",
		"MINICF_ROUTER_DROPLET_STALE_THRESHOLD": "5", "MINICF_DEA_MAX_MEMORY": "8192",
	}
	for key, value := range map[string]string{
		"DESIRED_STATE_UPDATE": "2", "DROPLET_LOST": "4", "DROPLETS_ANALYSIS": "1", "RESTART_TIMEOUT": "3", "STABLE_STATE": "3",
		"FLAPPING_DEATH": "1000000", "GIVEUP_CRASH_NUMBER": "0", // chaos is no reason to give up
	} {
		set["MINICF_HEALTHMANAGER_INTERVALS_"+key] = value
	}
	h.env = os.Environ()
	for key, value := range set {
		h.env = append(h.env, key+"="+value)
	}
}

// quietPort is one that the system gives to nobody who wants any port, nor a DEA to its apps: it is still free when its owner was killed and
// comes back.
func quietPort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 11000 + rand.IntN(8000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// start runs a member that does not run.
func (h *herd) start(t *testing.T, name string) {
	t.Helper()
	component, index, numbered := strings.Cut(name, ".")
	args := []string{component}
	if numbered {
		args = append(args, "--index", index)
	}
	log, err := os.OpenFile(filepath.Join(h.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c := exec.Command(h.binary, args...) // killed by kill, and in the test's cleanup
	c.Dir, c.Env, c.Stdout, c.Stderr = h.dir, h.env, log, log
	if err := c.Start(); err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.procs[name] = c
}

// kill ends a member with -9.
func (h *herd) kill(name string) {
	h.end(name, syscall.SIGKILL)
}

func (h *herd) end(name string, sig syscall.Signal) {
	h.mu.Lock()
	c := h.procs[name]
	delete(h.procs, name)
	h.mu.Unlock()
	if c != nil {
		_ = c.Process.Signal(sig)
		_ = c.Wait() // says that it was killed
	}
}

func (h *herd) showLogs(t *testing.T) {
	for _, name := range members() {
		text, err := os.ReadFile(filepath.Join(h.dir, name+".log"))
		if err != nil {
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(text)), "\n")
		t.Logf("--- %s\n%s", name, strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}

// appProcesses are the processes of apps: those that have an instance's directory as their home.
func (h *herd) appProcesses() []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var all []int
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil || !strings.Contains(string(text), "HOME="+h.data()+"/dea") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil {
			all = append(all, pid)
		}
	}
	return all
}
