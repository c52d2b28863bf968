package cgroup

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minicf/minicf/internal/testkit"
)

// machine is a directory that looks like a machine's root: files by name.
func machine(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// A machine of 2014, with a hierarchy for each controller, two of which share one.
func machineV1(t *testing.T) string {
	return machine(t, map[string]string{
		"proc/self/cgroup": "9:name=systemd:/\n8:pids:/\n4:memory:/user/me\n1:cpu,cpuacct:/\n0::/\n",
		"proc/self/mountinfo": "1 0 8:1 / / rw - ext4 /dev/sda rw\n" +
			"30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n" +
			"31 25 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n" +
			"32 25 0:28 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n" +
			"33 25 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
		"sys/fs/cgroup/cpu,cpuacct/tasks":                 "",
		"sys/fs/cgroup/memory/user/me/tasks":              "",
		"sys/fs/cgroup/pids/tasks":                        "",
		"sys/fs/cgroup/unified/cgroup.subtree_control":    "hugetlb\n",
		"sys/fs/cgroup/unified/cgroup.procs":              "",
		"sys/fs/cgroup/unified/elsewhere/cgroup.procs":    "",
		"sys/fs/cgroup/memory/user/memory.usage_in_bytes": "",
	})
}

// A machine of today: the session's scope has this process in it, and the slice above shares its controllers out.
func machineV2(t *testing.T) string {
	return machine(t, map[string]string{
		"proc/self/cgroup":    "0::/user.slice/app.slice/terminal.scope\n",
		"proc/self/mountinfo": "25 20 0:22 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		"sys/fs/cgroup/user.slice/cgroup.subtree_control":                          "cpu memory pids\n",
		"sys/fs/cgroup/user.slice/cgroup.procs":                                    "",
		"sys/fs/cgroup/user.slice/app.slice/cgroup.subtree_control":                "memory pids\n",
		"sys/fs/cgroup/user.slice/app.slice/cgroup.procs":                          "",
		"sys/fs/cgroup/user.slice/app.slice/terminal.scope/cgroup.subtree_control": "\n",
		"sys/fs/cgroup/user.slice/app.slice/terminal.scope/cgroup.procs":           "",
	})
}

// find finds the tree of a machine on which directories can be removed with the files that no kernel removes for us.
func find(t *testing.T, root string) *Tree {
	t.Helper()
	tree, err := Find(root)
	if err != nil {
		t.Fatal(err)
	}
	tree.rmdir = func(dir string) error {
		if _, err := os.Stat(dir); err != nil {
			return err
		}
		return os.RemoveAll(dir)
	}
	return tree
}

func TestControllersAreFoundWhereverTheyAre(t *testing.T) {
	t.Parallel()
	inContainer := machine(t, map[string]string{
		"proc/self/cgroup":              "4:memory:/docker/abc\n",
		"proc/self/mountinfo":           "31 25 0:27 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		"sys/fs/cgroup/memory/tasks":    "",
		"sys/fs/cgroup/memory/abc/junk": "",
	})
	hybrid := machine(t, map[string]string{
		"proc/self/cgroup": "4:memory:/\n0::/\n",
		"proc/self/mountinfo": "33 25 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" +
			"31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
		"sys/fs/cgroup/memory/tasks":                   "",
		"sys/fs/cgroup/unified/cgroup.subtree_control": "pids memory\n",
		"sys/fs/cgroup/unified/cgroup.procs":           "",
	})
	for name, c := range map[string]struct {
		root string
		want map[string]string
	}{
		"version 1":      {machineV1(t), map[string]string{Memory: "memory/user/me", PIDs: "pids", CPU: "cpu,cpuacct"}},
		"version 2":      {machineV2(t), map[string]string{Memory: "user.slice/app.slice v2", PIDs: "user.slice/app.slice v2"}},
		"in a container": {inContainer, map[string]string{Memory: "memory"}},
		"both":           {hybrid, map[string]string{Memory: "memory", PIDs: "unified v2"}},
	} {
		got := map[string]string{}
		for controller, p := range find(t, c.root).places {
			dir, _ := filepath.Rel(filepath.Join(c.root, "sys/fs/cgroup"), p.dir)
			if p.v2 {
				dir += " v2"
			}
			got[controller] = dir
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestMachineWithoutGroups(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"no Linux":         {},
		"no mounts":        {"proc/self/cgroup": "0::/\n"},
		"nothing mounted":  {"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": "1 0 8:1 / / rw - ext4 /dev/sda rw\nnonsense\n"},
		"nothing writable": {"proc/self/cgroup": "4:memory:/gone\n", "proc/self/mountinfo": "31 25 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"},
		"not delegated": {
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": "25 20 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			"sys/fs/cgroup/a/cgroup.subtree_control": "\n", "sys/fs/cgroup/cgroup.subtree_control": "\n",
		},
	} {
		if tree, err := Find(machine(t, files)); err == nil {
			t.Errorf("%s: found %+v, want an error", name, tree.places)
		}
	}
}

func TestLimitsAreWrittenForBothVersions(t *testing.T) {
	t.Parallel()
	limits := Limits{MemoryMB: 64, Processes: 512, CPUShares: 512}
	for name, c := range map[string]struct {
		root string
		want map[string]string
	}{
		"version 1": {machineV1(t), map[string]string{
			"memory/user/me/minicf-c8b0/memory.limit_in_bytes": "92274688", "pids/minicf-c8b0/pids.max": "512", "cpu,cpuacct/minicf-c8b0/cpu.shares": "512",
		}},
		"version 2": {machineV2(t), map[string]string{
			"user.slice/app.slice/minicf-c8b0/memory.max": "92274688", "user.slice/app.slice/minicf-c8b0/memory.oom.group": "1",
			"user.slice/app.slice/minicf-c8b0/pids.max": "512",
		}},
	} {
		g, err := find(t, c.root).Create("c8b0", limits)
		if err != nil {
			t.Fatal(err)
		}
		for file, want := range c.want {
			if got, err := os.ReadFile(filepath.Join(c.root, "sys/fs/cgroup", file)); err != nil || string(got) != want {
				t.Errorf("%s: %s = %q, %v, want %q", name, file, got, err, want)
			}
		}
		if err := g.Remove(); err != nil {
			t.Fatal(err)
		}
		for file := range c.want {
			if _, err := os.Stat(filepath.Join(c.root, "sys/fs/cgroup", filepath.Dir(file))); err == nil {
				t.Errorf("%s: %s is left", name, filepath.Dir(file))
			}
		}
		if err := g.Remove(); err != nil {
			t.Errorf("%s: removing it again: %v", name, err)
		}
	}
}

func TestWeightOfVersion2(t *testing.T) {
	t.Parallel()
	for shares, want := range map[int]string{1024: "100", 2048: "200", 256: "25", 1: "1", 1 << 30: "25600"} {
		root := machineV2(t)
		tree := find(t, root)
		tree.places[CPU] = tree.places[Memory]
		if _, err := tree.Create("x", Limits{CPUShares: shares}); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(root, "sys/fs/cgroup/user.slice/app.slice/minicf-x/cpu.weight"))
		if err != nil || string(got) != want {
			t.Errorf("%d shares weigh %s, %v, want %s", shares, got, err, want)
		}
	}
}

func TestGroupTellsWhatItUses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		root, dir string
		files     map[string]string
	}{
		"version 1": {machineV1(t), "memory/user/me/minicf-x", map[string]string{
			"memory.usage_in_bytes": "10485760\n", "memory.max_usage_in_bytes": "73400320\n", "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
		}},
		"version 2": {machineV2(t), "user.slice/app.slice/minicf-x", map[string]string{
			"memory.current": "10485760\n", "memory.peak": "73400320\n", "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n",
		}},
	} {
		tree := find(t, c.root)
		g, err := tree.Create("x", Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := g.MemoryKB(); ok {
			t.Errorf("%s: an empty group tells its memory", name)
		}
		if _, killed := g.Killed(); killed {
			t.Errorf("%s: somebody was killed in an empty group", name)
		}
		for file, text := range c.files {
			if err := os.WriteFile(filepath.Join(c.root, "sys/fs/cgroup", c.dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if kb, ok := g.MemoryKB(); !ok || kb != 10<<10 {
			t.Errorf("%s: memory = %d KB, %t, want 10 MB", name, kb, ok)
		}
		if most, killed := g.Killed(); !killed || most != 70<<10 {
			t.Errorf("%s: killed = %t at %d KB, want it at 70 MB", name, killed, most)
		}
		if err := g.Add(4711); err != nil {
			t.Fatal(err)
		}
		if got := tree.Open("x").Members(); !slices.Equal(got, []int{4711}) {
			t.Errorf("%s: members = %v, want who was added", name, got)
		}
		if tree.Open("y") != nil {
			t.Errorf("%s: a group that was never made is open", name)
		}
	}
}

func TestGroupsAreNamedByIDsAlone(t *testing.T) {
	t.Parallel()
	tree := find(t, machineV1(t))
	for _, id := range []string{"", "../x", "a/b", ".", "a\nb"} {
		if _, err := tree.Create(id, Limits{}); err == nil {
			t.Errorf("%q names a group", id)
		}
		if tree.Open(id) != nil {
			t.Errorf("%q opens a group", id)
		}
	}
}

// Nobody has to ask whether there are groups.
func TestNoTreeAndNoGroupHoldNobody(t *testing.T) {
	t.Parallel()
	var tree *Tree
	g, err := tree.Create("x", Limits{MemoryMB: 1})
	if err != nil || tree.Open("x") != nil || tree.Has(Memory) {
		t.Errorf("no tree has a group: %v", err)
	}
	_, counted := g.MemoryKB()
	_, killed := g.Killed()
	if g.Add(1) != nil || g.Remove() != nil || len(g.Members()) > 0 || counted || killed {
		t.Error("no group holds somebody")
	}
}

// On a machine that lets us, usually to root.
func TestRealGroupEndsWhoTakesTooMuchMemory(t *testing.T) {
	t.Parallel()
	tree, err := Find("/")
	if err != nil || !tree.Has(Memory) {
		t.Skipf("SKIP: %v", err)
	}
	testkit.RequireTool(t, "bash")
	g, err := tree.Create("test"+filepath.Base(t.TempDir())+strings.ReplaceAll(time.Now().Format("150405.000000"), ".", ""), Limits{MemoryMB: 8})
	if err != nil {
		t.Skipf("SKIP: %v", err)
	}
	cmd := exec.Command("bash", "-c", `read; x=$(printf "%200000000s" x); echo "${#x}"`)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if outside, err := g.Start(cmd); outside != nil || err != nil {
		t.Fatal(outside, err)
	}
	if got := g.Members(); !slices.Contains(got, cmd.Process.Pid) {
		t.Errorf("members = %v, want %d", got, cmd.Process.Pid)
	}
	in.Close()
	_ = cmd.Wait()
	if most, killed := g.Killed(); !killed || most < 8<<10 {
		t.Errorf("killed = %t at %d KB, want it above 8 MB", killed, most)
	}
	testkit.Eventually(t, 30*time.Second, "the group to be removed", func() bool { return g.Remove() == nil })
}
