package wheels_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/framework"
	"github.com/minicf/minicf/internal/testkit"
	"github.com/minicf/minicf/protocol"
	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/install/wheels"
	"github.com/minicf/minicf/stager/install/wheels/wheelstest"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/wsgi"
)

// platform is a platform with an index and a cache of its own, whose runs of pip are counted.
type platform struct {
	t     *testing.T
	index *wheelstest.Index
	tools plugin.Tools
	runs  int
}

func newPlatform(t *testing.T) *platform {
	t.Helper()
	testkit.RequireTool(t, "python3", "pip3")
	p := &platform{t: t, index: wheelstest.NewIndex(t)}
	p.tools = plugin.Tools{
		Text: plugin.T2, Find: runtimes.Find, Wheels: wheels.Installer{},
		Platform: plugin.Platform{Cache: t.TempDir(), PythonIndex: p.index.URL},
		Run: func(ctx context.Context, c plugin.Command) ([]byte, error) {
			if strings.Join(c.Argv[1:4], " ") == "-m pip install" {
				p.runs++
			}
			return stager.RunTool(ctx, c)
		},
	}
	return p
}

// stage stages an app of these files for the Python of this machine.
func (p *platform) stage(files map[string]string) (dest, log string, err error) {
	p.t.Helper()
	source, dest := p.t.TempDir(), p.t.TempDir()
	for name, text := range files {
		path := filepath.Join(source, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	props := protocol.StagingProperties{
		FrameworkInfo: framework.Info("wsgi"), RuntimeInfo: protocol.RuntimeInfo{Name: "python3", Version: "3.11.2", Executable: "python3"},
	}
	err = plugin.Stage(p.t.Context(), plugin.Set{wsgi.Plugin{}}, source, dest, props, p.tools)
	text, _ := os.ReadFile(filepath.Join(dest, "logs", "staging.log"))
	return dest, string(text), err
}

// says runs Python as an instance does, in a droplet that was moved.
func (p *platform) says(dest, program string) string {
	p.t.Helper()
	moved := filepath.Join(p.t.TempDir(), "moved")
	if err := os.Rename(dest, moved); err != nil {
		p.t.Fatal(err)
	}
	python, _ := runtimes.Find("python3")
	cmd := exec.CommandContext(p.t.Context(), python, "-c", program)
	cmd.Dir, cmd.Env = filepath.Join(moved, "app"), []string{"PYTHONUSERBASE=" + filepath.Join(moved, "python"), "HOME=" + moved}
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Errorf("python: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// publish adds outer, which needs inner, and a gunicorn that stands for the real one.
func (p *platform) publish() {
	p.index.Publish(wheelstest.Wheel(p.t, "inner", "2.0", map[string]string{"inner.py": "name = 'inner of the index'\n"}))
	p.index.Publish(wheelstest.Wheel(p.t, "outer", "1.0", map[string]string{"outer.py": "from inner import name\n"}, "inner>=2"))
	p.index.Publish(wheelstest.Wheel(p.t, "gunicorn", "99.0", map[string]string{"gunicorn/__init__.py": "", "gunicorn/__main__.py": ""}))
}

// vendor puts wheels into a directory of the app.
func (p *platform) vendor(files map[string]string, dir string) map[string]string {
	inner, content := wheelstest.Wheel(p.t, "inner", "2.5", map[string]string{"inner.py": "name = 'inner of the app'\n"})
	files[dir+"/"+inner] = string(content)
	outer, content := wheelstest.Wheel(p.t, "outer", "1.0", map[string]string{"outer.py": "from inner import name\n"}, "inner>=2")
	files[dir+"/"+outer] = string(content)
	return files
}

const whatOuterSays = "import outer; print(outer.name)"

func TestRequirementsAreInstalledOnceFromTheIndex(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.publish()
	files := map[string]string{"wsgi.py": "", "requirements.txt": "# ours\nouter==1.0\ngunicorn\n"}
	dest, log, err := p.stage(files)
	if want := "Installing the packages of requirements.txt. Python version 3.11.2\n"; err != nil || log != want {
		t.Fatalf("staging: %v, log %q, want %q", err, log, want)
	}
	if said := p.says(dest, whatOuterSays); said != "inner of the index" {
		t.Errorf("the app finds %q", said)
	}
	requests := len(p.index.Requests())
	files["wsgi.py"] = "changed"
	dest, log, err = p.stage(files)
	if err != nil || p.runs != 1 || len(p.index.Requests()) != requests {
		t.Errorf("the second time: %v, pip ran %d times, the index was asked for %q", err, p.runs, p.index.Requests()[requests:])
	}
	if want := "Using the packages that were installed for the same requirements.txt before\n"; !strings.HasSuffix(log, want) {
		t.Errorf("the log is %q, want %q at its end", log, want)
	}
	if said := p.says(dest, "import gunicorn; "+whatOuterSays+"; print(gunicorn.__file__)"); !strings.Contains(said, "inner of the index\n") || !strings.Contains(said, "/moved/python/") {
		t.Errorf("the app finds %q", said)
	}
}

func TestVendoredWheelsAreEnough(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"vendor", "wheelhouse"} {
		p := newPlatform(t)
		p.publish()
		dest, _, err := p.stage(p.vendor(map[string]string{"wsgi.py": "", "requirements.txt": "outer\n"}, dir))
		if err != nil {
			t.Fatal(err)
		}
		if said := p.says(dest, whatOuterSays); said != "inner of the app" || len(p.index.Requests()) > 0 {
			t.Errorf("%s: the app finds %q, the index was asked for %q", dir, said, p.index.Requests())
		}
	}
}

func TestWheelsThatDoNotSufficeAreCompletedFromTheIndex(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.publish()
	files := p.vendor(map[string]string{"wsgi.py": "", "requirements.txt": "outer\ngunicorn==99.0\n"}, "vendor")
	dest, log, err := p.stage(files)
	if err != nil || !strings.Contains(log, "The wheels in vendor do not suffice; asking the index\n") {
		t.Fatalf("staging: %v, log %q", err, log)
	}
	if said := p.says(dest, "import gunicorn; "+whatOuterSays+"; print(gunicorn.__file__)"); !strings.Contains(said, "inner of the app\n") || !strings.Contains(said, "/moved/python/") {
		t.Errorf("the app finds %q", said)
	}
}

func TestOtherWheelsOfTheSameNameAreNotTakenFromTheCache(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	files := p.vendor(map[string]string{"wsgi.py": "", "requirements.txt": "outer\n"}, "vendor")
	if _, _, err := p.stage(files); err != nil {
		t.Fatal(err)
	}
	inner, content := wheelstest.Wheel(t, "inner", "2.5", map[string]string{"inner.py": "name = 'another'\n"})
	files["vendor/"+inner] = string(content)
	dest, _, err := p.stage(files)
	if err != nil {
		t.Fatal(err)
	}
	if said := p.says(dest, whatOuterSays); said != "another" {
		t.Errorf("the app finds %q, want its own wheel", said)
	}
}

func TestFailureNamesThePackageAndShowsTheLastLinesOfPip(t *testing.T) {
	t.Parallel()
	for requirements, want := range map[string][]string{
		"outer\nnowhere==1.0\n":  {"pip could not install nowhere==1.0:\n", "No matching distribution found"},
		"outer==7\n":             {"pip could not install outer==7:\n", "No matching distribution found"},
		"outer\ninner==1.0\n":    {"pip could not install inner==1.0:\n"},
		"not a requirement !!\n": {"pip could not install not a requirement !!:\n", "requirements.txt"},
	} {
		p := newPlatform(t)
		p.publish()
		dest, _, err := p.stage(map[string]string{"wsgi.py": "", "requirements.txt": requirements})
		staging, ok := errors.AsType[*plugin.StagingError](err)
		if !ok {
			t.Errorf("%q: staging ended with %v, want a StagingError", requirements, err)
			continue
		}
		for _, part := range want {
			if !strings.Contains(staging.Message, part) {
				t.Errorf("%q: the message is\n%s\nwant %q in it", requirements, staging.Message, part)
			}
		}
		if _, err := os.Stat(filepath.Join(dest, "startup")); err == nil {
			t.Errorf("%q: there is a startup script", requirements)
		}
	}
}

func TestWhatLiesElsewhereIsNotTakenFromTheCache(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	p.publish()
	files := map[string]string{"wsgi.py": "", "requirements.txt": "-r other.txt # https://example.org\n", "other.txt": "inner\n"}
	for range 2 {
		if _, _, err := p.stage(files); err != nil {
			t.Fatal(err)
		}
	}
	if p.runs != 2 {
		t.Errorf("pip ran %d times for two stagings, want 2", p.runs)
	}
}
