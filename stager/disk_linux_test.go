package stager

import (
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/bus/bustest"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
)

// A disk that fills, for a stager of another process (killed_test.go). The first kind works everywhere and needs no rights: no file may
// be longer than so many bytes. The second is the real thing: a small tmpfs, which a user may mount in a namespace of his own where the
// machine allows such.
const (
	victimFileLimit = "MINICF_TEST_STAGER_FILE_LIMIT"
	victimTmpfs     = "MINICF_TEST_STAGER_TMPFS"
)

const (
	fileLimit = 1 << 20 // bytes
	tmpfsSize = 8 << 20
)

// shrinkDisk makes the disk small for this process, if it is to be.
func shrinkDisk(cfg Config) error {
	if limit, err := strconv.ParseUint(os.Getenv(victimFileLimit), 10, 64); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit})
	}
	size := os.Getenv(victimTmpfs)
	if size == "" {
		return nil
	}
	return errors.Join(os.MkdirAll(cfg.Dirs.Tmp, 0o700), syscall.Mount("tmpfs", cfg.Dirs.Tmp, "tmpfs", 0, "size="+size))
}

// startApart starts a stager of its own process, with a setting of the environment, and in namespaces of its own if that is asked for.
// see returns what is in its directory for workspaces.
func startApart(tb testing.TB, server *bus.Server, setting string, namespaces bool) (pid int, see func() []string) {
	tb.Helper()
	client, cfg := bustest.Join(tb, server), victimConfig(tb.TempDir())
	apart := exec.Command(os.Args[0])
	apart.Env = append(os.Environ(), victimBus+"="+server.URL(), victimDir+"="+filepath.Dir(filepath.Dir(cfg.Dirs.Tmp)), setting)
	apart.Stderr = os.Stderr
	if namespaces {
		apart.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
	}
	if err := apart.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = apart.Process.Kill()
		_ = apart.Wait() // was killed, as it should be
	})
	testkit.Eventually(tb, 20*time.Second, "the stager of another process to listen", func() bool {
		found, err := bus.Gather(tb.Context(), client, protocol.ComponentDiscover, protocol.Ignored{}, 1)
		return err == nil && len(found) == 1
	})
	if namespaces { // its tmpfs is seen by who looks with its eyes
		cfg.Dirs.Tmp = filepath.Join("/proc", strconv.Itoa(apart.Process.Pid), "root", cfg.Dirs.Tmp)
	}
	return apart.Process.Pid, func() []string { return workspaces(tb, cfg) }
}

// noise is content of that many bytes that no compression makes smaller.
func noise(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return string(b)
}

func TestFullDiskFailsTheTaskAloneAndLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, disk := range []struct {
		name, setting, want string
		namespace           bool
		blobs               map[string]string // by how the error begins
	}{
		{"files are limited", victimFileLimit + "=" + strconv.Itoa(fileLimit), "file too large", false, map[string]string{
			"Failed downloading app":  noise(fileLimit + 1),
			"Failed unpacking app":    strings.Repeat("\x00", 2*fileLimit),
			"Failed creating droplet": noise(fileLimit - 1500), // fits in the zip, which has no scripts
		}},
		{"a small tmpfs", victimTmpfs + "=" + strconv.Itoa(tmpfsSize), "no space left on device", true, map[string]string{
			"Failed downloading app":  noise(tmpfsSize + 1),
			"Failed unpacking app":    noise(tmpfsSize * 2 / 3), // beside the zip
			"Staging plugin failed":   noise(tmpfsSize * 2 / 5), // beside the zip and what was in it
			"Failed creating droplet": noise(tmpfsSize * 2 / 7), // beside those and the plugin's copy
		}},
	} {
		t.Run(disk.name, func(t *testing.T) {
			t.Parallel()
			if disk.namespace {
				requireNamespaces(t)
			}
			server := bustest.Start(t, bus.ServerConfig{})
			client := bustest.Join(t, server)
			_, see := startApart(t, server, disk.setting, disk.namespace)
			c := newController(t, sinatraZip(t))
			for _, step := range slices.Sorted(maps.Keys(disk.blobs)) {
				id := strings.ReplaceAll(step, " ", "-")
				c.put(id, newZip(t, file{"app.rb", sinatraApp, 0o644}, file{"blob", disk.blobs[step], 0o644}))
				rep := ask(t, client, c.request(id, "sinatra"))
				if !strings.HasPrefix(rep.Error, "Staging task failed:\n "+step+": ") || !strings.Contains(rep.Error, disk.want) {
					t.Errorf("error = %q, want that of %s, with %q", rep.Error, step, disk.want)
				}
				if left := see(); len(left) > 0 || c.droplet(id) != nil {
					t.Errorf("%s: left are %q and a droplet of %d bytes", step, left, len(c.droplet(id)))
				}
				if again := ask(t, client, c.request("again", "sinatra")); again.Error != "" {
					t.Errorf("%s: the task after it failed: %s", step, again.Error)
				}
			}
		})
	}
}

// requireNamespaces skips where nobody may have a user namespace, as in many containers; there the other kind of disk has to do.
func requireNamespaces(t *testing.T) {
	t.Helper()
	try := exec.Command("true")
	try.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS}
	if err := try.Run(); err != nil {
		t.Skipf("SKIPPED: no user namespaces on this machine, so no tmpfs of our own: %v", err)
	}
}
