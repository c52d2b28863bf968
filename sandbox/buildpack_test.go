package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/sandbox"
	"github.com/minicf/minicf/sandbox/sandboxtest"
)

func TestAppOfABuildpackLives(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps")
	pack, err := filepath.Abs("../examples/buildpack")
	if err != nil {
		t.Fatal(err)
	}
	as := client.Overrides{Buildpack: pack, Runtime: "python3"}
	sandboxtest.Live(t, sandboxtest.Sample{Dir: "../examples/static-site", As: as, Want: "Hello from a buildpack!"})
}

func TestOutputOfABuildpackIsInTheTaskLog(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "bash")
	pack, err := filepath.Abs("../examples/buildpack")
	if err != nil {
		t.Fatal(err)
	}
	p := sandboxtest.New(t, func(s *sandbox.Settings) { sandboxtest.Set(s, "stager", "buildpacks", pack) })
	app := p.Describe("../examples/static-site", client.Overrides{Framework: "buildpack"})
	first := p.PushAs("../examples/static-site", app)
	for _, line := range []string{"] Staging application\n[", "] Installing buildpack.\n[", "] -----> Static site: 1 files\n[", "]        staged 1 times so far\n"} {
		if !strings.Contains(first.TaskLog, line) {
			t.Errorf("%q is not in the task log\n%s", line, first.TaskLog)
		}
	}
	if second := p.PushAs("../examples/static-site", app); !strings.Contains(second.TaskLog, "staged 2 times so far") {
		t.Errorf("the cache of the app is not kept:\n%s", second.TaskLog)
	}
}

// A daemon keeps the output open, so that the stager waits a moment for it; and a DEA with apps needs its time, too.
func TestNothingIsLeftOfAStagingThatHangsWhenThePlatformStops(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "python3", "bash", "ps", "setsid")
	pack, err := filepath.Abs("../examples/buildpack")
	if err != nil {
		t.Fatal(err)
	}
	p := sandboxtest.New(t)
	for i := range 3 {
		p.Push("../examples/static-site", client.Overrides{Buildpack: pack, Runtime: "python3"}).Start(i)
	}
	hanging, began := hangingBuildpack(t)
	app := p.Describe("../examples/static-site", client.Overrides{Buildpack: hanging, Runtime: "python3"})
	ended := make(chan error, 1)
	go func() {
		_, err := p.TryPush("../examples/static-site", app)
		ended <- err
	}()
	testkit.Eventually(t, time.Minute, "the buildpack to run", func() bool {
		_, err := os.Stat(began)
		return err == nil
	})
	p.End()
	if err := <-ended; err == nil {
		t.Error("the staging has succeeded")
	}
}

// hangingBuildpack returns a buildpack that never ends and leaves a daemon, and the file that it makes before.
func hangingBuildpack(t *testing.T) (dir, began string) {
	t.Helper()
	dir = t.TempDir()
	began = filepath.Join(dir, "began")
	programs := map[string]string{
		"detect": "echo Hanging", "release": "echo '{}'",
		"compile": fmt.Sprintf("setsid sleep 600 &\ntouch '%s'\nsleep 600", began),
	}
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range programs {
		if err := os.WriteFile(filepath.Join(dir, "bin", name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir, began
}
