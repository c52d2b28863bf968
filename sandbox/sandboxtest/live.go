package sandboxtest

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/sandbox"
)

// Sample is an app, and how one knows that it runs. Only Dir is required.
type Sample struct {
	Dir      string           // with the app's files
	As       client.Overrides // what its detection must be told
	Change   func(*client.App)
	Settings func(*sandbox.Settings)
	Path     string // to ask for; "" is /
	Want     string // in the answer
}

// Live takes an app through all of it: its zip is staged, an instance runs in the DEA and answers through the router, another
// one joins it, both are stopped, and nothing is left of them or of the staging.
func Live(t *testing.T, s Sample) {
	t.Helper()
	var changes []func(*sandbox.Settings)
	if s.Settings != nil {
		changes = append(changes, s.Settings)
	}
	p := New(t, changes...)
	described := p.Describe(s.Dir, s.As)
	if s.Change != nil {
		s.Change(&described)
	}
	app := p.PushAs(s.Dir, described)
	app.Start(0)
	if answer := app.Get("/" + strings.TrimPrefix(s.Path, "/")); !strings.Contains(answer, s.Want) {
		t.Errorf("the app answers\n%s, want %q in it\n%s", answer, s.Want, p.Logs())
	}
	app.Start(1)
	app.ExpectInstances(2)
	if n := len(p.instances()); n != 2 {
		t.Errorf("the DEA has %d directories of instances, want 2", n)
	}
	if runtime.GOOS == "linux" && len(Processes(t, p.DataDir)) == 0 {
		t.Error("the test does not see the app's processes, so it could not see one that is left")
	}
	app.Stop()
	p.ExpectNoWorkspace()
}

// ExpectNoWorkspace fails the test when the stager has left something of its tasks.
func (p *Platform) ExpectNoWorkspace() {
	p.t.Helper()
	left, err := os.ReadDir(filepath.Join(p.DataDir, "stager", "tmp"))
	if err != nil && !os.IsNotExist(err) || len(left) > 0 {
		p.t.Errorf("left in the stager's directory: %v, %v", left, err)
	}
}
