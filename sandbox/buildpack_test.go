package sandbox_test

import (
	"path/filepath"
	"strings"
	"testing"

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
