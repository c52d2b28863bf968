package process_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/dea/isolation/cgroup"
	"github.com/minicf/minicf/dea/isolation/isolationtest"
	"github.com/minicf/minicf/dea/isolation/process"
	"github.com/minicf/minicf/internal/testkit"
)

func TestProcessPassesTheConformanceSuite(t *testing.T) {
	t.Parallel()
	isolationtest.Run(t, func(testing.TB) isolation.Backend { return process.New(process.Options{}) })
}

// Nothing but its group tells whose this process is.
func TestDaemonThatHidesIsFoundInItsControlGroup(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash", "setsid")
	groups, err := cgroup.Find("/")
	if err != nil {
		t.Skipf("SKIP: this machine lets nobody make control groups: %v", err)
	}
	dir := t.TempDir()
	script := "#!/bin/bash\ncd /\n(env -i PATH=\"$PATH\" setsid bash -c 'echo $$ > " + dir + "/new; mv " + dir + "/new " + dir + "/daemon; exec sleep 1000' < /dev/null &)\n"
	if err := os.WriteFile(filepath.Join(dir, "startup"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	b := process.New(process.Options{Groups: groups, Log: testkit.Logger(t)})
	id := strings.ReplaceAll(filepath.Base(filepath.Dir(dir)), ".", "")
	c, err := b.Start(t.Context(), isolation.Spec{ID: id, Dir: dir, Env: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.WithoutCancel(t.Context())) })
	<-c.Done()
	var pid int
	testkit.Eventually(t, 30*time.Second, "the daemon", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "daemon"))
		if err == nil {
			_, err = fmt.Sscan(string(text), &pid)
		}
		return err == nil
	})
	// Another DEA, which never saw it.
	if err := process.New(process.Options{Groups: groups}).Sweep(t.Context(), isolation.Handle{ID: id, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err == nil && !strings.Contains(string(stat), ") Z ") { // else only init has not waited for it yet
		t.Errorf("the daemon is still there: %s", stat)
	}
}

func TestProcessInControlGroupsPassesTheConformanceSuite(t *testing.T) {
	t.Parallel()
	groups, err := cgroup.Find("/")
	if err != nil {
		t.Skipf("SKIP: this machine lets nobody make control groups: %v", err)
	}
	isolationtest.Run(t, func(tb testing.TB) isolation.Backend {
		return process.New(process.Options{Groups: groups, Log: testkit.Logger(tb)})
	})
}
